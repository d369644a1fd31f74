//! Additive margin softmax (Wang et al., *Additive margin softmax for face verification*, 2018; `CosFace`, Wang et al., CVPR
//! 2018).
//!
//! ```text
//! L = mean over segments of −log( e^{s (cos θ_y − m)} / (e^{s (cos θ_y − m)} + Σ_{j ≠ y} e^{s cos θ_j}) )
//! ```
//!
//! θ_j is the angle between the embedding and the nearest of speaker j's centres (`sub_centres`), y the own speaker. Where
//! `top_k` is not 0, cos θ_j of the k nearest other speakers is cos θ_j + m′ (Zhao et al., *Multi-query multi-head attention
//! pooling and inter-topK penalty for speaker verification*, ICASSP 2022). Margin and penalty may grow over the steps.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::parts::centres::Centres;
use super::parts::margin::check_margin;
use super::parts::margin_softmax::{Margin, MarginSoftmaxConfig};
use super::{Loss, LossBatch, LossChoice, LossInput, LossOutput};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::{Initialiser, Pass};

/// The loss and its constants; its margin is subtracted from the cosine to the own centre.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AmSoftmaxConfig(pub MarginSoftmaxConfig);

impl Example for AmSoftmaxConfig {
    fn example() -> Self {
        Self(MarginSoftmaxConfig::example())
    }
}

impl LossChoice for AmSoftmaxConfig {
    type Loss = AmSoftmax;

    fn validate(&self) -> Result<(), ModelError> {
        check_margin(
            "loss.margin",
            self.0.margin,
            1.0,
            "a number between 0 and 1",
        )?;
        self.0.validate()
    }

    fn build(
        &self,
        input: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<AmSoftmax, ModelError> {
        Ok(AmSoftmax {
            centres: Centres::new("loss.centres", input, self.0.sub_centres, initialiser)?,
            config: self.0.clone(),
        })
    }

    fn has_centres(&self) -> bool {
        true
    }
}

/// The loss with its centres.
#[derive(Module, Debug)]
pub struct AmSoftmax {
    centres: Centres,
    #[module(skip)]
    config: MarginSoftmaxConfig,
}

impl Loss for AmSoftmax {
    /// Cosines to the speakers' nearest centres, `[batch, num_speakers]`.
    fn outputs(&self, embeddings: Tensor<2>, _: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        self.centres.cosines(embeddings)
    }

    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        let [_, classes] = outputs.dims();
        Ok(LossOutput {
            when_alike: Some(self.config.when_alike(classes, batch.step)),
            ..self.config.loss::<Additive>(&outputs, batch)?
        })
    }

    fn with_centres_at(self, means: &[Vec<f32>]) -> Self {
        Self {
            centres: self.centres.at(means),
            ..self
        }
    }
}

/// Cosines less or more a constant.
struct Additive;

impl Margin for Additive {
    const UNIT: &'static str = "";

    fn farther(cosines: Tensor<2>, margin: f64) -> Tensor<2> {
        cosines - margin
    }

    fn nearer(cosines: Tensor<2>, margin: f64) -> Tensor<2> {
        cosines + margin
    }
}
