//! Which instructions multiply pairs of bf16.

use crate::bf16::Dot;
use crate::rows::Rows;
use crate::simd::Arch;
use crate::tile::Product;

/// Instructions that multiply pairs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pairs {
    Dot(Dot),
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    Amx(crate::amx::Amx),
}

impl Pairs {
    pub(crate) fn detect(arch: Arch) -> Option<Self> {
        match arch {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Arch::Amx(_, amx) => Some(Self::Amx(amx)),
            _ => Dot::detect(arch).map(Self::Dot),
        }
    }

    /// Pairs that `inner` numbers take, with the zeros that whole tiles want.
    pub(crate) fn elements(self, inner: usize) -> usize {
        match self {
            Self::Dot(_) => inner.div_ceil(2),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Amx(_) => inner.div_ceil(2).next_multiple_of(crate::amx::TILE),
        }
    }

    /// Rows that must be readable when `count` are multiplied.
    pub(crate) fn rows(self, count: usize) -> usize {
        match self {
            Self::Dot(_) => count,
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Amx(_) => count.next_multiple_of(crate::amx::TALL),
        }
    }

    pub(crate) fn product(self, product: Product<'_, Rows<'_>>) {
        match self {
            Self::Dot(dot) => dot.run(product),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Amx(amx) => amx.run(product),
        }
    }
}
