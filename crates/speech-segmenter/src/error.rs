//! What can be wrong with weights, samples and settings.

/// Why something was refused. Every variant says what was found and what is needed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The weights lack a tensor.
    #[error("the weights have no tensor `{name}`, which a PyanNet of four LSTM layers has")]
    NoTensor {
        /// Its name.
        name: String,
    },
    /// A tensor has other sizes.
    #[error("the tensor `{name}` has sizes {found:?}, expected {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Its sizes, the slowest first.
        found: Vec<usize>,
        /// Those that the network has.
        expected: Vec<usize>,
    },
    /// A tensor does not hold as many numbers as its sizes say.
    #[error("the tensor `{name}` holds {found} numbers, expected {expected}, as its sizes say")]
    Length {
        /// Its name.
        name: String,
        /// How many it holds.
        found: usize,
        /// The product of its sizes.
        expected: usize,
    },
    /// A weight is not a number, or none that the network can have.
    #[error("the tensor `{name}` holds {found} at index {index}, expected {expected}")]
    Weight {
        /// The tensor's name.
        name: String,
        /// Position in it, rows first.
        index: usize,
        /// The number.
        found: f32,
        /// What it should be.
        expected: &'static str,
    },
    /// A sample is not a number, or a very large one.
    #[error("sample {index} is {found}, expected a number from -1000000 to 1000000")]
    Sample {
        /// Position, from 0.
        index: usize,
        /// Its value.
        found: f32,
    },
    /// A window is too short for a frame, or longer than is read at once.
    #[error("a window of {found} samples, expected {least} to {most}")]
    WindowLength {
        /// Its samples.
        found: usize,
        /// Those of one frame.
        least: usize,
        /// The most.
        most: usize,
    },
    /// Windows that follow each other too slowly or not at all.
    #[error("a step of {found} samples, expected 1 to {most}, a window's length")]
    Step {
        /// Samples from one window to the next.
        found: usize,
        /// Samples of a window.
        most: usize,
    },
    /// The network made something of a window that is not a number: its weights are not those of a trained one.
    #[error("the network's answer for frame {frame} is not a number, expected log probabilities")]
    Answer {
        /// The frame in its window.
        frame: usize,
    },
    /// A layer refused what it was given.
    #[error(transparent)]
    Convolution(#[from] fused_conv::ConvError),
    /// A layer refused what it was given.
    #[error(transparent)]
    Lstm(#[from] fused_lstm::LstmError),
}

impl SegmentError {
    /// What to do about it, where there is something to say.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoTensor { .. } | Self::Shape { .. } => {
                "pass the state dict of pyannote's segmentation-3.0"
            }
            Self::Length { .. } | Self::Weight { .. } | Self::Answer { .. } => {
                "get the file of weights again: this one is damaged"
            }
            Self::Sample { .. } => "repair the recording, or decode it again",
            Self::WindowLength { .. } => {
                "pass samples at 16 kHz; what is shorter can be padded with zeros"
            }
            Self::Step { .. } => "change the step",
            Self::Convolution(_) | Self::Lstm(_) => return None,
        })
    }
}
