//! Additive angular margin softmax (`ArcFace`, Deng et al., CVPR 2019), as `WeSpeaker` and `SpeechBrain` have it, `easy_margin` off.
//!
//! ```text
//! L = mean over segments of −log( e^{s φ} / (e^{s φ} + Σ_{j ≠ y} e^{s cos θ_j}) )
//! φ = cos(θ_y + m)                  where θ_y ≤ π − m
//!   = cos θ_y − 1 − cos(π − m)      beyond, so that φ falls on, without a jump (`WeSpeaker`)
//! ```
//!
//! θ_j is the angle between the embedding and the nearest of speaker j's centres (`sub_centres`; Deng et al., ECCV 2020), y the
//! own speaker. Where `top_k` is not 0, cos θ_j of the k nearest other speakers is cos(θ_j − m′) (Zhao et al., *Multi-query
//! multi-head attention pooling and inter-topK penalty for speaker verification*, ICASSP 2022). Margin and penalty may grow over
//! the steps, m′ by the same share as m.
//!
//! There is no one value of the loss where all outputs are alike: what an angle does to it depends on the angle.

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

/// The loss and its constants; its margin is added to the angle to the own centre, in radians.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AamSoftmaxConfig(pub MarginSoftmaxConfig);

impl Example for AamSoftmaxConfig {
    fn example() -> Self {
        Self(MarginSoftmaxConfig::example())
    }
}

impl LossChoice for AamSoftmaxConfig {
    type Loss = AamSoftmax;

    fn validate(&self) -> Result<(), ModelError> {
        check_margin(
            "loss.margin",
            self.0.margin,
            1.5,
            "an angle between 0 and 1.5 radians",
        )?;
        self.0.validate()
    }

    fn build(
        &self,
        input: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<AamSoftmax, ModelError> {
        Ok(AamSoftmax {
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
pub struct AamSoftmax {
    centres: Centres,
    #[module(skip)]
    config: MarginSoftmaxConfig,
}

impl Loss for AamSoftmax {
    /// Cosines to the speakers' nearest centres, `[batch, num_speakers]`.
    fn outputs(&self, embeddings: Tensor<2>, _: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        self.centres.cosines(embeddings)
    }

    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        self.config.loss::<Angular>(&outputs, batch)
    }

    fn with_centres_at(self, means: &[Vec<f32>]) -> Self {
        Self {
            centres: self.centres.at(means),
            ..self
        }
    }
}

/// Least square of a sine that is differentiated by: at cosines of ±1 its root has no slope.
const LEAST: f64 = 1e-7;

/// sin θ of cos θ, also where rounding has brought that beyond ±1.
fn sines(cosines: &Tensor<2>) -> Tensor<2> {
    (-(cosines.clone() * cosines.clone()) + 1.0)
        .clamp_min(LEAST)
        .sqrt()
}

/// Cosines of angles wider or narrower by a constant.
struct Angular;

impl Margin for Angular {
    const UNIT: &'static str = "rad";

    fn farther(cosines: Tensor<2>, margin: f64) -> Tensor<2> {
        let wider = cosines.clone() * margin.cos() - sines(&cosines) * margin.sin();
        // Beyond π − m the cosine of the wider angle would rise again.
        let beyond = cosines.clone().lower_equal_elem(-margin.cos());
        wider.mask_where(beyond, cosines - (1.0 - margin.cos()))
    }

    fn nearer(cosines: Tensor<2>, margin: f64) -> Tensor<2> {
        cosines.clone() * margin.cos() + sines(&cosines) * margin.sin()
    }
}
