//! Models and graphs in ONNX messages.

use std::path::Path;

use onnx_graph::wire::{Field, Fields};

use super::external::Folder;
use super::graph::{OnnxGraph, OnnxPort};
use super::tensor;
use crate::error::{Fault, shown};
use crate::limits::{Budget, Limits};
use crate::tensor::Contents;

/// Newest version of the format that may appear.
const NEWEST_IR: u8 = 20;

/// Whether bytes are the beginning of such a file: its version, and then a text or the graph.
pub(crate) fn is_onnx(bytes: &[u8]) -> bool {
    match bytes {
        // The producer's name. Core ML's files have a message there, which begins with a field's number.
        [0x08, 1..=NEWEST_IR, 0x12, length, rest @ ..] => {
            *length == 0 || rest.first().is_some_and(|byte| *byte >= b' ')
        }
        [
            0x08,
            1..=NEWEST_IR,
            0x1a | 0x22 | 0x32 | 0x3a | 0x42 | 0x72,
            ..,
        ] => true,
        _ => false,
    }
}

/// Its tensors and its graph. `folder` is where the file lies, unless it is in an archive.
pub(crate) fn read(
    bytes: &[u8],
    folder: Option<&Path>,
    limits: &Limits,
) -> Result<(Contents, OnnxGraph), Fault> {
    let mut reader = Reader {
        contents: Contents::default(),
        graph: OnnxGraph::default(),
        folder: Folder {
            path: folder,
            used: std::collections::BTreeSet::new(),
            left: limits.file_bytes.saturating_sub(bytes.len() as u64),
        },
        budget: Budget::new(bytes.len() as u64, limits),
        limits,
        num_nodes: 0,
        num_subgraphs: 0,
    };
    let mut graph = None;
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => reader.graph.ir_version = field.integer()?,
            (2, field) => field.text()?.clone_into(&mut reader.graph.producer),
            (3, field) => {
                let version = field.text()?;
                if !version.is_empty() {
                    reader.graph.producer = format!("{} {version}", reader.graph.producer);
                }
            }
            (7, field) => graph = Some(field.bytes()?),
            (8, field) => reader.opset(field.bytes()?)?,
            (14, field) => reader.metadata(field.bytes()?)?,
            (25, field) => reader.function(field.bytes()?)?,
            _ => {}
        }
    }
    let Some(graph) = graph else {
        return Err(Fault::Malformed("it has no graph".to_owned()));
    };
    reader.read_graph(graph, 0)?;
    let mut graph = reader.graph;
    graph.external_files = reader.folder.used;
    // What has an initialiser need not be given.
    let tensors = &reader.contents.tensors;
    graph
        .inputs
        .retain(|input| !tensors.contains_key(&input.name));
    bytes.clone_into(&mut graph.bytes);
    Ok((reader.contents, graph))
}

struct Reader<'l> {
    contents: Contents,
    graph: OnnxGraph,
    folder: Folder<'l>,
    budget: Budget,
    limits: &'l Limits,
    num_nodes: usize,
    num_subgraphs: usize,
}

impl Reader<'_> {
    fn opset(&mut self, message: &[u8]) -> Result<(), Fault> {
        let (mut domain, mut version) = ("", 0);
        for field in Fields::of(message) {
            match field? {
                (1, field) => domain = field.text()?,
                (2, field) => version = field.integer()?,
                _ => {}
            }
        }
        let domain = if domain == "ai.onnx" { "" } else { domain };
        self.graph.opsets.insert(domain.to_owned(), version);
        Ok(())
    }

    fn metadata(&mut self, message: &[u8]) -> Result<(), Fault> {
        let (mut key, mut value) = ("", "");
        for field in Fields::of(message) {
            match field? {
                (1, field) => key = field.text()?,
                (2, field) => value = field.text()?,
                _ => {}
            }
        }
        self.contents
            .metadata
            .insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    fn function(&mut self, message: &[u8]) -> Result<(), Fault> {
        for field in Fields::of(message) {
            match field? {
                (1, field) => {
                    self.graph.functions.insert(field.text()?.to_owned());
                }
                (7, field) => self.node(field.bytes()?, 1)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_graph(&mut self, message: &[u8], depth: usize) -> Result<(), Fault> {
        if depth > self.limits.depth.min(16) {
            return Err(Fault::Refused(
                "has graphs in graphs, more than 16 deep".to_owned(),
            ));
        }
        for field in Fields::of(message) {
            match field? {
                (1, field) => self.node(field.bytes()?, depth)?,
                (5, field) => self.tensor(field.bytes()?, "", depth)?,
                (15, _) => self.contents.leave_out("", "a sparse tensor"),
                (11, field) if depth == 0 => {
                    let port = port(field.bytes()?)?;
                    self.graph.inputs.push(port);
                }
                (12, field) if depth == 0 => {
                    let port = port(field.bytes()?)?;
                    self.graph.outputs.push(port);
                }
                _ => {}
            }
            if self.graph.inputs.len() + self.graph.outputs.len() > self.limits.num_tensors {
                return Err(Fault::TooLarge {
                    found: "it has more inputs and outputs".to_owned(),
                    limit: self.limits.num_tensors as u64,
                });
            }
        }
        Ok(())
    }

    fn tensor(&mut self, message: &[u8], name: &str, depth: usize) -> Result<(), Fault> {
        if self.contents.tensors.len() >= self.limits.num_tensors {
            return Err(Fault::TooLarge {
                found: "it holds more tensors".to_owned(),
                limit: self.limits.num_tensors as u64,
            });
        }
        let (name, tensor) = tensor::read(message, name, &mut self.folder, &mut self.budget)?;
        // Names in a subgraph are its own.
        let name = match depth {
            0 => name.to_owned(),
            _ => format!("subgraph{}.{name}", self.num_subgraphs),
        };
        match tensor {
            Ok(tensor) => self.contents.add(&name, tensor),
            Err(what) => {
                self.contents.leave_out(&name, &what);
                Ok(())
            }
        }
    }

    fn node(&mut self, message: &[u8], depth: usize) -> Result<(), Fault> {
        self.num_nodes += 1;
        if self.num_nodes > self.limits.num_objects {
            return Err(Fault::TooLarge {
                found: "its graph has more nodes".to_owned(),
                limit: self.limits.num_objects as u64,
            });
        }
        let (mut operator, mut domain, mut output) = ("", "", "");
        for field in Fields::of(message) {
            match field? {
                (2, field) => output = field.text()?,
                (4, field) => operator = field.text()?,
                (7, field) => domain = field.text()?,
                _ => {}
            }
        }
        let shown_operator = match domain {
            "" | "ai.onnx" => shown(operator),
            _ => format!("{}:{}", shown(domain), shown(operator)),
        };
        *self.graph.operators.entry(shown_operator).or_default() += 1;
        for field in Fields::of(message) {
            if let (5, Field::Bytes(attribute)) = field? {
                for field in Fields::of(attribute) {
                    match field? {
                        // The value of a constant is a tensor like others.
                        (5, field) if operator == "Constant" => {
                            self.tensor(field.bytes()?, output, depth)?;
                        }
                        (6 | 11, field) => {
                            self.num_subgraphs += 1;
                            self.read_graph(field.bytes()?, depth + 1)?;
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }
}

/// A `ValueInfoProto`.
fn port(message: &[u8]) -> Result<OnnxPort, Fault> {
    let mut port = OnnxPort {
        name: String::new(),
        shape: Vec::new(),
        data_type: 0,
    };
    for field in Fields::of(message) {
        match field? {
            (1, field) => field.text()?.clone_into(&mut port.name),
            (2, field) => {
                for field in Fields::of(field.bytes()?) {
                    if let (1, Field::Bytes(tensor)) = field? {
                        tensor_type(tensor, &mut port)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(port)
}

/// A `TypeProto.Tensor`.
fn tensor_type(message: &[u8], port: &mut OnnxPort) -> Result<(), Fault> {
    for field in Fields::of(message) {
        match field? {
            (1, field) => port.data_type = field.integer()?,
            (2, field) => {
                for field in Fields::of(field.bytes()?) {
                    let (1, Field::Bytes(dimension)) = field? else {
                        continue;
                    };
                    let mut size = Err(String::new());
                    for field in Fields::of(dimension) {
                        match field? {
                            (1, Field::Varint(value)) => size = Ok(value),
                            (2, field) => size = Err(field.text()?.to_owned()),
                            _ => {}
                        }
                    }
                    if port.shape.len() >= 16 {
                        return Err(Fault::Malformed(
                            "an input has more than 16 sizes".to_owned(),
                        ));
                    }
                    port.shape.push(size);
                }
            }
            _ => {}
        }
    }
    Ok(())
}
