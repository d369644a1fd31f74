//! An encoder that takes segments of like length together.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use super::Segment;
use crate::ModelError;
use crate::encoder::{Encoder, PreparedEncoder};
use crate::layers::{ComputeType, Pass};
use crate::projections::LinearMap;

/// Most frames that one pass through the encoder takes, padding included: bounds memory.
const MAX_BATCH_FRAMES: usize = 12_000;

/// A larger batch is a multiple of this: halves of it are whole tiles of AMX.
const WHOLE_TILES: usize = 64;

/// An encoder, off autodiff.
#[derive(Clone)]
pub(crate) struct BatchedEncoder {
    encoder: Encoder,
    /// The same on our own kernels, where it has such a form.
    prepared: Option<Arc<PreparedEncoder>>,
    /// The encoder's projection, where it is applied to the mean over a recording's segments.
    map: Option<LinearMap>,
    device: Device,
}

impl BatchedEncoder {
    /// One that gives what the encoder has before its projection, where that is a linear map or wants statistics.
    pub(crate) fn raw(encoder: Encoder, device: &Device) -> Result<Self, ModelError> {
        let device = device.clone().inner();
        let encoder = encoder.valid().with_compute_type(ComputeType::F32);
        Ok(Self {
            prepared: encoder.prepared(&device)?.map(Arc::new),
            encoder,
            map: None,
            device,
        })
    }

    /// The same, whose projection is applied.
    pub(crate) fn projecting(mut self) -> Self {
        self.map = self.encoder.linear_map();
        self
    }

    /// The same with these statistics over a batch of pooled vectors.
    pub(crate) fn with_statistics(mut self, mean: &[f64], variance: &[f64]) -> Self {
        self.encoder.fix_statistics(mean, variance);
        self
    }

    pub(crate) fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    pub(crate) fn with_compute_type(self, compute_type: ComputeType) -> Self {
        Self {
            encoder: self.encoder.with_compute_type(compute_type),
            ..self
        }
    }

    pub(crate) fn mapped(&self, pooled: Vec<f64>) -> Vec<f64> {
        match &self.map {
            Some(map) => map.apply(&pooled),
            None => pooled,
        }
    }

    /// As [`super::Extractor::each`].
    pub(crate) fn each(
        &self,
        segments: &[Segment<'_>],
        mut each: impl FnMut(&Segment<'_>, Vec<f32>),
    ) -> Result<(), ModelError> {
        let mut rest = segments;
        while let Some(longest) = rest.first() {
            let fitting = match (
                &self.prepared,
                MAX_BATCH_FRAMES / longest.frames.len().max(1),
            ) {
                // One by one on all threads: none is padded, and none waits for a batch's longest.
                (Some(_), _) => rest.len(),
                (None, few @ ..WHOLE_TILES) => few.max(1),
                (None, many) => many / WHOLE_TILES * WHOLE_TILES,
            };
            let (batch, tail) = rest.split_at(rest.len().min(fitting));
            for (segment, values) in batch.iter().zip(self.encode(batch)?) {
                each(segment, values);
            }
            rest = tail;
        }
        Ok(())
    }

    /// The encoder's output for each of `segments`, the longest of which comes first.
    fn encode(&self, segments: &[Segment<'_>]) -> Result<Vec<Vec<f32>>, ModelError> {
        let pass = &mut Pass::inference();
        let pooled = match &self.prepared {
            Some(prepared) => {
                let items: Vec<&[f32]> = segments.iter().map(|segment| segment.values).collect();
                prepared.pooled(&items)?
            }
            None => self.pooled(segments, pass)?,
        };
        let is_raw = self.map.is_some() || self.encoder.needs_statistics();
        let output = match is_raw {
            true => pooled,
            false => self.encoder.projected(pooled, pass)?,
        };
        let [_, dim] = output.dims();
        let values: Vec<f32> =
            output
                .into_data()
                .try_into_vec()
                .map_err(|error| ModelError::Shape {
                    what: "embeddings",
                    found: error.to_string(),
                    expected: "32-bit floats".to_owned(),
                })?;
        Ok(values.chunks_exact(dim).map(<[f32]>::to_vec).collect())
    }

    /// `segments` side by side, padded to the first, through the encoder up to its projection.
    fn pooled(
        &self,
        segments: &[Segment<'_>],
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        let num_bins = self.encoder.num_bins();
        let lengths: Vec<usize> = segments
            .iter()
            .map(|segment| segment.frames.len())
            .collect();
        let longest = lengths.first().copied().unwrap_or(0);
        let mut input = vec![0.0; longest * segments.len() * num_bins];
        for (item, segment) in segments.iter().enumerate() {
            for (t, frame) in segment.values.chunks_exact(num_bins).enumerate() {
                let start = (t * segments.len() + item) * num_bins;
                input[start..start + num_bins].copy_from_slice(frame);
            }
        }
        let data = TensorData::new(input, [longest, segments.len(), num_bins]);
        let equal = lengths.iter().all(|&length| length == longest);
        let lengths = (!equal).then_some(lengths.as_slice());
        let input = Tensor::from_data(data, &self.device);
        self.encoder.pooled(input, lengths, pass)
    }
}
