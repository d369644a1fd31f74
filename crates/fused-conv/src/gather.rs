//! The left operand of a convolution's product: rows of the input where they lie, one for each tap of the kernel.

use register_tiles::{Buffer, DEPTH, Left, PART};

/// Where a tap reads nothing but padding.
pub(crate) const PADDING: usize = usize::MAX;

/// Fewer inputs than this are unfolded: pieces so short would cost more than their copies.
const SHORT: usize = 16;

/// Elements of the inner dimension that a tap takes.
pub(crate) fn piece(inputs: usize) -> usize {
    match inputs {
        0..SHORT => inputs,
        _ => inputs.next_multiple_of(DEPTH),
    }
}

/// What a part of the rows reads of the input: where it lies, or a copy.
pub(crate) struct LeftOperand {
    taps: usize,
    inputs: usize,
    starts: Vec<usize>,
    copy: Option<Buffer>,
}

impl LeftOperand {
    /// For parts of at most so many rows.
    pub(crate) fn new(taps: usize, inputs: usize, rows: usize) -> Self {
        let pieces = taps * rows;
        Self {
            taps,
            inputs,
            starts: vec![PADDING; pieces],
            copy: (inputs < SHORT).then(|| Buffer::new(pieces * inputs)),
        }
    }

    /// The next `count` rows. `sources` says where in `data` the pieces of a tap begin, or [`PADDING`]; `zeros` are at least as
    /// many as the inputs.
    pub(crate) fn gather<'a>(
        &'a mut self,
        data: &'a [f32],
        zeros: &'a [f32],
        count: usize,
        sources: impl Fn(usize, &mut [usize]),
    ) -> Gathered<'a> {
        let (taps, inputs) = (self.taps, self.inputs);
        let starts = &mut self.starts[..taps * count];
        for (tap, starts) in starts.chunks_exact_mut(count).enumerate() {
            sources(tap, starts);
        }
        let Some(copy) = &mut self.copy else {
            return Gathered {
                data,
                starts,
                zeros,
                count,
                taps,
                inputs,
            };
        };
        for row in 0..count {
            for tap in 0..taps {
                let piece = &mut copy[(row * taps + tap) * inputs..][..inputs];
                match starts[tap * count + row] {
                    PADDING => piece.fill(0.0),
                    start => piece.copy_from_slice(&data[start..][..inputs]),
                }
            }
        }
        let starts = &mut starts[..count];
        for (row, start) in starts.iter_mut().enumerate() {
            *start = row * taps * inputs;
        }
        Gathered {
            data: copy,
            starts,
            zeros: &[],
            count,
            taps: 1,
            inputs: taps * inputs,
        }
    }
}

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
