//! A decoded file as nodes, constants and values by number, checked as far as that goes without shapes.

use std::collections::HashMap;

use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataLocation, DataType, GraphProto, ModelProto, NodeProto,
    TensorProto, ValueInfoProto,
};

use crate::OnnxError;
use crate::error::shown;
use crate::frame;
use crate::limits::Limits;
use crate::value::{Type, Value};

/// Number of a value.
pub(crate) type Id = usize;

/// What a node takes beside its inputs.
#[derive(Clone, Debug)]
pub(crate) enum Attribute {
    Float(f32),
    Int(i64),
    Text(String),
    Tensor(Value),
    Floats(Vec<f32>),
    Ints(Vec<i64>),
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) operator: String,
    pub(crate) inputs: Vec<Option<Id>>,
    pub(crate) outputs: Vec<Option<Id>>,
    pub(crate) attributes: HashMap<String, Attribute>,
    /// Place in the file's list.
    pub(crate) index: usize,
}

/// An axis as the file declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Axis {
    /// A size.
    Fixed(u64),
    /// A name, or nothing.
    Dynamic(String),
}

/// An input or output as the file declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its element type by ONNX's name, `FLOAT` or `INT64`.
    pub element: String,
    /// Its axes; `None` where the file does not say.
    pub axes: Option<Vec<Axis>>,
}

pub(crate) struct Net {
    pub(crate) opset: i64,
    pub(crate) names: Vec<String>,
    pub(crate) by_name: HashMap<String, Id>,
    pub(crate) constants: HashMap<Id, Value>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    pub(crate) num_parameters: u64,
    pub(crate) parameter_bytes: u64,
}

/// Checks and decodes.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<(ModelProto, Net), OnnxError> {
    frame::scan(bytes, limits)?;
    let model =
        ModelProto::parse_buf(bytes).map_err(|error| frame::malformed(0, error.to_string()))?;
    let Some(graph) = &model.graph else {
        return Err(frame::malformed(0, "no graph: this is not an ONNX model"));
    };
    let opset = model
        .opset_import
        .iter()
        .filter(|set| matches!(set.domain.as_deref(), None | Some("" | "ai.onnx")))
        .find_map(|set| set.version);
    let Some(opset) = opset else {
        return Err(frame::malformed(
            0,
            "no version of ONNX's operators (`opset_import`)",
        ));
    };
    if !(7..=24).contains(&opset) {
        return Err(OnnxError::interface(
            format!("operators of opset {opset}"),
            "opset 7 to 24",
        ));
    }
    let net = Net::new(graph, opset)?;
    Ok((model, net))
}

impl Net {
    fn new(graph: &GraphProto, opset: i64) -> Result<Self, OnnxError> {
        let mut net = Self {
            opset,
            names: Vec::new(),
            by_name: HashMap::new(),
            constants: HashMap::new(),
            nodes: Vec::with_capacity(graph.node.len()),
            inputs: Vec::new(),
            outputs: graph.output.iter().map(port).collect(),
            num_parameters: 0,
            parameter_bytes: 0,
        };
        for tensor in &graph.initializer {
            let value = constant(tensor, None)?;
            net.num_parameters += value.len();
            let bytes = value.bytes();
            net.parameter_bytes += bytes;
            net.define_constant(tensor.name.as_deref().unwrap_or_default(), value)?;
        }
        for input in &graph.input {
            let input = port(input);
            // Old files list weights among the inputs.
            if !net.by_name.contains_key(&input.name) {
                net.define(&input.name)?;
                net.inputs.push(input);
            }
        }
        for (index, node) in graph.node.iter().enumerate() {
            net.node(node, index)?;
        }
        Ok(net)
    }

    fn define(&mut self, name: &str) -> Result<Id, OnnxError> {
        if name.is_empty() || self.by_name.contains_key(name) {
            return Err(OnnxError::interface(
                if name.is_empty() {
                    "a value without a name".to_owned()
                } else {
                    format!("the value `{}` is made twice", shown(name))
                },
                "every value with a name of its own",
            ));
        }
        let id = self.names.len();
        self.names.push(name.to_owned());
        self.by_name.insert(name.to_owned(), id);
        Ok(id)
    }

    fn define_constant(&mut self, name: &str, value: Value) -> Result<(), OnnxError> {
        let id = self.define(name)?;
        self.constants.insert(id, value);
        Ok(())
    }

    fn node(&mut self, node: &NodeProto, index: usize) -> Result<(), OnnxError> {
        let operator = node.op_type.as_deref().unwrap_or_default();
        let name = match node.name.as_deref() {
            Some(name) if !name.is_empty() => shown(name),
            _ => format!("{index}"),
        };
        let domain = node.domain.as_deref().unwrap_or_default();
        // A foreign domain is a part of the name, so that its operator is none of ours.
        let operator = match domain {
            "" | "ai.onnx" => shown(operator),
            domain => format!("{}.{}", shown(domain), shown(operator)),
        };
        if node.input.len() > MOST_ENDS || node.output.len() > MOST_ENDS {
            return Err(OnnxError::limit(
                format!("inputs or outputs of node `{name}`"),
                node.input.len().max(node.output.len()) as u64,
                MOST_ENDS as u64,
            ));
        }
        let mut attributes = HashMap::new();
        for attribute in &node.attribute {
            let key = attribute.name.clone().unwrap_or_default();
            if attributes
                .insert(key.clone(), read_attribute(attribute)?)
                .is_some()
            {
                return Err(OnnxError::Node {
                    node: name,
                    operator: operator.clone(),
                    found: format!("two attributes `{}`", shown(&key)),
                });
            }
        }
        if operator == "Constant" {
            let wrong = |found: &str| OnnxError::Node {
                node: name.clone(),
                operator: operator.clone(),
                found: found.to_owned(),
            };
            let [output] = &node.output[..] else {
                return Err(wrong("no output"));
            };
            let mut values = attributes.into_iter();
            let (Some((key, value)), None) = (values.next(), values.next()) else {
                return Err(wrong("not exactly one value"));
            };
            let value = match (key.as_str(), value) {
                ("value", Attribute::Tensor(value)) => value,
                ("value_int", Attribute::Int(value)) => {
                    Value::known(Type::Int, vec![], vec![value as f64])
                }
                ("value_float", Attribute::Float(value)) => {
                    Value::known(Type::Float, vec![], vec![f64::from(value)])
                }
                ("value_ints", Attribute::Ints(values)) => Value::known(
                    Type::Int,
                    vec![values.len() as u64],
                    values.iter().map(|v| *v as f64).collect(),
                ),
                ("value_floats", Attribute::Floats(values)) => {
                    let shape = vec![values.len() as u64];
                    Value::known(
                        Type::Float,
                        shape,
                        values.iter().map(|v| f64::from(*v)).collect(),
                    )
                }
                _ => return Err(wrong("a value that is neither a tensor nor numbers")),
            };
            self.num_parameters += value.len();
            self.parameter_bytes += value.bytes();
            return self.define_constant(output, value);
        }
        let mut inputs = Vec::with_capacity(node.input.len());
        for input in &node.input {
            if input.is_empty() {
                inputs.push(None);
                continue;
            }
            let Some(&id) = self.by_name.get(input) else {
                return Err(OnnxError::Order {
                    node: name,
                    value: shown(input),
                });
            };
            inputs.push(Some(id));
        }
        let mut outputs = Vec::with_capacity(node.output.len());
        for output in &node.output {
            outputs.push(if output.is_empty() {
                None
            } else {
                Some(self.define(output)?)
            });
        }
        self.nodes.push(Node {
            name,
            operator,
            inputs,
            outputs,
            attributes,
            index,
        });
        Ok(())
    }

    /// Keeps the nodes that `output` needs.
    pub(crate) fn prune(&mut self, output: Id) {
        let mut needed = vec![false; self.names.len()];
        needed[output] = true;
        let mut kept = Vec::new();
        for node in std::mem::take(&mut self.nodes).into_iter().rev() {
            if node.outputs.iter().flatten().any(|&id| needed[id]) {
                for &id in node.inputs.iter().flatten() {
                    needed[id] = true;
                }
                kept.push(node);
            }
        }
        kept.reverse();
        self.nodes = kept;
        self.constants.retain(|&id, _| needed[id]);
    }
}

/// Inputs or outputs of one node. ECAPA's densest has a handful.
const MOST_ENDS: usize = 512;

fn port(info: &ValueInfoProto) -> Port {
    let tensor = info
        .r#type
        .as_ref()
        .and_then(|kind| kind.tensor_type.as_ref());
    let element = tensor.and_then(|tensor| tensor.elem_type);
    let axes = tensor
        .and_then(|tensor| tensor.shape.as_ref())
        .map(|shape| {
            let axes = shape.dim.iter();
            axes.map(|axis| match axis.dim_value {
                Some(size) if size > 0 => Axis::Fixed(size as u64),
                _ => Axis::Dynamic(axis.dim_param.as_deref().map(shown).unwrap_or_default()),
            })
            .collect()
        });
    Port {
        name: info.name.clone().unwrap_or_default(),
        element: element
            .and_then(|element| element.name().map(str::to_owned))
            .unwrap_or_default(),
        axes,
    }
}

fn read_attribute(attribute: &AttributeProto) -> Result<Attribute, OnnxError> {
    // The type may be left out in files of the first versions.
    let kind = attribute.r#type.unwrap_or(if attribute.t.is_some() {
        AttributeType::TENSOR
    } else if attribute.s.is_some() {
        AttributeType::STRING
    } else if attribute.f.is_some() {
        AttributeType::FLOAT
    } else if attribute.i.is_some() {
        AttributeType::INT
    } else if !attribute.floats.is_empty() {
        AttributeType::FLOATS
    } else {
        AttributeType::INTS
    });
    Ok(match kind {
        AttributeType::FLOAT => Attribute::Float(attribute.f.unwrap_or_default()),
        AttributeType::INT => Attribute::Int(attribute.i.unwrap_or_default()),
        AttributeType::STRING => Attribute::Text(attribute.s.clone().unwrap_or_default()),
        AttributeType::FLOATS => Attribute::Floats(attribute.floats.clone()),
        AttributeType::INTS => Attribute::Ints(attribute.ints.clone()),
        AttributeType::TENSOR => match &attribute.t {
            Some(tensor) => Attribute::Tensor(constant(tensor, attribute.name.as_deref())?),
            None => Attribute::Other,
        },
        _ => Attribute::Other,
    })
}

/// A tensor of the file: its sizes and bytes agree, or it is refused.
fn constant(tensor: &TensorProto, name: Option<&str>) -> Result<Value, OnnxError> {
    let name = || shown(name.or(tensor.name.as_deref()).unwrap_or_default());
    let wrong = |found: String, expected: &str| OnnxError::Initialiser {
        name: name(),
        found,
        expected: expected.to_owned(),
    };
    if tensor.data_location == Some(DataLocation::EXTERNAL) || !tensor.external_data.is_empty() {
        let entries = tensor.external_data.iter();
        let location = entries
            .filter(|entry| entry.key.as_deref() == Some("location"))
            .find_map(|entry| entry.value.as_deref());
        return Err(OnnxError::External {
            name: name(),
            location: shown(location.unwrap_or_default()),
        });
    }
    if tensor.dims.len() > crate::value::MOST_AXES {
        return Err(wrong(
            format!("{} axes", tensor.dims.len()),
            "8 axes at most",
        ));
    }
    let mut shape = Vec::with_capacity(tensor.dims.len());
    let mut len = 1_u64;
    for &size in &tensor.dims {
        let size = u64::try_from(size)
            .map_err(|_| wrong(format!("an axis of {size}"), "sizes that are not negative"))?;
        len = len
            .checked_mul(size)
            .filter(|&len| len <= 1 << 48)
            .ok_or_else(|| {
                wrong(
                    format!("sizes {:?}", tensor.dims),
                    "as many numbers as the file has bytes for",
                )
            })?;
        shape.push(size);
    }
    let raw = tensor.raw_data.as_ref().map(|data| data.borrow());
    // Bytes of an element, the type here, and how many numbers lie in the fields for single numbers.
    let (width, kind, listed): (u64, Type, usize) = match tensor.data_type {
        Some(DataType::FLOAT) => (4, Type::Float, tensor.float_data.len()),
        Some(DataType::DOUBLE) => (8, Type::Float, tensor.double_data.len()),
        Some(DataType::INT64) => (8, Type::Int, tensor.int64_data.len()),
        Some(DataType::INT32) => (4, Type::Int, tensor.int32_data.len()),
        Some(DataType::BOOL) => (1, Type::Bool, tensor.int32_data.len()),
        other => {
            let found = other.map_or("no element type".to_owned(), |kind| {
                format!("elements of type {kind}")
            });
            return Err(wrong(found, "FLOAT, DOUBLE, INT32, INT64 or BOOL"));
        }
    };
    let held = match &raw {
        Some(raw) if !(raw.len() as u64).is_multiple_of(width) => {
            return Err(wrong(format!("{} bytes", raw.len()), "whole elements"));
        }
        Some(raw) => raw.len() as u64 / width,
        None => listed as u64,
    };
    if held != len {
        return Err(wrong(
            format!(
                "sizes {:?}, which are {len} numbers, and {held} numbers",
                tensor.dims
            ),
            "as many as the sizes say",
        ));
    }
    if len > crate::value::MOST_KNOWN {
        return Ok(Value::unknown(kind, shape));
    }
    let numbers: Vec<f64> = match &raw {
        Some(raw) => raw
            .chunks_exact(width as usize)
            .map(|bytes| number(bytes, kind, width))
            .collect(),
        None => match (kind, width) {
            (Type::Float, 4) => tensor.float_data.iter().map(|&x| f64::from(x)).collect(),
            (Type::Float, _) => tensor.double_data.clone(),
            (Type::Int, 8) => tensor.int64_data.iter().map(|&x| x as f64).collect(),
            (Type::Int, _) => tensor.int32_data.iter().map(|&x| f64::from(x)).collect(),
            (Type::Bool, _) => tensor
                .int32_data
                .iter()
                .map(|&x| f64::from(u8::from(x != 0)))
                .collect(),
        },
    };
    Ok(Value::known(kind, shape, numbers))
}

fn number(bytes: &[u8], kind: Type, width: u64) -> f64 {
    let mut whole = [0; 8];
    whole[..bytes.len()].copy_from_slice(bytes);
    let bits = u64::from_le_bytes(whole);
    match (kind, width) {
        (Type::Float, 4) => f64::from(f32::from_bits(bits as u32)),
        (Type::Float, _) => f64::from_bits(bits),
        (Type::Int, 8) => bits as i64 as f64,
        (Type::Int, _) => f64::from(bits as u32 as i32),
        (Type::Bool, _) => f64::from(u8::from(bits != 0)),
    }
}
