//! A file that is run: checked, followed, and handed to the runtime as what was checked and nothing more.

mod probe;
mod runtime;
mod size;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rten::{Model, NodeId, RunOptions, ThreadPool, Value as Tensor, ValueOrView};
use rten_tensor::prelude::*;

use probe::probe;
use runtime::{on_own_stack, runtime};
use size::{Size, arranged, given, shape};

use crate::OnnxError;
use crate::estimate::{self, Estimate};
use crate::file;
use crate::info::GraphInfo;
use crate::limits::Limits;
use crate::net::{Id, Net};
use crate::ports::{Choice, Ports};

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
