//! Softmax over cosines with a learned scale and offset.

use burn::module::Param;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::margin::check_positive;
use super::nearest::{cosine_terms, cross_entropy};
use crate::ModelError;
use crate::choices::Example;
use crate::losses::{LossOutput, Term};

/// Scale and offset at first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AffineConfig {
    /// w at first; the papers' 10.
    #[serde(default = "default_scale")]
    pub scale: f64,
    /// b at first; the papers' −5.
    #[serde(default = "default_offset")]
    pub offset: f64,
}

fn default_scale() -> f64 {
    10.0
}

fn default_offset() -> f64 {
    -5.0
}

impl Default for AffineConfig {
    fn default() -> Self {
        Self {
            scale: default_scale(),
            offset: default_offset(),
        }
    }
}

impl Example for AffineConfig {
    fn example() -> Self {
        Self {
            scale: 3.0,
            offset: -1.0,
        }
    }
}

impl AffineConfig {
    /// # Errors
    /// [`ModelError::Config`] for a scale that is not positive or an offset that is no number.
    pub(in crate::losses) fn validate(&self) -> Result<(), ModelError> {
        check_positive("loss.scale", self.scale)?;
        if self.offset.is_finite() {
            return Ok(());
        }
        Err(ModelError::Config {
            field: "loss.offset",
            found: self.offset.to_string(),
            expected: "a finite number",
        })
    }
}

/// Least scale: a learned one must not turn likeness into its opposite.
const LEAST_SCALE: f64 = 1e-6;

/// The loss −log softmax(w · cosine + b) at each row's own column (1 in `own`), w above 0; `chance` is what it is where all
/// cosines are alike.
pub(in crate::losses) fn affine_softmax(
    cosines: &Tensor<2>,
    own: &Tensor<2>,
    [scale, offset]: [&Param<Tensor<1>>; 2],
    chance: f64,
) -> LossOutput {
    let positive = scale.val().clamp_min(LEAST_SCALE);
    let logits = cosines.clone() * positive.unsqueeze() + offset.val().unsqueeze();
    let [right, own_cosine, other_cosine] = cosine_terms(cosines, own);
    LossOutput {
        value: cross_entropy(logits, own),
        terms: vec![
            right,
            own_cosine,
            other_cosine,
            Term::new("scale", "", scale.val().detach()),
        ],
        when_alike: Some(chance),
        num_pairs: None,
    }
}
