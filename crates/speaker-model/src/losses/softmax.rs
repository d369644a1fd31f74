//! Softmax over the training speakers: the cross entropy of a linear classifier behind the embedding.
//!
//! ```text
//! L = mean over segments of −log softmax(W·x + b)[own speaker]
//! ```
//!
//! The x-vectors of Snyder et al. (ICASSP 2018) are trained by it. Classifier and bias are parameters of the loss.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::parts::centres::check_speakers;
use super::parts::nearest::{accuracy, cross_entropy, own_classes};
use super::parts::rows::check_width;
use super::{Loss, LossBatch, LossChoice, LossInput, LossOutput, Term};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::{Initialiser, Pass};

/// The loss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoftmaxConfig {
    /// Whether the classifier has a bias.
    #[serde(default = "default_bias")]
    pub bias: bool,
}

fn default_bias() -> bool {
    true
}

impl Example for SoftmaxConfig {
    fn example() -> Self {
        Self { bias: true }
    }
}

impl LossChoice for SoftmaxConfig {
    type Loss = Softmax;

    fn validate(&self) -> Result<(), ModelError> {
        Ok(())
    }

    fn build(
        &self,
        input: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Softmax, ModelError> {
        check_speakers(input.num_speakers)?;
        let sizes = [input.embedding_dim, input.num_speakers];
        Ok(Softmax {
            weight: initialiser.kernel("loss.softmax", sizes)?,
            bias: match self.bias {
                true => Some(initialiser.zeros(input.num_speakers)?),
                false => None,
            },
        })
    }
}

/// The loss with its classifier.
#[derive(Module, Debug)]
pub struct Softmax {
    /// `[embedding_dim, num_speakers]`
    weight: Param<Tensor<2>>,
    /// `[num_speakers]`
    bias: Option<Param<Tensor<1>>>,
}

impl Loss for Softmax {
    /// Logits, `[batch, num_speakers]`.
    fn outputs(&self, embeddings: Tensor<2>, _: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        check_width(&embeddings, self.weight.dims()[0])?;
        let logits = embeddings.matmul(self.weight.val());
        Ok(match &self.bias {
            Some(bias) => logits + bias.val().unsqueeze(),
            None => logits,
        })
    }

    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        let own = own_classes(&outputs, batch)?;
        let [_, classes] = outputs.dims();
        let right = accuracy(&outputs, &own);
        let value = cross_entropy(outputs, &own);
        Ok(LossOutput {
            terms: vec![
                Term::new("cross_entropy", "nats", value.clone().detach()),
                Term::new("accuracy", "", right),
            ],
            value,
            // Where all logits are alike every speaker is as likely.
            when_alike: Some((classes as f64).ln()),
            num_pairs: None,
        })
    }
}
