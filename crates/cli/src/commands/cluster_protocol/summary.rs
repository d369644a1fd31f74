//! Means over the draws of the clustering protocol.

use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;
use speaker_eval::{CutResult, ProtocolReport};

use crate::console::print_text;

/// A figure over several draws.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Spread {
    mean: f64,
    min: f64,
    max: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        Self {
            mean: values.iter().sum::<f64>() / values.len() as f64,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// The scores of one kind of cut.
#[derive(Serialize)]
struct Scores {
    mr: Spread,
    mr_ab: Spread,
    mr_legacy: Spread,
    acp: Spread,
    ari: Spread,
    nmi: Spread,
    n_clusters: Spread,
    distance: Spread,
}

impl Scores {
    fn of(cuts: &[&CutResult]) -> Self {
        let spread = |figure: fn(&CutResult) -> f64| {
            Spread::of(&cuts.iter().map(|cut| figure(cut)).collect::<Vec<_>>())
        };
        Self {
            mr: spread(|cut| cut.scores.mr_hungarian),
            mr_ab: spread(|cut| cut.scores.mr_ab),
            mr_legacy: spread(|cut| cut.scores.mr_legacy),
            acp: spread(|cut| cut.scores.acp),
            ari: spread(|cut| cut.scores.ari),
            nmi: spread(|cut| cut.scores.nmi),
            n_clusters: spread(|cut| cut.scores.num_clusters as f64),
            distance: spread(|cut| cut.height),
        }
    }
}

/// All cuts, and how pairs of points separate.
#[derive(Serialize)]
pub(crate) struct Summary {
    oracle: Scores,
    dev_threshold: Option<Scores>,
    known_speakers: Scores,
    eer: Spread,
    roc_auc: Spread,
}

impl Summary {
    /// Over the draws, of which there is one at least.
    pub(crate) fn of(reports: &[&ProtocolReport]) -> Self {
        let cuts = |cut: fn(&ProtocolReport) -> &CutResult| {
            Scores::of(&reports.iter().map(|report| cut(report)).collect::<Vec<_>>())
        };
        let chosen: Option<Vec<&CutResult>> = reports
            .iter()
            .map(|report| report.dev_threshold.as_ref())
            .collect();
        let pairs = |figure: fn(&ProtocolReport) -> f64| {
            Spread::of(
                &reports
                    .iter()
                    .map(|report| figure(report))
                    .collect::<Vec<_>>(),
            )
        };
        Self {
            oracle: cuts(|report| &report.oracle),
            dev_threshold: chosen.map(|cuts| Scores::of(&cuts)),
            known_speakers: cuts(|report| &report.known_speakers),
            eer: pairs(|report| report.pairs.eer),
            roc_auc: pairs(|report| report.pairs.roc_auc),
        }
    }
}

/// Prints the table for people: mean, and lowest to highest, of MR-hungarian, and the means of the others.
pub(crate) fn print_table(
    head: &str,
    as_embedded: &Summary,
    centred: Option<&Summary>,
) -> Result<()> {
    let mut text = format!(
        "{head}\n{:12} {:15} {:>7} {:>14} {:>9} {:>9} {:>7} {:>7} {:>9}\n",
        "embeddings",
        "cut",
        "MR %",
        "lowest-highest",
        "MR-ab %",
        "MR-leg %",
        "ARI",
        "ACP",
        "distance"
    );
    let summaries = [("as embedded", Some(as_embedded)), ("centred", centred)];
    for (name, summary) in summaries {
        let Some(summary) = summary else { continue };
        let cuts = [
            ("oracle", Some(&summary.oracle)),
            ("dev threshold", summary.dev_threshold.as_ref()),
            ("known speakers", Some(&summary.known_speakers)),
        ];
        for (cut, scores) in cuts {
            let Some(scores) = scores else { continue };
            let range = format!("{:.1}-{:.1}", 100.0 * scores.mr.min, 100.0 * scores.mr.max);
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{name:12} {cut:15} {:7.1} {range:>14} {:9.1} {:9.1} {:7.3} {:7.3} {:9.3}",
                100.0 * scores.mr.mean,
                100.0 * scores.mr_ab.mean,
                100.0 * scores.mr_legacy.mean,
                scores.ari.mean,
                scores.acp.mean,
                scores.distance.mean
            );
        }
        let _ = writeln!(
            text,
            "{name:12} pairs: EER {:.2} %, AUC {:.4}",
            100.0 * summary.eer.mean,
            summary.roc_auc.mean
        );
    }
    print_text(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_holds_mean_and_ends() {
        let spread = Spread::of(&[0.5, 0.1, 0.3]);
        assert_eq!((spread.min, spread.max), (0.1, 0.5));
        assert!((spread.mean - 0.3).abs() < 1e-12);
    }
}
