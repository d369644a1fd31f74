//! What a file says of itself.

use std::collections::BTreeMap;

use rten_onnx::onnx::ModelProto;

use crate::OnnxError;
use crate::file;
use crate::limits::Limits;
use crate::net::{Net, Port};

/// What a file says of itself and what is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphInfo {
    /// Version of the file format.
    pub ir_version: i64,
    /// Version of ONNX's operators.
    pub opset: i64,
    /// The program that wrote it, with its version.
    pub producer: String,
    /// What it takes, weights left out.
    pub inputs: Vec<Port>,
    /// What it gives.
    pub outputs: Vec<Port>,
    /// Operators by name, with their counts.
    pub operators: BTreeMap<String, usize>,
    /// Numbers in its weights and constants.
    pub num_parameters: u64,
    /// `metadata_props` in order.
    pub metadata: Vec<(String, String)>,
}

impl GraphInfo {
    /// Reads and checks a file, without running anything.
    ///
    /// # Errors
    /// What is wrong with it, as [`OnnxError`] says.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, OnnxError> {
        let (model, net) = file::open(bytes, limits)?;
        Ok(Self::new(&model, &net))
    }

    pub(crate) fn new(model: &ModelProto, net: &Net) -> Self {
        let mut operators = BTreeMap::new();
        for node in &net.nodes {
            *operators.entry(node.operator.clone()).or_default() += 1;
        }
        let said = |text: &Option<String>| text.clone().unwrap_or_default();
        let producer = format!(
            "{} {}",
            said(&model.producer_name),
            said(&model.producer_version)
        );
        Self {
            ir_version: model.ir_version.unwrap_or_default(),
            opset: net.opset,
            producer: producer.trim().to_owned(),
            inputs: net.inputs.clone(),
            outputs: net.outputs.clone(),
            operators,
            num_parameters: net.num_parameters,
            metadata: model
                .metadata_props
                .iter()
                .map(|entry| (said(&entry.key), said(&entry.value)))
                .collect(),
        }
    }

    /// The value of a key of `metadata_props`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        let mut entries = self.metadata.iter();
        entries
            .find(|(own, _)| own == key)
            .map(|(_, value)| value.as_str())
    }
}
