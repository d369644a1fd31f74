//! What a claim is, and how two rungs are compared.

use std::fmt;

use super::runs::{Runs, percent};

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Confirmed,
    Refuted,
    Refined,
    /// The runs differ by no more than seeds do, or there is one only.
    Undecided,
    /// Its runs are not there.
    NotRun,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::Refined => "refined",
            Self::Undecided => "undecided",
            Self::NotRun => "not run",
        })
    }
}

/// One claim.
pub(super) struct Claim {
    pub(super) name: &'static str,
    pub(super) statement: &'static str,
    pub(super) outcome: Outcome,
    pub(super) figure: String,
}

/// A claim, of whose figure there is none without its runs.
pub(super) fn claim(
    name: &'static str,
    statement: &'static str,
    result: Option<(Outcome, String)>,
) -> Claim {
    let (outcome, figure) = result.unwrap_or_else(|| {
        (
            Outcome::NotRun,
            "the runs that it needs are not among those that this page is made of".to_owned(),
        )
    });
    Claim {
        name,
        statement,
        outcome,
        figure,
    }
}

/// Confirmed where `holds`, else refuted.
pub(super) fn whether(holds: bool) -> Outcome {
    match holds {
        true => Outcome::Confirmed,
        false => Outcome::Refuted,
    }
}

/// Mean dev EER of two rungs at the latest step that both have, of the seeds that both have there.
pub(super) fn compared(runs: &Runs, a: &str, b: &str) -> Option<(u64, [Vec<f64>; 2])> {
    let (of_a, of_b) = (runs.of(a), runs.of(b));
    let steps = of_a.iter().flat_map(|record| &record.evaluations);
    let mut steps: Vec<u64> = steps.map(|evaluation| evaluation.step).collect();
    steps.sort_unstable();
    steps.dedup();
    let at = |step: u64| -> [Vec<f64>; 2] {
        let pairs = of_a.iter().filter_map(|first| {
            let second = of_b.iter().find(|second| second.seed == first.seed)?;
            Some((first.at(step)?.mean_dev(), second.at(step)?.mean_dev()))
        });
        let (a, b) = pairs.unzip();
        [a, b]
    };
    // More seeds say more than more steps.
    let found = steps
        .into_iter()
        .filter(|&step| step > 0)
        .map(|step| (step, at(step)));
    found
        .filter(|(_, rates)| !rates[0].is_empty())
        .max_by_key(|(step, rates)| (rates[0].len(), *step))
}

/// Two rungs' rates in words.
pub(super) fn versus(names: [&str; 2], (step, rates): &(u64, [Vec<f64>; 2])) -> String {
    format!(
        "dev EER at step {step}, {} seed{}: {} {} %, {} {} %",
        rates[0].len(),
        if rates[0].len() == 1 { "" } else { "s" },
        names[0],
        percent(&rates[0]),
        names[1],
        percent(&rates[1])
    )
}
