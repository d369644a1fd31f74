//! A map of the recordings: t-SNE (van der Maaten and Hinton 2008) with Barnes-Hut forces.

use linfa::traits::Transformer;
use linfa_tsne::TSneParams;
use ndarray_016::Array2;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;
use speaker_eval::EmbeddingMatrix;

use crate::development::Development;

/// Accuracy of the forces, as in van der Maaten 2014.
const THETA: f32 = 0.5;
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
    /// Seed 0, 2,000 points, 600 iterations.
    fn default() -> Self {
        Self {
            seed: 0,
            max_points: 2000,
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
    Some(
        places
            .rows()
            .into_iter()
            .map(|place| [place[0], place[1]])
            .collect(),
    )
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b) * (a - b))
        .sum::<f32>()
        .sqrt()
}
