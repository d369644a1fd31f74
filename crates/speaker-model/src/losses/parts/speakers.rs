//! The speakers of a batch.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::rows::matrix;
use crate::ModelError;
use crate::losses::LossBatch;

/// The segments of each speaker of a batch, speakers by their labels and segments in their order.
#[derive(Debug)]
pub(in crate::losses) struct Speakers(pub(in crate::losses) Vec<Vec<usize>>);

impl Speakers {
    /// Of a batch of `num_rows` segments, for losses that compare a segment with what others of its speaker say.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for a batch that has not two speakers, or one of them a single segment.
    pub(in crate::losses) fn of(
        batch: &LossBatch<'_>,
        num_rows: usize,
    ) -> Result<Self, ModelError> {
        batch.check(num_rows)?;
        let mut speakers = BTreeMap::<usize, Vec<usize>>::new();
        for (segment, &speaker) in batch.labels.iter().enumerate() {
            speakers.entry(speaker).or_default().push(segment);
        }
        if speakers.len() < 2 {
            return Err(ModelError::Shape {
                what: "speakers of a batch",
                found: speakers.len().to_string(),
                expected: "at least 2".to_owned(),
            });
        }
        if speakers.values().any(|segments| segments.len() < 2) {
            return Err(ModelError::Shape {
                what: "segments of a speaker in a batch",
                found: "1".to_owned(),
                expected: "at least 2".to_owned(),
            });
        }
        Ok(Self(speakers.into_values().collect()))
    }

    /// How many they are.
    pub(in crate::losses) fn len(&self) -> usize {
        self.0.len()
    }

    /// The loss where all speakers are as likely, in nats.
    pub(in crate::losses) fn chance(&self) -> f64 {
        (self.len() as f64).ln()
    }

    /// The place of each segment's speaker among them.
    pub(in crate::losses) fn of_segments(&self) -> Vec<usize> {
        let mut places = vec![0; self.0.iter().map(Vec::len).sum()];
        for (place, segments) in self.0.iter().enumerate() {
            segments.iter().for_each(|&segment| places[segment] = place);
        }
        places
    }

    /// The mean of the rows that `choose` takes of each speaker's segments, a row a speaker.
    pub(in crate::losses) fn means(
        &self,
        rows: &Tensor<2>,
        choose: impl Fn(&[usize]) -> &[usize],
    ) -> Tensor<2> {
        let [num_segments, _] = rows.dims();
        let mut weights = vec![0.0; self.len() * num_segments];
        for (speaker, segments) in self.0.iter().enumerate() {
            let chosen = choose(segments);
            for segment in chosen {
                weights[speaker * num_segments + segment] = 1.0 / chosen.len() as f32;
            }
        }
        matrix(weights, [self.len(), num_segments], rows).matmul(rows.clone())
    }

    /// The mean of each segment's speaker without the segment itself, a row a segment.
    pub(in crate::losses) fn means_of_others(&self, rows: &Tensor<2>) -> Tensor<2> {
        let [num_segments, _] = rows.dims();
        let mut weights = vec![0.0; num_segments * num_segments];
        for segments in &self.0 {
            let weight = 1.0 / (segments.len() - 1) as f32;
            for &segment in segments {
                for &other in segments.iter().filter(|&&other| other != segment) {
                    weights[segment * num_segments + other] = weight;
                }
            }
        }
        matrix(weights, [num_segments; 2], rows).matmul(rows.clone())
    }

    /// The first row of each speaker, and the mean of the others: queries and prototypes, a row a speaker.
    pub(in crate::losses) fn queries_and_prototypes(&self, rows: &Tensor<2>) -> [Tensor<2>; 2] {
        [
            self.means(rows, |segments| &segments[..1]),
            self.means(rows, |segments| &segments[1..]),
        ]
    }
}
