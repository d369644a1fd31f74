//! A file that is run: checked, followed, and handed to the runtime as what was checked and nothing more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value as Tensor, ValueOrView};
use rten_onnx::onnx::{
    DataType, Dimension, GraphProto, ModelProto, TensorShapeProto, TypeProto, TypeProtoTensor,
    ValueInfoProto,
};
use rten_tensor::prelude::*;

use crate::OnnxError;
use crate::estimate::{self, Estimate};
use crate::file;
use crate::info::GraphInfo;
use crate::limits::Limits;
use crate::net::{self, Id, Net};
use crate::ports::{Choice, Layout, Ports};
use crate::value::{Type, Value};

/// Stack for planning, which descends as deep as the graph is long. Pages that are not touched cost nothing.
const STACK: usize = 256 << 20;

/// Estimates that are kept, one a number of frames.
const KEPT: usize = 4096;

/// A network from the features of one recording to a vector.
///
/// ```no_run
/// use onnx_graph::{Graph, Limits};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let graph = Graph::load(std::fs::read("campplus.onnx")?, &Limits::default())?;
/// let frames = vec![0.0; 300 * graph.ports().bins];
/// let embedding = graph.run(&frames, 300)?;
/// assert_eq!(embedding.len(), graph.dim());
/// # Ok(())
/// # }
/// ```
pub struct Graph {
    info: GraphInfo,
    ports: Ports,
    limits: Limits,
    net: Net,
    dim: usize,
    input: (Id, NodeId),
    length: Option<(Id, NodeId)>,
    output: (Id, NodeId),
    model: Model,
    /// Pools of one thread each that nobody uses at the moment.
    idle: Mutex<Vec<Arc<ThreadPool>>>,
    estimates: Mutex<HashMap<Size, Result<Estimate, OnnxError>>>,
}

/// Sizes of one run.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Size {
    batch: usize,
    frames: usize,
    /// The first so many frames of each item count; those behind fill up.
    valid: usize,
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = formatter.debug_struct("Graph");
        text.field("ports", &self.ports)
            .field("dim", &self.dim)
            .finish_non_exhaustive()
    }
}

impl Graph {
    /// Reads a file whose input and output are plain from its shapes and names.
    ///
    /// # Errors
    /// Whatever is wrong with it, before the runtime sees any of it.
    pub fn load(bytes: Vec<u8>, limits: &Limits) -> Result<Self, OnnxError> {
        Self::load_with(bytes, limits, &Choice::default())
    }

    /// Reads a file with what its names and shapes leave open.
    ///
    /// # Errors
    /// As [`Graph::load`].
    pub fn load_with(bytes: Vec<u8>, limits: &Limits, choice: &Choice) -> Result<Self, OnnxError> {
        let (model, mut net) = file::open(&bytes, limits)?;
        drop(bytes);
        let info = GraphInfo::new(&model, &net);
        let ports = Ports::choose(&net, choice)?;
        let id = |net: &Net, name: &str| {
            net.by_name.get(name).copied().ok_or_else(|| {
                OnnxError::interface(
                    format!("no node makes the output `{}`", crate::error::shown(name)),
                    "an output that a node makes",
                )
            })
        };
        let input = id(&net, &ports.input)?;
        let length = ports
            .length
            .as_ref()
            .map(|name| id(&net, name))
            .transpose()?;
        let output = id(&net, &ports.output)?;
        net.prune(output);
        for port in &net.inputs {
            let other = net.by_name[&port.name];
            let used = net
                .nodes
                .iter()
                .any(|node| node.inputs.contains(&Some(other)));
            if used && other != input && Some(other) != length {
                return Err(OnnxError::interface(
                    format!(
                        "the network also needs the input `{}`",
                        crate::error::shown(&port.name)
                    ),
                    "features, and at most their number",
                ));
            }
        }
        let dim = probe(&net, &ports, input, length, output, limits)?;
        let (model, ids) = on_own_stack(|| runtime(model, &net, &ports, limits))?;
        Ok(Self {
            info,
            input: (input, ids.0),
            length: length.zip(ids.1),
            output: (output, ids.2),
            ports,
            limits: limits.clone(),
            net,
            dim,
            model,
            idle: Mutex::default(),
            estimates: Mutex::default(),
        })
    }

    /// What the file says of itself.
    pub fn info(&self) -> &GraphInfo {
        &self.info
    }

    /// Which inputs and outputs are used, and how.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Numbers of the vector.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// What a run of this many frames takes. Asked again, it costs nothing.
    ///
    /// # Errors
    /// Where such a run would be refused: too few frames for a window, or more than the limits.
    pub fn estimate(&self, num_frames: usize) -> Result<Estimate, OnnxError> {
        self.estimate_size(Size {
            batch: 1,
            frames: num_frames,
            valid: num_frames,
        })
    }

    fn estimate_size(&self, size: Size) -> Result<Estimate, OnnxError> {
        let mut kept = lock(&self.estimates);
        if let Some(estimate) = kept.get(&size) {
            return estimate.clone();
        }
        let length = self.length.map(|(id, _)| id);
        let inputs = given(&self.ports, self.input.0, length, size);
        let estimate = estimate::follow(&self.net, &inputs, self.output.0, &self.limits)
            .map(|(estimate, _)| estimate);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(size, estimate.clone());
        estimate
    }

    /// The vector of one item, computed by one thread. `frames` is `[num_frames, bins]` whatever the file's layout, or the samples.
    ///
    /// # Errors
    /// Where numbers are missing or not finite, in or out, where the run would pass the limits, and where the runtime refuses.
    pub fn run(&self, frames: &[f32], num_frames: usize) -> Result<Vec<f32>, OnnxError> {
        let mut vectors = self.run_batch(&[frames], num_frames)?;
        Ok(vectors.swap_remove(0))
    }

    /// As [`Graph::run`], where only the first `num_valid` frames are of the item: those behind them fill up to a number of frames that
    /// the network wants, and its input of lengths, if it has one, is told so.
    ///
    /// # Errors
    /// As [`Graph::run`].
    pub fn run_valid(
        &self,
        frames: &[f32],
        num_frames: usize,
        num_valid: usize,
    ) -> Result<Vec<f32>, OnnxError> {
        let mut vectors = self.run_items(&[frames], num_frames, num_valid.min(num_frames))?;
        Ok(vectors.swap_remove(0))
    }

    /// The vectors of several items of one length in one run: for a look at whether they touch each other. Several runs of one item are
    /// as fast.
    ///
    /// # Errors
    /// As [`Graph::run`], and where the file takes one item alone.
    pub fn run_batch(
        &self,
        items: &[&[f32]],
        num_frames: usize,
    ) -> Result<Vec<Vec<f32>>, OnnxError> {
        self.run_items(items, num_frames, num_frames)
    }

    fn run_items(
        &self,
        items: &[&[f32]],
        num_frames: usize,
        valid: usize,
    ) -> Result<Vec<Vec<f32>>, OnnxError> {
        let batch = items.len();
        if batch != 1 && !self.ports.dynamic_batch {
            return Err(OnnxError::FixedBatch {
                input: crate::error::shown(&self.ports.input),
                batch: 1,
            });
        }
        let expected = num_frames.checked_mul(self.ports.bins);
        for frames in items {
            if Some(frames.len()) != expected || num_frames == 0 {
                return Err(OnnxError::Frames {
                    found: frames.len(),
                    num_frames,
                    expected: expected.unwrap_or(usize::MAX),
                });
            }
            if let Some(index) = frames.iter().position(|x| !x.is_finite()) {
                return Err(OnnxError::InputNotFinite {
                    index,
                    found: frames[index],
                });
            }
        }
        if num_frames as u64 > self.limits.frames {
            return Err(OnnxError::limit(
                "frames of one item",
                num_frames as u64,
                self.limits.frames,
            ));
        }
        self.estimate_size(Size {
            batch,
            frames: num_frames,
            valid,
        })?;
        let data = arranged(items, num_frames, &self.ports);
        let sizes = shape(&self.ports, batch, num_frames)
            .iter()
            .map(|&size| size as usize)
            .collect::<Vec<_>>();
        let features = rten_tensor::Tensor::from_data(&sizes, data);
        let mut inputs: Vec<(NodeId, ValueOrView)> =
            vec![(self.input.1, Tensor::from(features).into())];
        if let Some((_, id)) = self.length {
            let lengths = rten_tensor::Tensor::from_data(&[batch], vec![valid as i32; batch]);
            inputs.push((id, Tensor::from(lengths).into()));
        }
        let pool = lock(&self.idle)
            .pop()
            .unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(1)));
        let options = RunOptions::default().with_thread_pool(Some(pool.clone()));
        let outputs = on_own_stack(|| {
            self.model
                .run(inputs, &[self.output.1], Some(options))
                .map_err(|error| OnnxError::Runtime {
                    message: error.to_string(),
                })
        })?;
        lock(&self.idle).push(pool);
        let Some(Tensor::FloatTensor(output)) = outputs.into_iter().next() else {
            return Err(OnnxError::interface("an output of integers", "floats"));
        };
        let all = output.to_vec();
        if all.len() != batch * self.dim {
            return Err(OnnxError::interface(
                format!("an output of {} numbers for {batch} items", all.len()),
                format!("{} for each", self.dim),
            ));
        }
        if let Some(index) = all.iter().position(|x| !x.is_finite()) {
            return Err(OnnxError::OutputNotFinite {
                index: index % self.dim,
                found: all[index],
            });
        }
        Ok(all.chunks_exact(self.dim).map(<[f32]>::to_vec).collect())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Sizes of the input.
fn shape(ports: &Ports, batch: usize, num_frames: usize) -> Vec<u64> {
    let (batch, frames, bins) = (batch as u64, num_frames as u64, ports.bins as u64);
    match ports.layout {
        Layout::FramesBins => vec![batch, frames, bins],
        Layout::BinsFrames => vec![batch, bins, frames],
        Layout::Samples => vec![batch, frames],
    }
}

/// What is known of the inputs.
fn given(ports: &Ports, input: Id, length: Option<Id>, size: Size) -> HashMap<Id, Value> {
    let mut given = HashMap::new();
    let features = shape(ports, size.batch, size.frames);
    given.insert(input, Value::unknown(Type::Float, features));
    if let Some(length) = length {
        let lengths = vec![size.valid as f64; size.batch];
        let shape = vec![size.batch as u64];
        given.insert(length, Value::known(Type::Int, shape, lengths));
    }
    given
}

fn arranged(items: &[&[f32]], num_frames: usize, ports: &Ports) -> Vec<f32> {
    if ports.layout != Layout::BinsFrames {
        return items.concat();
    }
    let mut data = Vec::with_capacity(items.len() * num_frames * ports.bins);
    for frames in items {
        for bin in 0..ports.bins {
            data.extend(frames.iter().skip(bin).step_by(ports.bins));
        }
    }
    data
}

/// Numbers of the vector, of which a dynamic time axis must make the same for any number of frames.
fn probe(
    net: &Net,
    ports: &Ports,
    input: Id,
    length: Option<Id>,
    output: Id,
    limits: &Limits,
) -> Result<usize, OnnxError> {
    let scale = if ports.layout == Layout::Samples {
        160
    } else {
        1
    };
    let dim = |frames: usize| {
        let size = Size {
            batch: 1,
            frames: frames * scale,
            valid: frames * scale,
        };
        let inputs = given(ports, input, length, size);
        let (_, value) = estimate::follow(net, &inputs, output, limits)?;
        let Some(value) = value else {
            return Ok(None);
        };
        let dim = value.len();
        // One axis of numbers, all others single.
        if value.rank() == 0 || dim < 2 || !value.shape.contains(&dim) || !value.kind.is_float() {
            return Err(OnnxError::interface(
                format!(
                    "the output `{}` of sizes {:?}",
                    crate::error::shown(&ports.output),
                    value.shape
                ),
                "one vector, [1, numbers]",
            ));
        }
        Ok(Some(dim as usize))
    };
    const FRAMES: [usize; 2] = [300, 211];
    match FRAMES.map(dim) {
        [Ok(Some(one)), Ok(Some(other))] if one == other => Ok(one),
        [Ok(Some(one)), Ok(Some(other))] => Err(OnnxError::interface(
            format!(
                "an output of {one} numbers for {} frames and {other} for {}",
                FRAMES[0], FRAMES[1]
            ),
            "as many for any number of frames",
        )),
        [Ok(Some(_)), Err(error)] => Err(baked(FRAMES[0], FRAMES[1], &error)),
        [Err(error), Ok(Some(_))] => Err(baked(FRAMES[1], FRAMES[0], &error)),
        [Err(error), _] | [_, Err(error)] => {
            // Sizes of the recording that was traced, perhaps.
            if matches!(error, OnnxError::Node { .. }) {
                for works in [100, 200, 400, 500, 1000, 98, 198, 298, 398] {
                    if matches!(dim(works), Ok(Some(_))) {
                        return Err(baked(works, FRAMES[1], &error));
                    }
                }
            }
            Err(error)
        }
        _ => {
            // Not followed, and that is allowed: what the file says must do.
            let port = net.outputs.iter().find(|port| port.name == ports.output);
            let axes = port.and_then(|port| port.axes.as_ref());
            match axes.and_then(|axes| axes.last()) {
                Some(net::Axis::Fixed(dim)) if *dim > 1 && *dim < 1 << 24 => Ok(*dim as usize),
                _ => Err(OnnxError::interface(
                    format!(
                        "the output `{}` does not say its size",
                        crate::error::shown(&ports.output)
                    ),
                    "a fixed last axis",
                )),
            }
        }
    }
}

fn baked(works: usize, fails: usize, error: &OnnxError) -> OnnxError {
    OnnxError::BakedTime {
        works,
        fails,
        found: error.to_string(),
    }
}

/// Runs something of the runtime on a stack that is deep enough, and away from pools of the caller's, whose threads would take other work
/// while they wait. A panic of the runtime becomes an error.
fn on_own_stack<R: Send>(
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
type Ends = (NodeId, Option<NodeId>, NodeId);

/// The runtime's model of the nodes that are needed, with the shapes that were found right and no others.
fn runtime(
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
