//! Convolutions of 3 or 5 taps over frames by fewer multiplications: tiles at points, as inference has them
//! ([`crate::transform`]).
//!
//! Tiles are along frames alone, and taps over bins are summed as ever: with few channels, transforms over both dimensions would
//! cost what they save.

use std::ops::Range;

use pulp::{Simd as Lanes, WithSimd};

use super::reads::Reads;
use super::vectors::vector_of;
use crate::View;
use crate::epilogue::LANES;
use crate::gather::PADDING;
use crate::transform::{REACH, input_at_points, outputs, outputs_of_five, taps_at_points};

/// Products of a tile, one a point.
pub(crate) const PARTS: usize = REACH;
/// Fewest channels: with fewer, the transforms cost more than they save.
const FEWEST: usize = 16;
/// Fewest tiles.
const FEWEST_TILES: usize = 64;

/// How much of tap `tap` of `taps` each part has.
pub(crate) fn shares(tap: usize, taps: usize) -> [f32; PARTS] {
    let mut alone = vec![0.0; taps];
    alone[tap] = 1.0;
    taps_at_points(&alone).map(|share| share as f32)
}

/// Tiles of all lines (the frames of a bin of an item) of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Tiling<'a> {
    pub(crate) reads: &'a Reads,
    /// Taps over frames.
    pub(crate) taps: usize,
    /// Outputs of a tile.
    pub(crate) outputs: usize,
    dilation: usize,
    /// Where the first tap of the first output reads.
    offset: isize,
    /// The first frame of each tile of a line.
    pub(crate) tiles: Vec<usize>,
}

impl<'a> Tiling<'a> {
    /// Where tiles are possible and worth it.
    pub(crate) fn of(reads: &'a Reads, channels: [usize; 2]) -> Option<Self> {
        let taps = &reads.frames.taps;
        let plain = reads.is_whole() && reads.bins.step == 1 && reads.frames.step == 1;
        let known = matches!(taps.len(), 3 | 5);
        if !plain || !known || channels.into_iter().any(|channels| channels < FEWEST) {
            return None;
        }
        let offset = taps[0].1;
        let dilation = usize::try_from(taps[1].1 - offset).ok()?;
        let outputs = PARTS + 1 - taps.len();
        let frames = reads.frames.count;
        // Frames that are a dilation apart share tiles.
        let phases = 0..dilation.min(frames);
        let tiles: Vec<usize> = phases
            .flat_map(|phase| (phase..frames).step_by(dilation * outputs))
            .collect();
        // Tiles that reach far behind the end would waste what they save.
        let waste = tiles.len() * outputs * 4 > frames * 5;
        let few = reads.batch * reads.bins.count * tiles.len() < FEWEST_TILES;
        (dilation > 0 && !waste && !few).then_some(Self {
            reads,
            taps: taps.len(),
            outputs,
            dilation,
            offset,
            tiles,
        })
    }

    /// The whole batch in blocks of about so many tiles, or more where a line has more.
    pub(crate) fn blocks(&self, tiles: usize) -> Vec<Block> {
        let lines = (tiles / self.tiles.len()).max(1);
        let (batch, bins) = (self.reads.batch, self.reads.bins.count);
        if bins == 1 {
            let block = |first: usize| Block {
                items: first..batch.min(first + lines),
                bins: 0..1,
            };
            return (0..batch).step_by(lines).map(block).collect();
        }
        // Even ones: every block transforms some lines of its neighbours too.
        let lines = bins.div_ceil(bins.div_ceil(lines));
        let of_item = (0..bins).step_by(lines);
        let all = (0..batch).flat_map(|item| {
            of_item.clone().map(move |first| Block {
                items: item..item + 1,
                bins: first..bins.min(first + lines),
            })
        });
        all.collect()
    }

    /// The frame of output `output` of a tile, unless it is behind the last.
    #[inline(always)]
    pub(crate) fn frame(&self, tile: usize, output: usize) -> Option<usize> {
        let frame = self.tiles[tile] + output * self.dilation;
        (frame < self.reads.frames.count).then_some(frame)
    }

    /// The bins of the source that a block reads.
    fn sources(&self, block: &Block) -> Range<usize> {
        let bins = &self.reads.bins;
        let first = bins.taps.first().map_or(0, |tap| tap.1);
        let last = bins.taps.last().map_or(0, |tap| tap.1);
        bins.clamped(block.bins.start, first)..bins.clamped(block.bins.end - 1, last) + 1
    }

    /// Tiles of a block, of the output.
    pub(crate) fn rows(&self, block: &Block) -> usize {
        block.items.len() * block.bins.len() * self.tiles.len()
    }

    /// Tiles of a block, of the source.
    pub(crate) fn source_rows(&self, block: &Block) -> usize {
        block.items.len() * self.sources(block).len() * self.tiles.len()
    }

    /// The line (of all items) and the tile of a row of a block.
    pub(crate) fn place(&self, block: &Block, row: usize) -> (usize, usize) {
        let (line, tile) = (row / self.tiles.len(), row % self.tiles.len());
        let (item, bin) = (line / block.bins.len(), line % block.bins.len());
        let line = (block.items.start + item) * self.reads.bins.count + block.bins.start + bin;
        (line, tile)
    }

    /// For rows of a block: where the transformed row that a tap over bins reads begins, rows being `stride` elements apart.
    pub(crate) fn starts(
        &self,
        block: &Block,
        tap: usize,
        first: usize,
        stride: usize,
        starts: &mut [usize],
    ) {
        let sources = self.sources(block);
        let (_, offset) = self.reads.bins.taps[tap];
        for (row, start) in (first..).zip(starts) {
            let (line, tile) = (row / self.tiles.len(), row % self.tiles.len());
            let (item, bin) = (line / block.bins.len(), line % block.bins.len());
            let source = (block.bins.start + bin).checked_add_signed(offset);
            *start = match source.filter(|source| *source < self.reads.bins.sources) {
                Some(source) => {
                    let line = item * sources.len() + source - sources.start;
                    (line * self.tiles.len() + tile) * stride
                }
                None => PADDING,
            };
        }
    }
}

/// Some lines: bins of one item, or items of one bin.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) items: Range<usize>,
    pub(crate) bins: Range<usize>,
}

/// Transforms a block's source: `[parts, strips, rows, lanes of a strip]`.
pub(crate) struct Transform<'a> {
    pub(crate) tiling: &'a Tiling<'a>,
    pub(crate) block: &'a Block,
    pub(crate) x: View<'a>,
    /// Vectors of a strip.
    pub(crate) strip: usize,
    /// Rows from one strip to the next: the source's, or more.
    pub(crate) rows: usize,
    pub(crate) to: &'a mut [f32],
}

impl WithSimd for Transform<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        let Self {
            tiling,
            block,
            x,
            strip,
            rows,
            to,
        } = self;
        let vectors = x.channels().div_ceil(LANES) * LANES / S::F32_LANES;
        let strip = strip * LANES / S::F32_LANES;
        let part = vectors.div_ceil(strip) * rows * strip;
        let (to, _) = S::as_mut_simd_f32s(to);
        let bins = &tiling.reads.bins;
        let frames = tiling.reads.frames.sources;
        let mut row = 0;
        for item in block.items.clone() {
            for bin in tiling.sources(block) {
                let line = (item * bins.sources + bin) * frames;
                for &first in &tiling.tiles {
                    let read: [&[f32]; PARTS] = std::array::from_fn(|index| {
                        let frame = (first + index * tiling.dilation) as isize + tiling.offset;
                        match usize::try_from(frame) {
                            Ok(frame) if frame < frames => x.row(line + frame),
                            _ => &[],
                        }
                    });
                    for vector in 0..vectors {
                        let read = read.map(|read| vector_of(simd, read, vector));
                        let begin = (vector / strip * rows + row) * strip + vector % strip;
                        for (number, values) in input_at_points(simd, read).into_iter().enumerate()
                        {
                            to[number * part + begin] = values;
                        }
                    }
                    row += 1;
                }
            }
        }
    }
}

/// The outputs of a tile from the sums of its parts: four, of which two are used where taps are five.
#[inline(always)]
pub(crate) fn outputs_of<S: Lanes>(simd: S, parts: [S::f32s; PARTS], all: bool) -> [S::f32s; 4] {
    if all {
        return outputs(simd, parts);
    }
    let [a, b] = outputs_of_five(simd, parts);
    [a, b, b, b]
}
