//! The clustering protocol of the papers on the development speakers: a tree, its best cut, and who fell in with whom.

use std::collections::BTreeMap;

use speaker_eval::{Cut, CutResult, ListedUtterance, MrProtocol, cut_and_score};
use speaker_scoring::{Dendrogram, Linkage, Metric, agglomerative};

use crate::ReportError;
use crate::development::Development;

/// Speakers in the tree at most: the papers' number, and what one can still read.
pub(crate) const MAX_SPEAKERS: usize = 40;

/// Two points a speaker, clustered.
#[derive(Clone, Debug)]
pub(crate) struct Clusters {
    pub(crate) speakers: Vec<String>,
    /// Speaker of each point.
    pub(crate) labels: Vec<usize>,
    /// Utterances in each point.
    pub(crate) sizes: Vec<usize>,
    pub(crate) tree: Dendrogram,
    /// The cut with the lowest misclassification rate.
    pub(crate) cut: CutResult,
    /// The points in the order in which no branches cross.
    pub(crate) order: Vec<usize>,
}

impl Clusters {
    /// Clusters at most `max_speakers` speakers; nothing where fewer than two have two recordings.
    pub(crate) fn new(
        development: &Development,
        max_speakers: usize,
    ) -> Result<Option<Self>, ReportError> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for utterance in &development.utterances {
            *counts.entry(&utterance.speaker).or_default() += 1;
        }
        let num_speakers = counts
            .values()
            .filter(|&&count| count > 1)
            .count()
            .min(max_speakers);
        if num_speakers < 2 {
            return Ok(None);
        }
        let listed: Vec<ListedUtterance> = development
            .utterances
            .iter()
            .map(|utterance| ListedUtterance {
                id: utterance.file.clone(),
                speaker: utterance.speaker.clone(),
                session: utterance.session.clone(),
                seconds: utterance.seconds,
            })
            .collect();
        let protocol = MrProtocol {
            num_speakers,
            ..MrProtocol::default()
        };
        let points = protocol.points(&listed)?;
        let tree = agglomerative(
            &points.embeddings(&development.embeddings)?,
            Metric::Cosine,
            Linkage::Complete,
        )?;
        let labels = points.labels();
        let order = order(&tree);
        let mut cut = cut_and_score(&tree, &labels, Cut::Oracle)?;
        cut.labels = numbered_along(&order, &cut.labels);
        Ok(Some(Self {
            cut,
            order,
            sizes: points
                .points
                .iter()
                .map(|point| point.members.len())
                .collect(),
            speakers: points.speakers,
            labels,
            tree,
        }))
    }

    /// Points of each speaker in each cluster, where there are any: (speaker, cluster) to a count.
    pub(crate) fn confusion(&self) -> BTreeMap<(usize, usize), usize> {
        let mut counts = BTreeMap::new();
        for (&speaker, &cluster) in self.labels.iter().zip(&self.cut.labels) {
            *counts.entry((speaker, cluster)).or_default() += 1;
        }
        counts
    }
}

/// The same clusters, numbered as they come along `order`.
fn numbered_along(order: &[usize], clusters: &[usize]) -> Vec<usize> {
    let mut numbers = BTreeMap::new();
    for &point in order {
        let next = numbers.len();
        numbers.entry(clusters[point]).or_insert(next);
    }
    clusters.iter().map(|cluster| numbers[cluster]).collect()
}

/// Leaves from one side of the tree to the other.
fn order(tree: &Dendrogram) -> Vec<usize> {
    let mut members: Vec<Vec<usize>> = (0..tree.num_points()).map(|point| vec![point]).collect();
    for merge in tree.merges() {
        let mut joined = std::mem::take(&mut members[merge.cluster_a]);
        joined.append(&mut members[merge.cluster_b]);
        members.push(joined);
    }
    members.pop().unwrap_or_default()
}
