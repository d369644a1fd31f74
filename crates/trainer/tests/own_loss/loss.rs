//! A loss of one's own: additive margin softmax (Wang et al. 2018, *Additive margin softmax for face verification*), whose
//! class centres and scale are weights that are learned beside the encoder's.

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor, TensorData, activation};
use serde::{Deserialize, Serialize};
use speaker_model::{
    Batches, Initialiser, Loss, LossBatch, LossChoice, LossInput, LossOutput, ModelError, Pass,
    Term,
};

/// What stands under `[loss]` in the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MarginSoftmaxConfig {
    /// What is subtracted from the cosine to the own speaker's centre.
    pub(crate) margin: f64,
    /// What cosines are multiplied with at first.
    pub(crate) scale: f32,
}

/// The loss with its weights.
#[derive(Module, Debug)]
pub(crate) struct MarginSoftmax {
    /// `[embedding_dim, num_speakers]`
    centres: Param<Tensor<2>>,
    /// `[1]`
    scale: Param<Tensor<1>>,
    #[module(skip)]
    config: MarginSoftmaxConfig,
}

impl LossChoice for MarginSoftmaxConfig {
    type Loss = MarginSoftmax;

    fn validate(&self) -> Result<(), ModelError> {
        Ok(())
    }

    fn build(
        &self,
        input: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<MarginSoftmax, ModelError> {
        Ok(MarginSoftmax {
            centres: initialiser
                .kernel("loss.centres", [input.embedding_dim, input.num_speakers])?,
            scale: initialiser.constant(1, self.scale)?,
            config: self.clone(),
        })
    }

    fn wants(&self) -> Batches {
        Batches::Any
    }
}

/// `[rows, width]` with rows of length 1.
fn unit_rows(x: Tensor<2>) -> Tensor<2> {
    let squares = (x.clone() * x.clone()).sum_dim(1);
    x / squares.clamp_min(1e-12).sqrt()
}

impl Loss for MarginSoftmax {
    /// Cosines to the centres, `[batch, num_speakers]`.
    fn outputs(&self, embeddings: Tensor<2>, _: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        let ([_, found], [expected, _]) = (embeddings.dims(), self.centres.dims());
        if found != expected {
            return Err(ModelError::Shape {
                what: "embeddings",
                found: found.to_string(),
                expected: expected.to_string(),
            });
        }
        let centres = unit_rows(self.centres.val().transpose()).transpose();
        Ok(unit_rows(embeddings).matmul(centres))
    }

    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        let [rows, classes] = outputs.dims();
        let labels = batch.labels;
        if labels.len() != rows || labels.iter().any(|&label| label >= classes) {
            return Err(ModelError::Shape {
                what: "labels",
                found: format!("{labels:?}"),
                expected: format!("{rows} numbers below {classes}"),
            });
        }
        let device = outputs.device();
        let mut own = vec![0.0_f32; rows * classes];
        for (row, &label) in labels.iter().enumerate() {
            own[row * classes + label] = 1.0;
        }
        let own = Tensor::<2>::from_data(TensorData::new(own, [rows, classes]), &device);
        let with_margin = outputs - own.clone() * self.config.margin;
        let logits = with_margin * self.scale.val().unsqueeze();
        let value = -(activation::log_softmax(logits.clone(), 1) * own).sum() / rows as f64;
        let right: Vec<i64> = labels.iter().map(|&label| label as i64).collect();
        let right = Tensor::<1, Int>::from_data(TensorData::from(right.as_slice()), &device);
        let hits = logits
            .argmax(1)
            .squeeze_dim::<1>(1)
            .equal(right)
            .float()
            .mean();
        Ok(LossOutput {
            value,
            terms: vec![Term::new("accuracy", "", hits)],
            when_alike: None,
            num_pairs: None,
        })
    }
}
