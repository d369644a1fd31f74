//! `SphereFace2` (Wen et al., ICLR 2022; Han et al., *Exploring binary classification loss for speaker verification*, ICASSP
//! 2023), with `WeSpeaker`'s margin of type C: each class is a decision of its own, so that no softmax binds them together.
//!
//! ```text
//! L = mean over segments of λ S(−s (g(cos θ_y) − m) − b) + (1 − λ) Σ_{j ≠ y} S(s (g(cos θ_j) + m) + b)
//! S(x) = log(1 + eˣ),  g(z) = 2 ((z + 1) / 2)ᵗ − 1
//! ```
//!
//! θ_j is the angle between the embedding and speaker j's centre, y the own speaker, b learned.

use burn::module::{Module, Param};
use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use super::parts::centres::Centres;
use super::parts::margin::{MarginSchedule, check_margin, check_positive, check_schedule, share};
use super::parts::nearest::{accuracy, cosine_terms, own_classes};
use super::parts::rows::number;
use super::{Loss, LossBatch, LossChoice, LossInput, LossOutput, Term};
use crate::ModelError;
use crate::choices::Example;
use crate::layers::{Initialiser, Pass};

/// The loss and its constants, whose defaults are `WeSpeaker`'s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SphereFace2Config {
    /// What g of a cosine must exceed for its own class, and stay below of 0 for any other (m).
    #[serde(default = "default_margin")]
    pub margin: f64,
    /// Factor of g (s).
    #[serde(default = "default_scale")]
    pub scale: f64,
    /// Weight of the own class against all others (λ, `lanbuda` in `WeSpeaker`).
    #[serde(default = "default_lambda")]
    pub lambda: f64,
    /// Power of g (t): the higher, the wider the cosines of a network lie apart.
    #[serde(default = "default_power")]
    pub power: u32,
    /// When the margin grows from 0 to its value; none where it has it from the first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_schedule: Option<MarginSchedule>,
}

fn default_margin() -> f64 {
    0.2
}

fn default_scale() -> f64 {
    32.0
}

fn default_lambda() -> f64 {
    0.7
}

fn default_power() -> u32 {
    3
}

/// Highest power: beyond it g is flat but for its end.
const MOST_POWER: u32 = 16;

impl Default for SphereFace2Config {
    fn default() -> Self {
        Self {
            margin: default_margin(),
            scale: default_scale(),
            lambda: default_lambda(),
            power: default_power(),
            margin_schedule: None,
        }
    }
}

impl Example for SphereFace2Config {
    fn example() -> Self {
        Self {
            scale: 4.0,
            ..Self::default()
        }
    }
}

impl LossChoice for SphereFace2Config {
    type Loss = SphereFace2;

    fn validate(&self) -> Result<(), ModelError> {
        let refused = |field, found, expected| {
            Err(ModelError::Config {
                field,
                found,
                expected,
            })
        };
        check_margin("loss.margin", self.margin, 1.0, "a number between 0 and 1")?;
        check_positive("loss.scale", self.scale)?;
        if !(self.lambda > 0.0 && self.lambda < 1.0) {
            let found = self.lambda.to_string();
            return refused("loss.lambda", found, "a weight between 0 and 1");
        }
        if !(1..=MOST_POWER).contains(&self.power) {
            let found = self.power.to_string();
            return refused("loss.power", found, "a power between 1 and 16");
        }
        check_schedule(self.margin_schedule)
    }

    fn build(
        &self,
        input: LossInput,
        initialiser: &mut Initialiser<'_>,
    ) -> Result<SphereFace2, ModelError> {
        Ok(SphereFace2 {
            centres: Centres::new("loss.centres", input, 1, initialiser)?,
            bias: initialiser.zeros(1)?,
            config: self.clone(),
        })
    }

    fn has_centres(&self) -> bool {
        true
    }
}

/// The loss with its centres.
#[derive(Module, Debug)]
pub struct SphereFace2 {
    centres: Centres,
    /// `[1]`
    bias: Param<Tensor<1>>,
    #[module(skip)]
    config: SphereFace2Config,
}

impl Loss for SphereFace2 {
    /// Cosines to the speakers' centres, `[batch, num_speakers]`.
    fn outputs(&self, embeddings: Tensor<2>, _: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        self.centres.cosines(embeddings)
    }

    fn loss(&self, outputs: Tensor<2>, batch: &LossBatch<'_>) -> Result<LossOutput, ModelError> {
        let own = own_classes(&outputs, batch)?;
        let config = &self.config;
        let [rows, _] = outputs.dims();
        let margin = config.margin * share(config.margin_schedule, batch.step);
        let spread = spread(outputs.clone(), config.power);
        let bias = self.bias.val().unsqueeze::<2>();
        let of_own = (spread.clone() - margin) * config.scale + bias.clone();
        let of_others = (spread + margin) * config.scale + bias;
        // S(−x) = −log σ(x), and S(x) = −log σ(−x).
        let own_cost = -activation::log_sigmoid(of_own) * own.clone() * config.lambda;
        let others = -own.clone() + 1.0;
        let other_cost = -activation::log_sigmoid(-of_others) * others * (1.0 - config.lambda);
        let under_margin = outputs.clone().detach() - own.clone() * margin;
        let [right, own_cosine, other_cosine] = cosine_terms(&outputs, &own);
        Ok(LossOutput {
            value: (own_cost + other_cost).sum() / rows.max(1) as f64,
            terms: vec![
                right,
                Term::new("accuracy_under_margin", "", accuracy(&under_margin, &own)),
                own_cosine,
                other_cosine,
                Term::new("margin", "", number(margin, &outputs)),
            ],
            // What it is where all outputs are alike depends on what they are.
            when_alike: None,
            num_pairs: None,
        })
    }

    fn with_centres_at(self, means: &[Vec<f32>]) -> Self {
        Self {
            centres: self.centres.at(means),
            ..self
        }
    }
}

/// g: cosines from −1 to 1 to numbers from −1 to 1, most of which come to lie at −1.
fn spread(cosines: Tensor<2>, power: u32) -> Tensor<2> {
    let half = (cosines + 1.0) * 0.5;
    let mut product = half.clone();
    for _ in 1..power {
        product = product * half.clone();
    }
    product * 2.0 - 1.0
}
