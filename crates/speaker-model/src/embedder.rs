//! Recordings to embeddings: features → segments → encoder → mean → (centring) → unit length.

use audio_features::{Features, FrontEnd};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use crate::ModelError;
use crate::config::Arithmetic;
use crate::encoder::Encoder;
use crate::head::{Head, Projection};
use crate::segments::Segmentation;

/// Everything between samples and an embedding of unit length.
#[derive(Clone)]
pub struct Embedder {
    pub(crate) front_end: FrontEnd,
    pub(crate) encoder: Encoder,
    pub(crate) segmentation: Segmentation,
    pub(crate) projection: Option<Projection>,
    pub(crate) centre: Option<Vec<f32>>,
    unit_length: bool,
    device: Device,
}

/// Most frames that one pass through the encoder takes, padding included: bounds memory.
const MAX_BATCH_FRAMES: usize = 12_000;

/// A larger batch is a multiple of this: halves of it are whole tiles of AMX.
const WHOLE_TILES: usize = 64;

/// One segment of one recording of a batch.
struct Segment<'a> {
    recording: usize,
    frames: usize,
    values: &'a [f32],
}

impl Embedder {
    /// An embedder around `encoder`, which is moved off autodiff and computes in 32 bits; `centre` is subtracted from
    /// every embedding before it is brought to unit length.
    #[must_use]
    pub fn new(
        front_end: FrontEnd,
        encoder: Encoder,
        segmentation: Segmentation,
        centre: Option<Vec<f32>>,
        device: &Device,
    ) -> Self {
        Self {
            front_end,
            encoder: encoder.valid().with_arithmetic(Arithmetic::F32),
            segmentation,
            projection: None,
            centre,
            unit_length: true,
            device: device.clone().inner(),
        }
    }

    /// Samples to features, as the model expects them.
    #[must_use]
    pub fn front_end(&self) -> &FrontEnd {
        &self.front_end
    }

    /// The same embedder, whose embeddings are the output of `network`'s first dense layer. Its batch normalisation
    /// takes mean and variance of the pooled states of `recordings`' finished features.
    ///
    /// # Errors
    /// As [`Self::embed_features`], and [`ModelError::Shape`] where there is no recording.
    pub fn with_first_dense(
        mut self,
        head: &Head,
        recordings: &[Features],
    ) -> Result<Self, ModelError> {
        self.projection = None;
        let pooled = self.weighted_means(recordings)?;
        let mean = mean_of(&pooled)?;
        let squares: Vec<Vec<f64>> = pooled
            .iter()
            .map(|row| {
                row.iter()
                    .zip(&mean)
                    .map(|(v, m)| (v - m) * (v - m))
                    .collect()
            })
            .collect();
        self.projection = head.first_dense(&mean, &mean_of(&squares)?);
        Ok(self)
    }

    /// The same embedder with another arithmetic in its recurrent layers.
    #[must_use]
    pub fn with_arithmetic(self, arithmetic: Arithmetic) -> Self {
        Self {
            encoder: self.encoder.with_arithmetic(arithmetic),
            ..self
        }
    }

    /// The same embedder with another centre, or none.
    #[must_use]
    pub fn with_centre(self, centre: Option<Vec<f32>>) -> Self {
        Self { centre, ..self }
    }

    /// What is subtracted from every embedding, if anything is.
    #[must_use]
    pub fn centre(&self) -> Option<&[f32]> {
        self.centre.as_deref()
    }

    /// The same embedder, whose embeddings keep their length: the mean over several recordings' segments is made of
    /// these, weighted by duration.
    #[must_use]
    pub fn without_scaling(self) -> Self {
        Self {
            unit_length: false,
            ..self
        }
    }

    /// The embedding of one recording's samples at the front end's rate.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for a recording too short for one feature frame.
    pub fn embed(&self, samples: &[f32]) -> Result<Vec<f32>, ModelError> {
        let embeddings = self.embed_features(&[self.front_end.features(samples)])?;
        Ok(embeddings.into_iter().flatten().collect())
    }

    /// One embedding a recording from its finished features. A batch gives the same embeddings as one
    /// by one, but for rounding.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for a recording without a frame, or frames of another width.
    pub fn embed_features(&self, recordings: &[Features]) -> Result<Vec<Vec<f32>>, ModelError> {
        let means = self.weighted_means(recordings)?;
        Ok(means.into_iter().map(|mean| self.finish(mean)).collect())
    }

    /// The mean of each recording's segments, weighted by their frames, through the projection if there is one.
    fn weighted_means(&self, recordings: &[Features]) -> Result<Vec<Vec<f64>>, ModelError> {
        let num_bins = self.front_end.config().num_bins;
        let mut segments = Vec::new();
        for (recording, features) in recordings.iter().enumerate() {
            if features.num_frames() == 0 || features.num_bins() != num_bins {
                return Err(ModelError::Shape {
                    what: "features of a recording",
                    found: format!("{} x {}", features.num_frames(), features.num_bins()),
                    expected: format!("at least 1 frame of {num_bins} bins"),
                });
            }
            for range in self.segmentation.segments(features.num_frames()) {
                segments.push(Segment {
                    recording,
                    frames: range.len(),
                    values: features.rows(range),
                });
            }
        }
        // Neighbours of like length share a batch, so that little of it is padding.
        segments.sort_by_key(|segment| (std::cmp::Reverse(segment.frames), segment.recording));
        let mut sums = vec![WeightedSum::default(); recordings.len()];
        let mut rest = segments.as_slice();
        while let Some(longest) = rest.first() {
            let fitting = match MAX_BATCH_FRAMES / longest.frames {
                few @ ..WHOLE_TILES => few.max(1),
                many => many / WHOLE_TILES * WHOLE_TILES,
            };
            let (batch, tail) = rest.split_at(rest.len().min(fitting));
            for (segment, embedding) in batch.iter().zip(self.encode(batch)?) {
                sums[segment.recording].add(&embedding, segment.frames as f64);
            }
            rest = tail;
        }
        let means = sums.into_iter().map(WeightedSum::mean);
        Ok(match &self.projection {
            Some(projection) => means.map(|mean| projection.apply(&mean)).collect(),
            None => means.collect(),
        })
    }

    /// Mean of the embeddings of `recordings`' finished features, before centring and scaling to unit
    /// length: what [`Self::with_centre`] takes.
    ///
    /// # Errors
    /// As [`Self::embed_features`], and [`ModelError::Shape`] where there is no recording.
    pub fn mean_embedding(&self, recordings: &[Features]) -> Result<Vec<f32>, ModelError> {
        let mean = mean_of(&self.weighted_means(recordings)?)?;
        Ok(mean.into_iter().map(|v| v as f32).collect())
    }

    /// The encoder's output for each of `segments`, the longest of which comes first.
    fn encode(&self, segments: &[Segment<'_>]) -> Result<Vec<Vec<f32>>, ModelError> {
        let num_bins = self.front_end.config().num_bins;
        let longest = segments[0].frames;
        let lengths: Vec<usize> = segments.iter().map(|segment| segment.frames).collect();
        let mut input = vec![0.0; longest * segments.len() * num_bins];
        for (item, segment) in segments.iter().enumerate() {
            for (t, frame) in segment.values.chunks_exact(num_bins).enumerate() {
                let start = (t * segments.len() + item) * num_bins;
                input[start..start + num_bins].copy_from_slice(frame);
            }
        }
        let data = TensorData::new(input, [longest, segments.len(), num_bins]);
        let equal = lengths.iter().all(|&length| length == longest);
        let embeddings = self.encoder.forward(
            Tensor::from_data(data, &self.device),
            (!equal).then_some(lengths.as_slice()),
            None,
        );
        let [_, dim] = embeddings.dims();
        let values: Vec<f32> =
            embeddings
                .into_data()
                .try_into_vec()
                .map_err(|error| ModelError::Shape {
                    what: "embeddings",
                    found: error.to_string(),
                    expected: "32-bit floats".to_owned(),
                })?;
        Ok(values.chunks_exact(dim).map(<[f32]>::to_vec).collect())
    }

    /// Centres a recording's mean and, unless scaling is off, brings it to unit length.
    fn finish(&self, mut mean: Vec<f64>) -> Vec<f32> {
        if let Some(centre) = &self.centre {
            mean.iter_mut()
                .zip(centre)
                .for_each(|(v, &c)| *v -= f64::from(c));
        }
        let norm = mean.iter().map(|v| v * v).sum::<f64>().sqrt();
        let scale = match self.unit_length {
            true if norm > 0.0 => 1.0 / norm,
            true => 0.0,
            false => 1.0,
        };
        mean.into_iter().map(|v| (v * scale) as f32).collect()
    }
}

/// Mean over rows.
fn mean_of(rows: &[Vec<f64>]) -> Result<Vec<f64>, ModelError> {
    let mut total = WeightedSum::default();
    for row in rows {
        total.add(row, 1.0);
    }
    if rows.is_empty() {
        return Err(ModelError::Shape {
            what: "recordings for a mean embedding",
            found: "none".to_owned(),
            expected: "at least one".to_owned(),
        });
    }
    Ok(total.mean())
}

#[derive(Clone, Default)]
struct WeightedSum {
    values: Vec<f64>,
    weight: f64,
}

impl WeightedSum {
    fn add<T: Copy + Into<f64>>(&mut self, values: &[T], weight: f64) {
        self.values.resize(values.len(), 0.0);
        self.values
            .iter_mut()
            .zip(values)
            .for_each(|(sum, &v)| *sum += weight * v.into());
        self.weight += weight;
    }

    fn mean(self) -> Vec<f64> {
        self.values.iter().map(|v| v / self.weight).collect()
    }
}
