//! The layers of convolutional speaker networks on slices, for inference: convolutions over frames or over bins and frames
//! with everything that follows them, norms, poolings, gates. One thread, one item a call. What trains them is in [`training`].
//!
//! ```
//! use fused_conv::{Activation, Activations, Conv1d, Conv1dShape, Epilogue, View, mean};
//!
//! let shape = Conv1dShape::same(4, 8, 3, 2);
//! let epilogue = Epilogue { activation: Activation::Relu, ..Epilogue::default() };
//! let layer = Conv1d::new(shape, &[0.1; 8 * 4 * 3], &epilogue)?;
//! let x = [1.0; 5 * 4];
//! let x = View::new(&x, 4)?;
//! let mut y = Activations::new(shape.output_frames(x.rows())?, 8)?;
//! layer.forward(x, None, y.view_mut())?;
//! let mut pooled = Activations::new(1, 8)?;
//! mean(y.view(), pooled.view_mut())?;
//! assert!((y.view().row(2)[0] - 1.2).abs() < 1e-6);
//! # Ok::<(), fused_conv::ConvError>(())
//! ```

#![deny(unsafe_code)]

mod conv1d;
mod conv2d;
mod epilogue;
mod error;
mod frames;
mod gather;
mod grid;
mod kernel;
mod norm;
mod panel;
mod pass;
mod plane;
mod planes;
mod pooling;
mod rectified;
mod shape;
mod stripes;
pub mod training;
mod transform;
mod view;
mod winograd;

pub use conv1d::Conv1d;
pub use conv2d::Conv2d;
pub use epilogue::{Activation, Epilogue};
pub use error::ConvError;
pub use grid::Grid;
pub use norm::BatchNorm;
pub use pass::{Norm, add, copy, from_grid, scale, to_grid};
pub use pooling::{
    Deviation, Eps, attentive_statistics, grid_mean_deviation, mean, mean_deviation, num_segments,
    segment_means,
};
pub use rectified::RectifiedDense;
pub use shape::{Conv1dShape, Conv2dShape, Padding};
pub use view::{Activations, View, ViewMut};
