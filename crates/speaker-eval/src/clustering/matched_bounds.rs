//! How many points the best assignment of clusters to speakers can get right at most, for every cut of a tree at once.

use std::collections::HashMap;

use speaker_scoring::Dendrogram;

/// For each cut of the sweep, an upper bound of [`super::misclassification::matched`] and the number of merges made
/// below the cut: no speaker has more right than its largest share of a cluster, nor has a cluster.
///
/// Following the merges takes n log n steps, where a table for each cut takes n²; `speakers` are numbered from 0.
pub(crate) fn matched_at_most(dendrogram: &Dendrogram, speakers: &[usize]) -> Vec<(u64, usize)> {
    let num_points = speakers.len();
    // Points of each speaker in each cluster, under the cluster's number; those of merged clusters are taken away.
    let mut counts: Vec<HashMap<usize, u64>> = Vec::with_capacity(num_points);
    counts.extend(
        speakers
            .iter()
            .map(|&speaker| HashMap::from([(speaker, 1)])),
    );
    let mut best_of_cluster = vec![1; num_points];
    let mut best_of_speaker = vec![0; num_points];
    speakers
        .iter()
        .for_each(|&speaker| best_of_speaker[speaker] = 1);
    let mut of_clusters = num_points as u64;
    let mut of_speakers: u64 = best_of_speaker.iter().sum();
    let mut made = 0;
    let ends = dendrogram.level_ends().into_iter().map(|end| {
        for merge in &dendrogram.merges()[made..end] {
            let [a, b] = [merge.cluster_a, merge.cluster_b];
            let [mut large, mut small] = [a, b].map(|cluster| std::mem::take(&mut counts[cluster]));
            if large.len() < small.len() {
                std::mem::swap(&mut large, &mut small);
            }
            let mut best = best_of_cluster[a].max(best_of_cluster[b]);
            of_clusters -= best_of_cluster[a] + best_of_cluster[b];
            for (speaker, count) in small {
                let sum = large.entry(speaker).or_insert(0);
                *sum += count;
                best = best.max(*sum);
                of_speakers += sum.saturating_sub(best_of_speaker[speaker]);
                best_of_speaker[speaker] = best_of_speaker[speaker].max(*sum);
            }
            of_clusters += best;
            best_of_cluster.push(best);
            counts.push(large);
        }
        made = end;
        (of_clusters.min(of_speakers), end)
    });
    ends.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use speaker_scoring::{EmbeddingMatrix, Linkage, Metric, agglomerative};

    use crate::clustering::contingency::{Cell, Contingency, numbered};
    use crate::clustering::misclassification::matched;

    #[test]
    fn bounds_are_those_of_each_cuts_table() {
        let values = (0..60).map(|i| (i * 7919 % 101) as f32);
        let points = EmbeddingMatrix::from_flat(values.collect(), 1).unwrap();
        let speakers: Vec<usize> = (0..60).map(|i| (i * 7919 % 101) / 9).collect();
        let speakers = numbered(&speakers);
        let tree = agglomerative(&points, Metric::Euclidean, Linkage::Complete).unwrap();
        let bounds = matched_at_most(&tree, &speakers);
        assert_eq!(bounds.len(), tree.sweep().count());
        for (bound, end) in bounds {
            let table = Contingency::from_numbered(&tree.labels_after(end), &speakers);
            let largest = |place: fn(&Cell) -> usize| -> u64 {
                let mut best = HashMap::new();
                for cell in &table.cells {
                    let best: &mut u64 = best.entry(place(cell)).or_default();
                    *best = cell.count.max(*best);
                }
                best.values().sum()
            };
            let expected = largest(|cell| cell.cluster).min(largest(|cell| cell.speaker));
            assert_eq!(bound, expected);
            assert!(matched(&table) <= bound);
        }
    }
}
