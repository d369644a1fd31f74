//! Attentive statistics pooling (Okabe, Koshinaka & Shinoda 2018, <https://arxiv.org/abs/1803.10963>), with the context of
//! ECAPA-TDNN.

mod prepared;

use burn::module::Module;
use burn::tensor::{Tensor, activation};
use fused_conv::{Conv1d, Conv1dShape, Epilogue, Eps};
use onnx_graph::write::{Builder, Deviation, Handle};
use serde::{Deserialize, Serialize};

use super::{Pooling, PreparedPooling};
use crate::choices::{Example, PartConfig, check_size};
use crate::layers::{
    AfterConvolution, FrameConv, FrameConvShape, Initialiser, Pass, Sequence, WrittenSequence,
    fused_attend,
};
use crate::{ModelError, device};

/// Mean and deviation of every channel, in which each frame has a weight that a small network gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttentiveConfig {
    /// Width of the small network.
    pub width: usize,
    /// Whether it sees mean and deviation over the recording beside each frame.
    pub context: bool,
    /// Whether max(x, 0) and batch norm come before its tanh, and deviations divide by the number of frames, as in
    /// SpeechBrain; else neither, as in WeSpeaker.
    #[serde(default)]
    pub norm: bool,
}

impl PartConfig for AttentiveConfig {
    type Part = Attentive;

    fn validate(&self) -> Result<(), ModelError> {
        check_size("encoder.pooling.width", self.width)
    }

    fn output_width(&self, input: usize) -> usize {
        2 * input
    }

    fn build(
        &self,
        input: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Attentive, ModelError> {
        let seen = if self.context { 3 * input } else { input };
        let after = match self.norm {
            true => AfterConvolution::ReluNorm,
            false => AfterConvolution::Nothing,
        };
        let enter = FrameConvShape::pointwise(seen, self.width, after);
        let weigh = FrameConvShape::pointwise(self.width, input, AfterConvolution::Nothing);
        Ok(Attentive {
            enter: FrameConv::new("encoder.attention.enter", enter, initialiser)?,
            weigh: FrameConv::new("encoder.attention.weigh", weigh, initialiser)?,
            config: self.clone(),
        })
    }
}

impl Example for AttentiveConfig {
    fn example() -> Self {
        Self {
            width: 2,
            context: true,
            norm: false,
        }
    }
}

/// Attentive statistics pooling.
#[derive(Module, Debug)]
pub(crate) struct Attentive {
    enter: FrameConv,
    weigh: FrameConv,
    #[module(skip)]
    config: AttentiveConfig,
}

/// Variances below this count as it, as in both implementations.
const VARIANCE_FLOOR: f64 = 1e-12;
/// What WeSpeaker's context adds to a variance, and its floor.
const WESPEAKER_EPSILON: f64 = 1e-10;

impl Pooling for Attentive {
    fn pooled(&self, states: Sequence, pass: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        let pooled = states.convolved(pass, |x, pass| {
            let entered = match self.config.context {
                true => {
                    let context = self.context(x.clone());
                    self.enter.forward_shared(x.clone(), context, pass)?
                }
                false => self.enter.forward(x.clone(), pass)?,
            };
            let scores = self.weigh.forward(entered.tanh(), pass)?;
            let floor = match self.config.norm {
                true => VARIANCE_FLOOR,
                false => WESPEAKER_EPSILON,
            };
            Ok(weighted_statistics(x, Some(scores), floor).unsqueeze_dim(1))
        })?;
        Ok(pooled.last_frames())
    }

    fn write(&self, builder: &mut Builder, states: &WrittenSequence) -> Result<Handle, ModelError> {
        let channels = states.channels(builder);
        let (unbiased, epsilon, context_floor, floor) = match self.config.norm {
            true => (false, 0.0, VARIANCE_FLOOR, VARIANCE_FLOOR),
            false => (true, WESPEAKER_EPSILON, 0.0, WESPEAKER_EPSILON),
        };
        let deviation = Deviation {
            unbiased,
            epsilon: epsilon as f32,
            floor: context_floor as f32,
        };
        let seen = match self.config.context {
            true => builder.with_statistics(&channels, deviation),
            false => channels.clone(),
        };
        let hidden = self.enter.write(builder, &seen)?;
        let hidden = builder.tanh(&hidden);
        let logits = self.weigh.write(builder, &hidden)?;
        Ok(builder.weighted_statistics(&channels, &logits, floor as f32))
    }

    fn prepared(&self) -> Result<Option<Box<dyn PreparedPooling>>, ModelError> {
        use fused_conv::Activation::{None as Linear, Relu, Tanh};
        let (weights, bias) = self.enter.values();
        let width = self.config.width;
        let seen = weights.len() / width;
        let own = if self.config.context { seen / 3 } else { seen };
        let columns = |from: usize, to: usize| -> Vec<f32> {
            let rows = weights.chunks_exact(seen);
            rows.flat_map(|row| row[from..to].iter().copied()).collect()
        };
        let epilogue = Epilogue {
            bias: bias.as_deref(),
            activation: if self.config.norm { Relu } else { Tanh },
            ..Epilogue::default()
        };
        let enter = Conv1d::new(Conv1dShape::dense(own, width), &columns(0, own), &epilogue)?;
        let context = self.config.context.then(|| {
            let shape = Conv1dShape::dense(seen - own, width);
            Conv1d::new(shape, &columns(own, seen), &Epilogue::default())
        });
        let norm = self.enter.norm().map(|norm| norm.prepared(Tanh));
        let (unbiased, eps, floor) = match self.config.norm {
            true => (false, Eps::Floor(VARIANCE_FLOOR as f32), VARIANCE_FLOOR),
            false => (
                true,
                Eps::Inside(WESPEAKER_EPSILON as f32),
                WESPEAKER_EPSILON,
            ),
        };
        Ok(Some(Box::new(prepared::PreparedAttentive {
            enter,
            context: context.transpose()?,
            norm: norm.transpose()?,
            weigh: self.weigh.prepared(Linear)?,
            context_deviation: fused_conv::Deviation { unbiased, eps },
            floor: Eps::Floor(floor as f32),
        })))
    }
}

impl Attentive {
    /// Mean and deviation over the frames, side by side: `[batch, 2 * channels]`.
    fn context(&self, x: Tensor<3>) -> Tensor<2> {
        if self.config.norm {
            return weighted_statistics(x, None, VARIANCE_FLOOR);
        }
        let [_, frames, channels] = x.dims();
        let statistics = weighted_statistics(x, None, 0.0);
        let mean = statistics.clone().narrow(1, 0, channels);
        let deviation = statistics.narrow(1, channels, channels);
        // One frame has no deviation, where the formula would divide by zero.
        let unbiased = frames as f64 / frames.saturating_sub(1).max(1) as f64;
        let variance = deviation.clone() * deviation * unbiased;
        Tensor::cat(vec![mean, (variance + WESPEAKER_EPSILON).sqrt()], 1)
    }
}

/// Means and deviations over the frames of `x` `[batch, frames, channels]`, side by side, of variances not below `floor`; frames
/// are weighed by the softmax of `scores`, or all alike.
pub(super) fn weighted_statistics(
    x: Tensor<3>,
    scores: Option<Tensor<3>>,
    floor: f64,
) -> Tensor<2> {
    if device::has_kernels(&x.device()) {
        return fused_attend(x, scores, floor as f32);
    }
    let [batch, frames, channels] = x.dims();
    let weights = match scores {
        Some(scores) => activation::softmax(scores, 1),
        None => Tensor::ones([1, 1, 1], &x.device()) / frames as f64,
    };
    let mean = (x.clone() * weights.clone()).sum_dim(1);
    let offset = x - mean.clone();
    let variance = (offset.clone() * offset * weights).sum_dim(1);
    // The root has no derivative at 0.
    let deviation = variance
        .clamp_min(floor.max(f64::from(f32::MIN_POSITIVE)))
        .sqrt();
    Tensor::cat(vec![mean, deviation], 2).reshape([batch, 2 * channels])
}
