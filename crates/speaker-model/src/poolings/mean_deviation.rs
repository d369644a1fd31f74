//! Mean and standard deviation over the valid frames, concatenated.

use burn::module::Module;
use burn::tensor::Tensor;
use fused_conv::{Eps, grid_mean_deviation};
use onnx_graph::write::{self, Builder, Handle};
use serde::{Deserialize, Serialize};

use super::prepared::halves;
use super::{Pooling, PreparedPooling, mean};
use crate::ModelError;
use crate::choices::{Example, PartConfig};
use crate::layers::{Image, Initialiser, Pass, Sequence, WrittenSequence, frame_weights};
use crate::trunks::States;

/// Mean and standard deviation over the valid frames, concatenated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeanDeviationConfig {
    /// How deviations are computed.
    #[serde(default, skip_serializing_if = "Deviation::is_population")]
    pub deviation: Deviation,
}

/// How a deviation over frames is computed: networks that were trained elsewhere want it as it was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deviation {
    /// Of the frames as all there are; variances of at least 1e-6.
    #[default]
    Population,
    /// Of the frames as a sample of more: variances divide by one less than their number. 3D-Speaker.
    Sample,
    /// The same, and 1e-7 is added to every variance. WeSpeaker.
    SampleRaised,
}

impl Deviation {
    fn is_population(&self) -> bool {
        *self == Self::Population
    }

    /// As nodes of an ONNX graph compute it.
    pub(crate) fn written(self) -> write::Deviation {
        let [epsilon, floor] = match self {
            Self::Population => [0.0, VARIANCE_FLOOR],
            Self::Sample => [0.0, SAMPLE_FLOOR],
            Self::SampleRaised => [RAISE, SAMPLE_FLOOR],
        };
        write::Deviation {
            unbiased: self != Self::Population,
            epsilon: epsilon as f32,
            floor: floor as f32,
        }
    }
}

impl PartConfig for MeanDeviationConfig {
    type Part = MeanDeviation;

    fn validate(&self) -> Result<(), ModelError> {
        Ok(())
    }

    fn output_width(&self, input: usize) -> usize {
        2 * input
    }

    fn build(&self, _: usize, _: &mut Initialiser<'_>) -> Result<MeanDeviation, ModelError> {
        Ok(MeanDeviation {
            deviation: self.deviation,
        })
    }
}

impl Example for MeanDeviationConfig {
    fn example() -> Self {
        Self::default()
    }
}

/// Mean and standard deviation over the valid frames, concatenated.
#[derive(Module, Debug)]
pub(crate) struct MeanDeviation {
    #[module(skip)]
    deviation: Deviation,
}

impl Pooling for MeanDeviation {
    fn pooled(&self, states: Sequence, _: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        Ok(match self.deviation {
            Deviation::Population => mean_and_deviation(&states),
            Deviation::Sample => of_sample(&states, 0.0),
            Deviation::SampleRaised => of_sample(&states, RAISE),
        })
    }

    fn write(&self, builder: &mut Builder, states: &WrittenSequence) -> Result<Handle, ModelError> {
        let (mean, deviation) = states.statistics(builder, self.deviation.written());
        Ok(builder.concat(&[&mean, &deviation], 1))
    }

    fn prepared(&self) -> Result<Option<Box<dyn PreparedPooling>>, ModelError> {
        let (unbiased, eps) = match self.deviation {
            Deviation::Population => (false, Eps::Floor(VARIANCE_FLOOR as f32)),
            Deviation::Sample => (true, Eps::Floor(SAMPLE_FLOOR as f32)),
            Deviation::SampleRaised => (true, Eps::Inside(RAISE as f32)),
        };
        Ok(Some(Box::new(PreparedMeanDeviation(
            fused_conv::Deviation { unbiased, eps },
        ))))
    }
}

struct PreparedMeanDeviation(fused_conv::Deviation);

impl PreparedPooling for PreparedMeanDeviation {
    fn pooled(&self, states: States) -> Result<Vec<f32>, ModelError> {
        let of = |frames: usize| fused_conv::Deviation {
            unbiased: self.0.unbiased && frames > 1,
            ..self.0
        };
        match states {
            States::Frames(x) => halves(x.channels(), |mean, out| {
                fused_conv::mean_deviation(x.view(), of(x.rows()), mean, out)
            }),
            States::Image(Image { values, grid }) => {
                halves(values.channels() * grid.bins, |mean, out| {
                    grid_mean_deviation(values.view(), grid, of(grid.frames), mean, out)
                })
            }
        }
    }
}

/// Below this a variance over time counts as that, so that the gradient of its root stays finite.
pub(crate) const VARIANCE_FLOOR: f64 = 1e-6;

/// What WeSpeaker adds to a variance.
const RAISE: f64 = 1e-7;
/// Below this a variance of a sample counts as that, so that the gradient of its root stays finite.
const SAMPLE_FLOOR: f64 = 1e-12;

/// `[frames, batch, features]` to `[batch, 2 * features]`, with `raise` added to variances; a single frame has variances of 0.
fn of_sample(sequence: &Sequence, raise: f64) -> Tensor<2> {
    let [frames, batch, _] = sequence.values().dims();
    let device = sequence.values().device();
    let (mean, variance) = mean_and_variance(sequence);
    let lengths = sequence
        .lengths()
        .map_or(vec![frames; batch], <[usize]>::to_vec);
    let correction: Vec<f32> = lengths
        .iter()
        .map(|&length| length as f32 / length.saturating_sub(1).max(1) as f32)
        .collect();
    let correction = Tensor::<1>::from_floats(correction.as_slice(), &device);
    let variance = variance * correction.unsqueeze_dim(1);
    let deviation = (variance + raise).clamp_min(SAMPLE_FLOOR).sqrt();
    Tensor::cat(vec![mean, deviation], 1)
}

/// `[frames, batch, features]` to `[batch, 2 * features]`.
pub(crate) fn mean_and_deviation(sequence: &Sequence) -> Tensor<2> {
    let (mean, variance) = mean_and_variance(sequence);
    let deviation = variance.clamp_min(VARIANCE_FLOOR).sqrt();
    Tensor::cat(vec![mean, deviation], 1)
}

/// Over the valid frames, `[batch, features]` each.
fn mean_and_variance(sequence: &Sequence) -> (Tensor<2>, Tensor<2>) {
    let weights = frame_weights(sequence);
    let mean = mean(sequence);
    let offset = sequence.values().clone() - mean.clone().unsqueeze_dim(0);
    let variance = (offset.clone() * offset * weights).sum_dim(0);
    (mean, variance.squeeze_dim(0))
}
