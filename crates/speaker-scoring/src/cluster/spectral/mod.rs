//! Spectral clustering: who belongs together by a graph of who is like whom.

mod gap;
mod graph;
mod kmeans;
mod settings;
mod strongest;

use gap::Reading;
use strongest::Strongest;

use super::agglomerative::check_bytes;
use crate::{EmbeddingMatrix, ScoringError, lanczos};

pub use settings::{Pruning, SpectralSettings};

/// Speakers that are looked for at most where nobody says how many there may be.
pub const MOST_SPEAKERS: usize = 20;

/// What spectral clustering makes of embeddings.
#[derive(Debug, Clone, PartialEq)]
pub struct SpectralClusters {
    /// `[points]`: the cluster of each, numbered in order of first appearance.
    pub labels: Vec<usize>,
    /// Number of clusters.
    pub num_clusters: usize,
    /// Strongest neighbours of each point that counted, itself among them.
    pub num_kept: usize,
    /// The lowest eigenvalues of the Laplacian, ascending, up to the one beyond the highest number of speakers that was looked for.
    pub eigenvalues: Vec<f64>,
}

/// Clusters the rows of `embeddings` on cosine, and finds out how many clusters there are, in at most `bytes_allowed` beside the embeddings. Nothing
/// is allocated before that is certain.
///
/// Each point is joined to its strongest neighbours; the affinity of two is the mean of both ways. The lowest eigenvalues of the unnormalised Laplacian, degrees less
/// affinities, are near 0 for as many clusters as there are, so that the widest gap counts them; points are gathered by k-means of their places
/// in the eigenvectors (von Luxburg 2007; how many neighbours, by [`Pruning`]). Where nobody bounds the number of speakers, up to [`MOST_SPEAKERS`] are
/// looked for; every number but that of all points has a gap. Of fewer than some ten points a gap says little.
///
/// Takes n² dim multiplications for the neighbours and keeps them alone, n (8 dim + 8 kept) bytes, a quarter of n² kept at most where their number is
/// chosen; for the eigenvectors some 24 n (2 speakers + 50) bytes a thread. Up to 160 points all eigenvalues are computed; above, the lowest, by
/// Lanczos' method, good to 1e-9 of the highest. The result is the same for any number of threads. Points without a direction have cosine 0 to all.
///
/// # Errors
/// A number of speakers that cannot be met, as [`SpeakerCount::range`](crate::SpeakerCount::range) says; settings outside of their ranges; more points than `bytes_allowed`
/// hold.
pub fn spectral_clusters(
    embeddings: &EmbeddingMatrix,
    settings: &SpectralSettings,
    bytes_allowed: u64,
) -> Result<SpectralClusters, ScoringError> {
    settings.check()?;
    let num_points = embeddings.len();
    let allowed = settings.count.range(num_points)?;
    let (least, mut most) = allowed.into_inner();
    if settings.count.exact.or(settings.count.at_most).is_none() {
        most = most.min(MOST_SPEAKERS.max(least));
    }
    let candidates = settings.pruning.candidates(num_points);
    let num_held = candidates.last().map_or(0, |&most| most - 1);
    let num_threads = rayon::current_num_threads();
    let searches = num_threads.min(candidates.len()) as u64;
    let places = 8 * (num_points as u64) * (most + 4 * settings.num_starts.min(num_threads)) as u64;
    let search = lanczos::bytes(num_points, most + 1).saturating_mul(searches);
    let bytes_needed = Strongest::bytes(embeddings, num_held, num_threads)
        .saturating_add(search)
        .saturating_add(places);
    check_bytes(num_points, bytes_needed, bytes_allowed)?;

    let lists = Strongest::of(embeddings, num_held);
    let reading = match settings.pruning {
        Pruning::Share { .. } => Some(Reading::weighted(&lists, num_held + 1, &(least..=most))),
        Pruning::Automatic { .. } => Reading::surest(&lists, &candidates, &(least..=most)),
    };
    // There is always a candidate.
    let Some(reading) = reading else {
        return Err(ScoringError::Empty { name: "candidates" });
    };
    let labels = gathered(&reading, num_points, settings);
    Ok(SpectralClusters {
        labels,
        num_clusters: reading.count,
        num_kept: reading.num_kept,
        eigenvalues: reading.lowest.values,
    })
}

/// Points by their places in the first eigenvectors.
fn gathered(reading: &Reading, num_points: usize, settings: &SpectralSettings) -> Vec<usize> {
    let axes = &reading.lowest.vectors[..reading.count];
    let places: Vec<f64> = (0..num_points)
        .flat_map(|point| axes.iter().map(move |axis| axis[point]))
        .collect();
    let dim = reading.count;
    let clusters = kmeans::kmeans(&places, dim, dim, settings.num_starts, settings.seed);
    let mut number = vec![usize::MAX; dim];
    let mut next = 0;
    clusters
        .into_iter()
        .map(|cluster| {
            if number[cluster] == usize::MAX {
                number[cluster] = next;
                next += 1;
            }
            number[cluster]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;
    use crate::{MAX_DISTANCE_BYTES, SpeakerCount};

    fn clusters(rows: &[Vec<f32>], settings: &SpectralSettings) -> SpectralClusters {
        let points = EmbeddingMatrix::from_rows(rows).unwrap();
        spectral_clusters(&points, settings, MAX_DISTANCE_BYTES).unwrap()
    }

    #[test]
    fn two_directions_are_two_speakers() {
        let (count, dim) = (60, 8);
        let noise = |at: usize| {
            let drawn = ChaCha8Rng::seed_from_u64(at as u64).next_u32();
            (f32::from(drawn as u16) / 65536.0 - 0.5) * 0.6
        };
        let row = |point: usize| {
            let value = move |at| noise(point * dim + at) + f32::from(u8::from(at == point % 2));
            (0..dim).map(value).collect()
        };
        let rows: Vec<Vec<f32>> = (0..count).map(row).collect();
        let expected: Vec<usize> = (0..count).map(|at| at % 2).collect();
        let share = Pruning::Share {
            share: 0.3,
            at_least: 6,
        };
        for pruning in [Pruning::default(), share] {
            let settings = SpectralSettings {
                pruning,
                ..SpectralSettings::default()
            };
            let found = clusters(&rows, &settings);
            assert_eq!(found.labels, expected, "{found:?}");
        }
    }

    #[test]
    fn copies_zeros_and_one_point_are_no_trouble() {
        for rows in [
            vec![vec![1.0, 2.0]],
            vec![vec![1.0, 2.0]; 30],
            vec![vec![0.0, 0.0]; 30],
            vec![vec![1.0, 0.0], vec![0.0, 1.0]],
            vec![vec![0.0, 0.0]; 300],
        ] {
            for count in [1, rows.len().min(3), rows.len().min(25)] {
                let settings = SpectralSettings {
                    count: SpeakerCount::exactly(count),
                    ..SpectralSettings::default()
                };
                let found = clusters(&rows, &settings);
                assert_eq!(found.num_clusters, count);
                assert_eq!(found.labels.iter().max(), Some(&(count - 1)));
            }
            clusters(&rows, &SpectralSettings::default());
        }
    }

    #[test]
    fn too_many_points_are_refused_before_anything_is_done() {
        let points = EmbeddingMatrix::from_flat(vec![1.0; 50], 1).unwrap();
        let error = spectral_clusters(&points, &SpectralSettings::default(), 1000).unwrap_err();
        assert!(matches!(
            error,
            ScoringError::TooManyPoints { num_points: 50, .. }
        ));
    }
}
