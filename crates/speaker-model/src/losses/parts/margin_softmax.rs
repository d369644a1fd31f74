//! Softmax over cosines, whose own class has to win by a margin.

use burn::tensor::{IndexingUpdateOp, Tensor};
use serde::{Deserialize, Serialize};

use super::margin::{MarginSchedule, check_positive, check_schedule, share};
use super::nearest::{accuracy, cosine_terms, cross_entropy, own_classes};
use super::rows::number;
use crate::ModelError;
use crate::choices::{Example, check_count};
use crate::losses::{LossBatch, LossOutput, Term};

/// What a margin softmax is told. The defaults are `WeSpeaker`'s, but for sub-centres and penalty, which are off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginSoftmaxConfig {
    /// How much farther the own centre counts: in radians for an angular margin, as a difference of cosines for an additive one.
    #[serde(default = "default_margin")]
    pub margin: f64,
    /// Factor of the cosines.
    #[serde(default = "default_scale")]
    pub scale: f64,
    /// Centres of each speaker, of which the nearest counts.
    #[serde(default = "default_sub_centres")]
    pub sub_centres: usize,
    /// Other speakers whose centres count as if they were nearer: those that are the nearest anyway. 0 for none.
    #[serde(default)]
    pub top_k: usize,
    /// How much nearer, once the margin has its value; of the margin's kind.
    #[serde(default = "default_top_k_penalty")]
    pub top_k_penalty: f64,
    /// When margin and penalty grow from 0 to their values; none where they have them from the first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_schedule: Option<MarginSchedule>,
}

fn default_margin() -> f64 {
    0.2
}

fn default_scale() -> f64 {
    32.0
}

fn default_sub_centres() -> usize {
    1
}

fn default_top_k_penalty() -> f64 {
    0.06
}

impl Default for MarginSoftmaxConfig {
    fn default() -> Self {
        Self {
            margin: default_margin(),
            scale: default_scale(),
            sub_centres: default_sub_centres(),
            top_k: 0,
            top_k_penalty: default_top_k_penalty(),
            margin_schedule: None,
        }
    }
}

impl Example for MarginSoftmaxConfig {
    fn example() -> Self {
        Self {
            scale: 4.0,
            sub_centres: 2,
            top_k: 1,
            ..Self::default()
        }
    }
}

/// How a margin changes a cosine.
pub(in crate::losses) trait Margin {
    /// Unit of a margin.
    const UNIT: &'static str;

    /// The cosine to the own centre as if it were `margin` farther.
    fn farther(cosines: Tensor<2>, margin: f64) -> Tensor<2>;

    /// The cosine to another centre as if it were `margin` nearer.
    fn nearer(cosines: Tensor<2>, margin: f64) -> Tensor<2>;
}

impl MarginSoftmaxConfig {
    /// # Errors
    /// [`ModelError::Config`] for a scale, a number or a penalty that cannot be.
    pub(in crate::losses) fn validate(&self) -> Result<(), ModelError> {
        check_positive("loss.scale", self.scale)?;
        check_count("loss.sub_centres", self.sub_centres)?;
        if !(0.0..=1.0).contains(&self.top_k_penalty) {
            return Err(ModelError::Config {
                field: "loss.top_k_penalty",
                found: self.top_k_penalty.to_string(),
                expected: "a number between 0 and 1",
            });
        }
        check_schedule(self.margin_schedule)
    }

    /// The margins of the own class and of the nearest others at `step`: they grow together.
    fn margins(&self, step: u64) -> [f64; 2] {
        let share = share(self.margin_schedule, step);
        [self.margin * share, self.top_k_penalty * share]
    }

    /// The loss where all cosines are alike and margins are differences of cosines.
    pub(in crate::losses) fn when_alike(&self, num_classes: usize, step: u64) -> f64 {
        let [own, nearest] = self.margins(step);
        let k = self.top_k.min(num_classes.saturating_sub(1));
        let rest = num_classes.saturating_sub(1 + k) as f64;
        let sum = rest + k as f64 * (self.scale * nearest).exp();
        ((self.scale * own).exp() * sum).ln_1p()
    }

    /// The loss of `cosines` `[batch, classes]`.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for labels that do not fit.
    pub(in crate::losses) fn loss<M: Margin>(
        &self,
        cosines: &Tensor<2>,
        batch: &LossBatch<'_>,
    ) -> Result<LossOutput, ModelError> {
        let own = own_classes(cosines, batch)?;
        let [margin, penalty] = self.margins(batch.step);
        let farther = M::farther(cosines.clone(), margin) * own.clone();
        let mut others = cosines.clone() * (-own.clone() + 1.0);
        if let Some(nearest) = nearest_others(cosines, &own, self.top_k) {
            let nearer = M::nearer(cosines.clone(), penalty) * nearest.clone();
            others = others * (-nearest + 1.0) + nearer;
        }
        let logits = (farther + others) * self.scale;
        let without = cosines.clone().detach() * self.scale;
        let [right, own_cosine, other_cosine] = cosine_terms(cosines, &own);
        Ok(LossOutput {
            terms: vec![
                Term::new("cross_entropy", "nats", cross_entropy(without, &own)),
                right,
                Term::new("accuracy_under_margin", "", accuracy(&logits, &own)),
                own_cosine,
                other_cosine,
                Term::new("margin", M::UNIT, number(margin, cosines)),
            ],
            value: cross_entropy(logits, &own),
            when_alike: None,
            num_pairs: None,
        })
    }
}

/// 1 at the `k` nearest other classes of each row and 0 elsewhere; none for no `k`.
fn nearest_others(cosines: &Tensor<2>, own: &Tensor<2>, k: usize) -> Option<Tensor<2>> {
    let [_, classes] = cosines.dims();
    let k = k.min(classes.saturating_sub(1));
    if k == 0 {
        return None;
    }
    // A cosine less 4 is below all others.
    let others = cosines.clone().detach() - own.clone() * 4.0;
    let (values, indices) = others.topk_with_indices(k, 1);
    let zeros = Tensor::zeros(cosines.dims(), &cosines.device());
    let ones = Tensor::ones(values.dims(), &cosines.device());
    Some(zeros.scatter(1, indices, ones, IndexingUpdateOp::Add))
}
