//! Poolings: a sequence of states to one vector. One file each, and one line below.

mod prepared;

use burn::module::Module;
use burn::tensor::Tensor;
use onnx_graph::write::{Builder, Handle};

use crate::ModelError;
use crate::choices::parts;
use crate::layers::{Pass, Sequence, WrittenSequence};
use crate::trunks::Trunk;

/// How a sequence `[frames, batch, features]` becomes one vector an item. A pooling may have weights.
pub(crate) trait Pooling: Module {
    /// The states of a trunk to `[batch, width]`; frames beyond an item's length do not count.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for another number of features than the pooling was built for.
    fn pooled(&self, states: Sequence, pass: &mut Pass<'_>) -> Result<Tensor<2>, ModelError>;

    /// The same of what `trunk` makes of `sequence`: a pooling that does not need all states asks for less here.
    ///
    /// # Errors
    /// As [`Self::pooled`] and [`Trunk::forward`].
    fn drawn(
        &self,
        trunk: &impl Trunk,
        sequence: Sequence,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        let states = pass.within("trunk", |pass| trunk.forward(sequence, pass))?;
        pass.within("pooling", |pass| self.pooled(states, pass))
    }

    /// [`Self::pooled`] as nodes of an ONNX graph.
    ///
    /// # Errors
    /// [`ModelError::NotWritten`] for a pooling that has no such form.
    fn write(&self, _: &mut Builder, _: &WrittenSequence) -> Result<Handle, ModelError> {
        Err(ModelError::NotWritten { part: "pooling" })
    }

    /// [`Self::drawn`] as nodes of an ONNX graph.
    ///
    /// # Errors
    /// As [`Self::write`] and [`Trunk::write`].
    fn write_drawn(
        &self,
        trunk: &impl Trunk,
        builder: &mut Builder,
        sequence: WrittenSequence,
    ) -> Result<Handle, ModelError> {
        let states = trunk.write(builder, sequence)?;
        self.write(builder, &states)
    }

    /// Its form for inference on our own kernels, where it has one.
    ///
    /// # Errors
    /// [`ModelError::Kernel`] for weights that do not fit together.
    fn prepared(&self) -> Result<Option<Box<dyn PreparedPooling>>, ModelError> {
        Ok(None)
    }
}

/// Declares the poolings; a line is `file::Module(Configuration)`.
macro_rules! poolings {
    ($($file:ident::$Part:ident($Config:ident)),+ $(,)?) => {
        parts! {
            /// Which pooling, and its settings.
            PoolingConfig,
            /// Any pooling.
            AnyPooling;
            $($file::$Part($Config)),+
        }

        impl Pooling for AnyPooling {
            fn pooled(
                &self,
                states: Sequence,
                pass: &mut Pass<'_>,
            ) -> Result<Tensor<2>, ModelError> {
                match self {
                    $(Self::$Part(pooling) => pooling.pooled(states, pass),)+
                }
            }

            fn drawn(
                &self,
                trunk: &impl Trunk,
                sequence: Sequence,
                pass: &mut Pass<'_>,
            ) -> Result<Tensor<2>, ModelError> {
                match self {
                    $(Self::$Part(pooling) => pooling.drawn(trunk, sequence, pass),)+
                }
            }

            fn write(
                &self,
                builder: &mut Builder,
                states: &WrittenSequence,
            ) -> Result<Handle, ModelError> {
                match self {
                    $(Self::$Part(pooling) => pooling.write(builder, states),)+
                }
            }

            fn write_drawn(
                &self,
                trunk: &impl Trunk,
                builder: &mut Builder,
                sequence: WrittenSequence,
            ) -> Result<Handle, ModelError> {
                match self {
                    $(Self::$Part(pooling) => pooling.write_drawn(trunk, builder, sequence),)+
                }
            }

            fn prepared(&self) -> Result<Option<Box<dyn PreparedPooling>>, ModelError> {
                match self {
                    $(Self::$Part(pooling) => pooling.prepared(),)+
                }
            }
        }
    };
}

poolings! {
    attentive::Attentive(AttentiveConfig),
    last_state::LastState(LastStateConfig),
    mean::Mean(MeanConfig),
    mean_deviation::MeanDeviation(MeanDeviationConfig),
    multi_head::MultiHead(MultiHeadConfig),
}

pub use mean_deviation::Deviation;

pub(crate) use mean::mean;
#[cfg(test)]
pub(crate) use mean_deviation::VARIANCE_FLOOR;
pub(crate) use mean_deviation::mean_and_deviation;
pub(crate) use prepared::PreparedPooling;
