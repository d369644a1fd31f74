//! Recordings to embeddings: features → segments → network → mean → (adaptations) → (centring) → unit length.

use audio_features::{Features, FrontEnd};
use burn::tensor::Device;

use speaker_scoring::AdaptationMap;

use crate::ModelError;
use crate::adaptation::Adaptation;
use crate::encoder::Encoder;
#[cfg(feature = "onnx")]
use crate::extractor::SpeakerGraph;
use crate::extractor::{BatchedEncoder, Extractor, Segment};
use crate::layers::ComputeType;
use crate::model::{EmbeddingModel, SegmentEmbedding};
use crate::segments::Segmentation;

/// Everything between samples and an embedding of unit length.
#[derive(Clone)]
pub struct Embedder {
    front_end: FrontEnd,
    extractor: Extractor,
    segmentation: Segmentation,
    adaptations: Vec<Adaptation>,
    centre: Option<Vec<f32>>,
    unit_length: bool,
    /// Where the narrowest of the recordings ended that the model was measured on, in Hz, where that is known.
    measured_from_hz: Option<f64>,
}

/// A sound that ends below this share of what the model listens to lacks what the model was trained on, where nothing else is known.
const NARROW_SHARE: f64 = 0.85;

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
        if encoder.needs_statistics() {
            return Err(ModelError::Shape {
                what: "statistics of the encoder",
                found: "none".to_owned(),
                expected: "recordings that give them".to_owned(),
            });
        }
        let encoder = BatchedEncoder::raw(encoder, device)?.projecting();
        Self::of(
            front_end,
            Extractor::Encoder(Box::new(encoder)),
            segmentation,
            centre,
        )
    }

    /// An embedder around a graph that others trained. Its segments are computed one by one, on all cores.
    ///
    /// # Errors
    /// [`ModelError::Shape`] where front end, graph and centre do not go together.
    #[cfg(feature = "onnx")]
    pub fn of_graph(
        front_end: FrontEnd,
        graph: SpeakerGraph,
        segmentation: Segmentation,
        centre: Option<Vec<f32>>,
    ) -> Result<Self, ModelError> {
        Self::of(front_end, Extractor::Graph(graph), segmentation, centre)
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
        let of = |encoder: &BatchedEncoder| {
            let extractor = Extractor::Encoder(Box::new(encoder.clone()));
            Self::of(front_end.clone(), extractor, segmentation, None)
        };
        let mut encoder = BatchedEncoder::raw(encoder, device)?;
        if encoder.encoder().needs_statistics() {
            let pooled = of(&encoder)?.pooled_means(recordings)?;
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
            encoder = encoder.with_statistics(&mean, &mean_of(&squares)?);
        }
        let mut embedder = of(&encoder.projecting())?;
        if centres {
            embedder.centre = Some(embedder.mean_embedding(recordings)?);
        }
        Ok(embedder)
    }

    fn of(
        front_end: FrontEnd,
        extractor: Extractor,
        segmentation: Segmentation,
        centre: Option<Vec<f32>>,
    ) -> Result<Self, ModelError> {
        let (found, expected) = (front_end.config().num_bins, extractor.num_bins());
        if found != expected {
            return Err(bins(found, expected));
        }
        let dim = extractor.dim();
        if let Some(centre) = centre.as_ref().filter(|centre| centre.len() != dim) {
            return Err(ModelError::Shape {
                what: "dimensions of the centre",
                found: centre.len().to_string(),
                expected: format!("{dim}, as embeddings have"),
            });
        }
        Ok(Self {
            front_end,
            extractor,
            segmentation,
            adaptations: Vec::new(),
            centre,
            unit_length: true,
            measured_from_hz: None,
        })
    }

    /// The encoder, where the network is one.
    ///
    /// # Errors
    /// [`ModelError::IsGraph`] where it is the graph of a network that others trained.
    pub fn encoder(&self) -> Result<&Encoder, ModelError> {
        self.extractor.encoder()
    }

    pub(crate) fn extractor(&self) -> &Extractor {
        &self.extractor
    }

    /// How a recording is cut.
    #[must_use]
    pub fn segmentation(&self) -> Segmentation {
        self.segmentation
    }

    /// The same embedder behind another front end: what a mistake with it would do.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for another number of bins than the network reads.
    pub fn with_front_end(self, front_end: FrontEnd) -> Result<Self, ModelError> {
        let (found, expected) = (front_end.config().num_bins, self.extractor.num_bins());
        if found != expected {
            return Err(bins(found, expected));
        }
        Ok(Self { front_end, ..self })
    }

    /// The same embedder with another number format of products, where its network has a choice.
    #[must_use]
    pub fn with_compute_type(self, compute_type: ComputeType) -> Self {
        Self {
            extractor: self.extractor.with_compute_type(compute_type),
            ..self
        }
    }

    /// The same embedder, which is known to serve recordings whose sound ends at `hz` and above.
    #[must_use]
    pub(crate) fn measured_from(self, hz: Option<f64>) -> Self {
        Self {
            measured_from_hz: hz,
            ..self
        }
    }

    /// A sound that ends below this, in Hz, is narrower than those that the model is known to serve: by the model's card, or
    /// where it says nothing by what the front end listens to.
    #[must_use]
    pub fn least_band_hz(&self) -> f64 {
        let listens_to = self.front_end.config().high_hz;
        self.measured_from_hz.unwrap_or(NARROW_SHARE * listens_to)
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

    /// The same embedder behind a map of its embeddings, of length 1 and less its centre. What the map subtracts is the centre of the new
    /// embedder: [`Self::with_centre`] takes it away, and leaves what went into the map as it was.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for a map of other dimensions than embeddings have.
    pub fn adapted(mut self, map: &AdaptationMap) -> Result<Self, ModelError> {
        let adaptation = Adaptation::new(self.centre.take(), map, self.extractor.dim())?;
        self.adaptations.push(adaptation);
        let is_centred = map.offset.iter().any(|&value| value != 0.0);
        Ok(self.with_centre(is_centred.then(|| map.offset.clone())))
    }

    pub(crate) fn adaptations(&self) -> &[Adaptation] {
        &self.adaptations
    }

    pub(crate) fn with_adaptations(self, adaptations: Vec<Adaptation>) -> Self {
        Self {
            adaptations,
            ..self
        }
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

    /// The mean of each recording's segments, weighted by their frames, through the projection and the adaptations.
    fn weighted_means(&self, recordings: &[Features]) -> Result<Vec<Vec<f64>>, ModelError> {
        let means = self.pooled_means(recordings)?.into_iter();
        Ok(means.map(|mean| self.mapped(mean)).collect())
    }

    /// What a mean over segments, or a segment, becomes before it is centred.
    fn mapped(&self, pooled: Vec<f64>) -> Vec<f64> {
        let mapped = self.extractor.mapped(pooled);
        let adaptations = self.adaptations.iter();
        adaptations.fold(mapped, |embedding, one| one.apply(embedding))
    }

    /// The same before a projection that is a linear map.
    fn pooled_means(&self, recordings: &[Features]) -> Result<Vec<Vec<f64>>, ModelError> {
        let mut sums = vec![WeightedSum::default(); recordings.len()];
        self.each_segment(recordings, |segment, values| {
            sums[segment.recording].add(&values, segment.frames.len() as f64);
        })?;
        Ok(sums.into_iter().map(WeightedSum::mean).collect())
    }

    /// Gives `each` segment of `recordings` what the network makes of it, in an order that suits the network.
    fn each_segment(
        &self,
        recordings: &[Features],
        each: impl FnMut(&Segment<'_>, Vec<f32>),
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
        self.extractor.each(&segments, each)
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
        self.extractor.dim()
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

/// A front end of other bins than the network reads.
fn bins(found: usize, expected: usize) -> ModelError {
    ModelError::Shape {
        what: "bins of the front end",
        found: found.to_string(),
        expected: format!("{expected}, as the network reads"),
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
