//! Losses: embeddings of a batch to the number that training makes smaller. One file each, and one line below.
//!
//! A loss owns whatever stands between the embedding and that number: a head, class centres, a scale. These are its
//! parameters; they are optimised, checkpointed and resumed with the encoder's, and no bundle has them.

mod batch;
mod parts;

use std::borrow::Cow;
use std::fmt::Debug;

use burn::module::{Module, ModuleDisplay};
use burn::tensor::Tensor;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use batch::{LossBatch, TeacherRows};
pub use parts::affine::AffineConfig;
pub use parts::head::{Head, HeadConfig};
pub use parts::margin::{Growth, MarginSchedule};
pub use parts::margin_softmax::MarginSoftmaxConfig;
pub use parts::weighting::Weighting;

use crate::ModelError;
use crate::choices::choices;
use crate::layers::{Initialiser, Pass};

/// What one writes down about a loss, in TOML under `[loss]`.
pub trait LossChoice:
    Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync
{
    /// The loss that it describes.
    type Loss: Loss;

    /// Refuses values that no loss can have.
    ///
    /// # Errors
    /// [`ModelError::Config`] with the field, its value and what it may be.
    fn validate(&self) -> Result<(), ModelError>;

    /// The loss of what `input` says reaches it, with weights of `initialiser`.
    ///
    /// # Errors
    /// As [`Initialiser::kernel`], and [`ModelError::Shape`] where the loss needs more speakers.
    fn build(
        &self,
        input: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Self::Loss, ModelError>;

    /// The batches that it can learn from.
    fn wants(&self) -> Batches {
        Batches::Any
    }

    /// What a loss on pairs tells who judges a training; none for a loss that compares no pairs.
    fn pairwise(&self) -> Option<Pairwise> {
        None
    }

    /// Whether it compares embeddings with those of a teacher, which a batch then has to bring.
    fn hears_teacher(&self) -> bool {
        false
    }

    /// Whether it asks who speaks: what a teacher says can be all that a loss goes by.
    fn reads_labels(&self) -> bool {
        true
    }

    /// Whether it has a centre for each training speaker among the embeddings.
    fn has_centres(&self) -> bool {
        false
    }
}

/// What reaches a loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LossInput {
    /// Dimensions of the embeddings.
    pub embedding_dim: usize,
    /// Speakers of the training, as many as a classifier has classes: labels are numbers below it.
    pub num_speakers: usize,
    /// Dimensions of a teacher's embeddings, where the training has a teacher.
    pub teacher_dim: Option<usize>,
}

/// A loss with its parameters.
pub trait Loss: Module + ModuleDisplay {
    /// What the loss compares, `[batch, width]`, of embeddings `[batch, embedding_dim]`: the logits of a head, cosines to
    /// class centres, the embeddings themselves. All dropout lies here, so that [`Self::loss`] is a function of the outputs
    /// and the batch alone.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for another width.
    fn outputs(
        &self,
        embeddings: Tensor<2>,
        _pass: &mut Pass<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        Ok(embeddings)
    }

    /// The loss of `outputs` `[batch, width]`, row by row those of `batch`'s segments.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for a batch that the loss is not defined for.
    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError>;

    /// Whether [`Self::loss`] looks at segments without a label too.
    fn sees_unlabelled(&self) -> bool {
        false
    }

    /// [`Self::loss`] of the rows that it looks at: all of them, or those with a label.
    ///
    /// # Errors
    /// As [`Self::loss`].
    fn of_batch(
        &self,
        outputs: Tensor<2>,
        batch: &LossBatch<'_>,
    ) -> Result<LossOutput, ModelError> {
        if batch.num_unlabelled == 0 || self.sees_unlabelled() {
            return self.loss(outputs, batch);
        }
        batch.check(outputs.dims()[0])?;
        let labelled = outputs.narrow(0, 0, batch.labels.len());
        self.loss(labelled, &batch.labelled())
    }

    /// The same loss, with the centres of the training speakers, where it has some, at `means` `[num_speakers][embedding_dim]`.
    #[must_use]
    fn with_centres_at(self, _means: &[Vec<f32>]) -> Self {
        self
    }

    /// Embeddings `[batch, embedding_dim]` where the vectors of a teacher lie; none for a loss that listens to none.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for another width.
    fn towards_teacher(&self, _embeddings: Tensor<2>) -> Result<Option<Tensor<2>>, ModelError> {
        Ok(None)
    }

    /// The distances that the loss compares, pair by pair in 64 bits, of `outputs` `[batch][width]`; empty for a loss that
    /// compares no pairs.
    fn pair_distances(&self, _outputs: &[Vec<f32>], _batch: &LossBatch<'_>) -> Vec<PairDistance> {
        Vec::new()
    }
}

/// Which batches a loss can learn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Batches {
    /// Whatever is drawn.
    Any,
    /// Several segments of each speaker, at least so many.
    Grouped(usize),
    /// Explicit pairs.
    Pairs,
}

impl Batches {
    /// The batches that suit both.
    #[must_use]
    pub fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Any, wanted) | (wanted, Self::Any) => Some(wanted),
            (Self::Grouped(a), Self::Grouped(b)) => Some(Self::Grouped(a.max(b))),
            (Self::Pairs, Self::Pairs) => Some(Self::Pairs),
            (Self::Grouped(_), Self::Pairs) | (Self::Pairs, Self::Grouped(_)) => None,
        }
    }
}

/// What a loss on pairs tells who judges a training.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairwise {
    /// Name of the term that is the mean distance of same-speaker pairs.
    pub same_term: Cow<'static, str>,
    /// Name of the term that is the mean distance of different-speaker pairs.
    pub different_term: Cow<'static, str>,
    /// Distance that the loss asks of different-speaker pairs, if it asks for one.
    pub margin: Option<f64>,
    /// Classes of the distributions that it compares, if it compares distributions by their divergence in nats.
    pub num_classes: Option<usize>,
    /// What all same-speaker pairs of a batch weigh beside the different-speaker pairs, 0 to 1, if the configuration gives a number.
    pub same_weight: Option<f64>,
}

/// One pair as its loss sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct PairDistance {
    /// Whether one speaker spoke both.
    pub same: bool,
    /// The distance, once for each direction that counts.
    pub distances: Vec<f64>,
}

/// The loss of a batch.
#[derive(Debug)]
pub struct LossOutput {
    /// What training makes smaller, `[1]`.
    pub value: Tensor<1>,
    /// What it is made of, always the same terms in the same order.
    pub terms: Vec<Term>,
    /// The value where all outputs are alike: a point that training has to leave, if that means anything for the loss.
    pub when_alike: Option<f64>,
    /// Numbers of same-speaker and different-speaker pairs that were compared; none for a loss that compares no pairs.
    pub num_pairs: Option<[usize; 2]>,
}

/// A number that a loss reports beside its value.
#[derive(Clone, Debug)]
pub struct Term {
    /// Its name, in snake case; journal, report and diagnosis know it by that.
    pub name: Cow<'static, str>,
    /// Its unit; empty for a plain number.
    pub unit: &'static str,
    /// `[1]`
    pub value: Tensor<1>,
}

impl Term {
    /// A number of this name and unit.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>, unit: &'static str, value: Tensor<1>) -> Self {
        Self {
            name: name.into(),
            unit,
            value,
        }
    }
}

/// Declares the losses; a line is `file::Module(Configuration)`.
macro_rules! losses {
    ($($file:ident::$Part:ident($Config:ident)),+ $(,)?) => {
        choices! {
            /// Which loss, and its settings.
            LossConfig,
            /// Any loss.
            pub AnyLoss;
            $($file::$Part($Config)),+
        }

        impl LossConfig {
            /// The name by which a configuration chooses it.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$Part(_) => stringify!($file),)+
                }
            }
        }

        impl LossChoice for LossConfig {
            type Loss = AnyLoss;

            fn validate(&self) -> Result<(), ModelError> {
                match self {
                    $(Self::$Part(config) => config.validate(),)+
                }
            }

            fn build(
                &self,
                input: LossInput,
                initialiser: &mut Initialiser<'_>,
            ) -> Result<AnyLoss, ModelError> {
                Ok(match self {
                    $(Self::$Part(config) => AnyLoss::$Part(config.build(input, initialiser)?),)+
                })
            }

            fn wants(&self) -> Batches {
                match self {
                    $(Self::$Part(config) => config.wants(),)+
                }
            }

            fn pairwise(&self) -> Option<Pairwise> {
                match self {
                    $(Self::$Part(config) => config.pairwise(),)+
                }
            }

            fn hears_teacher(&self) -> bool {
                match self {
                    $(Self::$Part(config) => config.hears_teacher(),)+
                }
            }

            fn reads_labels(&self) -> bool {
                match self {
                    $(Self::$Part(config) => config.reads_labels(),)+
                }
            }

            fn has_centres(&self) -> bool {
                match self {
                    $(Self::$Part(config) => config.has_centres(),)+
                }
            }
        }

        impl Loss for AnyLoss {
            fn outputs(
                &self,
                embeddings: Tensor<2>,
                pass: &mut Pass<'_>,
            ) -> Result<Tensor<2>, ModelError> {
                match self {
                    $(Self::$Part(loss) => loss.outputs(embeddings, pass),)+
                }
            }

            fn loss(
                &self,
                outputs: Tensor<2>,
                batch: &LossBatch<'_>,
            ) -> Result<LossOutput, ModelError> {
                match self {
                    $(Self::$Part(loss) => loss.of_batch(outputs, batch),)+
                }
            }

            /// Each part is given what it looks at.
            fn sees_unlabelled(&self) -> bool {
                true
            }

            fn with_centres_at(self, means: &[Vec<f32>]) -> Self {
                match self {
                    $(Self::$Part(loss) => Self::$Part(loss.with_centres_at(means)),)+
                }
            }

            fn towards_teacher(
                &self,
                embeddings: Tensor<2>,
            ) -> Result<Option<Tensor<2>>, ModelError> {
                match self {
                    $(Self::$Part(loss) => loss.towards_teacher(embeddings),)+
                }
            }

            fn pair_distances(
                &self,
                outputs: &[Vec<f32>],
                batch: &LossBatch<'_>,
            ) -> Vec<PairDistance> {
                match self {
                    $(Self::$Part(loss) => loss.pair_distances(outputs, batch),)+
                }
            }
        }
    };
}

losses! {
    kl_hinge::KlHinge(KlHingeConfig),
    softmax::Softmax(SoftmaxConfig),
    am_softmax::AmSoftmax(AmSoftmaxConfig),
    aam_softmax::AamSoftmax(AamSoftmaxConfig),
    sphere_face2::SphereFace2(SphereFace2Config),
    ge2e::Ge2e(Ge2eConfig),
    prototypical::Prototypical(PrototypicalConfig),
    angular_prototypical::AngularPrototypical(AngularPrototypicalConfig),
    triplet::Triplet(TripletConfig),
    contrastive::Contrastive(ContrastiveConfig),
    supervised_contrastive::SupervisedContrastive(SupervisedContrastiveConfig),
    teacher_cosine::TeacherCosine(TeacherCosineConfig),
    teacher_contrastive::TeacherContrastive(TeacherContrastiveConfig),
    sum::Sum(SumConfig),
}

pub use kl_hinge::{MOST_PAPER_CLASSES, PairLoss, all_pairs, explicit_pairs};
pub use sum::WeightedLoss;
pub use triplet::{Mining, TripletDistance};
