//! Each segment's embedding against a teacher's embeddings of the whole batch: InfoNCE (van den Oord et al., *Representation learning with
//! contrastive predictive coding*, 2018; between a student and a teacher: Tian et al., *Contrastive representation distillation*, ICLR
//! 2020), with several positives as in Miech et al., *End-to-end learning of visual representations from uncurated instructional videos*,
//! CVPR 2020.
//!
//! ```text
//! L = mean over segments i of −log( Σ_{p ∈ P(i)} e^{cos(W x_i, t_p) / τ} / Σ_a e^{cos(W x_i, t_a) / τ} )
//! ```
//!
//! t_a is what the teacher makes of the recording of the batch's segment a; P(i) are the segments of i's recording, itself among them, and,
//! where their speakers are known, those of i's speaker. W as in the cosine to a teacher.

use burn::module::Module;
use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use super::parts::margin::check_positive;
use super::parts::nearest::nearest_is_own;
use super::parts::rows::matrix;
use super::parts::teacher_map::TeacherMap;
use super::{Loss, LossBatch, LossChoice, LossInput, LossOutput, TeacherRows, Term};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::{Initialiser, Pass};

/// The loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeacherContrastiveConfig {
    /// What cosines are divided by (τ).
    #[serde(default = "default_temperature")]
    pub temperature: f64,
}

fn default_temperature() -> f64 {
    0.05
}

impl Default for TeacherContrastiveConfig {
    fn default() -> Self {
        Self {
            temperature: default_temperature(),
        }
    }
}

impl Example for TeacherContrastiveConfig {
    fn example() -> Self {
        Self { temperature: 0.5 }
    }
}

impl LossChoice for TeacherContrastiveConfig {
    type Loss = TeacherContrastive;

    fn validate(&self) -> Result<(), ModelError> {
        check_positive("loss.temperature", self.temperature)
    }

    fn build(
        &self,
        input: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<TeacherContrastive, ModelError> {
        Ok(TeacherContrastive {
            map: TeacherMap::new(input, initialiser)?,
            config: self.clone(),
        })
    }

    fn hears_teacher(&self) -> bool {
        true
    }
}

/// The loss with its map.
#[derive(Module, Debug)]
pub struct TeacherContrastive {
    map: TeacherMap,
    #[module(skip)]
    config: TeacherContrastiveConfig,
}

/// What is added to the logarithm of a share that does not count: it becomes 0.
const NEVER: f64 = 1e9;

/// Whether each two segments are of one recording, or known to be of one speaker: `[row][column]`.
fn positives(batch: &LossBatch<'_>, teacher: &TeacherRows<'_>) -> Vec<bool> {
    let num = teacher.recordings.len();
    let label = |segment: usize| batch.labels.get(segment);
    let cell = |cell: usize| {
        let (i, j) = (cell / num, cell % num);
        let of_one_speaker = label(i).is_some() && label(i) == label(j);
        of_one_speaker || teacher.recordings[i] == teacher.recordings[j]
    };
    (0..num * num).map(cell).collect()
}

impl Loss for TeacherContrastive {
    fn outputs(&self, embeddings: Tensor<2>, _: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        self.map.apply(embeddings)
    }

    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        let [num, _] = outputs.dims();
        let teacher = batch.taught(num)?;
        let [own, taught] = self.map.unit_rows(outputs, &teacher)?;
        let cosines = own.matmul(taught.transpose());
        let is_positive = positives(batch, &teacher);
        let cells = is_positive.iter().map(|&is| f32::from(u8::from(is)));
        let positive = matrix(cells.collect(), [num, num], &cosines);
        let shares = activation::log_softmax(cosines.clone() / self.config.temperature, 1);
        let shares = shares + (positive.clone() - 1.0) * NEVER;
        let most = shares.clone().detach().max_dim(1);
        let sums = (shares - most.clone()).exp().sum_dim(1);
        let negative = -positive.clone() + 1.0;
        let mean = |weights: Tensor<2>| {
            let cosines = cosines.clone().detach();
            (cosines * weights.clone()).sum() / weights.sum().clamp_min(1.0)
        };
        Ok(LossOutput {
            value: -(sums.log() + most).mean(),
            terms: vec![
                Term::new("accuracy", "", nearest_is_own(&cosines, &positive)),
                Term::new("own_cosine", "", mean(positive)),
                Term::new("other_cosine", "", mean(negative)),
            ],
            when_alike: None,
            num_pairs: None,
        })
    }

    fn sees_unlabelled(&self) -> bool {
        true
    }

    fn towards_teacher(&self, embeddings: Tensor<2>) -> Result<Option<Tensor<2>>, ModelError> {
        self.map.apply(embeddings).map(Some)
    }
}
