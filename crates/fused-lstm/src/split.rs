//! Rows of a batch that were made in parts of the batch.

use std::ops::Range;

use register_tiles::Buffer;

/// `[frames, batch, width]`, in parts of the batch: each `[frames, sequences, width]`.
pub(crate) struct Split<'a> {
    width: usize,
    batch: usize,
    /// In the order of the batch.
    parts: Vec<(Range<usize>, &'a [f32])>,
}

impl<'a> Split<'a> {
    /// The parts follow each other from the first sequence to the last.
    pub(crate) fn new(
        width: usize,
        parts: impl Iterator<Item = (Range<usize>, &'a [f32])>,
    ) -> Self {
        let parts: Vec<_> = parts.collect();
        Self {
            width,
            batch: parts.last().map_or(0, |(sequences, _)| sequences.end),
            parts,
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Row `frame * batch + sequence`, unless it lies behind the end.
    #[inline(always)]
    pub(crate) fn row(&self, row: usize) -> Option<&'a [f32]> {
        let (frame, sequence) = (row / self.batch, row % self.batch);
        let (sequences, data) = self
            .parts
            .iter()
            .find(|(sequences, _)| sequence < sequences.end)?;
        let row = frame * sequences.len() + sequence - sequences.start;
        data.get(row * self.width..(row + 1) * self.width)
    }

    /// Those rows one after the other: as they are, or copied into `scratch` if there is more than one part.
    pub(crate) fn rows<'b>(&'b self, rows: Range<usize>, scratch: &'b mut Buffer) -> &'b [f32] {
        if let [(_, data)] = &self.parts[..] {
            return &data[rows.start * self.width..rows.end * self.width];
        }
        let to = &mut scratch[..rows.len() * self.width];
        for (to, from) in to
            .chunks_exact_mut(self.width)
            .zip(rows.filter_map(|row| self.row(row)))
        {
            to.copy_from_slice(from);
        }
        to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_of_the_whole() {
        let (frames, batch, width) = (3, 7, 2);
        let whole: Vec<f32> = (0..frames * batch * width).map(|k| k as f32).collect();
        let part = |sequences: Range<usize>| -> Vec<f32> {
            let frames = whole.chunks_exact(batch * width);
            frames
                .flat_map(|frame| &frame[sequences.start * width..sequences.end * width])
                .copied()
                .collect()
        };
        for bounds in [&[0, 7][..], &[0, 3, 7], &[0, 1, 2, 7]] {
            let sequences = || bounds.windows(2).map(|bounds| bounds[0]..bounds[1]);
            let data: Vec<Vec<f32>> = sequences().map(part).collect();
            let parts = sequences().zip(data.iter().map(|data| &data[..]));
            let split = Split::new(width, parts);
            for (row, expected) in whole.chunks_exact(width).enumerate() {
                assert_eq!(split.row(row), Some(expected));
            }
            assert_eq!(split.row(frames * batch), None);
            let mut scratch = Buffer::new(10 * width);
            assert_eq!(split.rows(5..15, &mut scratch), &whole[10..30]);
        }
    }
}
