//! The frame of an ONNX file, looked at before anything of it is decoded: lengths lie inside what holds them, messages do not
//! nest without end, and what decoding would allocate is known.
//!
//! The reader behind it trusts lengths and nesting; this does not. Field numbers are those of `onnx.proto3`.

use crate::OnnxError;
use crate::limits::Limits;
use crate::wire::{Field, Fields};

/// Messages that are looked into. Fields that hold no message of these are skipped.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Sequence,
    Shape,
    Leaf,
}

/// Graphs in attributes of nodes of graphs; a network from frames to a vector has none.
const DEEPEST: u32 = 12;

impl Kind {
    /// What the field holds, if it is a message that the decoder reads.
    fn child(self, field: u64) -> Option<Kind> {
        Some(match (self, field) {
            (Kind::Model, 7) => Kind::Graph,
            (Kind::Model, 8 | 14) => Kind::Leaf,
            (Kind::Graph, 1) => Kind::Node,
            (Kind::Graph, 5) => Kind::Tensor,
            (Kind::Graph, 11..=13) => Kind::ValueInfo,
            (Kind::Node, 5) => Kind::Attribute,
            (Kind::Attribute, 5) => Kind::Tensor,
            (Kind::Attribute, 6) => Kind::Graph,
            (Kind::Tensor, 13) => Kind::Leaf,
            (Kind::ValueInfo, 2) => Kind::Type,
            (Kind::Type, 1) => Kind::TensorType,
            (Kind::Type, 4) => Kind::Sequence,
            (Kind::TensorType, 2) => Kind::Shape,
            (Kind::Sequence, 1) => Kind::Type,
            (Kind::Shape, 1) => Kind::Leaf,
            _ => return None,
        })
    }

    /// Bytes that a field of so many becomes, which is no message.
    fn decoded(self, field: u64, length: u64) -> u64 {
        match (self, field) {
            (Kind::Tensor, 4 | 9) => length,
            // Packed numbers of a byte each become eight, and a growing vector has twice its room.
            (Kind::Tensor, _) | (Kind::Attribute, 7 | 8) => length.saturating_mul(16),
            _ => length,
        }
    }

    /// Bytes of the decoded struct, generously.
    fn size(self) -> u64 {
        match self {
            Kind::Model | Kind::Graph => 512,
            Kind::Attribute | Kind::Tensor => 640,
            _ => 256,
        }
    }
}

struct Scan<'a> {
    /// What the decoded file takes.
    decoded: u64,
    nodes: u64,
    limits: &'a Limits,
}

/// Checks the frame.
pub(crate) fn scan(bytes: &[u8], limits: &Limits) -> Result<(), OnnxError> {
    let length = bytes.len() as u64;
    if length > limits.file_bytes {
        return Err(OnnxError::limit(
            "bytes of the ONNX file",
            length,
            limits.file_bytes,
        ));
    }
    let mut scan = Scan {
        decoded: 0,
        nodes: 0,
        limits,
    };
    scan.message(Kind::Model, bytes, 0, 0)
}

impl Scan<'_> {
    /// A message that begins at `begin` of the file.
    fn message(
        &mut self,
        kind: Kind,
        message: &[u8],
        begin: usize,
        depth: u32,
    ) -> Result<(), OnnxError> {
        if depth > DEEPEST {
            return Err(OnnxError::limit(
                "depth of messages in the ONNX file",
                u64::from(depth),
                u64::from(DEEPEST),
            ));
        }
        self.take(kind.size())?;
        if kind == Kind::Node {
            self.nodes += 1;
            if self.nodes > self.limits.nodes {
                return Err(OnnxError::limit(
                    "nodes of the graph",
                    self.nodes,
                    self.limits.nodes,
                ));
            }
        }
        let mut seen_graph = false;
        let mut fields = Fields::of(message);
        while !fields.is_empty() {
            let at = begin + fields.offset();
            let Some(field) = fields.next() else { break };
            let (number, field) =
                field.map_err(|error| malformed(begin + error.offset, error.found))?;
            let Field::Bytes(bytes) = field else {
                self.take(16)?;
                continue;
            };
            let Some(child) = kind.child(number) else {
                self.take(kind.decoded(number, bytes.len() as u64).saturating_add(32))?;
                continue;
            };
            if kind == Kind::Model && child == Kind::Graph {
                if seen_graph {
                    return Err(malformed(at, "a second graph"));
                }
                seen_graph = true;
            }
            let begin = begin + fields.offset() - bytes.len();
            self.message(child, bytes, begin, depth + 1)?;
        }
        Ok(())
    }

    fn take(&mut self, bytes: u64) -> Result<(), OnnxError> {
        self.decoded = self.decoded.saturating_add(bytes);
        if self.decoded > self.limits.memory_bytes {
            return Err(OnnxError::limit(
                "bytes of the ONNX file once decoded, at least",
                self.decoded,
                self.limits.memory_bytes,
            ));
        }
        Ok(())
    }
}

pub(crate) fn malformed(offset: usize, found: impl Into<String>) -> OnnxError {
    OnnxError::Malformed {
        offset: offset as u64,
        found: found.into(),
    }
}
