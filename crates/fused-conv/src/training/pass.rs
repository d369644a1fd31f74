//! Copies and sums on all threads.

use pulp::{Simd as Lanes, WithSimd};
use rayon::prelude::*;
use register_tiles::Simd;

use super::vectors::{store_vector, vector_of};
use crate::pass::same_size;
use crate::{ConvError, View, ViewMut};

/// Elements of a task, about.
const TASK: usize = 1 << 16;

/// `out = x`.
///
/// # Errors
/// Views of other sizes, or instructions that the processor lacks.
pub fn copy(x: View<'_>, out: ViewMut<'_>) -> Result<(), ConvError> {
    run(x, None, out)
}

/// `out = x + y`.
///
/// # Errors
/// Views of other sizes, or instructions that the processor lacks.
pub fn add(x: View<'_>, y: View<'_>, out: ViewMut<'_>) -> Result<(), ConvError> {
    same_size(y, &out)?;
    run(x, Some(y), out)
}

fn run(x: View<'_>, y: Option<View<'_>>, out: ViewMut<'_>) -> Result<(), ConvError> {
    same_size(x, &out)?;
    let arch = Simd::chosen()?.resolve()?;
    let rows = TASK.div_ceil(x.channels());
    out.parts(rows).enumerate().for_each(|(task, mut out)| {
        arch.dispatch(Sum {
            x,
            y,
            first: task * rows,
            out: &mut out,
        });
    });
    Ok(())
}

struct Sum<'a, 'b> {
    x: View<'a>,
    y: Option<View<'a>>,
    first: usize,
    out: &'a mut ViewMut<'b>,
}

impl WithSimd for Sum<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, simd: S) {
        for row in 0..self.out.rows() {
            let (x, out) = (self.x.row(self.first + row), self.out.row(row));
            let y = self.y.map(|y| y.row(self.first + row));
            for vector in 0..x.len().div_ceil(S::F32_LANES) {
                let mut sum = vector_of(simd, x, vector);
                if let Some(y) = y {
                    sum = simd.add_f32s(sum, vector_of(simd, y, vector));
                }
                store_vector(simd, out, vector, sum);
            }
        }
    }
}
