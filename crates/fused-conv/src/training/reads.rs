//! Which rows of one batch of activations are multiplied by which tap for a row of another: of the input for the output
//! (forward), of the output's gradient for the input's (backward, phase by phase where the stride is larger than 1).

use crate::gather::PADDING;
use crate::{ConvError, Grid};

/// A convolution over one dimension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) kernel: usize,
    pub(crate) dilation: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// One dimension: target `first + at * stride`, for each `at` below `count`, reads source `at * step + offset` of each tap.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) taps: Vec<(usize, isize)>,
    pub(crate) step: usize,
    pub(crate) count: usize,
    pub(crate) sources: usize,
    first: usize,
    stride: usize,
    targets: usize,
}

impl Axis {
    fn forward(sizes: Sizes) -> Self {
        let offset = |tap| (tap * sizes.dilation) as isize - sizes.padding as isize;
        Self {
            taps: (0..sizes.kernel).map(|tap| (tap, offset(tap))).collect(),
            step: sizes.stride,
            count: sizes.to,
            sources: sizes.from,
            first: 0,
            stride: 1,
            targets: sizes.to,
        }
    }

    /// The phases of the input's gradient: inputs `phase`, `phase + stride`, ... read the same taps.
    fn backward(sizes: Sizes) -> Vec<Self> {
        let phases = 0..sizes.stride.min(sizes.from);
        let phases = phases.map(|phase| {
            let taps = (0..sizes.kernel).rev().filter_map(|tap| {
                let away = (phase + sizes.padding) as isize - (tap * sizes.dilation) as isize;
                let stride = sizes.stride as isize;
                (away % stride == 0).then_some((tap, away / stride))
            });
            Self {
                taps: taps.collect(),
                step: 1,
                count: (sizes.from - phase).div_ceil(sizes.stride),
                sources: sizes.to,
                first: phase,
                stride: sizes.stride,
                targets: sizes.from,
            }
        });
        phases.collect()
    }

    fn source(&self, at: usize, offset: isize) -> Option<usize> {
        let source = (at * self.step).checked_add_signed(offset);
        source.filter(|&source| source < self.sources)
    }

    /// The source nearest to that of `at` and an offset.
    pub(crate) fn clamped(&self, at: usize, offset: isize) -> usize {
        let source = (at * self.step).saturating_add_signed(offset);
        source.min(self.sources - 1)
    }

    /// The `at` from which on sources are not before the first, and that from which on they are behind the last.
    fn inside(&self, offset: isize) -> (usize, usize) {
        let begin = (-offset).max(0) as usize;
        let end = (self.sources as isize - offset).max(0) as usize;
        (begin.div_ceil(self.step), end.div_ceil(self.step))
    }
}

/// Both dimensions of all items of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Reads {
    pub(crate) batch: usize,
    pub(crate) bins: Axis,
    pub(crate) frames: Axis,
    /// Taps of the whole kernel over frames.
    across: usize,
}

impl Reads {
    /// Of the input, for the output.
    pub(crate) fn forward(batch: usize, [bins, frames]: [Sizes; 2]) -> Self {
        Self {
            batch,
            bins: Axis::forward(bins),
            frames: Axis::forward(frames),
            across: frames.kernel,
        }
    }

    /// Of the output's gradient, for the input's: every input is a target of one of these.
    pub(crate) fn backward(batch: usize, [bins, frames]: [Sizes; 2]) -> Vec<Self> {
        let over_frames = Axis::backward(frames);
        let all = Axis::backward(bins).into_iter().flat_map(|bins| {
            over_frames.iter().map(move |over_frames| Self {
                batch,
                bins: bins.clone(),
                frames: over_frames.clone(),
                across: frames.kernel,
            })
        });
        all.collect()
    }

    /// The kernel's taps that are multiplied, as their index `over bins * kernel over frames + over frames`.
    pub(crate) fn taps(&self) -> Vec<usize> {
        let taps = self.bins.taps.iter().flat_map(|&(over_bins, _)| {
            let frames = self.frames.taps.iter();
            frames.map(move |&(over_frames, _)| over_bins * self.across + over_frames)
        });
        taps.collect()
    }

    pub(crate) fn num_taps(&self) -> usize {
        self.bins.taps.len() * self.frames.taps.len()
    }

    /// Rows of an item that are targets.
    pub(crate) fn rows_of_item(&self) -> usize {
        self.bins.count * self.frames.count
    }

    /// Whether target `row` is row `row`.
    pub(crate) fn is_whole(&self) -> bool {
        self.bins.stride == 1 && self.frames.stride == 1
    }

    /// Where the target of row `row` of an item lies in the item.
    pub(crate) fn target(&self, row: usize) -> usize {
        let (bin, frame) = (row / self.frames.count, row % self.frames.count);
        let (bins, frames) = (&self.bins, &self.frames);
        (bins.first + bin * bins.stride) * frames.targets + frames.first + frame * frames.stride
    }

    /// For rows `first..first + starts.len()`: the element at which the row that tap number `tap` reads begins, rows being
    /// `stride` elements apart; or [`PADDING`].
    pub(crate) fn starts(&self, tap: usize, first: usize, stride: usize, starts: &mut [usize]) {
        let (bins, frames) = (&self.bins, &self.frames);
        let (_, over_bins) = bins.taps[tap / frames.taps.len()];
        let (_, over_frames) = frames.taps[tap % frames.taps.len()];
        let (begin, end) = frames.inside(over_frames);
        let (item, in_item) = (first / self.rows_of_item(), first % self.rows_of_item());
        let (mut item, mut bin) = (item, in_item / frames.count);
        let mut frame = in_item % frames.count;
        let mut rest = starts;
        while !rest.is_empty() {
            // What is left of a bin's frames.
            let (part, behind) = rest.split_at_mut(rest.len().min(frames.count - frame));
            match bins.source(bin, over_bins) {
                None => part.fill(PADDING),
                Some(source) => {
                    let from = begin.saturating_sub(frame).min(part.len());
                    let to = end.saturating_sub(frame).clamp(from, part.len());
                    part[..from].fill(PADDING);
                    part[to..].fill(PADDING);
                    let line = (item * bins.sources + source) * frames.sources;
                    let begin = line + (frame + from) * frames.step;
                    let begin = begin.wrapping_add_signed(over_frames) * stride;
                    for (offset, start) in part[from..to].iter_mut().enumerate() {
                        *start = begin + offset * frames.step * stride;
                    }
                }
            }
            (bin, frame, rest) = (bin + 1, 0, behind);
            if bin == bins.count {
                (item, bin) = (item + 1, 0);
            }
        }
    }

    /// Source rows `begin..end` hold all that rows `first..=last` read.
    pub(crate) fn range(&self, first: usize, last: usize) -> (usize, usize) {
        let (bins, frames) = (&self.bins, &self.frames);
        let at = |row: usize, offset: fn(&[(usize, isize)]) -> isize| {
            let (item, in_item) = (row / self.rows_of_item(), row % self.rows_of_item());
            let (bin, frame) = (in_item / frames.count, in_item % frames.count);
            let bin = bins.clamped(bin, offset(&bins.taps));
            let line = (item * bins.sources + bin) * frames.sources;
            (line, frames.clamped(frame, offset(&frames.taps)))
        };
        let least = |taps: &[(usize, isize)]| taps.iter().map(|tap| tap.1).min().unwrap_or(0);
        let most = |taps: &[(usize, isize)]| taps.iter().map(|tap| tap.1).max().unwrap_or(0);
        let ((first, begin), (last, end)) = (at(first, least), at(last, most));
        // Rows of a plane begin and end anywhere in its lines.
        match bins.sources {
            1 => (first + begin, last + end + 1),
            _ => (first, last + frames.sources),
        }
    }
}

/// Holds that a batch of planes has as many rows as are there, and gives the items.
pub(crate) fn batch_of(rows: usize, grid: Grid) -> Result<usize, ConvError> {
    let of_item = ConvError::product("rows of an item", &[grid.bins, grid.frames])?;
    ConvError::not_zero("rows of an item", of_item)?;
    let batch = rows / of_item;
    ConvError::size("rows of the batch", rows, batch.max(1) * of_item)?;
    Ok(batch)
}
