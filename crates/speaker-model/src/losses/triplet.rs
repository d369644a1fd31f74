//! Triplet loss: a segment of the same speaker has to be nearer than one of another by a margin (Schroff et al., *`FaceNet`*, CVPR
//! 2015; Hermans et al., *In defense of the triplet loss*, 2017).
//!
//! ```text
//! L = mean over triplets (a, p, n) of max(0, d(a, p) − d(a, n) + m)
//! ```
//!
//! a and p are two segments of one speaker, in both orders, n one of another; d is the square of a Euclidean distance, of the
//! embeddings as they are or at unit length. Which triplets:
//!
//! - `all`: all of them (Hermans' batch all);
//! - `active`: all whose hinge is not 0 (his batch all without zeros), so that the many that are met weigh nothing;
//! - `semi_hard`: of each a and p the n that is nearest to a but farther than p, or where none is farther the farthest n
//!   (`TensorFlow`'s `triplet_semihard_loss`).
//!
//! A batch without any triplet, or with `active` without any whose hinge is not 0, has a loss of 0 and moves nothing.

use burn::module::Module;
use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use super::parts::margin::check_positive;
use super::parts::rows::{cells, matrix, number, select, squared_distances, unit_rows};
use super::{
    Batches, Loss, LossBatch, LossChoice, LossInput, LossOutput, PairDistance, Pairwise, Term,
};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::Initialiser;

/// The loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TripletConfig {
    /// How much nearer a segment of the same speaker has to be, as a difference of squared distances.
    #[serde(default = "default_margin")]
    pub margin: f64,
    /// Which triplets count.
    #[serde(default)]
    pub mining: Mining,
    /// What is measured.
    #[serde(default)]
    pub distance: TripletDistance,
}

/// Which triplets of a batch count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mining {
    /// All of them.
    All,
    /// Those whose hinge is not 0.
    Active,
    /// One for each two segments of one speaker: the nearest that is farther than they are apart.
    #[default]
    SemiHard,
}

/// The distance of two embeddings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TripletDistance {
    /// Square of the Euclidean distance at unit length, 0 to 4: 2 − 2 cos.
    #[default]
    UnitLength,
    /// Square of the Euclidean distance of the embeddings as they are.
    Squared,
}

fn default_margin() -> f64 {
    0.3
}

impl Default for TripletConfig {
    fn default() -> Self {
        Self {
            margin: default_margin(),
            mining: Mining::default(),
            distance: TripletDistance::default(),
        }
    }
}

impl Example for TripletConfig {
    fn example() -> Self {
        Self {
            margin: 0.7,
            mining: Mining::All,
            distance: TripletDistance::UnitLength,
        }
    }
}

const SAME_DISTANCE: &str = "same_squared_distance";
const DIFFERENT_DISTANCE: &str = "different_squared_distance";

impl LossChoice for TripletConfig {
    type Loss = Triplet;

    fn validate(&self) -> Result<(), ModelError> {
        check_positive("loss.margin", self.margin)
    }

    fn build(&self, _: LossInput, _: &mut Initialiser<'_>) -> Result<Triplet, ModelError> {
        Ok(Triplet {
            config: self.clone(),
        })
    }

    fn wants(&self) -> Batches {
        Batches::Grouped(2)
    }

    /// The margin is between two distances: it asks for none of its own.
    fn pairwise(&self) -> Option<Pairwise> {
        Some(Pairwise {
            same_term: SAME_DISTANCE.into(),
            different_term: DIFFERENT_DISTANCE.into(),
            margin: None,
            num_classes: None,
            same_weight: None,
        })
    }
}

/// The loss, which has no parameters.
#[derive(Module, Debug)]
pub struct Triplet {
    #[module(skip)]
    config: TripletConfig,
}

impl Loss for Triplet {
    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        batch.check(outputs.dims()[0])?;
        let labels = batch.labels;
        let distances = squared_distances(match self.config.distance {
            TripletDistance::UnitLength => unit_rows(outputs),
            TripletDistance::Squared => outputs,
        });
        let num = labels.len();
        let pairs: Vec<(usize, usize)> = (0..num)
            .flat_map(|a| (0..num).map(move |p| (a, p)))
            .filter(|&(a, p)| a != p && labels[a] == labels[p])
            .collect();
        let num_different = num * num.saturating_sub(1) - pairs.len();
        let has_triplets = !pairs.is_empty() && num_different > 0;
        let (value, active) = match self.config.mining {
            _ if !has_triplets => ((distances.clone() * 0.0).sum(), 0.0),
            Mining::SemiHard => self.semi_hard(&distances, labels, &pairs),
            mining => self.all(&distances, labels, &pairs, mining == Mining::Active),
        };
        let [same, different] = mean_distances(&distances, labels);
        Ok(LossOutput {
            terms: vec![
                Term::new("active_share", "", number(active, &distances)),
                Term::new(SAME_DISTANCE, "", same),
                Term::new(DIFFERENT_DISTANCE, "", different),
            ],
            value,
            when_alike: Some(if has_triplets {
                self.config.margin
            } else {
                0.0
            }),
            num_pairs: Some([pairs.len() / 2, num_different / 2]),
        })
    }

    fn pair_distances(&self, outputs: &[Vec<f32>], batch: &LossBatch<'_>) -> Vec<PairDistance> {
        let rows: Vec<Vec<f64>> = outputs.iter().map(|row| self.row(row)).collect();
        let all = LossBatch {
            pairs: None,
            ..*batch
        };
        let pairs = all.compared().into_iter();
        let distances = pairs.filter_map(|((a, b), same)| {
            let (a, b) = (rows.get(a)?, rows.get(b)?);
            let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2));
            Some(PairDistance {
                same,
                distances: vec![squares.sum()],
            })
        });
        distances.collect()
    }
}

impl Triplet {
    /// Mean hinge of all triplets, or of those whose hinge is not 0, and their share.
    fn all(
        &self,
        distances: &Tensor<2>,
        labels: &[usize],
        pairs: &[(usize, usize)],
        active_alone: bool,
    ) -> (Tensor<1>, f64) {
        let num = labels.len();
        let mut is_other = Vec::with_capacity(pairs.len() * num);
        for &(a, _) in pairs {
            is_other.extend(labels.iter().map(|&n| f32::from(u8::from(n != labels[a]))));
        }
        let num_triplets: f64 = is_other.iter().map(|&cell| f64::from(cell)).sum();
        let is_other = matrix(is_other, [pairs.len(), num], distances);
        let near = cells(distances.clone(), pairs.iter().copied());
        let far = select(distances, pairs.iter().map(|&(a, _)| a));
        let hinges = activation::relu(near - far + self.config.margin) * is_other;
        let num_active = count_positive(&hinges);
        let counted = match active_alone {
            true => num_active.max(1.0),
            false => num_triplets,
        };
        (hinges.sum() / counted, num_active / num_triplets)
    }

    /// Mean hinge of the semi-hard triplets, and the share of them whose hinge is not 0.
    fn semi_hard(
        &self,
        distances: &Tensor<2>,
        labels: &[usize],
        pairs: &[(usize, usize)],
    ) -> (Tensor<1>, f64) {
        let num = labels.len();
        let values: Vec<f32> = distances.clone().into_data().iter::<f32>().collect();
        let at = |a: usize, b: usize| values[a * num + b];
        let negative = |&(a, p): &(usize, usize)| {
            let others = (0..num).filter(|&n| labels[n] != labels[a]);
            let farther = others.clone().filter(|&n| at(a, n) > at(a, p));
            let nearest = farther.min_by(|&x, &y| at(a, x).total_cmp(&at(a, y)));
            let farthest = || others.max_by(|&x, &y| at(a, x).total_cmp(&at(a, y)));
            Some((a, nearest.or_else(farthest)?))
        };
        // A speaker without others in the batch has no triplet.
        let (near, far): (Vec<_>, Vec<_>) = pairs
            .iter()
            .filter_map(|pair| Some((*pair, negative(pair)?)))
            .unzip();
        let count = near.len();
        let [near, far] = [near, far].map(|chosen| cells(distances.clone(), chosen));
        let hinges = activation::relu(near - far + self.config.margin);
        let active = count_positive(&hinges) / count as f64;
        (hinges.mean(), active)
    }

    /// A row as its distances are measured, in 64 bits.
    fn row(&self, row: &[f32]) -> Vec<f64> {
        let row = row.iter().map(|&value| f64::from(value));
        let length = match self.config.distance {
            TripletDistance::UnitLength => row.clone().map(|v| v * v).sum::<f64>().sqrt().max(1e-6),
            TripletDistance::Squared => 1.0,
        };
        row.map(|value| value / length).collect()
    }
}

fn count_positive(hinges: &Tensor<2>) -> f64 {
    let positive = hinges.clone().detach().greater_elem(0.0).float().sum();
    f64::from(positive.into_scalar::<f32>())
}

/// Mean of the cells of two segments of one speaker, and of two; 0 without such.
fn mean_distances(distances: &Tensor<2>, labels: &[usize]) -> [Tensor<1>; 2] {
    let num = labels.len();
    let distances = distances.clone().detach();
    [true, false].map(|kind| {
        let is_of_kind = |cell: usize| {
            let (a, b) = (cell / num, cell % num);
            a != b && (labels[a] == labels[b]) == kind
        };
        let count = (0..num * num).filter(|&cell| is_of_kind(cell)).count();
        let weight = 1.0 / count.max(1) as f32;
        let weights = (0..num * num).map(|cell| if is_of_kind(cell) { weight } else { 0.0 });
        let weights = matrix(weights.collect(), [num, num], &distances);
        (distances.clone() * weights).sum()
    })
}
