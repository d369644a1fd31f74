//! Which cut of a tree the known speakers call best.

use speaker_scoring::Dendrogram;

use super::assignment::Assignment;
use super::contingency::Contingency;
use super::matched_bounds::matched_at_most;
use super::misclassification::matched;
use super::partition::SquareSums;

/// Cuts whose assignment is made before the sweep, to know what a cut has to reach.
const NUM_TRIED: usize = 8;

/// Number of merges below the cut with most points right; of several, with the highest ARI, then the lowest cut.
/// `speakers` are numbered from 0.
///
/// One assignment is kept while the merges are followed from the lowest. It is completed only at cuts whose bounds
/// allow them to win, since that is what takes time where speakers do not fit the clusters.
pub(super) fn best_cut(dendrogram: &Dendrogram, speakers: &[usize]) -> usize {
    let bounds = matched_at_most(dendrogram, speakers);
    let mut best = Candidate {
        right: to_reach(dendrogram, speakers, &bounds),
        ari: f64::NEG_INFINITY,
        end: 0,
    };
    let mut cuts = Follower::new(dendrogram, speakers);
    for (bound, end) in bounds {
        cuts.follow(end);
        if bound.min(cuts.assignment.at_most()) >= best.right {
            best = best.better(Candidate {
                right: cuts.assignment.matched(),
                ari: cuts.sums.ari(),
                end,
            });
        }
    }
    best.end
}

/// Points that some cut gets right: the most among a few with the highest bounds and a few from all over the tree.
fn to_reach(dendrogram: &Dendrogram, speakers: &[usize], bounds: &[(u64, usize)]) -> u64 {
    let highest = bounds.iter().max_by_key(|(bound, _)| *bound);
    let step = bounds.len().div_ceil(NUM_TRIED).max(1);
    let tried = bounds.iter().step_by(step).chain(highest);
    let right = tried.map(|&(_, end)| {
        let labels = dendrogram.labels_after(end);
        matched(&Contingency::from_numbered(&labels, speakers))
    });
    right.max().unwrap_or(0)
}

/// A tree's clusters and their assignment after more and more merges.
struct Follower<'a> {
    dendrogram: &'a Dendrogram,
    /// Number of merges made.
    made: usize,
    /// Where a cluster of the tree stands in the assignment.
    places: Vec<usize>,
    /// Points of each cluster of the tree.
    sizes: Vec<usize>,
    assignment: Assignment,
    sums: SquareSums,
}

impl<'a> Follower<'a> {
    fn new(dendrogram: &'a Dendrogram, speakers: &[usize]) -> Self {
        let num_points = speakers.len();
        let alone: Vec<usize> = (0..num_points).collect();
        let table = Contingency::from_numbered(&alone, speakers);
        let square = |&size: &u64| i128::from(size) * i128::from(size);
        Self {
            dendrogram,
            made: 0,
            sizes: vec![1; num_points],
            assignment: Assignment::new(&table.cells, table.speaker_sizes.len(), num_points),
            sums: SquareSums {
                num_points: table.num_points,
                cells: num_points as i128,
                speakers: table.speaker_sizes.iter().map(square).sum(),
                clusters: num_points as i128,
            },
            places: alone,
        }
    }

    /// Makes the merges below `end`.
    fn follow(&mut self, end: usize) {
        for merge in &self.dendrogram.merges()[self.made..end] {
            let [a, b] = [merge.cluster_a, merge.cluster_b];
            let (place, products) = self.assignment.merge(self.places[a], self.places[b]);
            self.sums.cells += 2 * i128::from(products);
            self.sums.clusters += 2 * (self.sizes[a] as i128) * (self.sizes[b] as i128);
            self.places.push(place);
            self.sizes.push(self.sizes[a] + self.sizes[b]);
        }
        self.made = end;
    }
}

#[derive(Clone, Copy)]
struct Candidate {
    right: u64,
    ari: f64,
    end: usize,
}

impl Candidate {
    /// More points right, then higher ARI, then lower cut.
    fn better(self, other: Self) -> Self {
        let order = self.right.cmp(&other.right);
        let order = order.then(self.ari.total_cmp(&other.ari));
        let order = order.then(other.end.cmp(&self.end));
        if order.is_lt() { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use speaker_scoring::{EmbeddingMatrix, Linkage, Metric, agglomerative};

    use super::*;
    use crate::clustering::contingency::numbered;
    use crate::clustering::partition::ari;

    /// By an assignment for each cut.
    fn of_all_cuts(tree: &Dendrogram, speakers: &[usize]) -> usize {
        let cuts = tree.level_ends().into_iter().map(|end| {
            let table = Contingency::from_numbered(&tree.labels_after(end), speakers);
            Candidate {
                right: matched(&table),
                ari: ari(&table),
                end,
            }
        });
        cuts.reduce(Candidate::better).map_or(0, |best| best.end)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn the_best_cut_is_the_best_of_all(
            points in prop::collection::vec((-40_i16..40, 0_usize..9), 1..90),
            step in 1_i16..12,
        ) {
            // A coarse step makes ties of heights and points that are equal.
            let values = points.iter().map(|(value, _)| f32::from(value / step)).collect();
            let speakers: Vec<usize> = points.iter().map(|(_, speaker)| *speaker).collect();
            let speakers = numbered(&speakers);
            let points = EmbeddingMatrix::from_flat(values, 1).unwrap();
            for linkage in [Linkage::Complete, Linkage::Single] {
                let tree = agglomerative(&points, Metric::Euclidean, linkage).unwrap();
                prop_assert_eq!(best_cut(&tree, &speakers), of_all_cuts(&tree, &speakers));
            }
        }
    }
}
