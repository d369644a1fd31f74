//! Activations: rows (frames, or frames of each bin) of channels, which lie side by side; a row begins `stride` elements
//! behind the one before it. A range of channels is a view like any other, so that layers read and write parts of wider
//! activations in place.

use std::ops::Range;

use rayon::prelude::*;
use register_tiles::Buffer;

use crate::ConvError;

/// Vectors of 16 are stored whole where rows begin at their multiples.
const LANES: usize = 16;

/// Activations `[rows, channels]` to read.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    data: &'a [f32],
    rows: usize,
    channels: usize,
    stride: usize,
}

impl<'a> View<'a> {
    /// `[rows, channels]`, row-major without gaps.
    ///
    /// # Errors
    /// No channels, no rows, or a length that is no multiple of `channels`.
    pub fn new(data: &'a [f32], channels: usize) -> Result<Self, ConvError> {
        let rows = rows_of(data.len(), channels)?;
        Ok(Self {
            data,
            rows,
            channels,
            stride: channels,
        })
    }

    /// Number of rows.
    pub fn rows(self) -> usize {
        self.rows
    }

    /// Number of channels.
    pub fn channels(self) -> usize {
        self.channels
    }

    /// One row; empty where there is none.
    pub fn row(self, row: usize) -> &'a [f32] {
        let begin = row.saturating_mul(self.stride);
        let part = self.data.get(begin..).unwrap_or(&[]);
        part.get(..self.channels).unwrap_or(&[])
    }

    /// Some of the channels.
    ///
    /// # Errors
    /// An empty range, or one that goes beyond the channels.
    pub fn channel_range(self, range: Range<usize>) -> Result<Self, ConvError> {
        check_range("channels of a view", &range, self.channels)?;
        Ok(Self {
            data: &self.data[range.start..],
            channels: range.len(),
            ..self
        })
    }

    /// Some of the rows.
    ///
    /// # Errors
    /// An empty range, or one that goes beyond the rows.
    pub fn row_range(self, range: Range<usize>) -> Result<Self, ConvError> {
        check_range("rows of a view", &range, self.rows)?;
        Ok(Self {
            data: &self.data[range.start * self.stride..],
            rows: range.len(),
            ..self
        })
    }

    /// A copy without gaps, `[rows, channels]`.
    pub fn to_vec(self) -> Vec<f32> {
        (0..self.rows)
            .flat_map(|row| self.row(row))
            .copied()
            .collect()
    }

    /// All from the first element on, and the elements from one row to the next.
    pub(crate) fn lines(self) -> (&'a [f32], usize) {
        (self.data, self.stride)
    }
}

/// Activations `[rows, channels]` to write.
#[derive(Debug)]
pub struct ViewMut<'a> {
    data: &'a mut [f32],
    rows: usize,
    channels: usize,
    stride: usize,
}

impl<'a> ViewMut<'a> {
    /// `[rows, channels]`, row-major without gaps.
    ///
    /// # Errors
    /// No channels, no rows, or a length that is no multiple of `channels`.
    pub fn new(data: &'a mut [f32], channels: usize) -> Result<Self, ConvError> {
        let rows = rows_of(data.len(), channels)?;
        Ok(Self {
            data,
            rows,
            channels,
            stride: channels,
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// One row; empty where there is none.
    pub fn row(&mut self, row: usize) -> &mut [f32] {
        let begin = row.saturating_mul(self.stride);
        let part = self.data.get_mut(begin..).unwrap_or(&mut []);
        part.get_mut(..self.channels).unwrap_or(&mut [])
    }

    /// The rows in parts of so many, the last of what is left.
    pub(crate) fn parts(self, rows: usize) -> impl IndexedParallelIterator<Item = ViewMut<'a>> {
        let Self {
            rows: all,
            channels,
            stride,
            ..
        } = self;
        let parts: Vec<_> = self.data.chunks_mut(rows * stride).collect();
        let parts = parts.into_par_iter().take(all.div_ceil(rows)).enumerate();
        parts.map(move |(part, data)| ViewMut {
            data,
            rows: rows.min(all - part * rows),
            channels,
            stride,
        })
    }

    /// The first rows and the others, if there are others.
    pub(crate) fn split(self, rows: usize) -> (ViewMut<'a>, Option<ViewMut<'a>>) {
        let Self {
            data,
            rows: all,
            channels,
            stride,
        } = self;
        let part = |data, rows| ViewMut {
            data,
            rows,
            channels,
            stride,
        };
        if rows >= all {
            return (part(data, all), None);
        }
        let (first, rest) = data.split_at_mut(rows * stride);
        (part(first, rows), Some(part(rest, all - rows)))
    }

    /// The same for a while.
    pub fn reborrow(&mut self) -> ViewMut<'_> {
        ViewMut {
            data: &mut *self.data,
            ..*self
        }
    }

    /// The same to read.
    pub fn view(&self) -> View<'_> {
        View {
            data: self.data,
            rows: self.rows,
            channels: self.channels,
            stride: self.stride,
        }
    }

    /// Some of the channels.
    ///
    /// # Errors
    /// An empty range, or one that goes beyond the channels.
    pub fn channel_range(self, range: Range<usize>) -> Result<Self, ConvError> {
        check_range("channels of a view", &range, self.channels)?;
        Ok(Self {
            data: &mut self.data[range.start..],
            channels: range.len(),
            rows: self.rows,
            stride: self.stride,
        })
    }

    /// Some of the rows.
    ///
    /// # Errors
    /// An empty range, or one that goes beyond the rows.
    pub fn row_range(self, range: Range<usize>) -> Result<Self, ConvError> {
        check_range("rows of a view", &range, self.rows)?;
        Ok(Self {
            data: &mut self.data[range.start * self.stride..],
            rows: range.len(),
            channels: self.channels,
            stride: self.stride,
        })
    }
}

/// Activations `[rows, channels]` in a buffer of the pool, which gets it back when they are dropped.
#[derive(Debug)]
pub struct Activations {
    buffer: Buffer,
    rows: usize,
    channels: usize,
    stride: usize,
}

impl Activations {
    /// Room for so many, with any content: every layer writes all of its output.
    ///
    /// # Errors
    /// A size of zero, or more than the address space holds.
    pub fn new(rows: usize, channels: usize) -> Result<Self, ConvError> {
        ConvError::not_zero("rows", rows)?;
        ConvError::not_zero("channels", channels)?;
        let stride = match channels {
            0..LANES => channels,
            _ => channels.next_multiple_of(LANES),
        };
        let len = ConvError::product("activations", &[rows, stride])?;
        Ok(Self {
            buffer: Buffer::new(len),
            rows,
            channels,
            stride,
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// To read.
    pub fn view(&self) -> View<'_> {
        View {
            data: &self.buffer,
            rows: self.rows,
            channels: self.channels,
            stride: self.stride,
        }
    }

    /// To write.
    pub fn view_mut(&mut self) -> ViewMut<'_> {
        ViewMut {
            data: &mut self.buffer,
            rows: self.rows,
            channels: self.channels,
            stride: self.stride,
        }
    }
}

fn rows_of(len: usize, channels: usize) -> Result<usize, ConvError> {
    ConvError::not_zero("channels", channels)?;
    ConvError::not_zero("rows", len)?;
    ConvError::size("elements", len, len.next_multiple_of(channels))?;
    Ok(len / channels)
}

fn check_range(what: &'static str, range: &Range<usize>, end: usize) -> Result<(), ConvError> {
    if range.is_empty() {
        return Err(ConvError::Zero { size: what });
    }
    if range.end > end {
        return Err(ConvError::Size {
            what,
            found: end,
            expected: range.end,
        });
    }
    Ok(())
}
