//! Distance to a teacher's embeddings (Wang et al., *Knowledge distillation for small foot-print deep speaker embedding*, ICASSP 2019;
//! their cosine form).
//!
//! ```text
//! L = mean over segments of 1 − cos(W x, t)
//! ```
//!
//! x is the embedding of a segment, changed as the training changes it; t what the teacher makes of the recording that it was cut out of,
//! unchanged. W is a linear map where the two have other dimensions, and nothing where they have not. Who speaks is not asked.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::parts::teacher_map::TeacherMap;
use super::{Loss, LossBatch, LossChoice, LossInput, LossOutput, Term};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::{Initialiser, Pass};

/// The loss, which has no settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeacherCosineConfig {}

impl Example for TeacherCosineConfig {
    fn example() -> Self {
        Self {}
    }
}

impl LossChoice for TeacherCosineConfig {
    type Loss = TeacherCosine;

    fn validate(&self) -> Result<(), ModelError> {
        Ok(())
    }

    fn build(
        &self,
        input: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<TeacherCosine, ModelError> {
        Ok(TeacherCosine {
            map: TeacherMap::new(input, initialiser)?,
        })
    }

    fn hears_teacher(&self) -> bool {
        true
    }

    fn reads_labels(&self) -> bool {
        false
    }
}

/// The loss with its map.
#[derive(Module, Debug)]
pub struct TeacherCosine {
    map: TeacherMap,
}

impl Loss for TeacherCosine {
    fn outputs(&self, embeddings: Tensor<2>, _: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        self.map.apply(embeddings)
    }

    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        let teacher = batch.taught(outputs.dims()[0])?;
        let [own, taught] = self.map.unit_rows(outputs, &teacher)?;
        let cosine = (own * taught).sum_dim(1).mean();
        Ok(LossOutput {
            value: -cosine.clone() + 1.0,
            terms: vec![Term::new("cosine", "", cosine.detach())],
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
