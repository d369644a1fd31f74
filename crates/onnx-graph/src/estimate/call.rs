//! A node with what is known of its inputs, and what all rules say with it.

use crate::net::{Attribute, Node};
use crate::value::{MOST_AXES, Type, Value};

/// Why a node's outputs are not known.
pub(crate) enum Fault {
    /// It cannot be right.
    Wrong(String),
    /// It depends on what the graph computes.
    Unknown(String),
}

pub(crate) type Outcome = Result<Outputs, Fault>;

/// What a node makes.
pub(crate) struct Outputs {
    pub(crate) values: Vec<Value>,
    pub(crate) operations: u64,
    /// Bytes that it takes while it works, beside its outputs.
    pub(crate) scratch: u64,
}

impl Outputs {
    /// One value with one operation an element.
    pub(crate) fn one(value: Value) -> Self {
        Self {
            operations: value.len(),
            values: vec![value],
            scratch: 0,
        }
    }
}

pub(crate) fn wrong<T>(found: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Wrong(found.into()))
}

pub(crate) fn unknown<T>(found: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Unknown(found.into()))
}

/// A node with what is known of its inputs.
pub(crate) struct Call<'a> {
    pub(crate) node: &'a Node,
    pub(crate) inputs: Vec<Option<&'a Value>>,
    pub(crate) opset: i64,
}

impl<'a> Call<'a> {
    pub(crate) fn input(&self, index: usize) -> Result<&'a Value, Fault> {
        match self.optional(index) {
            Some(value) => Ok(value),
            None => wrong(format!("no input {index}")),
        }
    }

    pub(crate) fn optional(&self, index: usize) -> Option<&'a Value> {
        self.inputs.get(index).copied().flatten()
    }

    /// An input of floats.
    pub(crate) fn floats(&self, index: usize) -> Result<&'a Value, Fault> {
        let value = self.input(index)?;
        if value.kind.is_float() {
            return Ok(value);
        }
        wrong(format!("input {index} holds integers, expected floats"))
    }

    /// The numbers of an input.
    pub(crate) fn numbers(&self, index: usize) -> Result<&'a [f64], Fault> {
        match &self.input(index)?.numbers {
            Some(numbers) => Ok(numbers),
            None => unknown(format!("the numbers of input {index} are computed")),
        }
    }

    /// The numbers of an input that is a list.
    pub(crate) fn list(&self, index: usize) -> Result<&'a [f64], Fault> {
        match self.input(index)?.rank() {
            1 => self.numbers(index),
            rank => wrong(format!("input {index} has {rank} axes, expected a list")),
        }
    }

    pub(crate) fn int(&self, name: &str, default: i64) -> Result<i64, Fault> {
        match self.node.attributes.get(name) {
            None => Ok(default),
            Some(Attribute::Int(value)) => Ok(*value),
            Some(_) => wrong(format!("the attribute `{name}` is no integer")),
        }
    }

    pub(crate) fn ints(&self, name: &str) -> Result<Option<&'a [i64]>, Fault> {
        match self.node.attributes.get(name) {
            None => Ok(None),
            Some(Attribute::Ints(values)) => Ok(Some(values)),
            Some(_) => wrong(format!("the attribute `{name}` is no list of integers")),
        }
    }

    pub(crate) fn text(&self, name: &str, default: &'a str) -> Result<&'a str, Fault> {
        match self.node.attributes.get(name) {
            None => Ok(default),
            Some(Attribute::Text(value)) => Ok(value),
            Some(_) => wrong(format!("the attribute `{name}` is no text")),
        }
    }

    pub(crate) fn tensor(&self, name: &str) -> Result<Option<&'a Value>, Fault> {
        match self.node.attributes.get(name) {
            None => Ok(None),
            Some(Attribute::Tensor(value)) => Ok(Some(value)),
            Some(_) => wrong(format!("the attribute `{name}` is no tensor")),
        }
    }

    /// The attribute of old opsets or the input of new ones that lists axes; `None` where neither is there.
    pub(crate) fn axes(&self, rank: usize, input: usize) -> Result<Option<Vec<usize>>, Fault> {
        let listed: Vec<f64> = if self.optional(input).is_some() {
            self.list(input)?.to_vec()
        } else if let Some(axes) = self.ints("axes")? {
            axes.iter().map(|&axis| axis as f64).collect()
        } else {
            return Ok(None);
        };
        let mut axes = Vec::with_capacity(listed.len());
        for number in listed {
            let axis = axis(number as i64, rank)?;
            if axes.contains(&axis) {
                return wrong(format!("the axis {axis} twice"));
            }
            axes.push(axis);
        }
        Ok(Some(axes))
    }

    /// Refuses more outputs than are made.
    pub(crate) fn count(&self, made: usize) -> Result<(), Fault> {
        if self
            .node
            .outputs
            .iter()
            .skip(made)
            .flatten()
            .next()
            .is_some()
        {
            return wrong(format!(
                "{} outputs, expected {made} at most",
                self.node.outputs.len()
            ));
        }
        Ok(())
    }
}

/// An axis counted from the end where it is negative.
pub(crate) fn axis(axis: i64, rank: usize) -> Result<usize, Fault> {
    let rank = rank as i64;
    if (-rank..rank).contains(&axis) {
        return Ok(((axis + rank) % rank) as usize);
    }
    wrong(format!("the axis {axis} of a value of {rank} axes"))
}

pub(crate) type Rule = fn(&Call<'_>) -> Outcome;

/// The shape that two are broadcast to.
pub(crate) fn broadcast(a: &[u64], b: &[u64]) -> Result<Vec<u64>, Fault> {
    let rank = a.len().max(b.len());
    let at = |shape: &[u64], index: usize| {
        (index + shape.len())
            .checked_sub(rank)
            .map_or(1, |index| shape[index])
    };
    (0..rank)
        .map(|index| match (at(a, index), at(b, index)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => wrong(format!("sizes {a:?} and {b:?} do not go together")),
        })
        .collect()
}

/// A tensor's place for every place of the shape that it is broadcast to.
pub(crate) fn broadcast_index(from: &[u64], to: &[u64], mut place: u64) -> usize {
    let mut index = 0;
    let mut stride = 1;
    for axis in (0..to.len()).rev() {
        let at = place % to[axis].max(1);
        place /= to[axis].max(1);
        if let Some(own) = (axis + from.len()).checked_sub(to.len()) {
            if from[own] != 1 {
                index += at * stride;
            }
            stride *= from[own];
        }
    }
    index as usize
}

/// Sizes that a list of numbers gives.
pub(crate) fn sizes(numbers: &[f64]) -> Result<Vec<u64>, Fault> {
    if numbers.len() > MOST_AXES {
        return wrong(format!("{} axes", numbers.len()));
    }
    numbers
        .iter()
        .map(|&number| {
            if number < 0.0 {
                return wrong(format!("a size of {number}"));
            }
            Ok(number as u64)
        })
        .collect()
}

/// The same type and sizes, numbers unknown.
pub(crate) fn like(value: &Value, kind: Type) -> Value {
    Value::unknown(kind, value.shape.clone())
}
