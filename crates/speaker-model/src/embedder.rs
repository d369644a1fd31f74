//! Recordings to embeddings: features → segments → encoder → mean → (centring) → unit length.

use std::ops::Range;

use audio_features::{Features, FrontEnd};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use crate::ModelError;
use crate::encoder::Encoder;
use crate::layers::{ComputeType, Pass};
use crate::model::{EmbeddingModel, SegmentEmbedding};
use crate::projections::LinearMap;
use crate::segments::Segmentation;

/// Everything between samples and an embedding of unit length.
#[derive(Clone)]
pub struct Embedder {
    front_end: FrontEnd,
    encoder: Encoder,
    segmentation: Segmentation,
    /// The encoder's projection, where it is applied to the mean over a recording's segments.
    map: Option<LinearMap>,
    centre: Option<Vec<f32>>,
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
    frames: Range<usize>,
    values: &'a [f32],
}

impl Embedder {
    /// An embedder around `encoder`, which is moved off autodiff and computes in 32 bits; `centre` is subtracted from
    /// every embedding before it is brought to unit length.
    ///
    /// # Errors
    /// [`ModelError::Shape`] where front end, encoder and centre do not go together, or where the encoder takes statistics
    /// over a batch: [`Self::of_training`] gives it those of recordings.
    pub fn new(
        front_end: FrontEnd,
        encoder: Encoder,
        segmentation: Segmentation,
        centre: Option<Vec<f32>>,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let fault = |what, found: String, expected: String| {
            Err(ModelError::Shape {
                what,
                found,
                expected,
            })
        };
        if encoder.needs_statistics() {
            let expected = "recordings that give them".to_owned();
            return fault("statistics of the encoder", "none".to_owned(), expected);
        }
        let dim = encoder.embedding_dim();
        if let Some(centre) = centre.as_ref().filter(|centre| centre.len() != dim) {
            let expected = format!("{dim}, as embeddings have");
            return fault(
                "dimensions of the centre",
                centre.len().to_string(),
                expected,
            );
        }
        let mut embedder = Self::raw(front_end, encoder, segmentation, device)?;
        embedder.map = embedder.encoder.linear_map();
        embedder.centre = centre;
        Ok(embedder)
    }

    /// An embedder around an encoder as training leaves it: statistics over a batch become those of `recordings`' finished
    /// features and, where `centres`, their mean embedding is subtracted from every embedding. Recordings are looked at
    /// only where one of the two wants them; see [`Encoder::needs_statistics`].
    ///
    /// # Errors
    /// As [`Self::new`] and [`EmbeddingModel::embed_features`], and [`ModelError::Shape`] where recordings are wanted and
    /// there is none.
    pub fn of_training(
        front_end: FrontEnd,
        encoder: Encoder,
        segmentation: Segmentation,
        centres: bool,
        recordings: &[Features],
        device: &Device,
    ) -> Result<Self, ModelError> {
        let mut embedder = Self::raw(front_end, encoder, segmentation, device)?;
        if embedder.encoder.needs_statistics() {
            let pooled = embedder.pooled_means(recordings)?;
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
            embedder.encoder.fix_statistics(&mean, &mean_of(&squares)?);
        }
        embedder.map = embedder.encoder.linear_map();
        if centres {
            embedder.centre = Some(embedder.mean_embedding(recordings)?);
        }
        Ok(embedder)
    }

    /// One that gives what the encoder has before its projection, where that is a linear map or wants statistics.
    fn raw(
        front_end: FrontEnd,
        encoder: Encoder,
        segmentation: Segmentation,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let (found, expected) = (front_end.config().num_bins, encoder.num_bins());
        if found != expected {
            return Err(bins(found, expected));
        }
        Ok(Self {
            front_end,
            encoder: encoder.valid().with_compute_type(ComputeType::F32),
            segmentation,
            map: None,
            centre: None,
            unit_length: true,
            device: device.clone().inner(),
        })
    }

    /// The encoder.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// How a recording is cut.
    #[must_use]
    pub fn segmentation(&self) -> Segmentation {
        self.segmentation
    }

    /// The same embedder behind another front end: what a mistake with it would do.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for another number of bins than the encoder reads.
    pub fn with_front_end(self, front_end: FrontEnd) -> Result<Self, ModelError> {
        let found = front_end.config().num_bins;
        if found != self.encoder.num_bins() {
            return Err(bins(found, self.encoder.num_bins()));
        }
        Ok(Self { front_end, ..self })
    }

    /// The same embedder with another number format of products, where its encoder has a choice.
    #[must_use]
    pub fn with_compute_type(self, compute_type: ComputeType) -> Self {
        Self {
            encoder: self.encoder.with_compute_type(compute_type),
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

    /// Mean of the embeddings of `recordings`' finished features, before centring and scaling to unit
    /// length: what [`Self::with_centre`] takes.
    ///
    /// # Errors
    /// As [`EmbeddingModel::embed_features`], and [`ModelError::Shape`] where there is no recording.
    pub fn mean_embedding(&self, recordings: &[Features]) -> Result<Vec<f32>, ModelError> {
        let mean = mean_of(&self.weighted_means(recordings)?)?;
        Ok(mean.into_iter().map(|v| v as f32).collect())
    }

    /// The mean of each recording's segments, weighted by their frames, through the projection.
    fn weighted_means(&self, recordings: &[Features]) -> Result<Vec<Vec<f64>>, ModelError> {
        let means = self.pooled_means(recordings)?.into_iter();
        Ok(means.map(|mean| self.mapped(mean)).collect())
    }

    /// The same before a projection that is a linear map.
    fn pooled_means(&self, recordings: &[Features]) -> Result<Vec<Vec<f64>>, ModelError> {
        let mut sums = vec![WeightedSum::default(); recordings.len()];
        self.each_segment(recordings, |segment, values| {
            sums[segment.recording].add(&values, segment.frames.len() as f64);
        })?;
        Ok(sums.into_iter().map(WeightedSum::mean).collect())
    }

    fn mapped(&self, pooled: Vec<f64>) -> Vec<f64> {
        match &self.map {
            Some(map) => map.apply(&pooled),
            None => pooled,
        }
    }

    /// Gives `each` segment of `recordings` what the encoder makes of it, in an order that suits the encoder.
    fn each_segment(
        &self,
        recordings: &[Features],
        mut each: impl FnMut(&Segment<'_>, Vec<f32>),
    ) -> Result<(), ModelError> {
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
                    frames: range.clone(),
                    values: features.rows(range),
                });
            }
        }
        // Neighbours of like length share a batch, so that little of it is padding.
        segments
            .sort_by_key(|segment| (std::cmp::Reverse(segment.frames.len()), segment.recording));
        let mut rest = segments.as_slice();
        while let Some(longest) = rest.first() {
            let fitting = match MAX_BATCH_FRAMES / longest.frames.len().max(1) {
                few @ ..WHOLE_TILES => few.max(1),
                many => many / WHOLE_TILES * WHOLE_TILES,
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
        let num_bins = self.front_end.config().num_bins;
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
        let pass = &mut Pass::inference();
        let is_raw = self.map.is_some() || self.encoder.needs_statistics();
        let output = match is_raw {
            true => self.encoder.pooled(input, lengths, pass)?,
            false => self.encoder.forward(input, lengths, pass)?,
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

impl EmbeddingModel for Embedder {
    fn front_end(&self) -> &FrontEnd {
        &self.front_end
    }

    fn dim(&self) -> usize {
        self.encoder.embedding_dim()
    }

    /// A batch gives the same embeddings as one by one, but for rounding.
    fn embed_features(&self, recordings: &[Features]) -> Result<Vec<Vec<f32>>, ModelError> {
        let means = self.weighted_means(recordings)?;
        Ok(means.into_iter().map(|mean| self.finish(mean)).collect())
    }

    fn embed_segments(
        &self,
        recordings: &[Features],
    ) -> Result<Vec<Vec<SegmentEmbedding>>, ModelError> {
        let hop_s = self.front_end.config().hop_s();
        let mut found: Vec<Vec<SegmentEmbedding>> = vec![Vec::new(); recordings.len()];
        self.each_segment(recordings, |segment, values| {
            let values = values.into_iter().map(f64::from).collect();
            found[segment.recording].push(SegmentEmbedding {
                start_s: segment.frames.start as f64 * hop_s,
                end_s: segment.frames.end as f64 * hop_s,
                values: self.finish(self.mapped(values)),
            });
        })?;
        for segments in &mut found {
            segments.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        }
        Ok(found)
    }
}

/// A front end of other bins than the encoder reads.
fn bins(found: usize, expected: usize) -> ModelError {
    ModelError::Shape {
        what: "bins of the front end",
        found: found.to_string(),
        expected: format!("{expected}, as the encoder reads"),
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
