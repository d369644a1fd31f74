//! Sizes and weights of a layer, and the checks that let everything behind them index freely.

use crate::{Direction, LstmError, Output};

/// Sizes of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Time steps.
    pub frames: usize,
    /// Sequences.
    pub batch: usize,
    /// Features of a frame.
    pub input: usize,
    /// Units of one direction.
    pub hidden: usize,
    /// Which ways it reads.
    pub direction: Direction,
}

/// Weights of one direction. The columns are four blocks of `hidden`, gate order input, forget, candidate, output,
/// as in Keras and PyTorch (whose matrices are the transposes of these).
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// `[input, 4 * hidden]`, row-major.
    pub input: &'a [f32],
    /// `[hidden, 4 * hidden]`, row-major.
    pub recurrent: &'a [f32],
    /// `[4 * hidden]`; PyTorch's two biases, added.
    pub bias: &'a [f32],
}

/// Gradients of [`Weights`], laid out like them.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightGradients {
    /// `[input, 4 * hidden]`.
    pub input: Vec<f32>,
    /// `[hidden, 4 * hidden]`.
    pub recurrent: Vec<f32>,
    /// `[4 * hidden]`.
    pub bias: Vec<f32>,
}

impl WeightGradients {
    /// Gives the buffers back for later calls, as [`crate::recycle`] does.
    pub fn recycle(self) {
        for buffer in [self.input, self.recurrent, self.bias] {
            crate::recycle(buffer);
        }
    }
}

impl Shape {
    /// Refuses zero dimensions and sizes whose buffers (of f32) would pass `isize::MAX` bytes.
    pub(crate) fn check(self) -> Result<(), LstmError> {
        for (dimension, size) in [
            ("frames", self.frames),
            ("batch", self.batch),
            ("input", self.input),
            ("hidden", self.hidden),
        ] {
            if size == 0 {
                return Err(LstmError::ZeroDimension { dimension });
            }
        }
        let widest = self.hidden.checked_mul(8);
        let widest = widest.and_then(|width| width.checked_add(self.input));
        let rows = self.frames.checked_mul(self.batch);
        let rows = rows.and_then(|rows| rows.checked_add(self.input));
        let rows = rows.and_then(|rows| rows.checked_add(self.hidden));
        let elements = widest.and_then(|width| rows.and_then(|rows| rows.checked_mul(width)));
        match elements {
            Some(elements) if elements <= isize::MAX as usize / 8 => Ok(()),
            _ => Err(LstmError::TooLarge {
                frames: self.frames,
                batch: self.batch,
                input: self.input,
                hidden: self.hidden,
            }),
        }
    }

    /// `frames * batch`.
    pub(crate) fn rows(self) -> usize {
        self.frames * self.batch
    }

    /// Elements of `[frames, batch, input]`.
    pub(crate) fn input_len(self) -> usize {
        self.rows() * self.input
    }

    /// Features of an output frame, `directions * hidden`.
    pub(crate) fn width(self) -> usize {
        self.direction.count() * self.hidden
    }

    /// Elements of the output.
    pub(crate) fn output_len(self, output: Output) -> usize {
        match output {
            Output::Sequence => self.rows() * self.width(),
            Output::LastState => self.batch * self.width(),
        }
    }

    pub(crate) fn check_weights(self, weights: &[Weights<'_>]) -> Result<(), LstmError> {
        if weights.len() != self.direction.count() {
            return Err(LstmError::Directions {
                found: weights.len(),
                expected: self.direction.count(),
            });
        }
        let gates = 4 * self.hidden;
        for direction in weights {
            check_len("weights.input", direction.input, self.input * gates)?;
            check_len(
                "weights.recurrent",
                direction.recurrent,
                self.hidden * gates,
            )?;
            check_len("weights.bias", direction.bias, gates)?;
        }
        Ok(())
    }

    pub(crate) fn check_lengths(self, lengths: &[usize]) -> Result<(), LstmError> {
        if lengths.len() != self.batch {
            return Err(LstmError::Length {
                slice: "lengths",
                found: lengths.len(),
                expected: self.batch,
            });
        }
        match lengths.iter().position(|&length| length > self.frames) {
            None => Ok(()),
            Some(sequence) => Err(LstmError::SequenceLength {
                sequence,
                found: lengths[sequence],
                frames: self.frames,
            }),
        }
    }
}

pub(crate) fn check_len(
    slice: &'static str,
    values: &[f32],
    expected: usize,
) -> Result<(), LstmError> {
    if values.len() == expected {
        return Ok(());
    }
    Err(LstmError::Length {
        slice,
        found: values.len(),
        expected,
    })
}
