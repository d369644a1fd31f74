//! Prototypical loss (Snell et al., *Prototypical networks for few-shot learning*, NIPS 2017), as in clovaai's
//! `voxceleb_trainer` (Chung et al., *In defence of metric learning for speaker recognition*, Interspeech 2020).
//!
//! ```text
//! L = mean over the batch's speakers of −log softmax_k(−‖q − c_k‖²)[own speaker]
//! ```
//!
//! q is the embedding of a speaker's first segment in the batch, the query; c_k the mean of the embeddings of speaker k's other
//! segments, the prototype. clovaai's distance has 10⁻⁶ added to each difference; this one has not.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::parts::nearest::{accuracy, cross_entropy, mean_of_own, own_columns};
use super::parts::speakers::Speakers;
use super::{Batches, Loss, LossBatch, LossChoice, LossInput, LossOutput, Term};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::Initialiser;

/// The loss. It has no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrototypicalConfig {}

impl Example for PrototypicalConfig {
    fn example() -> Self {
        Self {}
    }
}

impl LossChoice for PrototypicalConfig {
    type Loss = Prototypical;

    fn validate(&self) -> Result<(), ModelError> {
        Ok(())
    }

    fn build(&self, _: LossInput, _: &mut Initialiser<'_>) -> Result<Prototypical, ModelError> {
        Ok(Prototypical { config: *self })
    }

    fn wants(&self) -> Batches {
        Batches::Grouped(2)
    }
}

/// The loss, which has no parameters.
#[derive(Module, Debug)]
pub struct Prototypical {
    #[module(skip)]
    config: PrototypicalConfig,
}

impl Loss for Prototypical {
    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        let speakers = Speakers::of(batch, outputs.dims()[0])?;
        let [queries, prototypes] = speakers.queries_and_prototypes(&outputs);
        // One difference at a time: batches have few speakers, and no digits cancel.
        let differences = queries.unsqueeze_dim::<3>(1) - prototypes.unsqueeze_dim::<3>(0);
        let squares = differences.clone() * differences;
        let distances = squares.sum_dim(2).squeeze_dim::<2>(2);
        let places: Vec<usize> = (0..speakers.len()).collect();
        let own = own_columns(&distances, &places);
        let logits = -distances.clone();
        let distance = mean_of_own(distances.detach(), &own);
        Ok(LossOutput {
            terms: vec![
                Term::new("accuracy", "", accuracy(&logits, &own)),
                Term::new("own_squared_distance", "", distance),
            ],
            value: cross_entropy(logits, &own),
            when_alike: Some(speakers.chance()),
            num_pairs: None,
        })
    }
}
