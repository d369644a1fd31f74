//! The stack machine of protocols 0 to 5, as far as tensors in plain containers need it.

mod objects;

use super::cursor::Cursor;
use super::value::{Node, Storage, Value};
use crate::error::Fault;
use crate::limits::Limits;

/// Most dimensions of a tensor.
const MOST_DIMENSIONS: usize = 16;
/// The integer that begins files of PyTorch before 1.6.
const TORCH_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// A pickle that was read.
pub(crate) struct Pickle<'a> {
    /// What it holds.
    pub(crate) root: Value<'a>,
    nodes: Vec<Node<'a>>,
    /// The first byte behind it.
    pub(crate) end: usize,
}

impl<'a> Pickle<'a> {
    /// The parts of a value that has some.
    pub(crate) fn node(&self, value: Value<'a>) -> Option<&Node<'a>> {
        match value {
            Value::Node(index) => self.nodes.get(index as usize),
            _ => None,
        }
    }

    /// Shows every storage that it refers to.
    pub(crate) fn for_each_storage(&self, mut show: impl FnMut(&Storage<'a>)) {
        for node in &self.nodes {
            if let Node::Storage(storage) = node {
                show(storage);
            }
        }
    }
}

/// Whether a value is the integer that begins files of PyTorch before 1.6.
pub(crate) fn is_torch_magic(value: Value<'_>) -> bool {
    matches!(value, Value::Long(bytes) if bytes == TORCH_MAGIC)
}

/// Reads the pickle that begins at byte `at`.
pub(crate) fn read<'a>(bytes: &'a [u8], at: usize, limits: &Limits) -> Result<Pickle<'a>, Fault> {
    let mut machine = Machine {
        cursor: Cursor::new(bytes, at),
        end: at.saturating_add(usize::try_from(limits.header_bytes).unwrap_or(usize::MAX)),
        // No honest instruction makes more than two values of a byte.
        most: limits
            .num_objects
            .min(bytes.len().saturating_mul(4).saturating_add(1024)),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
        nodes: Vec::new(),
        num_values: 0,
    };
    loop {
        let at = machine.cursor.at;
        if at > machine.end {
            return Err(Fault::TooLarge {
                found: "its pickle is longer, in bytes".to_owned(),
                limit: limits.header_bytes,
            });
        }
        let code = machine.cursor.byte()?;
        if code == b'.' {
            let root = machine.pop()?;
            return Ok(Pickle {
                root,
                nodes: machine.nodes,
                end: machine.cursor.at,
            });
        }
        machine.step(code, at)?;
    }
}

struct Machine<'a> {
    cursor: Cursor<'a>,
    end: usize,
    most: usize,
    stack: Vec<Value<'a>>,
    /// Where on the stack the marks are.
    marks: Vec<usize>,
    memo: Vec<Value<'a>>,
    nodes: Vec<Node<'a>>,
    /// Values that were pushed or put away so far.
    num_values: usize,
}

impl<'a> Machine<'a> {
    fn malformed(&self, found: &str) -> Fault {
        Fault::at(self.cursor.at, format_args!("its pickle {found}"))
    }

    fn count(&mut self, count: usize) -> Result<(), Fault> {
        self.num_values = self.num_values.saturating_add(count);
        if self.num_values > self.most {
            return Err(Fault::TooLarge {
                found: "its pickle makes more objects".to_owned(),
                limit: self.most as u64,
            });
        }
        Ok(())
    }

    fn push(&mut self, value: Value<'a>) -> Result<(), Fault> {
        self.count(1)?;
        self.stack.push(value);
        Ok(())
    }

    /// What stands below a mark is not taken.
    fn pop(&mut self) -> Result<Value<'a>, Fault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(self.malformed("takes from an empty stack"));
        }
        self.stack
            .pop()
            .ok_or_else(|| self.malformed("takes from an empty stack"))
    }

    /// All that lies above the last mark, which goes.
    fn pop_mark(&mut self) -> Result<Vec<Value<'a>>, Fault> {
        let Some(mark) = self.marks.pop() else {
            return Err(self.malformed("has no mark where one is expected"));
        };
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Value<'a>>, Fault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.len().checked_sub(count) {
            Some(rest) if rest >= floor => Ok(self.stack.split_off(rest)),
            _ => Err(self.malformed("takes from an empty stack")),
        }
    }

    fn push_node(&mut self, node: Node<'a>) -> Result<(), Fault> {
        self.count(1)?;
        let index = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(node);
        self.push(Value::Node(index))
    }

    fn node_mut(&mut self, value: Value<'a>) -> Option<&mut Node<'a>> {
        match value {
            Value::Node(index) => self.nodes.get_mut(index as usize),
            _ => None,
        }
    }

    fn node(&self, value: Value<'a>) -> Option<&Node<'a>> {
        match value {
            Value::Node(index) => self.nodes.get(index as usize),
            _ => None,
        }
    }

    fn top(&self) -> Result<Value<'a>, Fault> {
        let top = self.stack.last().copied();
        top.ok_or_else(|| self.malformed("looks at an empty stack"))
    }

    fn remember(&mut self, index: usize) -> Result<(), Fault> {
        let value = self.top()?;
        // Pickles number what they remember from 0 on; two files' worth of slack.
        if index > self.memo.len().saturating_mul(2).saturating_add(1024) {
            return Err(self.malformed("remembers a value under a number far beyond the others"));
        }
        if index >= self.memo.len() {
            self.count(index + 1 - self.memo.len())?;
            self.memo.resize(index + 1, Value::None);
        }
        if let Some(slot) = self.memo.get_mut(index) {
            *slot = value;
        }
        Ok(())
    }

    fn recall(&mut self, index: usize) -> Result<(), Fault> {
        match self.memo.get(index).copied() {
            Some(value) => self.push(value),
            None => Err(self.malformed("recalls what it has not remembered")),
        }
    }

    fn decimal(&mut self) -> Result<usize, Fault> {
        let line = std::str::from_utf8(self.cursor.line()?).ok();
        let number = line.and_then(|line| line.trim().parse().ok());
        number.ok_or_else(|| self.malformed("has no number where one is expected"))
    }

    fn step(&mut self, code: u8, at: usize) -> Result<(), Fault> {
        match code {
            // Frames and the protocol say nothing that is needed.
            0x80 => self.cursor.byte().map(|_| ()),
            0x95 => self.cursor.array::<8>().map(|_| ()),
            b'(' => {
                self.count(1)?;
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(|_| ()),
            b'1' => self.pop_mark().map(|_| ()),
            b'2' => self.top().and_then(|value| self.push(value)),
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' | b'M' | b'J' | b'I' | 0x8a | 0x8b => self.integer(code),
            b'G' => {
                let bytes = self.cursor.array()?;
                self.push(Value::Float(f64::from_be_bytes(bytes)))
            }
            b'X' | 0x8c | 0x8d | b'T' | b'U' | b'B' | b'C' | 0x8e | 0x96 => self.text(code),
            b']' | 0x8f | b')' => self.push_node(Node::Sequence(Vec::new())),
            b'}' => self.push_node(Node::Dict(Vec::new())),
            b'l' | b't' | 0x91 => {
                let items = self.pop_mark()?;
                self.push_node(Node::Sequence(items))
            }
            0x85..=0x87 => {
                let items = self.pop_many(usize::from(code - 0x84))?;
                self.push_node(Node::Sequence(items))
            }
            b'd' => {
                let pairs = self.pop_mark()?;
                let pairs = self.pairs(&pairs)?;
                self.push_node(Node::Dict(pairs))
            }
            b'a' | b'e' | 0x90 => {
                let items = if code == b'a' {
                    vec![self.pop()?]
                } else {
                    self.pop_mark()?
                };
                self.extend(items)
            }
            b's' | b'u' => {
                let items = if code == b's' {
                    self.pop_many(2)?
                } else {
                    self.pop_mark()?
                };
                self.set_items(&items)
            }
            b'q' => self
                .cursor
                .byte()
                .and_then(|index| self.remember(index.into())),
            b'r' => {
                let index = u32::from_le_bytes(self.cursor.array()?);
                self.remember(index as usize)
            }
            b'p' => self.decimal().and_then(|index| self.remember(index)),
            0x94 => self.remember(self.memo.len()),
            b'h' => self
                .cursor
                .byte()
                .and_then(|index| self.recall(index.into())),
            b'j' => {
                let index = u32::from_le_bytes(self.cursor.array()?);
                self.recall(index as usize)
            }
            b'g' => self.decimal().and_then(|index| self.recall(index)),
            b'c' | b'i' => {
                let name = |line| std::str::from_utf8(line).unwrap_or("a name that is no text");
                let module = name(self.cursor.line()?);
                let class = name(self.cursor.line()?);
                self.global(module, class)?;
                match code {
                    b'c' => Ok(()),
                    _ => Err(self.malformed("makes objects in the way of protocol 0")),
                }
            }
            0x93 => match self.pop_many(2)?[..] {
                [Value::Text(module), Value::Text(name)] => self.global(module, name),
                _ => Err(self.malformed("has no names where a class is named")),
            },
            b'R' | 0x81 => {
                let arguments = self.pop()?;
                let function = self.pop()?;
                self.call(function, arguments)
            }
            0x92 => {
                self.pop()?;
                let arguments = self.pop()?;
                let function = self.pop()?;
                self.call(function, arguments)
            }
            // The state of an object: none that is kept has one that matters.
            b'b' => {
                self.pop()?;
                self.top().map(|_| ())
            }
            b'Q' => {
                let id = self.pop()?;
                self.persistent(id)
            }
            0x82..=0x84 => Err(Fault::Refused(
                "calls a function by a number of Python's extension registry".to_owned(),
            )),
            _ => Err(Fault::at(
                at,
                format_args!(
                    "its pickle has the instruction {code:#04x}, which no state dict needs"
                ),
            )),
        }
    }

    fn integer(&mut self, code: u8) -> Result<(), Fault> {
        let value = match code {
            b'K' => i64::from(self.cursor.byte()?),
            b'M' => i64::from(u16::from_le_bytes(self.cursor.array()?)),
            b'J' => i64::from(i32::from_le_bytes(self.cursor.array()?)),
            b'I' => {
                let line = self.cursor.line()?;
                let text = std::str::from_utf8(line).unwrap_or_default().trim();
                match text {
                    "00" => return self.push(Value::Bool(false)),
                    "01" => return self.push(Value::Bool(true)),
                    _ => text
                        .parse()
                        .map_err(|_| self.malformed("has an integer of no digits"))?,
                }
            }
            _ => {
                let count = match code {
                    0x8a => u64::from(self.cursor.byte()?),
                    _ => u64::from(u32::from_le_bytes(self.cursor.array()?)),
                };
                let bytes = self.cursor.take(count)?;
                if bytes.len() > 8 {
                    return self.push(Value::Long(bytes));
                }
                // Two's complement: the highest bit of the last byte is the sign.
                let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
                let mut whole = [if negative { 0xff } else { 0 }; 8];
                whole[..bytes.len()].copy_from_slice(bytes);
                i64::from_le_bytes(whole)
            }
        };
        self.push(Value::Int(value))
    }

    fn text(&mut self, code: u8) -> Result<(), Fault> {
        let count = match code {
            0x8c | b'U' | b'C' => u64::from(self.cursor.byte()?),
            b'X' | b'T' | b'B' => u64::from(u32::from_le_bytes(self.cursor.array()?)),
            _ => u64::from_le_bytes(self.cursor.array()?),
        };
        let value = match code {
            b'X' | 0x8c | 0x8d => Value::Text(self.cursor.text(count)?),
            _ => {
                let bytes = self.cursor.take(count)?;
                // Python 2's texts are bytes.
                match std::str::from_utf8(bytes) {
                    Ok(text) if matches!(code, b'T' | b'U') => Value::Text(text),
                    _ => Value::Bytes,
                }
            }
        };
        self.push(value)
    }

    fn pairs(&self, items: &[Value<'a>]) -> Result<Vec<(Value<'a>, Value<'a>)>, Fault> {
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.malformed("has a dictionary with a key that lacks its value"));
        }
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    }

    fn extend(&mut self, items: Vec<Value<'a>>) -> Result<(), Fault> {
        let target = self.top()?;
        match self.node_mut(target) {
            Some(Node::Sequence(list)) => {
                list.extend(items);
                Ok(())
            }
            Some(Node::Object(_)) => Ok(()),
            _ => Err(self.malformed("appends to what is no list")),
        }
    }

    fn set_items(&mut self, items: &[Value<'a>]) -> Result<(), Fault> {
        let pairs = self.pairs(items)?;
        let target = self.top()?;
        match self.node_mut(target) {
            Some(Node::Dict(dict)) => {
                dict.extend(pairs);
                Ok(())
            }
            Some(Node::Object(_)) => Ok(()),
            _ => Err(self.malformed("puts entries into what is no dictionary")),
        }
    }
}
