//! What can be wrong with a layer or a call.

use register_tiles::SimdError;

/// Why a layer was not made or not computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConvError {
    /// A size of a layer or of its input is zero.
    #[error("`{size}` is 0, expected at least 1")]
    Zero {
        /// Which one.
        size: &'static str,
    },
    /// Sizes multiply to more than the address space holds.
    #[error("`{what}` does not fit in memory")]
    TooLarge {
        /// What would have the size.
        what: &'static str,
    },
    /// An argument has another size than the layer or the other arguments ask for.
    #[error("`{what}` is {found}, expected {expected}")]
    Size {
        /// The argument and what of it is counted.
        what: &'static str,
        /// Its size.
        found: usize,
        /// The size that was asked for.
        expected: usize,
    },
    /// Fewer frames (or bins) than the layer needs.
    #[error("{found} {of}, the layer needs at least {needed}")]
    TooShort {
        /// What there is too little of.
        of: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Mirrored ends, of which training knows nothing.
    #[error("ends are mirrored, layers in training have zeros there")]
    Padding,
    /// Vector instructions that this processor does not have.
    #[error(transparent)]
    Simd(#[from] SimdError),
}

impl ConvError {
    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&str> {
        Some(match self {
            Self::TooLarge { .. } => "use fewer frames",
            Self::Size { .. } => "check the layer's sizes and the order of its weights' dimensions",
            Self::Padding => "mirror the input's ends before the layer, and use none of its own",
            Self::TooShort { .. } => "use a longer recording",
            _ => return None,
        })
    }

    /// Holds that `found` is `expected`.
    pub(crate) fn size(what: &'static str, found: usize, expected: usize) -> Result<(), ConvError> {
        if found == expected {
            return Ok(());
        }
        Err(Self::Size {
            what,
            found,
            expected,
        })
    }

    /// Holds that a size is not zero.
    pub(crate) fn not_zero(size: &'static str, value: usize) -> Result<(), ConvError> {
        if value == 0 {
            return Err(Self::Zero { size });
        }
        Ok(())
    }

    /// The product of sizes.
    pub(crate) fn product(what: &'static str, sizes: &[usize]) -> Result<usize, ConvError> {
        let product = sizes.iter().try_fold(1usize, |product, &size| {
            product
                .checked_mul(size)
                .filter(|&product| product <= isize::MAX as usize / 64)
        });
        product.ok_or(Self::TooLarge { what })
    }
}
