//! What a pickle names and calls: tensors, their storages, and classes that stand in files of weights. Nothing is called.

use super::{MOST_DIMENSIONS, Machine};
use crate::error::{Fault, shown};
use crate::pickle::known::Known;
use crate::pickle::value::{Node, Storage, Value, View};

impl<'a> Machine<'a> {
    pub(super) fn global(&mut self, module: &'a str, name: &'a str) -> Result<(), Fault> {
        match Known::of(module, name) {
            Some(known) => self.push_node(Node::Global(known)),
            None if module.starts_with("__torch__") => Err(Fault::Unsupported(format!(
                "it is a compiled program (TorchScript, `{}`), not a state dict",
                shown(name)
            ))),
            None => Err(Fault::Refused(format!(
                "calls `{}.{}`, which no file of weights needs",
                shown(module),
                shown(name)
            ))),
        }
    }

    /// What a call of a known name gives.
    pub(super) fn call(&mut self, function: Value<'a>, arguments: Value<'a>) -> Result<(), Fault> {
        let Some(Node::Global(known)) = self.node(function) else {
            return Err(self.malformed("calls what is no function"));
        };
        let known = *known;
        let Some(Node::Sequence(arguments)) = self.node(arguments) else {
            return Err(self.malformed("calls a function without a list of arguments"));
        };
        match known {
            Known::Dict => {
                let given = arguments.first().copied();
                let pairs = match given.and_then(|given| self.node(given)) {
                    Some(Node::Dict(pairs)) => pairs.clone(),
                    Some(Node::Sequence(items)) => {
                        let pair = |item: &Value<'a>| match self.node(*item) {
                            Some(Node::Sequence(pair)) => match pair[..] {
                                [key, value] => Some((key, value)),
                                _ => None,
                            },
                            _ => None,
                        };
                        items.iter().filter_map(pair).collect()
                    }
                    _ => Vec::new(),
                };
                self.count(pairs.len())?;
                self.push_node(Node::Dict(pairs))
            }
            Known::Sequence => {
                let given = arguments.first().copied();
                let items = match given.and_then(|given| self.node(given)) {
                    Some(Node::Sequence(items)) => items.clone(),
                    _ => Vec::new(),
                };
                self.count(items.len())?;
                self.push_node(Node::Sequence(items))
            }
            Known::Tensor | Known::TensorOfType => {
                let view = self.view(arguments, known)?;
                self.push_node(Node::Tensor(Box::new(view)))
            }
            Known::Parameter => match arguments.first().copied() {
                Some(tensor) => self.push(tensor),
                None => Err(self.malformed("has a parameter without a tensor")),
            },
            Known::Inert(..) => self.push_node(Node::Object(known)),
            Known::Storage(_) | Known::Type(_) => {
                Err(self.malformed("calls a type as if it were a function"))
            }
        }
    }

    fn sizes(&self, value: Value<'a>) -> Option<Vec<u64>> {
        let Some(Node::Sequence(items)) = self.node(value) else {
            return None;
        };
        if items.len() > MOST_DIMENSIONS {
            return None;
        }
        let size = |item: &Value<'a>| match item {
            Value::Int(size) => u64::try_from(*size).ok(),
            _ => None,
        };
        items.iter().map(size).collect()
    }

    /// The tensor of `_rebuild_tensor(storage, offset, size, stride, ...)`.
    fn view(&self, arguments: &[Value<'a>], known: Known<'a>) -> Result<View<'a>, Fault> {
        let [storage, offset, shape, strides, ..] = *arguments else {
            return Err(self.malformed("makes a tensor of too few arguments"));
        };
        let Some(Node::Storage(storage)) = self.node(storage) else {
            return Err(self.malformed("makes a tensor of no storage"));
        };
        let given = match known {
            Known::TensorOfType => match arguments.get(6).and_then(|value| self.node(*value)) {
                Some(Node::Global(Known::Type(element))) => Some(*element),
                _ => None,
            },
            _ => storage.element,
        };
        let Some(element) = given else {
            return Err(Fault::Unsupported(
                "it has a tensor of a type of numbers that is not read here".to_owned(),
            ));
        };
        let offset = match offset {
            Value::Int(offset) => u64::try_from(offset).ok(),
            _ => None,
        };
        match (offset, self.sizes(shape), self.sizes(strides)) {
            (Some(offset), Some(shape), Some(strides)) if shape.len() == strides.len() => Ok(View {
                storage: **storage,
                element,
                offset,
                shape,
                strides,
            }),
            _ => Err(self.malformed(&format!(
                "makes a tensor whose offset, sizes and strides are not all numbers from 0 on, of {MOST_DIMENSIONS} dimensions at most"
            ))),
        }
    }

    /// The storage of `('storage', type, key, device, count)`, and in old files the part of another that it is.
    pub(super) fn persistent(&mut self, id: Value<'a>) -> Result<(), Fault> {
        let storage = match self.node(id) {
            Some(Node::Sequence(id)) => match **id {
                [
                    Value::Text("storage"),
                    kind,
                    Value::Text(key),
                    _,
                    Value::Int(count),
                    ref rest @ ..,
                ] => {
                    let element = match self.node(kind) {
                        Some(Node::Global(Known::Storage(element))) => Some(*element),
                        _ => None,
                    };
                    let part = rest.first().and_then(|part| self.node(*part));
                    let first = match part {
                        Some(Node::Sequence(part)) => match **part {
                            [_, Value::Int(first), _] => u64::try_from(first).ok(),
                            _ => None,
                        },
                        _ => Some(0),
                    };
                    match (element, u64::try_from(count), first) {
                        (Some(element), Ok(num_elements), Some(first)) => Some(Storage {
                            key,
                            element,
                            num_elements,
                            first,
                        }),
                        _ => None,
                    }
                }
                _ => None,
            },
            _ => None,
        };
        match storage {
            Some(storage) => self.push_node(Node::Storage(Box::new(storage))),
            None => Err(self.malformed("refers to something outside of it that is no storage")),
        }
    }
}
