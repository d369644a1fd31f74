//! Multi-head attentive statistics: heads that each weigh the frames of channels of their own (India, Safari & Hernando 2019,
//! *Self multi-head attention for speaker recognition*, <https://arxiv.org/abs/1906.09890>), with deviations beside the means as
//! Okabe et al. 2018 have them.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use fused_conv::{Activations, Eps, View, attentive_statistics};
use onnx_graph::write::{Attribute, Builder, Conv1d, Handle};
use serde::{Deserialize, Serialize};

use super::attentive::weighted_statistics;
use super::prepared::halves;
use super::{Pooling, PreparedPooling};
use crate::ModelError;
use crate::choices::{Example, PartConfig, check_count};
use crate::layers::{Initialiser, Pass, Sequence, WrittenSequence};
use crate::trunks::States;

/// Mean and deviation of every channel. The channels are divided among heads; in each, a frame's weight is the softmax over the
/// frames of `u · x / sqrt(d)`, where `x` are the head's `d` channels and `u` is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiHeadConfig {
    /// How many heads; a divisor of the trunk's channels.
    pub heads: usize,
}

impl PartConfig for MultiHeadConfig {
    type Part = MultiHead;

    fn validate(&self) -> Result<(), ModelError> {
        check_count("encoder.pooling.heads", self.heads)
    }

    fn output_width(&self, input: usize) -> usize {
        2 * input
    }

    fn build(
        &self,
        input: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<MultiHead, ModelError> {
        if !input.is_multiple_of(self.heads) {
            return Err(ModelError::Config {
                field: "encoder.pooling.heads",
                found: self.heads.to_string(),
                expected: "a divisor of the trunk's channels",
            });
        }
        let width = input / self.heads;
        Ok(MultiHead {
            query: initialiser.filters("encoder.attention.query", [self.heads, width, 1])?,
        })
    }
}

impl Example for MultiHeadConfig {
    fn example() -> Self {
        Self { heads: 1 }
    }
}

/// Multi-head attentive statistics.
#[derive(Module, Debug)]
pub(crate) struct MultiHead {
    /// `[heads, channels of a head, 1]`, as a convolution in groups has it
    query: Param<Tensor<3>>,
}

/// Variances below this count as it.
const VARIANCE_FLOOR: f64 = 1e-10;

impl Pooling for MultiHead {
    fn pooled(&self, states: Sequence, pass: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        let [heads, width, _] = self.query.dims();
        let query = self.query.val() / (width as f64).sqrt();
        let pooled = states.convolved(pass, |x, _| {
            let [batch, frames, channels] = x.dims();
            let query = query.clone().reshape([1, 1, channels]);
            let products = (x.clone() * query).reshape([batch, frames, heads, width]);
            let scores = products.sum_dim(3).expand([batch, frames, heads, width]);
            let scores = scores.reshape([batch, frames, channels]);
            Ok(weighted_statistics(x, Some(scores), VARIANCE_FLOOR).unsqueeze_dim(1))
        })?;
        Ok(pooled.last_frames())
    }

    fn write(&self, builder: &mut Builder, states: &WrittenSequence) -> Result<Handle, ModelError> {
        let (query, heads, width) = self.numbers();
        let channels = states.channels(builder);
        let conv = Conv1d {
            weight: &query,
            bias: None,
            input: heads * width,
            output: heads,
            kernel: 1,
            stride: 1,
            dilation: 1,
            padding: 0,
            groups: heads,
        };
        let scores = builder.conv1d(&channels, conv)?;
        let of_channels: Vec<i64> = (0..heads * width).map(|c| (c / width) as i64).collect();
        let of_channels = builder.ints(&of_channels);
        let axis = [("axis", Attribute::Int(1))];
        let scores = builder.node("Gather", &[&scores, &of_channels], &axis);
        Ok(builder.weighted_statistics(&channels, &scores, VARIANCE_FLOOR as f32))
    }

    fn prepared(&self) -> Result<Option<Box<dyn PreparedPooling>>, ModelError> {
        let (query, _, width) = self.numbers();
        Ok(Some(Box::new(PreparedMultiHead { query, width })))
    }
}

impl MultiHead {
    /// Queries with the root of a head's width inside, head by head; heads and channels of a head.
    fn numbers(&self) -> (Vec<f32>, usize, usize) {
        let [heads, width, _] = self.query.dims();
        let query = self.query.val() / (width as f64).sqrt();
        (query.into_data().iter::<f32>().collect(), heads, width)
    }
}

struct PreparedMultiHead {
    query: Vec<f32>,
    width: usize,
}

impl PreparedPooling for PreparedMultiHead {
    fn pooled(&self, states: States) -> Result<Vec<f32>, ModelError> {
        let states = states.into_frames()?;
        let x: View<'_> = states.view();
        let mut scores = Activations::new(x.rows(), x.channels())?;
        let mut rows = scores.view_mut();
        for frame in 0..x.rows() {
            let heads = x.row(frame).chunks(self.width);
            let queries = self.query.chunks(self.width);
            for ((x, query), to) in heads
                .zip(queries)
                .zip(rows.row(frame).chunks_mut(self.width))
            {
                to.fill(x.iter().zip(query).map(|(x, query)| x * query).sum());
            }
        }
        halves(x.channels(), |mean, out| {
            let floor = Eps::Floor(VARIANCE_FLOOR as f32);
            attentive_statistics(x, scores.view(), floor, mean, out)
        })
    }
}
