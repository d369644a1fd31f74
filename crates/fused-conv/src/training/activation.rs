//! Gradients of functions of each element.

use pulp::{Simd as Lanes, WithSimd};
use rayon::prelude::*;
use register_tiles::Simd;

use crate::epilogue::{Activation, LANES, LEAK, load, store};
use crate::pass::same_size;
use crate::{ConvError, View, ViewMut};

/// Elements of a task, about.
const TASK: usize = 1 << 16;

/// `dx` from `dy` and from `y`, what the activation gave.
///
/// # Errors
/// Views of other sizes, or instructions that the processor lacks.
pub fn activation_gradient(
    activation: Activation,
    y: View<'_>,
    dy: View<'_>,
    dx: ViewMut<'_>,
) -> Result<(), ConvError> {
    same_size(y, &dx)?;
    same_size(dy, &dx)?;
    let arch = Simd::chosen()?.resolve()?;
    let rows = TASK.div_ceil(y.channels());
    dx.parts(rows).enumerate().for_each(|(task, mut dx)| {
        arch.dispatch(Gradient {
            activation,
            y,
            dy,
            first: task * rows,
            dx: &mut dx,
        });
    });
    Ok(())
}

struct Gradient<'a, 'b> {
    activation: Activation,
    y: View<'a>,
    dy: View<'a>,
    first: usize,
    dx: &'a mut ViewMut<'b>,
}

impl WithSimd for Gradient<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        match self.activation {
            Activation::None => self.run(|_, dy| dy),
            Activation::Relu => self.run(|y, dy| if y > 0.0 { dy } else { 0.0 }),
            Activation::LeakyRelu => self.run(|y, dy| if y > 0.0 { dy } else { LEAK * dy }),
            Activation::Tanh => self.run(|y, dy| dy * (1.0 - y * y)),
            Activation::Sigmoid => self.run(|y, dy| dy * y * (1.0 - y)),
        }
    }
}

impl Gradient<'_, '_> {
    #[inline(always)]
    fn run(self, gradient: impl Fn(f32, f32) -> f32) {
        for row in 0..self.dx.rows() {
            let (y, dy) = (self.y.row(self.first + row), self.dy.row(self.first + row));
            let dx = self.dx.row(row);
            for lane in 0..y.len().div_ceil(LANES) {
                let (y, mut values) = (load(y, lane), load(dy, lane));
                for (value, y) in values.iter_mut().zip(y) {
                    *value = gradient(y, *value);
                }
                store(dx, lane, &values);
            }
        }
    }
}
