//! The finished runs, and how figures over seeds are written.

use std::path::Path;

use anyhow::Result;

use crate::evaluate::mean;
use crate::record::Record;
use crate::rung::{ladder, side_runs};

/// All runs of a folder.
pub(crate) struct Runs(Vec<Record>);

impl Runs {
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        const MOST_SEEDS: u64 = 100;
        let mut records = Vec::new();
        for rung in ladder().iter().chain(&side_runs()) {
            for seed in 1..=MOST_SEEDS {
                records.extend(Record::read(folder, rung.name, seed)?);
            }
        }
        Ok(Self(records))
    }

    pub(crate) fn all(&self) -> &[Record] {
        &self.0
    }

    /// The runs of a rung, by seed.
    pub(crate) fn of(&self, rung: &str) -> Vec<&Record> {
        self.0.iter().filter(|record| record.rung == rung).collect()
    }

    /// The longest runs of a rung.
    pub(crate) fn longest(&self, rung: &str) -> Vec<&Record> {
        let mut records = self.of(rung);
        let steps = records.iter().map(|record| record.run.trace.len()).max();
        records.retain(|record| Some(record.run.trace.len()) == steps);
        records
    }

    /// The run of a rung with the first seed.
    pub(crate) fn first(&self, rung: &str) -> Option<&Record> {
        self.0
            .iter()
            .find(|record| record.rung == rung && record.seed == 1)
    }

    /// A figure of each run of a rung, those left out that do not have it.
    pub(crate) fn figures(&self, rung: &str, figure: impl Fn(&Record) -> Option<f64>) -> Vec<f64> {
        self.of(rung).into_iter().filter_map(figure).collect()
    }
}

/// Mean and range over seeds, with `digits` behind the point; a dash for none.
pub(crate) fn spread(values: &[f64], digits: usize) -> String {
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| {
            (low.min(v), high.max(v))
        });
    let text = |value: f64| {
        let text = format!("{value:.digits$}");
        match text.strip_prefix('-') {
            // No zero with a sign.
            Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
            _ => text,
        }
    };
    match values {
        [] => "–".to_owned(),
        _ if text(low) == text(high) => text(low),
        _ => format!(
            "{} ({} to {})",
            text(mean(values.iter().copied())),
            text(low),
            text(high)
        ),
    }
}

/// Rates in percent, with the number of seeds where that is not `all`.
pub(crate) fn percent_of(values: &[f64], all: usize) -> String {
    match values.len() {
        0 => "–".to_owned(),
        count if count == all => percent(values),
        1 => format!("{}, 1 seed", percent(values)),
        count => format!("{}, {count} seeds", percent(values)),
    }
}

/// The same of rates from 0 to 1, in percent.
pub(crate) fn percent(values: &[f64]) -> String {
    let values: Vec<f64> = values.iter().map(|v| 100.0 * v).collect();
    spread(&values, 1)
}

/// The last evaluation.
pub(crate) fn at_end(record: &Record) -> &crate::evaluate::Evaluation {
    &record.evaluations[record.evaluations.len() - 1]
}
