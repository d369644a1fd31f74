//! What scores promise, and what comes of it.

use serde_json::{Value, json};

use super::mark::{Key, Look, Mark, NUM_COLOURS};
use super::{Figure, Table, axis, marks, number, percent, short};
use crate::calibration::Reliability;

pub(crate) fn figure(reliability: &Reliability) -> Figure {
    let mut series = vec![json!({
        "type": "line", "name": "as promised", "color": "var(--faint)", "symbol": "none", "quiet": true,
        "lineStyle": {"width": 1, "type": "dashed"}, "data": [[0, 0], [1, 1]],
    })];
    let mut keys = Vec::new();
    let mut rows = Vec::new();
    for (index, list) in reliability.lists.iter().enumerate() {
        let mark = Mark::of(index);
        let data: Vec<Value> = list
            .bins
            .iter()
            .map(|bin| {
                let num_trials = bin.num_target + bin.num_nontarget;
                let tip = format!(
                    "{}\npromised {}, observed {}\n{num_trials} trials, {} of one speaker",
                    list.name,
                    percent(bin.probability),
                    percent(bin.observed),
                    bin.num_target
                );
                json!({"value": [short(bin.probability), short(bin.observed)], "tip": tip})
            })
            .collect();
        let is_dashed = index >= NUM_COLOURS;
        series.push(json!({
            "type": "line", "name": list.name, "data": data, "color": mark.css(), "symbol": mark.symbol(), "symbolSize": 8,
            "lineStyle": {"width": 2, "type": if is_dashed { "dashed" } else { "solid" }},
        }));
        keys.push(Key {
            label: format!(
                "{}: Cllr {:.3} bits, at least {:.3}",
                list.name, list.cllr, list.min_cllr
            ),
            look: Look::Mark(mark),
        });
        rows.extend(list.bins.iter().map(|bin| {
            vec![
                list.name.clone(),
                percent(bin.probability),
                percent(bin.observed),
                bin.num_target.to_string(),
                bin.num_nontarget.to_string(),
            ]
        }));
    }
    let line = reliability.line;
    Figure {
        id: "calibration".to_owned(),
        title: "Calibration: what a score promises, and what comes of it".to_owned(),
        caption: format!(
            "One map for all lists makes log-likelihood ratios of cosines: {} · cosine {} {} (natural logarithm). It was fitted on these very trials, and counts both kinds of them alike. On the dashed line a probability of one speaker means what it says; a list beside it wants a map and a threshold of its own. Cllr is what the ratios cost in bits, 1 for knowing nothing, beside the least that the order of the scores allows.",
            number(Some(line.slope)),
            if line.offset < 0.0 { "−" } else { "+" },
            number(Some(line.offset.abs()))
        ),
        height: 380,
        option: marks(
            axis("promised probability of one speaker", "percent"),
            axis("observed", "percent"),
            series,
        ),
        keys,
        table: Table::new(
            &[
                "list",
                "promised",
                "observed",
                "same-speaker trials",
                "different-speaker trials",
            ],
            rows,
        ),
    }
}
