//! What a run's journal says of its EERs and of the time that its checks took. Read loosely, since the program may be another
//! version than this one.

use std::path::Path;

use serde_json::Value;

/// EERs are 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Summary {
    pub(crate) has_ended: bool,
    pub(crate) untrained_eer: Option<f64>,
    /// Of the best evaluation after the first step.
    pub(crate) dev_eer: Option<f64>,
    /// Seconds of checks before the first step and at evaluations.
    pub(crate) checks_s: f64,
}

/// The summary of the run in `folder`; of nothing, where there is no journal.
pub(crate) fn summary(folder: &Path) -> Summary {
    let text = std::fs::read_to_string(folder.join("journal.jsonl")).unwrap_or_default();
    summary_of(&text)
}

fn summary_of(text: &str) -> Summary {
    let mut summary = Summary::default();
    for line in text.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        match event["event"].as_str() {
            Some("evaluation") => {
                let eer = event["mean_eer"].as_f64();
                if event["step"] == 0 {
                    summary.untrained_eer = eer;
                } else if event["best"] == true || summary.dev_eer.is_none() {
                    summary.dev_eer = eer;
                }
            }
            Some("preflight" | "diagnosis") => {
                summary.checks_s += event["seconds"].as_f64().unwrap_or(0.0);
            }
            Some("end") => summary.has_ended = true,
            _ => {}
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_evaluation_counts_and_seconds_add_up() {
        let text = r#"{"event":"start","step":0}
{"event":"preflight","step":0,"checks":[],"seconds":1.5}
{"event":"evaluation","step":0,"mean_eer":0.4,"best":false}
{"event":"diagnosis","step":0,"seconds":0.25}
{"event":"evaluation","step":5,"mean_eer":0.3,"best":true}
{"event":"evaluation","step":9,"mean_eer":0.35,"best":false}
{"event":"end","step":9,"reason":"max_steps"}
half a li"#;
        let expected = Summary {
            has_ended: true,
            untrained_eer: Some(0.4),
            dev_eer: Some(0.3),
            checks_s: 1.75,
        };
        assert_eq!(summary_of(text), expected);
    }
}
