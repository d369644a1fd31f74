//! Trunks: sequences of features to sequences of states. One file each, and one line below.

mod prepared;

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::Tensor;
use onnx_graph::write::{Builder, Handle};

use crate::ModelError;
use crate::bundle::weights::NamedTensor;
use crate::choices::parts;
use crate::layers::{ComputeType, Pass, Sequence, WrittenSequence};

/// The part of an encoder that reads frame after frame.
pub(crate) trait Trunk: Module {
    /// Features `[frames, batch, input]` to states `[frames', batch, width]`, with lengths that fit them.
    ///
    /// What lies beyond an item's length in `sequence` must not change what lies within the result's.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for another number of features than the trunk was built for.
    fn forward(&self, sequence: Sequence, pass: &mut Pass<'_>) -> Result<Sequence, ModelError>;

    /// The state after the last frame of each item, `[batch, width]`: where less has to be computed for it, a trunk says so
    /// here.
    ///
    /// # Errors
    /// As [`Self::forward`].
    fn last_state(&self, sequence: Sequence, pass: &mut Pass<'_>) -> Result<Tensor<2>, ModelError> {
        Ok(self.forward(sequence, pass)?.last_frames())
    }

    /// Its form for inference on our own kernels, where it has one.
    ///
    /// # Errors
    /// [`ModelError::Kernel`] for weights that do not fit together.
    fn prepared(&self) -> Result<Option<Box<dyn PreparedTrunk>>, ModelError> {
        Ok(None)
    }

    /// Asks for another number format of products, for a trunk that has a choice.
    fn set_compute_type(&mut self, _: ComputeType) {}

    /// [`Self::forward`] as nodes of an ONNX graph.
    ///
    /// # Errors
    /// [`ModelError::NotWritten`] for a trunk that has no such form.
    fn write(&self, _: &mut Builder, _: WrittenSequence) -> Result<WrittenSequence, ModelError> {
        Err(ModelError::NotWritten { part: "trunk" })
    }

    /// [`Self::last_state`] as nodes of an ONNX graph, `[items, width]`.
    ///
    /// # Errors
    /// As [`Self::write`].
    fn write_last(
        &self,
        builder: &mut Builder,
        sequence: WrittenSequence,
    ) -> Result<Handle, ModelError> {
        Ok(self.write(builder, sequence)?.last_frame(builder))
    }
}

/// What of a trunk's weights serves a smaller one.
#[derive(Clone, Debug)]
pub(crate) struct ThinnedTrunk {
    /// The smaller one's weights, by their names in an encoder.
    pub(crate) tensors: BTreeMap<String, NamedTensor>,
    /// Which of the larger one's states are left, in their order.
    pub(crate) states: Vec<usize>,
    /// What is left.
    pub(crate) words: String,
}

impl TrunkConfig {
    /// Those of `tensors`, an encoder's whose trunk is `from`, that serve this smaller trunk, where its kind can be thinned.
    pub(crate) fn thinned(
        &self,
        from: &Self,
        tensors: &BTreeMap<String, NamedTensor>,
    ) -> Option<ThinnedTrunk> {
        let of_kind: &CamPlusPlusConfig = self.downcast_ref()?;
        of_kind.thinned(from.downcast_ref()?, tensors)
    }
}

/// Declares the trunks; a line is `file::Module(Configuration)`.
macro_rules! trunks {
    ($($file:ident::$Part:ident($Config:ident)),+ $(,)?) => {
        parts! {
            /// Which trunk, and its settings.
            TrunkConfig,
            /// Any trunk.
            AnyTrunk;
            $($file::$Part($Config)),+
        }

        impl Trunk for AnyTrunk {
            fn forward(
                &self,
                sequence: Sequence,
                pass: &mut Pass<'_>,
            ) -> Result<Sequence, ModelError> {
                match self {
                    $(Self::$Part(trunk) => trunk.forward(sequence, pass),)+
                }
            }

            fn last_state(
                &self,
                sequence: Sequence,
                pass: &mut Pass<'_>,
            ) -> Result<Tensor<2>, ModelError> {
                match self {
                    $(Self::$Part(trunk) => trunk.last_state(sequence, pass),)+
                }
            }

            fn prepared(&self) -> Result<Option<Box<dyn PreparedTrunk>>, ModelError> {
                match self {
                    $(Self::$Part(trunk) => trunk.prepared(),)+
                }
            }

            fn set_compute_type(&mut self, compute_type: ComputeType) {
                match self {
                    $(Self::$Part(trunk) => trunk.set_compute_type(compute_type),)+
                }
            }

            fn write(
                &self,
                builder: &mut Builder,
                sequence: WrittenSequence,
            ) -> Result<WrittenSequence, ModelError> {
                match self {
                    $(Self::$Part(trunk) => trunk.write(builder, sequence),)+
                }
            }

            fn write_last(
                &self,
                builder: &mut Builder,
                sequence: WrittenSequence,
            ) -> Result<Handle, ModelError> {
                match self {
                    $(Self::$Part(trunk) => trunk.write_last(builder, sequence),)+
                }
            }
        }
    };
}

trunks! {
    cam_plus_plus::CamPlusPlus(CamPlusPlusConfig),
    ecapa::Ecapa(EcapaConfig),
    lstm::Lstm(LstmConfig),
    res_net::ResNet(ResNetConfig),
    tdnn::Tdnn(TdnnConfig),
    residual_tdnn::ResidualTdnn(ResidualTdnnConfig),
}

pub use cam_plus_plus::CamBlock;
pub use ecapa::KeptGroup;
pub use tdnn::{Rectifier, TdnnLayer};

pub(crate) use prepared::{PreparedTrunk, States};
