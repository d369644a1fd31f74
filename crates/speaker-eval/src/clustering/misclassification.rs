//! Misclassification rates: the share of points outside the cluster that counts as their speaker's.

use super::assignment::Assignment;
use super::contingency::{Cell, Contingency};

/// MR-hungarian: clusters are given to speakers one to one so that as many points as possible are
/// right; all others are errors.
pub(crate) fn mr_hungarian(table: &Contingency) -> f64 {
    error_rate(table, matched(table))
}

/// MR-ab, the rate of Lukic et al. (ANNPR 2018): a speaker's cluster is (a) the one that holds most
/// of its points, provided that (b) every other speaker has fewer points there than it has. Of
/// several largest clusters one that fulfils (b) counts. Without such a cluster all points of the
/// speaker are errors.
pub(crate) fn mr_ab(table: &Contingency) -> f64 {
    let rivals = Rivals::new(table);
    let correct = table.by_speaker().map(|cells| {
        let own = largest(cells).filter(|cell| rivals.largest_other(cell) < cell.count);
        own.map(|cell| cell.count).max().unwrap_or(0)
    });
    error_rate(table, correct.sum())
}

/// MR-legacy, the stricter rate of Lukic et al. (MLSP 2016, 2017): as MR-ab, and (c) a cluster of
/// one point is never correct, (d) every point in a cluster with points of other speakers is wrong.
pub(crate) fn mr_legacy(table: &Contingency) -> f64 {
    let correct = table.by_speaker().map(|cells| {
        let own = largest(cells)
            .filter(|cell| cell.count > 1 && table.cluster_sizes[cell.cluster] == cell.count);
        own.map(|cell| cell.count).max().unwrap_or(0)
    });
    error_rate(table, correct.sum())
}

/// Number of points that the best one-to-one assignment gets right.
pub(crate) fn matched(table: &Contingency) -> u64 {
    let (speakers, clusters) = (table.speaker_sizes.len(), table.cluster_sizes.len());
    Assignment::new(&table.cells, speakers, clusters).matched()
}

fn error_rate(table: &Contingency, correct: u64) -> f64 {
    (table.num_points - correct) as f64 / table.num_points as f64
}

fn largest(cells: &[Cell]) -> impl Iterator<Item = &Cell> {
    let most = cells.iter().map(|cell| cell.count).max().unwrap_or(0);
    cells.iter().filter(move |cell| cell.count == most)
}

/// The two largest shares of each cluster, enough to know the largest share of anybody else.
struct Rivals(Vec<[u64; 2]>);

impl Rivals {
    fn new(table: &Contingency) -> Self {
        let mut top = vec![[0, 0]; table.cluster_sizes.len()];
        for cell in &table.cells {
            let [first, second] = &mut top[cell.cluster];
            if cell.count > *first {
                (*first, *second) = (cell.count, *first);
            } else {
                *second = cell.count.max(*second);
            }
        }
        Self(top)
    }

    fn largest_other(&self, cell: &Cell) -> u64 {
        let [first, second] = self.0[cell.cluster];
        if cell.count == first { second } else { first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(labels: &[usize], speakers: &[usize]) -> Contingency {
        Contingency::new(labels, speakers).unwrap()
    }

    fn rates(labels: &[usize], speakers: &[usize]) -> [f64; 3] {
        let table = table(labels, speakers);
        [mr_hungarian(&table), mr_ab(&table), mr_legacy(&table)]
    }

    fn two_points_each(num_speakers: usize) -> Vec<usize> {
        (0..2 * num_speakers).map(|point| point / 2).collect()
    }

    #[test]
    fn chance_values_of_forty_speakers() {
        let speakers = two_points_each(40);
        let singletons: Vec<usize> = (0..80).collect();
        assert_eq!(rates(&singletons, &speakers), [0.5, 0.5, 1.0]);
        assert_eq!(rates(&[7; 80], &speakers), [0.975, 1.0, 1.0]);
        assert_eq!(rates(&speakers, &speakers), [0.0, 0.0, 0.0]);
    }

    /// One mistake at 40 speakers costs a step of 0.0125 (MR-ab) or 0.025 (MR-legacy) and upwards.
    #[test]
    fn smallest_mistakes_of_forty_speakers() {
        let speakers = two_points_each(40);
        let mut split = speakers.clone();
        split[79] = 40;
        assert_eq!(rates(&split, &speakers), [0.0125, 0.0125, 0.025]);
        // Speaker 39's second point joins speaker 0: hungarian and ab lose that point alone,
        // legacy the three points of the mixed cluster and the singleton left behind.
        let mut stray = speakers.clone();
        stray[79] = 0;
        assert_eq!(rates(&stray, &speakers), [0.0125, 0.0125, 0.05]);
        // Two whole speakers in one cluster: nobody has the majority there.
        let mut merged = speakers.clone();
        (merged[78], merged[79]) = (0, 0);
        assert_eq!(rates(&merged, &speakers), [0.025, 0.05, 0.05]);
    }

    #[test]
    fn each_other_speaker_counts_for_itself() {
        // Cluster 0: 3 of A, 2 of B, 2 of C. A leads each of them, though not their sum.
        let labels = [0, 0, 0, 0, 0, 1, 0, 0, 2];
        let speakers = [0, 0, 0, 1, 1, 1, 2, 2, 2];
        // hungarian: A 3, B 1 (cluster 1), C 1 (cluster 2) = 5 of 9; ab: A alone, 3 of 9;
        // legacy: A's cluster is mixed.
        assert_eq!(rates(&labels, &speakers), [4.0 / 9.0, 6.0 / 9.0, 1.0]);
    }

    #[test]
    fn a_tied_largest_cluster_may_be_the_pure_one() {
        // A has two points in the mixed cluster 0 and two in the pure cluster 1.
        let labels = [0, 0, 1, 1, 0, 0, 0];
        let speakers = [0, 0, 0, 0, 1, 1, 1];
        assert_eq!(rates(&labels, &speakers), [2.0 / 7.0, 2.0 / 7.0, 5.0 / 7.0]);
    }

    #[test]
    fn greedy_is_not_optimal() {
        // Taking the largest cell first (A-0: 5) leaves B nothing; A-1 and B-0 give 4 + 4.
        let labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0];
        let speakers = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1];
        assert_eq!(matched(&table(&labels, &speakers)), 8);
    }
}
