//! The layers in training: a whole batch a call, on all threads of rayon's pool, forward and backward. Results have the same
//! bits for any number of threads.
//!
//! ```
//! use fused_conv::training::{After, Convolution};
//! use fused_conv::{Conv1dShape, View, ViewMut};
//!
//! let (batch, frames, inputs, outputs) = (2, 5, 3, 4);
//! let layer = Convolution::over_frames(Conv1dShape::same(inputs, outputs, 3, 1), frames)?;
//! let (x, weights) = ([1.0; 2 * 5 * 3], [0.1; 4 * 3 * 3]);
//! let x = View::new(&x, inputs)?;
//! let mut y = [0.0; 2 * 5 * 4];
//! layer.forward(x, &weights, After::default(), ViewMut::new(&mut y, outputs)?)?;
//! let dy = View::new(&y, outputs)?;
//! let (mut dx, mut of_weights) = ([0.0; 2 * 5 * 3], [0.0; 4 * 3 * 3]);
//! layer.input_gradient(dy, &weights, false, ViewMut::new(&mut dx, inputs)?)?;
//! layer.weight_gradient(x, dy, &mut of_weights, None)?;
//! assert!((of_weights[1] - 2.0 * (0.6 + 3.0 * 0.9 + 0.6)).abs() < 1e-5);
//! # Ok::<(), fused_conv::ConvError>(())
//! ```

mod activation;
mod after;
mod convolution;
mod gate;
mod norm;
mod packed;
mod pass;
mod product;
mod reads;
mod statistics;
mod sums;
mod tiled_product;
mod tiled_weights;
mod tiling;
mod vectors;
mod weights;

pub use activation::activation_gradient;
pub use after::After;
pub use convolution::Convolution;
pub use gate::{gate_gradient, means, scale, scale_gradient};
pub use norm::{BatchNorm, BatchNormGradients, BatchStatistics, Relu};
pub use pass::{add, copy};
pub use statistics::{Attended, attend};
