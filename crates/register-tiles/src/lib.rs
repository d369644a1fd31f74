//! Matrix products by tiles that stay in registers, for the instructions that the processor is seen to have, and what
//! loops over floats share: the choice of these instructions, buffers that are used again, sigmoid and tanh.
//!
//! ```
//! use register_tiles::{Product, Rows, Simd, WIDTH};
//!
//! let (left, panel) = ([1.0, 2.0, 3.0, 4.0], [0.5; 2 * WIDTH]);
//! let mut out = [[0.0; WIDTH]; 2];
//! let product = Product { rows: Rows::plain(&left, 2), panel: &panel, out: &mut out, accumulate: false };
//! product.run(Simd::chosen()?.resolve()?);
//! assert_eq!((out[0][0], out[1][63]), (1.5, 3.5));
//! # Ok::<(), register_tiles::SimdError>(())
//! ```

#![deny(unsafe_code)]

mod activation;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx_detect;
mod pool;
mod rows;
mod simd;
mod tile;

pub use activation::{exp, multiply_add, sigmoid, tanh};
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub use amx_detect::Amx;
pub use pool::{Buffer, LINE, recycle, take};
pub use rows::{DEPTH, Left, PART, Rows, Strips, TALLEST, WIDTH};
pub use simd::{Arch, SIMD_VARIABLE, Simd, SimdError, set_simd};
pub use tile::Product;
