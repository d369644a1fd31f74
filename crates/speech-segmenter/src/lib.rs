//! Who of up to three speakers speaks in each moment of ten seconds? pyannote's segmentation network (PyanNet, the weights of
//! segmentation-3.0) on slices, for inference.
//!
//! ```
//! use speech_segmenter::{Aggregator, SegmentError, Segmenter, Tensor, WindowSettings, frame_middle_s};
//!
//! /// `tensors` finds the tensors of a state dict, `samples` are at 16 kHz.
//! fn when_two_speak<'a>(
//!     tensors: impl Fn(&str) -> Option<Tensor<'a>>,
//!     samples: &[f32],
//! ) -> Result<Vec<f64>, SegmentError> {
//!     let segmenter = Segmenter::load(tensors)?;
//!     let mut aggregator = Aggregator::default();
//!     for window in segmenter.windows(samples, WindowSettings::default())? {
//!         aggregator.add(&window?);
//!     }
//!     let num_speakers = aggregator.finish().num_speakers;
//!     let frames = num_speakers.iter().enumerate();
//!     Ok(frames.filter(|(_, num)| **num > 1).map(|(frame, _)| frame_middle_s(frame)).collect())
//! }
//!
//! let error = when_two_speak(|_| None, &[]).unwrap_err();
//! assert!(error.to_string().contains("no tensor"));
//! ```
#![forbid(unsafe_code)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "f32 is what the network computes in, and counts are small"
)]

mod activity;
mod error;
mod frames;
mod head;
mod norm;
mod posteriors;
mod recurrent;
mod segmenter;
mod sinc;
mod sincnet;
mod stream;
mod tensors;
mod window_settings;

pub use activity::{Activity, Aggregator};
pub use error::SegmentError;
pub use frames::{
    FRAME_FIELD, FRAME_STEP, SAMPLE_RATE, WINDOW, frame_middle_s, frame_start_s, nearest_frame,
    num_frames,
};
pub use fused_lstm::Precision;
pub use posteriors::{CLASSES, POWERSET, Posteriors, SPEAKERS};
pub use segmenter::Segmenter;
pub use stream::{Window, WindowStream, Windows};
pub use tensors::Tensor;
pub use window_settings::WindowSettings;
