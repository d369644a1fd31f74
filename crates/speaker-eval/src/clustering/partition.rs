//! Scores of a clustering that need no assignment of clusters to speakers.

use super::contingency::Contingency;

/// Average cluster purity, `1/N · Σ_i n_i · Σ_j (n_ij / n_i)²` over clusters i and speakers j:
/// the chance that two points drawn from a random point's cluster, with replacement, share a
/// speaker. Singletons are pure, so read it beside the number of clusters.
pub(crate) fn acp(table: &Contingency) -> f64 {
    let squares = table.cells.iter().map(|cell| {
        let count = cell.count as f64;
        count * count / table.cluster_sizes[cell.cluster] as f64
    });
    squares.sum::<f64>() / table.num_points as f64
}

/// Rand index adjusted for chance (Hubert and Arabie 1985), from exact pair counts as in
/// scikit-learn: 1 for equal partitions, 0 expected for random ones, down to -0.5.
pub(crate) fn ari(table: &Contingency) -> f64 {
    let square_sum = |counts: &mut dyn Iterator<Item = u64>| -> i128 {
        counts
            .map(|count| i128::from(count) * i128::from(count))
            .sum()
    };
    SquareSums {
        num_points: table.num_points,
        cells: square_sum(&mut table.cells.iter().map(|cell| cell.count)),
        speakers: square_sum(&mut table.speaker_sizes.iter().copied()),
        clusters: square_sum(&mut table.cluster_sizes.iter().copied()),
    }
    .ari()
}

/// All that the adjusted Rand index needs of a table: the sums of its squares.
pub(crate) struct SquareSums {
    pub(crate) num_points: u64,
    /// Of the points of each speaker in each cluster.
    pub(crate) cells: i128,
    /// Of the points of each speaker.
    pub(crate) speakers: i128,
    /// Of the points of each cluster.
    pub(crate) clusters: i128,
}

impl SquareSums {
    /// The adjusted Rand index.
    pub(crate) fn ari(&self) -> f64 {
        let n = i128::from(self.num_points);
        let together = self.cells - n;
        let merged = self.clusters - self.cells;
        let torn = self.speakers - self.cells;
        let apart = n * n - self.cells - merged - torn;
        if merged == 0 && torn == 0 {
            return 1.0;
        }
        let expected = (together + torn) * (torn + apart) + (together + merged) * (merged + apart);
        2.0 * (together * apart - torn * merged) as f64 / expected as f64
    }
}

/// Mutual information over the arithmetic mean of both entropies, as in scikit-learn, 0 to 1.
/// Two partitions of one class each are equal: 1.
pub(crate) fn nmi(table: &Contingency) -> f64 {
    if table.speaker_sizes.len() == 1 && table.cluster_sizes.len() == 1 {
        return 1.0;
    }
    let n = table.num_points as f64;
    let entropy = |sizes: &[u64]| -> f64 {
        let terms = sizes.iter().map(|&size| size as f64 / n);
        terms.map(|share| -share * share.ln()).sum()
    };
    let information: f64 = table
        .cells
        .iter()
        .map(|cell| {
            let speaker = table.speaker_sizes[cell.speaker] as f64;
            let cluster = table.cluster_sizes[cell.cluster] as f64;
            let count = cell.count as f64;
            count / n * (count * n / (speaker * cluster)).ln()
        })
        .sum();
    let mean = 0.5 * (entropy(&table.speaker_sizes) + entropy(&table.cluster_sizes));
    (information / mean).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(labels: &[usize], speakers: &[usize]) -> Contingency {
        Contingency::new(labels, speakers).unwrap()
    }

    #[test]
    fn purity_by_hand() {
        // Cluster 0: AAB, cluster 1: BB: (3·(4/9 + 1/9) + 2·1)/5 = (5/3 + 2)/5
        let table = table(&[0, 0, 0, 1, 1], &[0, 0, 1, 1, 1]);
        assert!((acp(&table) - 11.0 / 15.0).abs() < 1e-15);
    }

    #[test]
    fn extremes() {
        let speakers = [0, 0, 1, 1];
        let singletons = table(&[0, 1, 2, 3], &speakers);
        assert_eq!((acp(&singletons), ari(&singletons)), (1.0, 0.0));
        assert!((nmi(&singletons) - 2.0 / 3.0).abs() < 1e-15);
        let one = table(&[0; 4], &speakers);
        assert_eq!((acp(&one), ari(&one), nmi(&one)), (0.5, 0.0, 0.0));
        let renamed = table(&[9, 9, 4, 4], &speakers);
        assert_eq!(
            (acp(&renamed), ari(&renamed), nmi(&renamed)),
            (1.0, 1.0, 1.0)
        );
        let crossed = table(&[0, 1, 0, 1], &speakers);
        assert_eq!((ari(&crossed), nmi(&crossed)), (-0.5, 0.0));
        let lone = table(&[3], &[5]);
        assert_eq!((acp(&lone), ari(&lone), nmi(&lone)), (1.0, 1.0, 1.0));
    }
}
