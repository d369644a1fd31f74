//! The left operand of a convolution's product: rows of the input where they lie, one for each tap of the kernel.

use register_tiles::{DEPTH, Left, PART};

/// Where a tap reads nothing but padding.
pub(crate) const PADDING: usize = usize::MAX;

/// Rows of the unfolded input, which is never written down: a row is `taps` pieces of `inputs` elements.
#[derive(Clone, Copy)]
pub(crate) struct Gathered<'a> {
    pub(crate) data: &'a [f32],
    /// Where in the data each piece begins, `[taps, count]`; or [`PADDING`].
    pub(crate) starts: &'a [usize],
    /// At least as many as the inputs.
    pub(crate) zeros: &'a [f32],
    pub(crate) count: usize,
    pub(crate) taps: usize,
    pub(crate) inputs: usize,
}

impl Gathered<'_> {
    /// Blocks of a piece.
    #[inline(always)]
    fn chunks(self) -> usize {
        self.inputs.div_ceil(DEPTH)
    }
}

impl<'a> Left for Gathered<'a> {
    type Tile<const HEIGHT: usize> = [&'a [f32]; HEIGHT];

    #[inline(always)]
    fn count(self) -> usize {
        self.count
    }

    #[inline(always)]
    fn inner(self) -> usize {
        self.taps * self.chunks() * DEPTH
    }

    #[inline(always)]
    fn blocks_at_once(self, width: usize) -> usize {
        let blocks = self.taps * self.chunks();
        let most = (PART / width / DEPTH.min(self.inputs)).max(1);
        blocks.div_ceil(blocks.div_ceil(most))
    }

    #[inline(always)]
    fn depth(self, block: usize) -> usize {
        DEPTH.min(self.inputs - block % self.chunks() * DEPTH)
    }

    #[inline(always)]
    fn tile<const HEIGHT: usize>(self, row: usize, block: usize) -> Self::Tile<HEIGHT> {
        let (tap, chunk) = (block / self.chunks(), block % self.chunks());
        let from = chunk * DEPTH;
        let depth = DEPTH.min(self.inputs - from);
        let starts = &self.starts[tap * self.count + row..][..HEIGHT];
        let mut tile: [&[f32]; HEIGHT] = [&[]; HEIGHT];
        for (part, &start) in tile.iter_mut().zip(starts) {
            *part = if start == PADDING {
                &self.zeros[..depth]
            } else {
                &self.data[start + from..][..depth]
            };
        }
        tile
    }

    #[inline(always)]
    fn element<const HEIGHT: usize>(tile: &[&[f32]; HEIGHT], row: usize, inner: usize) -> f32 {
        tile[row][inner]
    }
}
