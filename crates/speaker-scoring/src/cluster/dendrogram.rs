//! A tree of merges and the ways to cut it.

use super::groups::Groups;
use crate::ScoringError;

/// One merge of two clusters. Points are clusters 0 to n-1; merge `i` makes cluster `n + i`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merge {
    /// The smaller label of the two.
    pub cluster_a: usize,
    /// The larger one.
    pub cluster_b: usize,
    /// Distance between them, in the unit of the metric.
    pub height: f64,
    /// Number of points in the new cluster.
    pub size: usize,
}

/// Two clusters, each named by one of its points, and how far apart they were when they were merged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Join {
    pub(crate) point_a: usize,
    pub(crate) point_b: usize,
    pub(crate) height: f64,
}

/// The merges of an agglomerative clustering in order of their height, in SciPy's numbering.
#[derive(Debug, Clone, PartialEq)]
pub struct Dendrogram {
    merges: Vec<Merge>,
}

/// One way to cut a dendrogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// All merges up to and with this height are made.
    pub height: f64,
    /// Height of the next merge; infinite at the top. Any threshold from `height` to just below
    /// `next_height` gives the same clusters.
    pub next_height: f64,
    /// Cluster of each point, numbered in order of first appearance.
    pub labels: Vec<usize>,
    /// Number of clusters.
    pub num_clusters: usize,
}

impl Dendrogram {
    pub(crate) fn new(merges: Vec<Merge>) -> Self {
        Self { merges }
    }

    /// The tree of `num_points - 1` joins in any order that has a cluster's own joins before those it takes part in.
    pub(crate) fn from_joins(num_points: usize, mut joins: Vec<Join>) -> Self {
        joins.sort_by(|a, b| a.height.total_cmp(&b.height));
        let mut groups = Groups::new(num_points);
        let mut cluster: Vec<usize> = (0..num_points).collect();
        let mut size = vec![1; num_points];
        let merges = joins.iter().enumerate().map(|(i, join)| {
            let (a, b) = (groups.find(join.point_a), groups.find(join.point_b));
            let (cluster_a, cluster_b) = (cluster[a], cluster[b]);
            let root = groups.unite(a, b);
            cluster[root] = num_points + i;
            size[root] = size[a] + size[b];
            Merge {
                cluster_a: cluster_a.min(cluster_b),
                cluster_b: cluster_a.max(cluster_b),
                height: join.height,
                size: size[root],
            }
        });
        Self {
            merges: merges.collect(),
        }
    }

    /// Number of points clustered, one more than there are merges.
    pub fn num_points(&self) -> usize {
        self.merges.len() + 1
    }

    /// The merges, lowest first.
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// The heights of the merges, ascending.
    pub fn heights(&self) -> Vec<f64> {
        self.merges.iter().map(|merge| merge.height).collect()
    }

    /// Clusters after all merges of at most `height` (like SciPy's `fcluster` by distance).
    /// Labels are numbered in order of first appearance. A NaN merges nothing.
    pub fn cut_at(&self, height: f64) -> Vec<usize> {
        self.labels_after(self.merges.partition_point(|merge| merge.height <= height))
    }

    /// Exactly `num_clusters` clusters, whether or not the merges around the cut have equal heights.
    ///
    /// # Errors
    /// No clusters, or more clusters than points.
    pub fn cut_into(&self, num_clusters: usize) -> Result<Vec<usize>, ScoringError> {
        let num_points = self.num_points();
        if num_clusters == 0 || num_clusters > num_points {
            return Err(ScoringError::ClusterCount {
                found: num_clusters,
                num_points,
            });
        }
        Ok(self.labels_after(num_points - num_clusters))
    }

    /// Every cut that a threshold of at least 0 can make, from the lowest: at height 0, and at each
    /// distinct merge height above it.
    pub fn sweep(&self) -> impl Iterator<Item = Level> + '_ {
        self.level_ends().into_iter().map(|end| self.level(end))
    }

    /// For each cut of the sweep, the number of merges made below it.
    pub fn level_ends(&self) -> Vec<usize> {
        let at_zero = self.merges.partition_point(|merge| merge.height <= 0.0);
        let mut ends = vec![at_zero];
        for end in at_zero + 1..=self.merges.len() {
            let height = self.merges[end - 1].height;
            if self.merges.get(end).is_none_or(|next| next.height > height) {
                ends.push(end);
            }
        }
        ends
    }

    /// The cut after the first `end` merges, or after all where there are fewer.
    pub fn level(&self, end: usize) -> Level {
        let end = end.min(self.merges.len());
        let height = end
            .checked_sub(1)
            .map_or(0.0, |last| self.merges[last].height);
        Level {
            height,
            next_height: self.merges.get(end).map_or(f64::INFINITY, |m| m.height),
            labels: self.labels_after(end),
            num_clusters: self.num_points() - end,
        }
    }

    /// Clusters after the first `num_merges` merges, or after all where there are fewer, numbered in order of first
    /// appearance.
    pub fn labels_after(&self, num_merges: usize) -> Vec<usize> {
        let num_merges = num_merges.min(self.merges.len());
        let num_points = self.num_points();
        // parent[c] is the cluster that c was merged into; later clusters have larger numbers, so
        // one pass from the top finds everybody's root.
        let mut root: Vec<usize> = (0..num_points + num_merges).collect();
        for (i, merge) in self.merges[..num_merges].iter().enumerate() {
            root[merge.cluster_a] = num_points + i;
            root[merge.cluster_b] = num_points + i;
        }
        for cluster in (0..root.len()).rev() {
            root[cluster] = root[root[cluster]];
        }
        let mut number = vec![usize::MAX; root.len()];
        let mut next = 0;
        root[..num_points]
            .iter()
            .map(|&root| {
                if number[root] == usize::MAX {
                    number[root] = next;
                    next += 1;
                }
                number[root]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 and 2 at height 1, 1 and 3 at height 2, all at height 2 as well.
    fn tree() -> Dendrogram {
        let merge = |cluster_a, cluster_b, height, size| Merge {
            cluster_a,
            cluster_b,
            height,
            size,
        };
        Dendrogram::new(vec![
            merge(0, 2, 1.0, 2),
            merge(1, 3, 2.0, 2),
            merge(4, 5, 2.0, 4),
        ])
    }

    #[test]
    fn a_cut_includes_its_own_height() {
        assert_eq!(tree().cut_at(0.99), [0, 1, 2, 3]);
        assert_eq!(tree().cut_at(1.0), [0, 1, 0, 2]);
        assert_eq!(tree().cut_at(2.0), [0, 0, 0, 0]);
        assert_eq!(tree().cut_at(f64::NAN), [0, 1, 2, 3]);
    }

    #[test]
    fn a_cut_by_number_splits_ties() {
        assert_eq!(tree().cut_into(2).unwrap(), [0, 1, 0, 1]);
        assert_eq!(tree().cut_into(4).unwrap(), [0, 1, 2, 3]);
        assert!(tree().cut_into(0).is_err());
        assert!(tree().cut_into(5).is_err());
    }

    #[test]
    fn the_sweep_visits_each_height_once() {
        let tree = tree();
        let levels: Vec<_> = tree
            .sweep()
            .map(|level| (level.height, level.next_height, level.num_clusters))
            .collect();
        assert_eq!(
            levels,
            [(0.0, 1.0, 4), (1.0, 2.0, 3), (2.0, f64::INFINITY, 1)]
        );
        for level in tree.sweep() {
            assert_eq!(level.labels, tree.cut_at(level.height));
        }
    }

    #[test]
    fn one_point_is_one_cluster() {
        let point = Dendrogram::new(vec![]);
        assert_eq!(point.cut_at(1.0), [0]);
        assert_eq!(point.sweep().count(), 1);
    }
}
