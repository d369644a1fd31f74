//! An LSTM layer of one or both directions on slices, forward and backward.
//!
//! ```
//! use fused_lstm::{Direction, Shape, Weights, backward, forward};
//!
//! let direction = Direction::Bidirectional;
//! let shape = Shape { frames: 3, batch: 2, input: 4, hidden: 5, direction };
//! let x = vec![0.5; 3 * 2 * 4];
//! let (input, recurrent, bias) = (vec![0.1; 4 * 20], vec![0.1; 5 * 20], vec![0.0; 20]);
//! let weights = Weights { input: &input, recurrent: &recurrent, bias: &bias };
//! let (y, saved) = forward(shape, &x, Some(&[3, 2]), &[weights; 2], true)?;
//! assert_eq!(y.len(), 3 * 2 * 10);
//! let dy = vec![1.0; y.len()];
//! if let Some(saved) = saved {
//!     let (dx, gradients) = backward(saved, &x, &dy, &[weights; 2], true)?;
//!     assert_eq!(dx.map(|dx| dx.len()), Some(x.len()));
//!     assert_eq!(gradients[0].input.len(), 4 * 20);
//! }
//! # Ok::<(), fused_lstm::LstmError>(())
//! ```

#![deny(unsafe_code)]

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
mod backward;
mod bf16;
#[cfg(target_arch = "x86_64")]
mod convert;
mod direction;
mod error;
mod forward;
mod gates;
#[doc(hidden)]
pub mod kernel;
mod layer;
mod layout;
mod operand;
mod pairs;
mod parts;
mod precision;
mod shape;
mod split;
mod transposed;
mod weight_gradient;

pub use direction::Direction;
pub use error::LstmError;
pub use layer::{Saved, backward, forward, forward_with};
pub use precision::{Options, Output, Precision};
pub use register_tiles::{SIMD_VARIABLE, Simd, SimdError, recycle, set_simd};
pub use shape::{Shape, WeightGradients, Weights};
