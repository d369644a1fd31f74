//! What can be wrong with a call.

/// Why a layer was not computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LstmError {
    /// A dimension of the shape is zero.
    #[error("`{dimension}` of the LSTM shape is 0, expected at least 1")]
    ZeroDimension {
        /// Field of [`crate::Shape`].
        dimension: &'static str,
    },
    /// The sizes of the shape multiply to more than the address space holds.
    #[error("the LSTM shape {frames} x {batch} x {input} -> {hidden} does not fit in memory")]
    TooLarge {
        /// [`crate::Shape::frames`].
        frames: usize,
        /// [`crate::Shape::batch`].
        batch: usize,
        /// [`crate::Shape::input`].
        input: usize,
        /// [`crate::Shape::hidden`].
        hidden: usize,
    },
    /// A slice has another number of elements than the shape asks for.
    #[error("`{slice}` has {found} elements, the LSTM shape wants {expected}")]
    Length {
        /// The argument.
        slice: &'static str,
        /// Its number of elements.
        found: usize,
        /// The number that the shape asks for.
        expected: usize,
    },
    /// Weights of another number of directions than the shape has.
    #[error("weights of {found} directions, the LSTM shape has {expected}")]
    Directions {
        /// Number of weights given.
        found: usize,
        /// [`crate::Direction::count`] of the shape.
        expected: usize,
    },
    /// A sequence claims more frames than the batch has.
    #[error("sequence {sequence} has length {found}, the batch has {frames} frames")]
    SequenceLength {
        /// Index in the batch.
        sequence: usize,
        /// The claimed length in frames.
        found: usize,
        /// Frames of the batch.
        frames: usize,
    },
    /// Vector instructions that do not exist, or not on this processor.
    #[error(transparent)]
    Simd(#[from] register_tiles::SimdError),
    /// A precision that does not exist.
    #[error("there is no precision called `{name}`, expected f32 or bf16")]
    Precision {
        /// What was asked for.
        name: String,
    },
}

impl LstmError {
    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::TooLarge { .. } => "use fewer frames or a smaller batch",
            Self::Length { .. } => "check its dimensions",
            Self::Directions { .. } => "give each direction's weights, the forward one's first",
            _ => return None,
        })
    }
}
