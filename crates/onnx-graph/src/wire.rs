//! The frame of an ONNX file, looked at before anything of it is decoded: lengths lie inside what holds them, messages do not
//! nest without end, and what decoding would allocate is known.
//!
//! The reader behind it trusts lengths and nesting; this does not. Field numbers are those of `onnx.proto3`.

use crate::OnnxError;
use crate::limits::Limits;

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
    bytes: &'a [u8],
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
        bytes,
        decoded: 0,
        nodes: 0,
        limits,
    };
    scan.message(Kind::Model, 0, bytes.len(), 0)
}

impl Scan<'_> {
    fn message(
        &mut self,
        kind: Kind,
        mut at: usize,
        end: usize,
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
        while at < end {
            let begin = at;
            let tag = self.varint(&mut at, end)?;
            let field = tag >> 3;
            match tag & 7 {
                0 => {
                    self.varint(&mut at, end)?;
                    self.take(16)?;
                }
                1 | 5 => {
                    at += if tag & 7 == 1 { 8 } else { 4 };
                    if at > end {
                        return Err(malformed(begin, "a number that ends early"));
                    }
                    self.take(16)?;
                }
                2 => {
                    let length = self.varint(&mut at, end)?;
                    let rest = (end - at) as u64;
                    if length > rest {
                        return Err(malformed(
                            begin,
                            format!("a field of {length} bytes, but {rest} are left"),
                        ));
                    }
                    let last = at + length as usize;
                    match kind.child(field) {
                        Some(child) => {
                            if kind == Kind::Model && child == Kind::Graph {
                                if seen_graph {
                                    return Err(malformed(begin, "a second graph"));
                                }
                                seen_graph = true;
                            }
                            self.message(child, at, last, depth + 1)?;
                        }
                        None => {
                            // Packed numbers of a byte each become eight, and a growing vector has twice its room.
                            let bytes = if kind == Kind::Tensor && field == 9 || field == 4 {
                                length
                            } else if matches!(
                                (kind, field),
                                (Kind::Tensor, _) | (Kind::Attribute, 7 | 8)
                            ) {
                                length.saturating_mul(16)
                            } else {
                                length
                            };
                            self.take(bytes.saturating_add(32))?;
                        }
                    }
                    at = last;
                }
                other => {
                    return Err(malformed(begin, format!("a field of wire type {other}")));
                }
            }
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

    fn varint(&self, at: &mut usize, end: usize) -> Result<u64, OnnxError> {
        let begin = *at;
        let mut value = 0_u64;
        for shift in 0..10 {
            if *at >= end {
                return Err(malformed(begin, "the end in the middle of a number"));
            }
            let byte = self.bytes[*at];
            *at += 1;
            value |= u64::from(byte & 0x7f) << (7 * shift);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(malformed(begin, "a number of more than ten bytes"))
    }
}

pub(crate) fn malformed(offset: usize, found: impl Into<String>) -> OnnxError {
    OnnxError::Malformed {
        offset: offset as u64,
        found: found.into(),
    }
}
