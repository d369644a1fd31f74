//! How a layer is computed: what of it is wanted, and how exact the operands of the matrix products are.

use std::fmt;
use std::str::FromStr;

use crate::LstmError;
use crate::pairs::Pairs;
use register_tiles::{Arch, Simd};

/// Number format of the operands of matrix products. Sums, gates, states, gradients and weights are f32 in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 24 significant bits.
    #[default]
    F32,
    /// Operands rounded to the nearest bfloat16, 8 significant bits. With AVX512-BF16 this is about twice as fast; other
    /// processors compute the same (up to the rounding of f32 sums) at about the speed of f32.
    Bf16,
}

impl Precision {
    /// Whether this precision has instructions of its own among `simd` on this processor: bf16 without them is slower
    /// than f32.
    pub fn is_native(self, simd: Simd) -> bool {
        match self {
            Self::F32 => simd.resolve().is_ok(),
            Self::Bf16 => simd
                .resolve()
                .is_ok_and(|arch| Pairs::detect(arch).is_some()),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        })
    }
}

impl FromStr for Precision {
    type Err = LstmError;

    fn from_str(name: &str) -> Result<Self, LstmError> {
        match name {
            "f32" => Ok(Self::F32),
            "bf16" => Ok(Self::Bf16),
            _ => Err(LstmError::Precision {
                name: name.to_owned(),
            }),
        }
    }
}

/// What a layer gives back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// The states at every frame, `[frames, batch, directions * hidden]`.
    #[default]
    Sequence,
    /// Each direction's state after the last frame that it read, `[batch, directions * hidden]`.
    LastState,
}

/// How a layer is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What is given back, and what the gradient that comes back is of.
    pub output: Output,
    /// Number format of the products.
    pub precision: Precision,
    /// Vector instructions; `None` for those of [`Simd::chosen`].
    pub simd: Option<Simd>,
}

impl Options {
    pub(crate) fn plan(self) -> Result<Plan, LstmError> {
        let simd = self.simd.map_or_else(Simd::chosen, Ok)?;
        let arch = simd.resolve()?;
        let operands = match self.precision {
            Precision::F32 => Operands::Whole,
            Precision::Bf16 => Pairs::detect(arch).map_or(Operands::Rounded, Operands::Pairs),
        };
        Ok(Plan { arch, operands })
    }
}

/// Options and processor brought together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) arch: Arch,
    pub(crate) operands: Operands,
}

/// What the operands of a product hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operands {
    /// f32.
    Whole,
    /// f32 whose lower half is zero.
    Rounded,
    /// Two bf16, neighbours along the inner dimension, in the bits of an f32; the first in the lower half.
    Pairs(Pairs),
}
