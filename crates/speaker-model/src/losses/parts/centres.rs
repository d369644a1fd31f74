//! A direction for each training speaker, or several.

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};

use super::rows::{check_width, unit_rows};
use crate::ModelError;
use crate::layers::Initialiser;
use crate::losses::LossInput;

/// Fewest training speakers that can be told apart.
const LEAST_SPEAKERS: usize = 2;

/// # Errors
/// [`ModelError::Shape`] for a training of a single speaker.
pub(in crate::losses) fn check_speakers(num_speakers: usize) -> Result<(), ModelError> {
    if num_speakers >= LEAST_SPEAKERS {
        return Ok(());
    }
    Err(ModelError::Shape {
        what: "training speakers, which the loss tells apart",
        found: num_speakers.to_string(),
        expected: format!("at least {LEAST_SPEAKERS}"),
    })
}

/// Centres of the training speakers, K of each (Deng et al., ECCV 2020): what counts is the one that is nearest.
#[derive(Module, Debug)]
pub(in crate::losses) struct Centres {
    /// `[embedding_dim, num_speakers * num_sub_centres]`, those of one speaker side by side; of any length.
    directions: Param<Tensor<2>>,
    #[module(skip)]
    num_sub_centres: usize,
}

impl Centres {
    /// `num_sub_centres` of each speaker, drawn by `name`.
    ///
    /// # Errors
    /// As [`Initialiser::kernel`], and [`ModelError::Shape`] for a training of a single speaker.
    pub(in crate::losses) fn new(
        name: &str,
        input: LossInput,
        num_sub_centres: usize,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        check_speakers(input.num_speakers)?;
        let columns = input.num_speakers.saturating_mul(num_sub_centres);
        Ok(Self {
            directions: initialiser.kernel(name, [input.embedding_dim, columns])?,
            num_sub_centres,
        })
    }

    /// The same with the first centre of each speaker at `means` `[num_speakers][embedding_dim]`; others are as they were.
    pub(in crate::losses) fn at(self, means: &[Vec<f32>]) -> Self {
        let num_sub_centres = self.num_sub_centres;
        let directions = self.directions.map(|drawn| {
            let ([dim, columns], device) = (drawn.dims(), drawn.device());
            let mut values: Vec<f32> = drawn.into_data().try_into_vec().unwrap_or_default();
            for (speaker, mean) in means.iter().enumerate() {
                for (row, &value) in values.chunks_exact_mut(columns).zip(mean) {
                    row[speaker * num_sub_centres] = value;
                }
            }
            Tensor::from_data(TensorData::new(values, [dim, columns]), &device)
        });
        Self { directions, ..self }
    }

    /// Cosines of embeddings `[batch, embedding_dim]` to each speaker's nearest centre, `[batch, num_speakers]`.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for another width.
    pub(in crate::losses) fn cosines(
        &self,
        embeddings: Tensor<2>,
    ) -> Result<Tensor<2>, ModelError> {
        let [dim, columns] = self.directions.dims();
        check_width(&embeddings, dim)?;
        let [batch, _] = embeddings.dims();
        let directions = unit_rows(self.directions.val().transpose());
        let cosines = unit_rows(embeddings).matmul(directions.transpose());
        if self.num_sub_centres == 1 {
            return Ok(cosines);
        }
        let speakers = columns / self.num_sub_centres;
        let nearest = cosines
            .reshape([batch, speakers, self.num_sub_centres])
            .max_dim(2);
        Ok(nearest.reshape([batch, speakers]))
    }
}
