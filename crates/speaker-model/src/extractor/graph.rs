//! A network that others trained, as an ONNX graph.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use onnx_graph::{Behaviour, Choice, Graph, GraphInfo, Layout, Limits};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::{GraphConfig, GraphLayout, Segment};
use crate::ModelError;

/// Frames of a segment, up to a multiple of which a graph's memory is estimated: one estimate for many lengths.
const ESTIMATED_FRAMES: usize = 100;

/// A graph that is run: segments one by one, many at a time.
#[derive(Clone)]
pub struct SpeakerGraph {
    config: GraphConfig,
    num_bins: usize,
    bytes: Arc<[u8]>,
    graph: Arc<Graph>,
}

impl fmt::Debug for SpeakerGraph {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SpeakerGraph")
            .field("config", &self.config)
            .field("num_bins", &self.num_bins)
            .finish_non_exhaustive()
    }
}

impl SpeakerGraph {
    /// The graph in the ONNX file `bytes`. `choice` settles what its names and shapes leave open; segments are filled up with
    /// zeros to a multiple of `frames_multiple` frames; all that runs at once takes `memory_mb` MB at most.
    ///
    /// # Errors
    /// [`ModelError::Graph`] for whatever is wrong with the file, and where it takes samples instead of features.
    pub fn open(
        bytes: Vec<u8>,
        choice: &Choice,
        frames_multiple: usize,
        memory_mb: u64,
    ) -> Result<Self, ModelError> {
        let sha256 = sha256(&bytes);
        let graph = Graph::load_with(bytes.clone(), &limits(memory_mb), choice)?;
        let ports = graph.ports();
        let layout = match ports.layout {
            Layout::FramesBins => GraphLayout::FramesBins,
            Layout::BinsFrames => GraphLayout::BinsFrames,
            Layout::Samples => {
                return Err(ModelError::Graph(onnx_graph::OnnxError::Interface {
                    found: format!(
                        "the input `{}` takes samples, of which the network makes features of its own",
                        ports.input
                    ),
                    expected: "an input of feature frames, [items, frames, bins]".to_owned(),
                }));
            }
        };
        Ok(Self {
            config: GraphConfig {
                sha256,
                input: ports.input.clone(),
                layout,
                length: ports.length.clone(),
                output: ports.output.clone(),
                embedding_dim: graph.dim(),
                frames_multiple: frames_multiple.max(1),
                memory_mb,
            },
            num_bins: ports.bins,
            bytes: bytes.into(),
            graph: Arc::new(graph),
        })
    }

    /// The graph of a bundle, in `bytes` and of frames of `num_bins` bins, as `config` describes it.
    ///
    /// # Errors
    /// What differs: the field, what was found and what was expected.
    pub(crate) fn of_bundle(
        bytes: Vec<u8>,
        config: &GraphConfig,
        num_bins: usize,
    ) -> Result<Self, Difference> {
        let found = sha256(&bytes);
        if found != config.sha256 {
            return Err(Difference {
                field: "SHA-256",
                found,
                expected: config.sha256.clone(),
                remedy: "the file is not the one that the bundle was written with: copy the bundle again",
            });
        }
        let choice = Choice {
            input: Some(config.input.clone()),
            length: config.length.clone(),
            output: Some(config.output.clone()),
            layout: Some(match config.layout {
                GraphLayout::FramesBins => Layout::FramesBins,
                GraphLayout::BinsFrames => Layout::BinsFrames,
            }),
            bins: Some(num_bins),
        };
        let graph = Self::open(bytes, &choice, config.frames_multiple, config.memory_mb);
        let graph = graph.map_err(|error| Difference {
            field: "graph",
            found: error.to_string(),
            expected: "one that can be run".to_owned(),
            remedy: "import the network again",
        })?;
        let of = |config: &GraphConfig| {
            let length = config.length.clone().unwrap_or_default();
            [
                ("input of lengths", length),
                ("embedding_dim", config.embedding_dim.to_string()),
            ]
        };
        for ((field, found), (_, expected)) in of(&graph.config).into_iter().zip(of(config)) {
            if found != expected {
                return Err(Difference {
                    field,
                    found,
                    expected: format!("{expected}, as `bundle.toml` says"),
                    remedy: "take graph and configuration from one bundle",
                });
            }
        }
        Ok(graph)
    }

    /// How it is run.
    #[must_use]
    pub fn config(&self) -> &GraphConfig {
        &self.config
    }

    /// What the file says of itself.
    #[must_use]
    pub fn info(&self) -> &GraphInfo {
        self.graph.info()
    }

    /// Bins of a feature frame.
    #[must_use]
    pub fn num_bins(&self) -> usize {
        self.num_bins
    }

    /// The ONNX file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes of memory that a segment of so many frames takes.
    ///
    /// # Errors
    /// [`ModelError::Graph`] for too few frames, and for more than the limit allows.
    pub fn memory(&self, num_frames: usize) -> Result<u64, ModelError> {
        let filled = num_frames.next_multiple_of(self.config.frames_multiple);
        Ok(self.graph.estimate(filled)?.bytes)
    }

    /// How it behaves with speech and with something else, both `[num_frames, bins]`.
    ///
    /// # Errors
    /// [`ModelError::Graph`] where a run fails, or gives numbers that are not finite.
    pub fn behaviour(
        &self,
        speech: &[f32],
        other: &[f32],
        num_frames: usize,
    ) -> Result<Behaviour, ModelError> {
        Ok(self.graph.behaviour(speech, other, num_frames)?)
    }

    /// As [`super::Extractor::each`]: on all cores, as many at once as memory allows.
    pub(crate) fn each(
        &self,
        segments: &[Segment<'_>],
        mut each: impl FnMut(&Segment<'_>, Vec<f32>),
    ) -> Result<(), ModelError> {
        let mut rest = segments;
        while let Some(longest) = rest.first() {
            let (now, later) = rest.split_at(rest.len().min(self.at_once(longest.frames.len())));
            let vectors: Vec<Vec<f32>> = now
                .par_iter()
                .map(|segment| self.vector(segment.values, segment.frames.len()))
                .collect::<Result<_, _>>()?;
            for (segment, vector) in now.iter().zip(vectors) {
                each(segment, vector);
            }
            rest = later;
        }
        Ok(())
    }

    /// How many segments of at most so many frames may be given to all cores together.
    fn at_once(&self, num_frames: usize) -> usize {
        let rounded = num_frames.next_multiple_of(ESTIMATED_FRAMES);
        // Where an estimate fails, the run itself says why.
        let bytes = self.memory(rounded).unwrap_or(u64::MAX).max(1);
        let running = self.config.memory_mb.saturating_mul(1 << 20) / bytes;
        match usize::try_from(running) {
            Ok(running) if running < rayon::current_num_threads() => running.max(1),
            _ => usize::MAX,
        }
    }

    fn vector(&self, frames: &[f32], num_frames: usize) -> Result<Vec<f32>, ModelError> {
        let filled = num_frames.next_multiple_of(self.config.frames_multiple);
        let mut frames = Cow::Borrowed(frames);
        if filled > num_frames {
            frames.to_mut().resize(filled * self.num_bins, 0.0);
        }
        Ok(self.graph.run_valid(&frames, filled, num_frames)?)
    }
}

/// What a graph has otherwise than its bundle says.
pub(crate) struct Difference {
    pub(crate) field: &'static str,
    pub(crate) found: String,
    pub(crate) expected: String,
    pub(crate) remedy: &'static str,
}

fn limits(memory_mb: u64) -> Limits {
    Limits {
        memory_bytes: memory_mb.saturating_mul(1 << 20),
        ..Limits::default()
    }
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
