//! Nodes, weights, inputs and outputs, and the file of them.

use std::cell::RefCell;

use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, Dimension, GraphProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TypeProto, TypeProtoTensor,
    ValueInfoProto,
};

use super::encode::{File, Named};
use crate::OnnxError;

/// A value of the graph that is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle(pub(super) String);

/// Size of an axis of an input or output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Always this.
    Fixed(usize),
    /// Any, called so.
    Dynamic(&'static str),
}

/// What a node takes beside its inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute<'a> {
    /// A number.
    Int(i64),
    /// Numbers.
    Ints(&'a [i64]),
    /// A real number.
    Float(f32),
    /// A word.
    Text(&'a str),
}

/// Builds one file. Blocks are its methods; each takes and gives [`Handle`]s, and its weights as slices, row-major.
///
/// ```
/// use onnx_graph::write::{Builder, Size};
///
/// let mut builder = Builder::new("mean");
/// let x = builder.input("feats", &[Size::Dynamic("B"), Size::Dynamic("T"), Size::Fixed(2)]);
/// let mean = builder.mean_over_frames(&x);
/// let unit = builder.unit_length(&mean);
/// builder.output("embs", &unit, &[Size::Dynamic("B"), Size::Fixed(2)]);
/// builder.metadata("framework", "wespeaker");
/// let bytes = builder.finish()?;
/// # assert!(bytes.len() > 100);
/// # Ok::<(), onnx_graph::OnnxError>(())
/// ```
#[derive(Debug)]
pub struct Builder {
    name: String,
    opset: i64,
    producer: (String, String),
    graph: GraphProto,
    metadata: Vec<StringStringEntryProto>,
    made: usize,
}

/// Operators as these files use them are the same from 13 to 17.
const OPSET: i64 = 14;
const IR_VERSION: i64 = 8;

impl Builder {
    /// An empty graph, of opset 14 and IR version 8.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            opset: OPSET,
            producer: ("siamang".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            graph: GraphProto::default(),
            metadata: Vec::new(),
            made: 0,
        }
    }

    /// Another opset, 13 to 17: all blocks are the same in these.
    #[must_use]
    pub fn with_opset(mut self, opset: i64) -> Self {
        self.opset = opset.clamp(13, 17);
        self
    }

    /// The program and its version that the file names as its maker.
    pub fn producer(&mut self, name: &str, version: &str) {
        self.producer = (name.to_owned(), version.to_owned());
    }

    /// A key of `metadata_props`; said again, it is replaced.
    pub fn metadata(&mut self, key: &str, value: &str) {
        self.metadata
            .retain(|entry| entry.key.as_deref() != Some(key));
        self.metadata.push(StringStringEntryProto {
            key: Some(key.to_owned()),
            value: Some(value.to_owned()),
        });
    }

    /// An input of floats.
    pub fn input(&mut self, name: &str, sizes: &[Size]) -> Handle {
        self.graph.input.push(port(name, sizes));
        Handle(name.to_owned())
    }

    /// Makes `value` an output of this name.
    pub fn output(&mut self, name: &str, value: &Handle, sizes: &[Size]) {
        self.graph.output.push(port(name, sizes));
        self.graph.node.push(NodeProto {
            name: Some(format!("{name}/Identity")),
            op_type: Some("Identity".to_owned()),
            input: vec![value.0.clone()],
            output: vec![name.to_owned()],
            ..NodeProto::default()
        });
    }

    /// Weights.
    ///
    /// # Errors
    /// Where they are not as many as the sizes say.
    pub fn weights(
        &mut self,
        what: &'static str,
        sizes: &[usize],
        values: &[f32],
    ) -> Result<Handle, OnnxError> {
        let expected = sizes.iter().product();
        if values.len() != expected {
            return Err(OnnxError::Weights {
                what,
                found: values.len(),
                expected,
            });
        }
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        Ok(self.tensor(what, sizes, DataType::FLOAT, bytes))
    }

    /// A single float.
    pub fn float(&mut self, value: f32) -> Handle {
        self.tensor("number", &[], DataType::FLOAT, value.to_le_bytes().to_vec())
    }

    /// A list of integers.
    pub fn ints(&mut self, values: &[i64]) -> Handle {
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.tensor("sizes", &[values.len()], DataType::INT64, bytes)
    }

    fn tensor(&mut self, what: &str, sizes: &[usize], kind: DataType, bytes: Vec<u8>) -> Handle {
        let name = self.fresh(what);
        self.graph.initializer.push(TensorProto {
            name: Some(name.clone()),
            dims: sizes.iter().map(|&size| size as i64).collect(),
            data_type: Some(kind),
            raw_data: Some(RefCell::new(bytes)),
            ..TensorProto::default()
        });
        Handle(name)
    }

    fn fresh(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}.{}", self.made)
    }

    /// A node of one output.
    pub fn node(
        &mut self,
        operator: &str,
        inputs: &[&Handle],
        attributes: &[(&str, Attribute<'_>)],
    ) -> Handle {
        let mut outputs = self.node_with(operator, inputs, attributes, 1);
        outputs.swap_remove(0)
    }

    /// A node of several outputs. An input with an empty name is left out.
    pub fn node_with(
        &mut self,
        operator: &str,
        inputs: &[&Handle],
        attributes: &[(&str, Attribute<'_>)],
        num_outputs: usize,
    ) -> Vec<Handle> {
        let name = self.fresh(operator);
        let outputs: Vec<Handle> = (0..num_outputs)
            .map(|index| Handle(format!("{name}/{index}")))
            .collect();
        self.graph.node.push(NodeProto {
            name: Some(name),
            op_type: Some(operator.to_owned()),
            input: inputs.iter().map(|handle| handle.0.clone()).collect(),
            output: outputs.iter().map(|handle| handle.0.clone()).collect(),
            attribute: attributes
                .iter()
                .map(|(name, value)| attribute(name, value))
                .collect(),
            ..NodeProto::default()
        });
        outputs
    }

    /// The file.
    ///
    /// # Errors
    /// Where it cannot be written down.
    pub fn finish(self) -> Result<Vec<u8>, OnnxError> {
        let file = File {
            ir_version: IR_VERSION,
            producer: self.producer.0,
            producer_version: self.producer.1,
            graph: Named {
                name: self.name,
                graph: self.graph,
            },
            opset: vec![OperatorSetIdProto {
                domain: Some(String::new()),
                version: Some(self.opset),
            }],
            metadata: self.metadata,
        };
        file.bytes().map_err(|error| OnnxError::Runtime {
            message: error.to_string(),
        })
    }
}

fn port(name: &str, sizes: &[Size]) -> ValueInfoProto {
    let dim = sizes.iter().map(|size| match size {
        Size::Fixed(size) => Dimension {
            dim_value: Some(*size as i64),
            dim_param: None,
        },
        Size::Dynamic(name) => Dimension {
            dim_value: None,
            dim_param: Some((*name).to_owned()),
        },
    });
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            tensor_type: Some(TypeProtoTensor {
                elem_type: Some(DataType::FLOAT),
                shape: Some(TensorShapeProto { dim: dim.collect() }),
            }),
            sequence: None,
        }),
    }
}

fn attribute(name: &str, value: &Attribute<'_>) -> AttributeProto {
    let mut made = AttributeProto {
        name: Some(name.to_owned()),
        ..AttributeProto::default()
    };
    made.r#type = Some(match value {
        Attribute::Int(value) => {
            made.i = Some(*value);
            AttributeType::INT
        }
        Attribute::Ints(values) => {
            made.ints = values.to_vec();
            AttributeType::INTS
        }
        Attribute::Float(value) => {
            made.f = Some(*value);
            AttributeType::FLOAT
        }
        Attribute::Text(value) => {
            made.s = Some((*value).to_owned());
            AttributeType::STRING
        }
    });
    made
}
