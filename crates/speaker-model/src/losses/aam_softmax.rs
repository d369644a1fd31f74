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
use super::parts::margin::{MarginSchedule, check_margin};
use super::parts::margin_softmax::{Margin, MarginSoftmax};
use super::{Loss, LossBatch, LossChoice, LossInput, LossOutput};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::{Initialiser, Pass};

/// The loss and its constants, whose defaults are `WeSpeaker`'s, but for sub-centres and penalty, which are off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AamSoftmaxConfig {
    /// What is added to the angle to the own centre, in radians.
    #[serde(default = "default_margin")]
    pub margin: f64,
    /// Factor of the cosines.
    #[serde(default = "default_scale")]
    pub scale: f64,
    /// Centres of each speaker, of which the nearest counts.
    #[serde(default = "default_sub_centres")]
    pub sub_centres: usize,
    /// Other speakers whose centres count as if they were nearer: those that are the nearest anyway. 0 for none.
    #[serde(default)]
    pub top_k: usize,
    /// How much nearer, once the margin has its value; of the margin's kind.
    #[serde(default = "default_top_k_penalty")]
    pub top_k_penalty: f64,
    /// When margin and penalty grow from 0 to their values; none where they have them from the first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_schedule: Option<MarginSchedule>,
}

fn default_margin() -> f64 {
    0.2
}

fn default_scale() -> f64 {
    32.0
}

fn default_sub_centres() -> usize {
    1
}

fn default_top_k_penalty() -> f64 {
    0.06
}

impl Default for AamSoftmaxConfig {
    fn default() -> Self {
        Self {
            margin: default_margin(),
            scale: default_scale(),
            sub_centres: default_sub_centres(),
            top_k: 0,
            top_k_penalty: default_top_k_penalty(),
            margin_schedule: None,
        }
    }
}

impl Example for AamSoftmaxConfig {
    fn example() -> Self {
        Self {
            scale: 4.0,
            sub_centres: 2,
            top_k: 1,
            ..Self::default()
        }
    }
}

impl AamSoftmaxConfig {
    fn settings(&self) -> MarginSoftmax {
        MarginSoftmax {
            margin: self.margin,
            scale: self.scale,
            sub_centres: self.sub_centres,
            top_k: self.top_k,
            top_k_penalty: self.top_k_penalty,
            margin_schedule: self.margin_schedule,
        }
    }
}

impl LossChoice for AamSoftmaxConfig {
    type Loss = AamSoftmax;

    fn validate(&self) -> Result<(), ModelError> {
        check_margin(
            "loss.margin",
            self.margin,
            1.5,
            "an angle between 0 and 1.5 radians",
        )?;
        self.settings().validate()
    }

    fn build(
        &self,
        input: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<AamSoftmax, ModelError> {
        Ok(AamSoftmax {
            centres: Centres::new("loss.centres", input, self.sub_centres, initialiser)?,
            config: self.clone(),
        })
    }
}

/// The loss with its centres.
#[derive(Module, Debug)]
pub struct AamSoftmax {
    centres: Centres,
    #[module(skip)]
    config: AamSoftmaxConfig,
}

impl Loss for AamSoftmax {
    /// Cosines to the speakers' nearest centres, `[batch, num_speakers]`.
    fn outputs(&self, embeddings: Tensor<2>, _: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        self.centres.cosines(embeddings)
    }

    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        self.config.settings().loss::<Angular>(&outputs, batch)
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
