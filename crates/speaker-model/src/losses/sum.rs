//! A weighted sum of losses.
//!
//! ```text
//! L = Σ wᵢ Lᵢ
//! ```
//!
//! What each part is worth, and its terms, are reported under its kind: `triplet`, `triplet_active_share`.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::ge2e::Ge2eConfig;
use super::parts::margin::check_positive;
use super::softmax::SoftmaxConfig;
use super::{
    AnyLoss, Batches, Loss, LossBatch, LossChoice, LossConfig, LossInput, LossOutput, PairDistance,
    Pairwise, Term,
};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::{Initialiser, Pass};

/// The losses that are added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SumConfig {
    /// At least one, none of them a sum.
    pub parts: Vec<WeightedLoss>,
}

/// A part of a sum: a loss as one writes it below `[loss]`, and its weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightedLoss {
    /// What it is multiplied by.
    #[serde(default = "default_weight")]
    pub weight: f64,
    /// The loss.
    #[serde(flatten)]
    pub loss: LossConfig,
}

fn default_weight() -> f64 {
    1.0
}

impl Example for SumConfig {
    fn example() -> Self {
        Self {
            parts: vec![
                WeightedLoss {
                    weight: 0.7,
                    loss: SoftmaxConfig::example().into(),
                },
                WeightedLoss {
                    weight: 2.0,
                    loss: Ge2eConfig::example().into(),
                },
            ],
        }
    }
}

impl SumConfig {
    /// What the parts are reported as: their kinds, numbered where one comes again.
    fn names(&self) -> Vec<String> {
        let kinds: Vec<&str> = self.parts.iter().map(|part| part.loss.kind()).collect();
        let number = |place: usize| {
            kinds[..place]
                .iter()
                .filter(|&&k| k == kinds[place])
                .count()
        };
        (0..kinds.len())
            .map(|place| match number(place) {
                0 => kinds[place].to_owned(),
                before => format!("{}_{}", kinds[place], before + 1),
            })
            .collect()
    }

    /// The first part that compares pairs, and what it tells of them.
    fn first_pairwise(&self) -> Option<(usize, Pairwise)> {
        let mut parts = self.parts.iter().enumerate();
        parts.find_map(|(place, part)| Some((place, part.loss.pairwise()?)))
    }
}

impl LossChoice for SumConfig {
    type Loss = Sum;

    fn validate(&self) -> Result<(), ModelError> {
        let refused = |found: &str, expected| {
            Err(ModelError::Config {
                field: "loss.parts",
                found: found.to_owned(),
                expected,
            })
        };
        if self.parts.is_empty() {
            return refused("empty", "at least one loss");
        }
        let mut wanted = Some(Batches::Any);
        for part in &self.parts {
            if matches!(part.loss, LossConfig::Sum(_)) {
                return refused("a sum within a sum", "losses that are no sums");
            }
            check_positive("loss.parts.weight", part.weight)?;
            part.loss.validate()?;
            wanted = wanted.and_then(|wanted| wanted.and(part.loss.wants()));
        }
        match wanted {
            Some(_) => Ok(()),
            None => refused(
                "of a loss on explicit pairs and one on several segments of each speaker",
                "losses that can learn from the same batches",
            ),
        }
    }

    fn build(
        &self,
        input: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<Sum, ModelError> {
        let parts = self.parts.iter();
        let parts = parts.map(|part| part.loss.build(input, initialiser));
        let parts: Vec<AnyLoss> = parts.collect::<Result<_, _>>()?;
        // How wide the outputs of each are, its outputs tell.
        let widths = parts.iter().map(|part| {
            let two = Tensor::zeros([2, input.embedding_dim], initialiser.device());
            Ok(part.outputs(two, &mut Pass::inference())?.dims()[1])
        });
        Ok(Sum {
            widths: widths.collect::<Result<_, ModelError>>()?,
            parts,
            config: self.clone(),
        })
    }

    /// Validation has seen that there are batches that suit all parts.
    fn wants(&self) -> Batches {
        self.parts.iter().fold(Batches::Any, |wanted, part| {
            wanted.and(part.loss.wants()).unwrap_or(wanted)
        })
    }

    fn pairwise(&self) -> Option<Pairwise> {
        let (place, pairwise) = self.first_pairwise()?;
        let name = &self.names()[place];
        Some(Pairwise {
            same_term: format!("{name}_{}", pairwise.same_term).into(),
            different_term: format!("{name}_{}", pairwise.different_term).into(),
            ..pairwise
        })
    }

    fn hears_teacher(&self) -> bool {
        self.parts.iter().any(|part| part.loss.hears_teacher())
    }

    fn reads_labels(&self) -> bool {
        self.parts.iter().any(|part| part.loss.reads_labels())
    }

    fn has_centres(&self) -> bool {
        self.parts.iter().any(|part| part.loss.has_centres())
    }
}

/// The losses with their parameters.
#[derive(Module, Debug)]
pub struct Sum {
    parts: Vec<AnyLoss>,
    #[module(skip)]
    widths: Vec<usize>,
    #[module(skip)]
    config: SumConfig,
}

impl Loss for Sum {
    /// What the parts compare, side by side.
    fn outputs(&self, embeddings: Tensor<2>, pass: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        let mut outputs = Vec::with_capacity(self.parts.len());
        for (place, part) in self.parts.iter().enumerate() {
            let embeddings = embeddings.clone();
            outputs.push(pass.within(&format!("parts.{place}"), |pass| {
                part.outputs(embeddings, pass)
            })?);
        }
        Ok(Tensor::cat(outputs, 1))
    }

    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        let [_, width] = outputs.dims();
        let expected: usize = self.widths.iter().sum();
        if width != expected {
            return Err(ModelError::Shape {
                what: "outputs of a sum of losses",
                found: width.to_string(),
                expected: expected.to_string(),
            });
        }
        let mut found = Vec::with_capacity(self.parts.len());
        for (place, part) in self.parts.iter().enumerate() {
            let start = self.widths[..place].iter().sum();
            let own = outputs.clone().narrow(1, start, self.widths[place]);
            found.push(part.loss(own, batch)?);
        }
        let weights = self.config.parts.iter().map(|part| part.weight);
        let (mut value, mut alike) = (Tensor::zeros([1], &outputs.device()), Some(0.0));
        for (weight, part) in weights.zip(&found) {
            value = value + part.value.clone() * weight;
            alike = alike
                .zip(part.when_alike)
                .map(|(sum, own)| sum + weight * own);
        }
        let counted = self.config.first_pairwise();
        let num_pairs = counted.and_then(|(place, _)| found.get(place)?.num_pairs);
        let names = self.config.names();
        let parts = names.iter().zip(found);
        let terms = parts.flat_map(|(name, part)| {
            let own = Term::new(name.clone(), "", part.value.detach());
            let terms = part.terms.into_iter().map(move |term| Term {
                name: format!("{name}_{}", term.name).into(),
                ..term
            });
            std::iter::once(own).chain(terms)
        });
        Ok(LossOutput {
            value,
            terms: terms.collect(),
            when_alike: alike,
            num_pairs,
        })
    }

    /// Each part is given what it looks at.
    fn sees_unlabelled(&self) -> bool {
        true
    }

    fn with_centres_at(self, means: &[Vec<f32>]) -> Self {
        let parts = self.parts.into_iter();
        Self {
            parts: parts.map(|part| part.with_centres_at(means)).collect(),
            ..self
        }
    }

    /// As the first part says that listens to one.
    fn towards_teacher(&self, embeddings: Tensor<2>) -> Result<Option<Tensor<2>>, ModelError> {
        let mut parts = self.config.parts.iter().zip(&self.parts);
        match parts.find(|(config, _)| config.loss.hears_teacher()) {
            Some((_, part)) => part.towards_teacher(embeddings),
            None => Ok(None),
        }
    }

    fn pair_distances(&self, outputs: &[Vec<f32>], batch: &LossBatch<'_>) -> Vec<PairDistance> {
        let Some((place, _)) = self.config.first_pairwise() else {
            return Vec::new();
        };
        let start: usize = self.widths[..place].iter().sum();
        let end = start + self.widths[place];
        let own = outputs
            .iter()
            .map(|row| row.get(start..end).unwrap_or_default().to_vec());
        self.parts[place].pair_distances(&own.collect::<Vec<_>>(), batch)
    }
}
