//! What is said after a training: how it ended, and which model to use.

use std::path::Path;

use diagnosis::Verdict;
use diagnosis::journal::{Choice, ChosenModel, EndReason, Evaluation};
use trainer::{Outcome, mean_eer};

/// What the models are called that a run is compared with.
pub(super) struct Names {
    /// The network before the first step.
    pub(super) before: String,
    /// The ready model that it is measured against, if there is one.
    pub(super) yardstick: Option<String>,
}

/// What the untrained network is called.
pub(super) const UNTRAINED: &str = "untrained";

/// The end of the training in `out`, in lines.
pub(super) fn ending(outcome: &Outcome, names: &Names, out: &Path) -> String {
    let progress = &outcome.progress;
    let mut text = format!("{} steps, {}.\n", progress.step, why(outcome.reason));
    if let Some((eer, best_step)) = progress.best {
        let untrained = mean_eer(&progress.untrained).unwrap_or(f64::NAN);
        let whose = match names.before.as_str() {
            UNTRAINED => "the untrained network's",
            model => &format!("that of {model}"),
        };
        text += &format!(
            "best dev EER {} at step {best_step}; {whose} is {}\n",
            percent(eer),
            percent(untrained)
        );
    }
    // Of a run that has made nothing better the choice says whom to ask.
    let asks_already = outcome
        .choice
        .as_ref()
        .is_some_and(|choice| !has_improved(choice));
    if outcome.verdict != Verdict::Healthy && !asks_already {
        text += &format!(
            "something is wrong: `siamang doctor {}` says what, and what to try\n",
            out.display()
        );
    }
    if outcome.reason == EndReason::Interrupted {
        text += &format!(
            "saved; give the same command with `--resume` to go on from step {}\n",
            progress.step
        );
        return text;
    }
    text += &match &outcome.choice {
        Some(choice) => chosen(choice, names, out),
        None => use_run(out),
    };
    let is_run = outcome
        .choice
        .as_ref()
        .is_none_or(|choice| choice.model == ChosenModel::Run);
    if let Some(evaluation) = progress.best_evaluation.as_ref().filter(|_| is_run) {
        text += &thresholds(evaluation);
    }
    text
}

/// Which model to use.
fn chosen(choice: &Choice, names: &Names, out: &Path) -> String {
    let before = match names.before.as_str() {
        UNTRAINED => "the untrained network".to_owned(),
        model => model.to_owned(),
    };
    let yardstick = names.yardstick.as_deref().unwrap_or("the ready model");
    let beside = choice.beside_yardstick.map_or(String::new(), |[run, ready]| {
        let close = match choice.is_close {
            true => ", too near to each other for so few trials to tell which is better",
            false => "",
        };
        format!(
            "on the development recordings as they are {yardstick} has dev EER {}, this run at its best {}{close}\n",
            percent(ready),
            percent(run)
        )
    });
    let has_improved = has_improved(choice);
    let not_better = match has_improved {
        true => String::new(),
        false => format!("the training has made nothing better than {before}\n"),
    };
    let doctor = format!(
        "`siamang doctor {}` says why, and what to try\n",
        out.display()
    );
    match choice.model {
        ChosenModel::Run => beside + &use_run(out),
        ChosenModel::Initial => format!("{not_better}{beside}keep {before}; {doctor}"),
        ChosenModel::Yardstick => {
            let doctor = if has_improved { "" } else { &doctor };
            format!(
                "{not_better}{doctor}{beside}use {yardstick}: siamang embed RECORDINGS --out embeddings.jsonl\n"
            )
        }
        ChosenModel::None => {
            format!("{not_better}{beside}this run is of no use as it is: {doctor}")
        }
    }
}

/// Whether the run is better than what it began with.
fn has_improved(choice: &Choice) -> bool {
    choice.run_eer < choice.before_eer
}

fn use_run(out: &Path) -> String {
    format!(
        "use it: siamang embed --model {} RECORDINGS --out embeddings.jsonl\n",
        out.display()
    )
}

/// Where the answers of `verify` and `cluster` change.
fn thresholds(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    if let Some(found) = &evaluation.thresholds {
        let cluster = found.cluster.map_or(String::new(), |distance| {
            format!(", clusters up to distance {distance:.3}")
        });
        text += &format!(
            "on its card: one speaker from cosine {:.3} on{cluster} ({} and {} dev trials, {} speakers)\n",
            found.verify, found.num_target, found.num_nontarget, found.num_speakers
        );
    }
    if let Some(why) = &evaluation.no_thresholds {
        let none = match evaluation.thresholds {
            Some(_) => "",
            None => "no threshold is on its card: ",
        };
        text += &format!("{none}{why}\n");
    }
    text
}

fn percent(rate: f64) -> String {
    format!("{:.2} %", 100.0 * rate)
}

/// Why a run has ended, in words.
pub(crate) fn why(reason: EndReason) -> &'static str {
    match reason {
        EndReason::MaxSteps => "all steps taken",
        EndReason::MaxMinutes => "time is up",
        EndReason::EarlyStop => "the dev EER no longer falls",
        EndReason::Interrupted => "interrupted",
        EndReason::Collapse => "stopped, since all outputs are alike",
        EndReason::NonFinite => "stopped at a loss of NaN or infinity",
    }
}

#[cfg(test)]
mod tests {
    use diagnosis::journal::{FittedThresholds, ListResult};
    use trainer::Progress;

    use super::*;

    fn said(choice: Choice, before: &str) -> String {
        let list = |eer| ListResult {
            list: "dev".to_owned(),
            eer,
            min_dcf: 1.0,
            n_target: 100,
            n_nontarget: 100,
            eer_interval: None,
        };
        let outcome = Outcome {
            reason: EndReason::MaxSteps,
            verdict: Verdict::Healthy,
            progress: Progress {
                step: 100,
                untrained: vec![list(choice.before_eer.unwrap_or(f64::NAN))],
                best: choice.run_eer.map(|eer| (eer, 60)),
                best_evaluation: Some(Evaluation {
                    thresholds: Some(FittedThresholds {
                        verify: 0.4125,
                        cluster: Some(0.6),
                        num_target: 60,
                        num_nontarget: 70,
                        num_recordings: 24,
                        num_speakers: 4,
                    }),
                    ..Evaluation::default()
                }),
                ..Progress::default()
            },
            choice: Some(choice),
        };
        let names = Names {
            before: before.to_owned(),
            yardstick: Some("the built-in model".to_owned()),
        };
        ending(&outcome, &names, Path::new("run"))
    }

    fn choice(model: ChosenModel, before: f64, run: f64, ready: Option<f64>) -> Choice {
        Choice {
            step: 100,
            model,
            run_eer: Some(run),
            before_eer: Some(before),
            beside_yardstick: ready.map(|ready| [run, ready]),
            is_close: false,
        }
    }

    #[test]
    fn only_what_is_better_is_to_be_used() {
        let run = said(choice(ChosenModel::Run, 0.3, 0.1, Some(0.2)), UNTRAINED);
        for part in [
            "best dev EER 10.00 % at step 60; the untrained network's is 30.00 %",
            "the built-in model has dev EER 20.00 %, this run at its best 10.00 %",
            "use it: siamang embed --model run",
            "one speaker from cosine 0.412 on, clusters up to distance 0.600 (60 and 70 dev trials, 4 speakers)",
        ] {
            assert!(run.contains(part), "{part}: {run}");
        }
        let ready = said(
            choice(ChosenModel::Yardstick, 0.3, 0.1, Some(0.02)),
            UNTRAINED,
        );
        assert!(
            ready.contains("use the built-in model: siamang embed RECORDINGS"),
            "{ready}"
        );
        let lost = said(choice(ChosenModel::None, 0.1, 0.1, None), UNTRAINED);
        for part in [
            "nothing better than the untrained network",
            "siamang doctor run",
        ] {
            assert!(lost.contains(part), "{part}: {lost}");
        }
        let kept = said(choice(ChosenModel::Initial, 0.1, 0.2, None), "campplus");
        assert!(
            kept.contains("keep campplus; `siamang doctor run`"),
            "{kept}"
        );
        for text in [&ready, &lost, &kept] {
            assert!(
                !text.contains("use it") && !text.contains("its card"),
                "{text}"
            );
        }
    }
}
