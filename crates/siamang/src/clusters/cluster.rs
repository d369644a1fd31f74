//! Embeddings to groups of one speaker each.

use speaker_eval::{ClusterScores, Cut, CutResult, best_threshold, cluster_scores, cut_and_score};
use speaker_scoring::{
    Approximation, Centre, EmbeddingMatrix, Linkage, MAX_DISTANCE_BYTES, Metric,
    agglomerative_within, approximate_clusters,
};

use crate::error::Error;
use crate::model::Model;

/// How recordings are grouped.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterOptions {
    /// Distance between clusters.
    pub linkage: Linkage,
    /// When no more clusters are merged.
    pub stop: Stop,
    /// Merges along the graph of nearest neighbours only, for more recordings than can all be compared.
    pub approximation: Option<Approximation>,
    /// Memory that the distances of all recordings may take, in bytes.
    pub memory_bytes: u64,
}

/// Used where a model's card states no distance; not calibrated.
pub const UNCALIBRATED_DISTANCE: f64 = 0.5;

impl ClusterOptions {
    /// Complete linkage, up to the distance that the model's card states.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        let card = model.thresholds();
        let distance = card.cluster(Centre::Model, Metric::Cosine, Linkage::Complete);
        Self {
            linkage: Linkage::Complete,
            stop: Stop::Distance(distance.unwrap_or(UNCALIBRATED_DISTANCE)),
            approximation: None,
            memory_bytes: MAX_DISTANCE_BYTES,
        }
    }
}

/// When no more clusters are merged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stop {
    /// None is nearer to another than this: 1 - cosine, 0 to 2; for ward linkage of unit vectors, Euclidean.
    Distance(f64),
    /// So many are left.
    Count(usize),
    /// Where the known speakers say it is best: a figure to compare with papers, not one to reach.
    Oracle,
}

/// Groups of recordings, and how good they are where the speakers are known.
#[derive(Clone, Debug)]
pub struct Clustering {
    /// The cluster of each recording, numbered from 0.
    pub labels: Vec<usize>,
    /// Distance of two recordings.
    pub metric: Metric,
    /// The distance that no two clusters are nearer than; none for [`Stop::Count`].
    pub distance: Option<f64>,
    /// Against the known speakers.
    pub scores: Option<ClusterScores>,
    /// The same tree cut where the known speakers say it is best.
    pub oracle: Option<CutResult>,
    /// The same tree cut into the known number of speakers.
    pub known_speakers: Option<CutResult>,
}

/// Groups the rows of `embeddings`. `speakers` has a number for the speaker of each row, where all are known.
///
/// # Errors
/// [`Error::Clustering`] for options that do not go together, [`Error::Scoring`] where distances need more memory than
/// they may take.
pub fn cluster(
    embeddings: &EmbeddingMatrix,
    speakers: Option<&[usize]>,
    options: &ClusterOptions,
) -> Result<Clustering, Error> {
    match &options.approximation {
        Some(approximation) => along_graph(embeddings, speakers, options, approximation),
        None => by_tree(embeddings, speakers, options),
    }
}

fn by_tree(
    embeddings: &EmbeddingMatrix,
    speakers: Option<&[usize]>,
    options: &ClusterOptions,
) -> Result<Clustering, Error> {
    let (linkage, bytes) = (options.linkage, options.memory_bytes);
    let metric = match linkage {
        Linkage::Ward => Metric::Euclidean,
        _ => Metric::Cosine,
    };
    let tree = match linkage {
        Linkage::Ward => {
            let mut matrix = embeddings.clone();
            matrix.l2_normalise();
            agglomerative_within(&matrix, metric, linkage, bytes)?
        }
        _ => agglomerative_within(embeddings, metric, linkage, bytes)?,
    };
    let (distance, labels) = match (options.stop, speakers) {
        (Stop::Count(count), _) => (None, tree.cut_into(count)?),
        (Stop::Distance(height), _) => (Some(height), tree.cut_at(height)),
        (Stop::Oracle, Some(speakers)) => {
            let height = best_threshold(&tree, speakers)?;
            (Some(height), tree.cut_at(height))
        }
        (Stop::Oracle, None) => return Err(unknown_speakers()),
    };
    let cut = |how: Cut| {
        speakers
            .map(|speakers| cut_and_score(&tree, speakers, how))
            .transpose()
    };
    Ok(Clustering {
        scores: scores(&labels, speakers)?,
        oracle: cut(Cut::Oracle)?,
        known_speakers: cut(Cut::KnownSpeakers)?,
        labels,
        metric,
        distance,
    })
}

fn along_graph(
    embeddings: &EmbeddingMatrix,
    speakers: Option<&[usize]>,
    options: &ClusterOptions,
    approximation: &Approximation,
) -> Result<Clustering, Error> {
    if options.linkage == Linkage::Ward {
        return Err(Error::Clustering {
            found: "approximate clustering does not support ward linkage",
            remedy: "use average linkage, or let all be compared, since ward linkage takes time but little memory",
        });
    }
    let Stop::Distance(height) = options.stop else {
        return Err(Error::Clustering {
            found: "approximate clustering makes no tree that could be cut elsewhere",
            remedy: "give the distance to merge up to",
        });
    };
    let labels = approximate_clusters(
        embeddings,
        options.linkage,
        height,
        approximation,
        options.memory_bytes,
    )?;
    Ok(Clustering {
        scores: scores(&labels, speakers)?,
        labels,
        metric: Metric::Cosine,
        distance: Some(height),
        oracle: None,
        known_speakers: None,
    })
}

fn scores(labels: &[usize], speakers: Option<&[usize]>) -> Result<Option<ClusterScores>, Error> {
    let scores = speakers.map(|speakers| cluster_scores(labels, speakers));
    Ok(scores.transpose()?)
}

fn unknown_speakers() -> Error {
    Error::Clustering {
        found: "the best cut needs the speaker of every recording, and they are not known",
        remedy: "give a table of labels, a manifest, or one folder per speaker",
    }
}
