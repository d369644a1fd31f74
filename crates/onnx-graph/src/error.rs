//! Why a file is not a graph that can be run, or a run gave no vector.

/// What is wrong with an ONNX file or a run of it. Names in it come from the file, shortened where they are long.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// A size is over the limit that was set for it.
    #[error("{what}: {found}, the limit is {limit}")]
    Limit {
        /// What has the size, with its unit.
        what: String,
        /// The size.
        found: u64,
        /// The limit.
        limit: u64,
        /// Whether it is memory that a run would take.
        is_memory: bool,
    },
    /// The bytes are not an ONNX file, or end early.
    #[error("byte {offset} of the ONNX file: {found}")]
    Malformed {
        /// Where, from the file's beginning.
        offset: u64,
        /// What is there.
        found: String,
    },
    /// A tensor of weights whose sizes and bytes do not agree, or of a type that is not read.
    #[error("the initialiser `{name}`: {found}, expected {expected}")]
    Initialiser {
        /// Its name in the file.
        name: String,
        /// What is there.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// Weights lie in another file.
    #[error("the initialiser `{name}` lies in another file, `{location}`")]
    External {
        /// Its name in the file.
        name: String,
        /// The path that the file asks for. It was not opened.
        location: String,
    },
    /// An operator that is not on the list of those that are run.
    #[error("node `{node}` is a `{operator}`, which is not run")]
    Operator {
        /// The node's name.
        node: String,
        /// The operator, with its domain where that is not ONNX's own.
        operator: String,
    },
    /// A node that cannot be right: its inputs, attributes or shapes do not agree.
    #[error("node `{node}` ({operator}): {found}")]
    Node {
        /// The node's name.
        node: String,
        /// The operator.
        operator: String,
        /// What is wrong.
        found: String,
    },
    /// A value is used before it is made: a circle, or nodes out of order.
    #[error("node `{node}` takes `{value}`, which no node before it makes")]
    Order {
        /// The node's name.
        node: String,
        /// The value's name.
        value: String,
    },
    /// A shape depends on the contents of a tensor, so that it cannot be told before the graph runs.
    #[error(
        "the sizes of what node `{node}` ({operator}) makes cannot be told before it runs: {found}"
    )]
    Unfollowed {
        /// The node's name.
        node: String,
        /// The operator.
        operator: String,
        /// Why not.
        found: String,
    },
    /// Inputs or outputs are not those of a network from frames to a vector.
    #[error("{found}; expected {expected}")]
    Interface {
        /// What the file has.
        found: String,
        /// What can be used.
        expected: String,
    },
    /// The graph takes a fixed number of frames.
    #[error("the input `{input}` takes exactly {frames} frames; expected a dynamic time axis")]
    FixedTime {
        /// The input.
        input: String,
        /// Its number of frames.
        frames: u64,
    },
    /// The graph takes a fixed number of items above one.
    #[error("the input `{input}` takes {batch} items at once; expected 1 or a dynamic batch axis")]
    FixedBatch {
        /// The input.
        input: String,
        /// Its number of items.
        batch: u64,
    },
    /// The graph runs with one number of frames and not with another, though its input says that it takes any.
    #[error("the graph takes {works} frames but not {fails}: {found}")]
    BakedTime {
        /// A number of frames that it takes.
        works: usize,
        /// A number that it does not take.
        fails: usize,
        /// What breaks.
        found: String,
    },
    /// Features of another number than the call says.
    #[error("{found} numbers for {num_frames} frames, expected {expected}")]
    Frames {
        /// Numbers given.
        found: usize,
        /// Frames said.
        num_frames: usize,
        /// Numbers that this many frames have.
        expected: usize,
    },
    /// The input has a value that is not a number.
    #[error("the features have {found} at index {index}, expected finite numbers")]
    InputNotFinite {
        /// Index in the slice.
        index: usize,
        /// The value.
        found: f32,
    },
    /// The output has a value that is not a number.
    #[error("the network's output has {found} at index {index}, expected finite numbers")]
    OutputNotFinite {
        /// Index in the vector.
        index: usize,
        /// The value.
        found: f32,
    },
    /// The runtime refused.
    #[error("the ONNX runtime: {message}")]
    Runtime {
        /// Its words.
        message: String,
    },
    /// Weights given to a writer do not agree with each other.
    #[error("`{what}` has {found} numbers, expected {expected}")]
    Weights {
        /// The argument.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length that the others ask for.
        expected: usize,
    },
}

impl OnnxError {
    /// What to try next.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::Limit { .. } => {
                "cut the recording into shorter parts, or raise the limit if you trust the file"
            }
            Self::Malformed { .. } => {
                "download or export the file again; `onnx.checker.check_model` says more"
            }
            Self::External { .. } => {
                "put the weights into the file: `onnx.save(onnx.load(path), out)` without `save_as_external_data`"
            }
            Self::Operator { .. } => {
                "export the network again for inference alone (eval mode, no control flow, constants folded)"
            }
            Self::Order { .. } => "sort the nodes, or export the network again",
            Self::Unfollowed { .. } => {
                "export the network again with constants folded, or simplify it (`onnxsim`)"
            }
            Self::Interface { .. } => "name the input, the output or the layout yourself",
            Self::FixedTime { .. } | Self::BakedTime { .. } => {
                "export the network again with a dynamic time axis (`dynamic_axes` of `torch.onnx.export`)"
            }
            Self::FixedBatch { .. } => {
                "export the network again with one item or a dynamic batch axis (`dynamic_axes`)"
            }
            Self::OutputNotFinite { .. } => {
                "see whether the features are what the network was trained on: scale, window, mean"
            }
            Self::Initialiser { .. } | Self::Node { .. } | Self::Runtime { .. } => {
                "export the network again; `onnx.checker.check_model` with `full_check=True` says more"
            }
            Self::Frames { .. } | Self::InputNotFinite { .. } | Self::Weights { .. } => {
                return None;
            }
        })
    }

    pub(crate) fn limit(what: impl Into<String>, found: u64, limit: u64) -> Self {
        Self::Limit {
            what: what.into(),
            found,
            limit,
            is_memory: false,
        }
    }

    /// More bytes than a run may take.
    pub(crate) fn memory(what: impl Into<String>, found: u64, limit: u64) -> Self {
        Self::Limit {
            what: what.into(),
            found,
            limit,
            is_memory: true,
        }
    }

    pub(crate) fn interface(found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Interface {
            found: found.into(),
            expected: expected.into(),
        }
    }
}

/// A name from the file as a message has it: no control characters, not endless.
pub(crate) fn shown(name: &str) -> String {
    const LONGEST: usize = 80;
    let mut text: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect();
    if name.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    text
}
