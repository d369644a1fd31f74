//! The runtime: what it is given, and where it runs.

use rten::{Model, ModelOptions, NodeId};
use rten_onnx::onnx::{
    DataType, Dimension, GraphProto, ModelProto, TensorShapeProto, TypeProto, TypeProtoTensor,
    ValueInfoProto,
};

use crate::OnnxError;
use crate::limits::Limits;
use crate::net::Net;
use crate::ports::{Layout, Ports};

/// Stack for planning, which descends as deep as the graph is long. Pages that are not touched cost nothing.
const STACK: usize = 256 << 20;

/// Runs something of the runtime on a stack that is deep enough, and away from pools of the caller's, whose threads would take other work
/// while they wait. A panic of the runtime becomes an error.
pub(super) fn on_own_stack<R: Send>(
    work: impl FnOnce() -> Result<R, OnnxError> + Send,
) -> Result<R, OnnxError> {
    let runtime = |message: String| OnnxError::Runtime { message };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("onnx".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, work);
        let thread = thread.map_err(|error| runtime(format!("no thread: {error}")))?;
        thread.join().unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(runtime(format!(
                "it stopped with `{}`",
                text.unwrap_or("a panic")
            )))
        })
    })
}

/// The runtime's numbers of input, length and output.
pub(super) type Ends = (NodeId, Option<NodeId>, NodeId);

/// The runtime's model of the nodes that are needed, with the shapes that were found right and no others.
pub(super) fn runtime(
    model: ModelProto,
    net: &Net,
    ports: &Ports,
    limits: &Limits,
) -> Result<(Model, Ends), OnnxError> {
    let failed = |message: String| OnnxError::Runtime { message };
    let Some(graph) = model.graph else {
        return Err(failed("no graph".to_owned()));
    };
    let needed = |name: &str| {
        net.by_name
            .get(name)
            .is_some_and(|id| net.constants.contains_key(id))
    };
    let mut kept = vec![false; graph.node.len()];
    for node in &net.nodes {
        kept[node.index] = true;
    }
    let mut nodes = Vec::with_capacity(net.nodes.len());
    for (mut node, kept) in graph.node.into_iter().zip(kept) {
        let constant = node.op_type.as_deref() == Some("Constant")
            && node.output.iter().any(|name| needed(name));
        if !kept && !constant {
            continue;
        }
        if node.op_type.as_deref() == Some("Dropout") {
            node.op_type = Some("Identity".to_owned());
            node.input.truncate(1);
            node.output.truncate(1);
            node.attribute.clear();
        }
        nodes.push(node);
    }
    let dynamic = |name: &str| Dimension {
        dim_value: None,
        dim_param: Some(name.to_owned()),
    };
    let fixed = |size: usize| Dimension {
        dim_value: Some(size as i64),
        dim_param: None,
    };
    let axes = match ports.layout {
        Layout::FramesBins => vec![dynamic("items"), dynamic("frames"), fixed(ports.bins)],
        Layout::BinsFrames => vec![dynamic("items"), fixed(ports.bins), dynamic("frames")],
        Layout::Samples => vec![dynamic("items"), dynamic("samples")],
    };
    let info = |name: &str, kind: DataType, dim: Option<Vec<Dimension>>| ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            tensor_type: Some(TypeProtoTensor {
                elem_type: Some(kind),
                shape: dim.map(|dim| TensorShapeProto { dim }),
            }),
            sequence: None,
        }),
    };
    let mut inputs = vec![info(&ports.input, DataType::FLOAT, Some(axes))];
    if let Some(length) = &ports.length {
        inputs.push(info(length, DataType::INT64, Some(vec![dynamic("items")])));
    }
    let clean = ModelProto {
        ir_version: Some(8),
        graph: Some(GraphProto {
            node: nodes,
            initializer: graph
                .initializer
                .into_iter()
                .filter(|tensor| tensor.name.as_deref().is_some_and(needed))
                .collect(),
            input: inputs,
            output: vec![info(&ports.output, DataType::FLOAT, None)],
            value_info: Vec::new(),
        }),
        opset_import: model.opset_import,
        ..ModelProto::default()
    };
    let bytes = clean
        .write_buf()
        .map_err(|error| failed(error.to_string()))?;
    drop(clean);
    let mut options = ModelOptions::with_all_ops();
    options.prepack_weights(net.parameter_bytes.saturating_mul(4) <= limits.memory_bytes);
    let model = options
        .load(bytes)
        .map_err(|error| failed(error.to_string()))?;
    let find = |name: &str| {
        model
            .node_id(name)
            .map_err(|error| failed(error.to_string()))
    };
    let length = match &ports.length {
        Some(name) => model.find_node(name),
        None => None,
    };
    let ids = (find(&ports.input)?, length, find(&ports.output)?);
    Ok((model, ids))
}
