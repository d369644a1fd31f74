//! Scores of trial lists: histograms and detection error trade-off.

use serde_json::{Value, json};

use super::mark::{Key, Look, Mark};
use super::{Figure, Table, axis, marks, number, percent, short};
use crate::verification::{LOWEST_RATE, Verification, probit};

/// Where a DET plot has its lines, as shares.
const TICKS: [f64; 13] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.98,
];

/// Where a DET plot ends. The lowest cost often lies at many misses, never at many false alarms.
const MOST_FALSE_ALARMS: f64 = 0.6;
const MOST_MISSES: f64 = 0.99;

/// Whether a rate has a place of its own on its axis; a line along the border would say nothing.
fn is_shown(rate: f64, most: f64) -> bool {
    rate >= LOWEST_RATE && rate <= most
}

/// The histogram of one list.
pub(crate) fn histogram(index: usize, list: &Verification) -> Figure {
    let histogram = &list.histogram;
    let area = |name: &str, mark: Mark, shares: &[f64]| {
        let data: Vec<Value> = histogram
            .centres
            .iter()
            .zip(shares)
            .map(|(&x, &y)| json!([short(x), short(y)]))
            .collect();
        json!({
            "type": "line", "step": "middle", "name": name, "data": data, "color": mark.css(), "symbol": "none",
            "lineStyle": {"width": 2, "type": if mark == SAME { "solid" } else { "dashed" }}, "areaStyle": {"opacity": 0.25},
        })
    };
    let top = histogram
        .same
        .iter()
        .chain(&histogram.different)
        .copied()
        .fold(0.0, f64::max);
    let threshold = json!({
        "type": "line", "name": "threshold of the EER", "color": "var(--ink)", "symbol": "none", "quiet": true,
        "lineStyle": {"width": 1, "type": "dotted"},
        "data": [[short(list.eer.threshold), 0], [short(list.eer.threshold), short(top)]],
    });
    let rows = histogram.centres.iter().enumerate().map(|(bin, &centre)| {
        vec![
            format!("{centre:.3}"),
            percent(histogram.same[bin]),
            percent(histogram.different[bin]),
        ]
    });
    let key = |label: &str, look| Key {
        label: label.to_owned(),
        look,
    };
    Figure {
        id: format!("histogram-{index}"),
        title: format!("Scores of {}", list.name),
        caption: format!(
            "{} target and {} non-target trials. The two have {} of their area in common; EER {} at a threshold of {:.3} (dotted).",
            list.eer.num_target,
            list.eer.num_nontarget,
            percent(histogram.overlap),
            percent(list.eer.eer),
            list.eer.threshold
        ),
        height: 240,
        option: json!({
            "xAxis": axis("cosine", "number"), "yAxis": axis("share of trials", "percent"),
            "series": [area("same speaker", SAME, &histogram.same), area("different speakers", DIFFERENT, &histogram.different), threshold],
            "tooltip": {"trigger": "axis", "format": "percent"},
        }),
        keys: vec![
            key("same speaker", Look::Line(SAME)),
            key("different speakers", Look::Dashed(DIFFERENT)),
        ],
        table: Table::new(&["cosine", "same speaker", "different speakers"], rows),
    }
}

/// The looks of the two kinds of trials.
const SAME: Mark = Mark::of(0);
const DIFFERENT: Mark = Mark::of(1);

/// The trade-off of all lists on probit axes, where scores of two normal distributions give straight lines.
pub(crate) fn det(lists: &[Verification]) -> Figure {
    let mut series = Vec::new();
    let mut keys = Vec::new();
    for (index, list) in lists.iter().enumerate() {
        let mark = Mark::of(index);
        let inside = list.det.iter().filter(|point| {
            is_shown(point.p_false_alarm, MOST_FALSE_ALARMS) && is_shown(point.p_miss, MOST_MISSES)
        });
        let data: Vec<Value> = inside
            .map(|point| {
                let tip = format!(
                    "{}\nmisses {}, false alarms {}\nat a threshold of {:.3}",
                    list.name,
                    percent(point.p_miss),
                    percent(point.p_false_alarm),
                    point.threshold
                );
                json!({"value": [short(probit(point.p_false_alarm)), short(probit(point.p_miss))], "tip": tip})
            })
            .collect();
        let is_dashed = index >= super::mark::NUM_COLOURS;
        series.push(json!({
            "type": "line", "name": list.name, "data": data, "color": mark.css(), "symbol": "circle", "symbolSize": 3,
            "lineStyle": {"width": 2, "type": if is_dashed { "dashed" } else { "solid" }},
        }));
        let named = |what: &str, (misses, false_alarms): (f64, f64)| {
            json!({
                "value": [short(probit(false_alarms)), short(probit(misses))],
                "tip": format!("{}: {what}\nmisses {}, false alarms {}", list.name, percent(misses), percent(false_alarms)),
            })
        };
        let rate = list.eer.eer;
        series.push(json!({
            "type": "scatter", "name": list.name, "symbol": mark.symbol(), "symbolSize": 13, "color": mark.css(),
            "itemStyle": {"borderColor": "var(--ink)", "borderWidth": 1.5},
            "data": [
                named(&format!("EER {}", percent(rate)), (rate, rate)),
                named(&format!("minDCF {:.3}", list.cost.min_dcf), list.at_min_dcf),
            ],
        }));
        keys.push(Key {
            label: format!(
                "{}: EER {}, minDCF {:.3}",
                list.name,
                percent(rate),
                list.cost.min_dcf
            ),
            look: Look::Mark(mark),
        });
    }
    let ticks: Vec<Value> = TICKS
        .iter()
        .map(|&rate| json!([short(probit(rate)), format!("{} %", trim(100.0 * rate))]))
        .collect();
    let probits = |name: &str, most: f64| {
        json!({
            "type": "value", "name": name, "ticks": ticks, "min": short(probit(LOWEST_RATE)), "max": short(probit(most)),
        })
    };
    let rows = lists.iter().map(|list| {
        vec![
            list.name.clone(),
            percent(list.eer.eer),
            format!("{:.3}", list.eer.threshold),
            format!("{:.3}", list.cost.min_dcf),
            percent(list.at_min_dcf.0),
            percent(list.at_min_dcf.1),
            percent(list.histogram.overlap),
        ]
    });
    let parameters = lists
        .first()
        .map_or(0.0, |list| list.cost.parameters.p_target);
    Figure {
        id: "det".to_owned(),
        title: "Misses against false alarms (DET)".to_owned(),
        caption: format!(
            "Both axes are probits. Nearer to the lower left is better. Each list has two marks: where both errors are equally frequent (EER), and where the detection cost is lowest (minDCF, target prior {}).",
            number(Some(parameters))
        ),
        height: 460,
        option: marks(
            probits("false alarms", MOST_FALSE_ALARMS),
            probits("misses", MOST_MISSES),
            series,
        ),
        keys,
        table: Table::new(
            &[
                "list",
                "EER",
                "its threshold",
                "minDCF",
                "misses there",
                "false alarms there",
                "overlap of the histograms",
            ],
            rows,
        ),
    }
}

/// `5`, not `5.0`.
fn trim(value: f64) -> String {
    format!("{value:.1}")
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}
