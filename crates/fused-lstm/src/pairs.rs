//! Which instructions multiply pairs of bf16.

use crate::bf16::Dot;
use register_tiles::{Arch, Product, Rows, TALLEST};

/// Instructions that multiply pairs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pairs {
    Dot(Dot),
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    Amx(register_tiles::Amx),
}

#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(unused_variables, reason = "no pairs exist there")
)]
impl Pairs {
    pub(crate) fn detect(arch: Arch) -> Option<Self> {
        match arch {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Arch::Amx(_, amx) => Some(Self::Amx(amx)),
            _ => Dot::detect(arch).map(Self::Dot),
        }
    }

    /// Rows of a product's tiles.
    pub(crate) fn tile_rows(self) -> usize {
        match self {
            Self::Dot(_) => TALLEST,
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Amx(_) => crate::amx::TILE,
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

    /// Rows as a left operand: neighbours paired into `to` `[rows, elements]`.
    #[allow(unsafe_code)]
    pub(crate) fn rows(self, rows: Rows<'_>, to: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `self` exists only where the processor has AVX512-BF16.
        unsafe {
            crate::convert::pair_rows(rows, to);
        }
        #[cfg(not(target_arch = "x86_64"))]
        self.never()
    }

    /// A right operand `[inner, 64]`: neighbouring rows paired into `to` `[elements, 64]`.
    #[allow(unsafe_code)]
    pub(crate) fn panel(self, panel: &[f32], to: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `self` exists only where the processor has AVX512-BF16.
        unsafe {
            crate::convert::pair_panel(panel, to);
        }
        #[cfg(not(target_arch = "x86_64"))]
        self.never()
    }

    /// A transposed left operand: see [`crate::convert::pair_transposed`].
    #[allow(unsafe_code)]
    pub(crate) fn transposed<'a>(
        self,
        row: impl Fn(usize) -> &'a [f32],
        width: usize,
        elements: usize,
        to: &mut [f32],
    ) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `self` exists only where the processor has AVX512-BF16.
        unsafe {
            crate::convert::pair_transposed(row, width, elements, to);
        }
        #[cfg(not(target_arch = "x86_64"))]
        self.never()
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn never(self) -> ! {
        match self {
            Self::Dot(dot) => dot.never(),
        }
    }

    pub(crate) fn product(self, product: Product<'_, Rows<'_>>) {
        match self {
            Self::Dot(dot) => dot.run(product),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Amx(amx) => crate::amx::run(amx, product),
        }
    }
}
