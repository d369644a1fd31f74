//! Memory for values of several frames side by side, one frame in each lane of a vector register.

use bytemuck::{Pod, Zeroable};
use pulp::Simd;

/// Lanes of the widest registers.
pub(crate) const MAX_LANES: usize = 16;

/// A cache line: vectors that straddle two of them load at half speed.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; MAX_LANES]);

/// Aligned memory for a number of vectors of any width.
pub(crate) struct Lanes(Vec<Line>);

impl Lanes {
    /// Zeros for `num_vectors` of the widest vectors.
    pub(crate) fn new(num_vectors: usize) -> Self {
        Self(vec![Line([0.0; MAX_LANES]); num_vectors])
    }

    /// All values.
    #[inline(always)]
    pub(crate) fn values(&self) -> &[f32] {
        bytemuck::cast_slice(&self.0)
    }

    /// All values, to be changed.
    #[inline(always)]
    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.0)
    }

    /// The first `num_vectors` of this processor's width.
    #[inline(always)]
    pub(crate) fn simd_mut<S: Simd>(&mut self, num_vectors: usize) -> &mut [S::f32s] {
        let values = &mut self.values_mut()[..num_vectors * S::F32_LANES];
        bytemuck::cast_slice_mut(values)
    }
}
