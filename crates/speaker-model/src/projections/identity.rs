//! The pooled states as they are.

use burn::module::Module;
use burn::tensor::Tensor;
use onnx_graph::write::{Builder, Handle};
use serde::{Deserialize, Serialize};

use super::Projection;
use crate::ModelError;
use crate::choices::{Example, PartConfig};
use crate::layers::{Initialiser, Pass};

/// The pooled states are the embedding (L3 of the paper). It has no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityConfig {}

impl PartConfig for IdentityConfig {
    type Part = Identity;

    fn validate(&self) -> Result<(), ModelError> {
        Ok(())
    }

    fn output_width(&self, input: usize) -> usize {
        input
    }

    fn build(&self, _: usize, _: &mut Initialiser<'_>) -> Result<Identity, ModelError> {
        Ok(Identity {})
    }
}

impl Example for IdentityConfig {
    fn example() -> Self {
        Self {}
    }
}

/// The pooled states as they are.
#[derive(Module, Debug)]
pub(crate) struct Identity {}

impl Projection for Identity {
    fn forward(&self, pooled: Tensor<2>, _: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        Ok(pooled)
    }

    fn write(&self, _: &mut Builder, pooled: Handle) -> Result<Handle, ModelError> {
        Ok(pooled)
    }
}
