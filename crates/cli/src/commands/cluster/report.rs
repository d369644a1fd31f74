//! What `siamang cluster` prints.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;
use siamang::{Centre, ClusterOptions, Clustering, Linkage, Skipped, by_reason};
use speaker_eval::{ClusterScores, CutResult};
use speaker_scoring::{Approximation, Metric};

use crate::console::{counted, print_json, print_text};
use crate::recordings::LeftOut;

/// The speaker of every recording, and what told it.
pub(crate) struct Known {
    /// A number a speaker.
    pub(crate) speakers: Vec<usize>,
    /// In words.
    pub(crate) source: &'static str,
    /// Whether that is a guess.
    pub(crate) is_guess: bool,
}

/// How the tree was cut.
#[derive(Serialize)]
pub(crate) struct CutReport {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_speakers: Option<usize>,
    from: &'static str,
}

impl CutReport {
    /// At a distance.
    pub(crate) fn at(kind: &'static str, distance: f64, from: &'static str) -> Self {
        Self {
            kind,
            distance: Some(distance),
            num_speakers: None,
            from,
        }
    }

    /// Into a number of clusters.
    pub(crate) fn number(num_speakers: usize) -> Self {
        Self {
            kind: "num-speakers",
            distance: None,
            num_speakers: Some(num_speakers),
            from: "the command line",
        }
    }
}

/// The answer. Scores are there where the speakers are known; `oracle` and `known_speakers` are the same tree
/// cut with knowledge that real use has not.
#[derive(Serialize)]
pub(crate) struct Report {
    n_points: usize,
    /// Where the scores, which hold it too, are not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    n_clusters: Option<usize>,
    metric: Metric,
    linkage: Linkage,
    /// Where clusters were merged along a graph.
    #[serde(skip_serializing_if = "Option::is_none")]
    approximation: Option<Approximation>,
    centre: Centre,
    cut: CutReport,
    #[serde(flatten)]
    scores: Option<ClusterScores>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n_speakers: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speakers_from: Option<&'static str>,
    /// Whether the speakers are a guess, and with them the scores.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    speakers_guessed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    oracle: Option<CutResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known_speakers: Option<CutResult>,
    origin: String,
    skipped: Vec<Skipped>,
    skipped_by_reason: BTreeMap<String, usize>,
    left_out: LeftOut,
}

impl Report {
    /// `cut` says how the tree was cut.
    pub(crate) fn new(
        clustering: Clustering,
        cut: CutReport,
        known: Option<Known>,
        options: &ClusterOptions,
        centre: Centre,
    ) -> Self {
        let count = |labels: &[usize]| labels.iter().collect::<BTreeSet<_>>().len();
        let num_clusters = count(&clustering.labels);
        Self {
            n_points: clustering.labels.len(),
            n_clusters: clustering.scores.is_none().then_some(num_clusters),
            metric: clustering.metric,
            linkage: options.linkage,
            approximation: options.approximation,
            centre,
            cut,
            scores: clustering.scores,
            n_speakers: known.as_ref().map(|known| count(&known.speakers)),
            speakers_from: known.as_ref().map(|known| known.source),
            speakers_guessed: known.is_some_and(|known| known.is_guess),
            oracle: clustering.oracle,
            known_speakers: clustering.known_speakers,
            origin: String::new(),
            skipped: Vec::new(),
            skipped_by_reason: BTreeMap::new(),
            left_out: LeftOut::default(),
        }
    }

    /// Adds where the embeddings come from and what was left out.
    pub(crate) fn with(self, origin: String, skipped: &[Skipped], left_out: LeftOut) -> Self {
        Self {
            origin,
            skipped: skipped.to_vec(),
            skipped_by_reason: by_reason(skipped),
            left_out,
            ..self
        }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    report: &'a Report,
    clusters: Vec<Vec<&'a str>>,
}

/// Prints the report and the members of every cluster, largest first.
pub(crate) fn print(report: &Report, ids: &[String], labels: &[usize], json: bool) -> Result<()> {
    let num_clusters = labels.iter().max().map_or(0, |last| last + 1);
    let mut clusters = vec![Vec::new(); num_clusters];
    for (id, &label) in ids.iter().zip(labels) {
        clusters[label].push(id.as_str());
    }
    clusters.sort_by_key(|members| std::cmp::Reverse(members.len()));
    match json {
        true => print_json(&Answer { report, clusters }),
        false => print_text(&text(report, &clusters)),
    }
}

fn text(report: &Report, clusters: &[Vec<&str>]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for (number, members) in (1..).zip(clusters) {
        let _ = writeln!(
            text,
            "speaker {number} ({})",
            counted(members.len(), "recording")
        );
        for member in members {
            let _ = writeln!(text, "  {member}");
        }
    }
    let how = match (report.cut.distance, report.cut.num_speakers) {
        (Some(distance), _) => format!("cut at distance {distance:.3} from {}", report.cut.from),
        (None, Some(count)) => format!("cut into {count} as asked"),
        (None, None) => String::new(),
    };
    let _ = writeln!(
        text,
        "{} of {}, {how}",
        counted(clusters.len(), "cluster"),
        counted(report.n_points, "recording")
    );
    if let (Some(scores), Some(speakers), Some(source)) =
        (&report.scores, report.n_speakers, report.speakers_from)
    {
        let from = match report.speakers_guessed {
            false => format!(
                "against {} known from {source}",
                counted(speakers, "speaker")
            ),
            true => format!(
                "if {source} are {} (a guess: a folder may hold one of several sessions)",
                counted(speakers, "speaker")
            ),
        };
        let _ = writeln!(
            text,
            "{from}: MR {:.1} %, ARI {:.3}, ACP {:.3}, NMI {:.3}",
            100.0 * scores.mr_hungarian,
            scores.ari,
            scores.acp,
            scores.nmi
        );
    }
    if let (Some(oracle), Some(known)) = (&report.oracle, &report.known_speakers) {
        let _ = writeln!(
            text,
            "with the answers given away: MR {:.1} % at the best distance ({:.3}), {:.1} % with the number of speakers",
            100.0 * oracle.scores.mr_hungarian,
            oracle.height,
            100.0 * known.scores.mr_hungarian
        );
    }
    text
}
