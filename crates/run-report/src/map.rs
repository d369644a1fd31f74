//! A map of the recordings: t-SNE (van der Maaten and Hinton 2008).

use linfa::traits::Transformer;
use linfa_tsne::TSneParams;
use ndarray_016::Array2;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;
use speaker_scoring::EmbeddingMatrix;

use crate::development::Development;

/// Exact t-SNE: the approximate one descends without end into places that have come together, as those of a collapsed network do.
const THETA: f32 = 0.0;
const PERPLEXITY: f32 = 20.0;

/// How the map is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapSettings {
    /// Seed of the places that the recordings start from.
    pub seed: u64,
    /// Recordings on the map at most; of more, every n-th is taken.
    pub max_points: usize,
    /// Iterations.
    pub epochs: usize,
}

impl Default for MapSettings {
    /// Seed 0, 600 points, 600 iterations.
    fn default() -> Self {
        Self {
            seed: 0,
            max_points: 600,
            epochs: 600,
        }
    }
}

/// Places of recordings such that neighbours by cosine are neighbours in the plane.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Map {
    /// Index of the utterance of each point.
    pub(crate) utterances: Vec<usize>,
    /// Where it is.
    pub(crate) places: Vec<[f32; 2]>,
    /// Share of the points whose nearest neighbour among all embeddings on the map has the same speaker, 0 to 1.
    pub(crate) neighbour_share: f64,
}

impl Map {
    /// The map of the recordings, or nothing for fewer than four, which need none.
    pub(crate) fn new(development: &Development, settings: MapSettings) -> Option<Self> {
        let all = development.utterances.len();
        let stride = all.div_ceil(settings.max_points.max(1)).max(1);
        let utterances: Vec<usize> = (0..all).step_by(stride).collect();
        if utterances.len() < 4 {
            return None;
        }
        let mut unit = development.embeddings.select(&utterances).ok()?;
        // Between unit vectors the Euclidean distance, which is a metric, orders as the cosine does.
        unit.l2_normalise();
        let rows: Vec<&[f32]> = unit.rows().collect();
        let places = lay_out(&unit, settings)?;
        let speaker = |row: usize| &development.utterances[utterances[row]].speaker;
        let alike = (0..rows.len()).filter(|&row| {
            let others = (0..rows.len()).filter(|&other| other != row);
            let nearest = others.min_by(|&a, &b| {
                distance(rows[row], rows[a]).total_cmp(&distance(rows[row], rows[b]))
            });
            nearest.is_some_and(|nearest| speaker(nearest) == speaker(row))
        });
        Some(Self {
            neighbour_share: alike.count() as f64 / rows.len() as f64,
            utterances,
            places,
        })
    }
}

/// Places of `rows`; the same for the same seed: nothing in it runs on several threads.
fn lay_out(unit: &EmbeddingMatrix, settings: MapSettings) -> Option<Vec<[f32; 2]>> {
    let rows = Array2::from_shape_vec((unit.len(), unit.dim()), unit.as_flat().to_vec()).ok()?;
    // The perplexity has to be below a third of the points.
    let perplexity = PERPLEXITY
        .min((unit.len() - 1) as f32 / 3.0 - 0.01)
        .max(0.5);
    let places = TSneParams::embedding_size_with_rng(2, StdRng::seed_from_u64(settings.seed))
        .perplexity(perplexity)
        .approx_threshold(THETA)
        .max_iter(settings.epochs)
        .transform(rows)
        .ok()?;
    let places: Vec<[f32; 2]> = places
        .rows()
        .into_iter()
        .map(|place| [place[0], place[1]])
        .collect();
    let are_finite = places.iter().flatten().all(|place| place.is_finite());
    are_finite.then_some(places)
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b) * (a - b))
        .sum::<f32>()
        .sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DevUtterance;

    #[test]
    fn alike_and_nearly_alike_recordings_do_not_break_it() {
        let utterance = |index: usize| DevUtterance {
            gender: None,
            corpus: None,
            file: format!("{index}.wav"),
            speaker: format!("s{}", index % 4),
            session: None,
            seconds: 1.0,
        };
        for spread in [0.0, 1e-7, 1e-3, 1.0] {
            let rows: Vec<Vec<f32>> = (0..24)
                .map(|index| vec![1.0, spread * (index % 4) as f32, spread])
                .collect();
            let development = Development {
                utterances: (0..24).map(utterance).collect(),
                embeddings: EmbeddingMatrix::from_rows(&rows).unwrap(),
                decision: None,
                lists: Vec::new(),
            };
            let map = Map::new(&development, MapSettings::default());
            if let Some(map) = map {
                assert_eq!(map.places.len(), 24);
            }
        }
    }
}
