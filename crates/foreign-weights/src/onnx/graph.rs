//! What an ONNX file says of its network.

use std::collections::{BTreeMap, BTreeSet};

/// An input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnnxPort {
    /// Its name.
    pub name: String,
    /// Its sizes: numbers, or names of those that are free. Empty: not said.
    pub shape: Vec<Result<u64, String>>,
    /// ONNX's number of its type of values; 1 is f32.
    pub data_type: i64,
}

/// What an ONNX file says of its network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnnxGraph {
    /// What must be given: inputs that have no initialiser.
    pub inputs: Vec<OnnxPort>,
    /// What it gives.
    pub outputs: Vec<OnnxPort>,
    /// Its operators, those of subgraphs included, and how many nodes there are of each; `domain:` before those outside of
    /// ONNX's own set.
    pub operators: BTreeMap<String, usize>,
    /// Versions of the sets of operators by domain; "" is ONNX's own.
    pub opsets: BTreeMap<String, i64>,
    /// Version of the format.
    pub ir_version: i64,
    /// The program that wrote it.
    pub producer: String,
    /// Functions that the file itself defines.
    pub functions: BTreeSet<String>,
    /// Files beside it that hold values of its tensors.
    pub external_files: BTreeSet<String>,
    /// The file itself, for a program that runs it.
    pub bytes: Vec<u8>,
}
