//! From embeddings to where a teacher's vectors lie.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::rows::{check_width, matrix, unit_rows};
use crate::ModelError;
use crate::layers::Initialiser;
use crate::losses::{LossInput, TeacherRows};

/// A linear map where a teacher's embeddings are of other dimensions than the network's own; else they are compared as they are.
#[derive(Module, Debug)]
pub(in crate::losses) struct TeacherMap {
    /// `[embedding_dim, teacher_dim]`
    weight: Option<Param<Tensor<2>>>,
    #[module(skip)]
    embedding_dim: usize,
    #[module(skip)]
    teacher_dim: usize,
}

impl TeacherMap {
    /// # Errors
    /// [`ModelError::Shape`] for a training without a teacher; as [`Initialiser::kernel`].
    pub(in crate::losses) fn new(
        input: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self, ModelError> {
        let embedding_dim = input.embedding_dim;
        let Some(teacher_dim) = input.teacher_dim else {
            return Err(ModelError::Shape {
                what: "a teacher of the training",
                found: "none".to_owned(),
                expected: "a model, whose embeddings the loss compares with".to_owned(),
            });
        };
        let shape = [embedding_dim, teacher_dim];
        let is_mapped = embedding_dim != teacher_dim;
        let weight = is_mapped.then(|| initialiser.kernel("loss.map.weight", shape));
        Ok(Self {
            weight: weight.transpose()?,
            embedding_dim,
            teacher_dim,
        })
    }

    /// Embeddings `[batch, embedding_dim]` as `[batch, teacher_dim]`.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for another width.
    pub(in crate::losses) fn apply(&self, embeddings: Tensor<2>) -> Result<Tensor<2>, ModelError> {
        check_width(&embeddings, self.embedding_dim)?;
        Ok(match &self.weight {
            Some(weight) => embeddings.matmul(weight.val()),
            None => embeddings,
        })
    }

    /// `outputs` of [`Self::apply`] and the teacher's vectors, both with rows of length 1.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for vectors of another width.
    pub(in crate::losses) fn unit_rows(
        &self,
        outputs: Tensor<2>,
        teacher: &TeacherRows<'_>,
    ) -> Result<[Tensor<2>; 2], ModelError> {
        check_width(&outputs, self.teacher_dim)?;
        let vectors = teacher.vectors.to_vec();
        let vectors = matrix(vectors, [outputs.dims()[0], teacher.dim], &outputs);
        check_width(&vectors, self.teacher_dim)?;
        Ok([outputs, vectors].map(unit_rows))
    }
}
