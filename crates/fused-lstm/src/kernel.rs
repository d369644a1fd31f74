//! The matrix product alone, for benches.

use crate::operand::Panels;
use crate::precision::Plan;
use crate::split::Split;
use crate::transposed::{Inputs, LeftOperand};
use crate::weight_gradient::{add_up, left_operand};
use crate::{LstmError, Options};
use register_tiles::{Buffer, Product, Rows, WIDTH};

/// A right operand, packed.
pub struct Right {
    plan: Plan,
    inner: usize,
    panels: Panels,
}

impl Right {
    /// From panels `[columns / 64, inner, 64]`.
    ///
    /// # Errors
    /// Those of the options.
    pub fn pack(panels: &[f32], inner: usize, options: Options) -> Result<Self, LstmError> {
        let plan = options.plan()?;
        let mut copy = Buffer::new(panels.len());
        copy.copy_from_slice(panels);
        let panels = plan.panels(copy, inner);
        Ok(Self {
            plan,
            inner,
            panels,
        })
    }

    /// `out` `[columns / 64, rows, 64]` = `left` `[rows, inner]` times this, the left operand's conversion included.
    pub fn multiply(&self, left: &[f32], out: &mut [f32]) {
        let rows = left.len() / self.inner;
        let mut scratch = self.plan.scratch(rows, self.inner);
        let left = self.plan.rows(Rows::plain(left, self.inner), &mut scratch);
        for (panel, out) in self.panels.iter().zip(out.chunks_exact_mut(rows * WIDTH)) {
            self.plan.product(Product {
                rows: left,
                panel,
                out: out.as_chunks_mut().0,
                accumulate: false,
            });
        }
    }
}

/// `out` `[columns / 64, width (rounded up to 6), 64]` = `left` `[rows, width]` transposed, times `panels`
/// `[columns / 64, rows, 64]`: a gradient of weights, both operands' conversion included. `columns` is 256 (a task's).
///
/// # Errors
/// Those of the options.
pub fn multiply_transposed(
    left: &[f32],
    width: usize,
    panels: &[f32],
    out: &mut [f32],
    options: Options,
) -> Result<(), LstmError> {
    let plan = options.plan()?;
    let zeros = Buffer::zeros(width);
    let rows = left.len() / width;
    let whole = |width, data| Split::new(width, std::iter::once((0..rows, data)));
    let inputs = Inputs {
        data: &whole(width, left),
        delay: 0,
        zeros: &zeros,
    };
    let left = left_operand(plan, inputs, rows);
    let gates: Vec<Split<'_>> = panels
        .chunks_exact(rows * WIDTH)
        .map(|panel| whole(WIDTH, panel))
        .collect();
    let mut bias = vec![[0.0; WIDTH]; gates.len()];
    add_up(plan, rows, &[left], &gates, &mut [out], &mut bias);
    Ok(())
}

/// Length of the result of [`multiply_transposed`].
pub fn transposed_len(width: usize, columns: usize) -> usize {
    LeftOperand::height(width) * columns
}
