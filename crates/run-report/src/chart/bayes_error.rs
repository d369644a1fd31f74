//! What decisions cost whoever expects one speaker more or less often.

use serde_json::{Value, json};
use speaker_eval::BayesErrorPoint;

use super::mark::{Key, Look, Mark};
use super::tippett::{DASHED, SOLID, line, marked};
use super::{Figure, Table, axis, short};
use crate::calibration::{PRIORS, Reliability, VOXCELEB_PRIORS, log_odds};

/// The top of the drawing at least, and at most: a cost far above 1 would leave no room for those below.
const LEAST_TOP: f64 = 1.2;
const MOST_TOP: f64 = 2.0;

pub(crate) fn figure(reliability: &Reliability) -> Figure {
    let ends = [PRIORS[0], PRIORS[PRIORS.len() - 1]].map(log_odds);
    let mut series = vec![json!({
        "type": "line", "name": "always the likelier answer", "color": "var(--faint)", "symbol": "none", "quiet": true, "silent": true,
        "lineStyle": {"width": 1.5, "type": "dotted"}, "data": ends.map(|end| [short(end), json!(1)]),
    })];
    let key = |label: &str, look| Key {
        label: label.to_owned(),
        look,
    };
    let mut keys = vec![key("by the ratios", SOLID), key("least possible", DASHED)];
    let mut rows = Vec::new();
    let mut most = 0.0_f64;
    for (index, list) in reliability.lists.iter().enumerate() {
        let mark = Mark::of(index);
        let of = |value: fn(&BayesErrorPoint) -> f64| -> Vec<Value> {
            list.bayes_errors
                .iter()
                .map(|point| {
                    let is_marked = VOXCELEB_PRIORS.iter().any(|&prior| is_at(point, prior));
                    marked(
                        mark,
                        is_marked,
                        [short(point.log_odds), short(value(point))],
                    )
                })
                .collect()
        };
        series.push(line(
            &format!("{}, by the ratios", list.name),
            mark,
            "solid",
            &of(|point| point.actual),
        ));
        series.push(line(
            &format!("{}, least possible", list.name),
            mark,
            "dashed",
            &of(|point| point.minimum),
        ));
        let costs = list.bayes_errors.iter().map(|point| point.actual);
        most = costs.fold(most, f64::max);
        let at = |prior: f64| list.bayes_errors.iter().find(|point| is_at(point, prior));
        let told = VOXCELEB_PRIORS.iter().filter_map(|&prior| {
            let point = at(prior)?;
            Some(format!(
                "{:.3} at {}, at least {:.3}",
                point.actual,
                share(prior),
                point.minimum
            ))
        });
        keys.push(key(
            &format!("{}: {}", list.name, told.collect::<Vec<_>>().join("; ")),
            Look::Mark(mark),
        ));
        rows.extend(PRIORS.iter().filter_map(|&prior| {
            let point = at(prior)?;
            Some(vec![
                list.name.clone(),
                share(prior),
                format!("{:.3}", point.actual),
                format!("{:.3}", point.minimum),
            ])
        }));
    }
    let cut = match most > MOST_TOP {
        true => format!(" Costs above {MOST_TOP} are cut off; the highest is {most:.1}."),
        false => String::new(),
    };
    let ticks: Vec<Value> = PRIORS
        .iter()
        .map(|&prior| json!([short(log_odds(prior)), share(prior)]))
        .collect();
    let mut x = axis("one speaker is expected in so many trials", "prior");
    x["ticks"] = json!(ticks);
    [x["min"], x["max"]] = ends.map(short);
    let mut y = axis("cost", "number");
    y["min"] = json!(0);
    // Where the scale has a line.
    y["max"] = short((5.0 * most.clamp(LEAST_TOP, MOST_TOP)).ceil() / 5.0);
    Figure {
        id: "bayes-error".to_owned(),
        title: "What decisions cost, by how often one speaker is expected (Bayes error)".to_owned(),
        caption: format!(
            "The rate of wrong decisions as a share of what always giving the likelier answer would cost: on the dotted line, at 1, the ratios are of no use, and above it they do harm. Along the scale is the prior probability of one speaker, spaced by its log odds. Solid lines are decisions by the likelihood ratios and the prior alone, dashed ones those by the best threshold for this list and prior; the gap between the two is lost by calibration. Far from the middle a few trials decide, and lines jump. The marks are at 1 % and 5 %, the priors that VoxCeleb's costs are told for.{cut} The ratios are those of the map above."
        ),
        height: 380,
        option: json!({
            "xAxis": x, "yAxis": y, "series": series, "tooltip": {"trigger": "axis", "format": "number"},
        }),
        keys,
        table: Table::new(
            &[
                "list",
                "prior of one speaker",
                "cost by the ratios",
                "least cost",
            ],
            rows,
        ),
    }
}

fn is_at(point: &BayesErrorPoint, prior: f64) -> bool {
    (point.log_odds - log_odds(prior)).abs() < 1e-9
}

/// `5 %`, `0.1 %`.
fn share(prior: f64) -> String {
    let percent = format!("{:.1}", 100.0 * prior);
    format!("{} %", percent.trim_end_matches(".0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priors_are_written_without_noughts() {
        assert_eq!(
            [0.001, 0.05, 0.5, 0.999].map(share),
            ["0.1 %", "5 %", "50 %", "99.9 %"]
        );
    }
}
