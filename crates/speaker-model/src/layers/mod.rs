//! What networks are built of.

mod convolution;
mod dense;
mod dropout;
mod flex;
mod fused_op;
mod initialiser;
mod lstm;
mod pass;
mod running;
mod sequence;
mod standardise;
mod whitening;
mod written;

pub use convolution::FramePadding;
pub use dense::{Activation, Dense};
pub use dropout::DropoutStream;
pub use initialiser::Initialiser;
pub use lstm::{ComputeType, Direction};
pub use pass::{Pass, Seen, SeenValues};
pub use running::RunningStatistics;
pub use whitening::Whitening;

pub(crate) use convolution::{
    AfterConvolution, BatchNorm, FrameConv, FrameConvShape, Image, ImageConv, ImageConvShape,
    PreparedFrameConv, PreparedImageConv, Rectified, fused_attend,
};
pub(crate) use initialiser::stream;
pub(crate) use lstm::LstmLayer;
pub(crate) use sequence::{Sequence, frame_mask, frame_weights};
pub(crate) use standardise::{VARIANCE_EPSILON, standardised};
pub(crate) use written::{WrittenImage, WrittenSequence};
