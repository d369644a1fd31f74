//! The walk over the nodes.

use std::collections::HashMap;

use super::call::{Call, Fault, Rule, unknown};
use super::{elementwise, layers, layout, making, memory, reductions};
use crate::OnnxError;
use crate::limits::Limits;
use crate::net::{Id, Net};
use crate::value::{MOST_AXES, Value};

/// What one run takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Bytes at the run's peak, weights included.
    pub bytes: u64,
    /// Multiplications and element-wise operations.
    pub operations: u64,
    /// The node that makes the largest value.
    pub largest_node: String,
    /// Bytes of that value.
    pub largest_bytes: u64,
    /// The output's sizes; empty where they could not be followed and the limits allow that.
    pub output: Vec<u64>,
}

/// Refuses operators that are not followed.
pub(crate) fn check_operators(net: &Net) -> Result<(), OnnxError> {
    match net.nodes.iter().find(|node| rule(&node.operator).is_none()) {
        None => Ok(()),
        Some(node) => Err(OnnxError::Operator {
            node: node.name.clone(),
            operator: node.operator.clone(),
        }),
    }
}

fn rule(operator: &str) -> Option<Rule> {
    elementwise::rule(operator)
        .or_else(|| layout::rule(operator))
        .or_else(|| making::rule(operator))
        .or_else(|| reductions::rule(operator))
        .or_else(|| layers::rule(operator))
}

/// What a run makes of inputs.
pub(crate) fn follow(
    net: &Net,
    inputs: &HashMap<Id, Value>,
    output: Id,
    limits: &Limits,
) -> Result<(Estimate, Option<Value>), OnnxError> {
    let mut values: Vec<Option<Value>> = vec![None; net.names.len()];
    for (&id, value) in inputs {
        values[id] = Some(value.clone());
    }
    let mut memory = Vec::with_capacity(net.nodes.len());
    let mut operations = 0_u64;
    let mut largest = (String::new(), 0_u64);
    for node in &net.nodes {
        let call = Call {
            node,
            opset: net.opset,
            inputs: node
                .inputs
                .iter()
                .map(|id| id.and_then(|id| net.constants.get(&id).or(values[id].as_ref())))
                .collect(),
        };
        // An input of which nothing is known: behind a node that was not followed.
        let blind = node
            .inputs
            .iter()
            .zip(&call.inputs)
            .any(|(id, value)| id.is_some() && value.is_none());
        let outcome = if blind {
            unknown("so are its inputs")
        } else {
            match rule(&node.operator) {
                Some(rule) => rule(&call)
                    .and_then(|outputs| call.count(outputs.values.len()).map(|()| outputs)),
                None => unknown("the operator is not known"),
            }
        };
        let outputs = match outcome {
            Ok(outputs) => outputs,
            Err(Fault::Wrong(found)) => {
                return Err(OnnxError::Node {
                    node: node.name.clone(),
                    operator: node.operator.clone(),
                    found,
                });
            }
            Err(Fault::Unknown(_)) if limits.allow_unfollowed => continue,
            Err(Fault::Unknown(found)) => {
                return Err(OnnxError::Unfollowed {
                    node: node.name.clone(),
                    operator: node.operator.clone(),
                    found,
                });
            }
        };
        let mut bytes = outputs.scratch;
        for value in &outputs.values {
            bytes = bytes.saturating_add(value.bytes());
            if value.rank() > MOST_AXES {
                return Err(OnnxError::limit(
                    format!(
                        "axes of what node `{}` ({}) makes",
                        node.name, node.operator
                    ),
                    value.rank() as u64,
                    MOST_AXES as u64,
                ));
            }
        }
        if bytes > limits.memory_bytes {
            return Err(OnnxError::memory(
                format!("bytes that node `{}` ({}) needs", node.name, node.operator),
                bytes,
                limits.memory_bytes,
            ));
        }
        if bytes > largest.1 {
            largest = (node.name.clone(), bytes);
        }
        operations = operations.saturating_add(outputs.operations);
        if operations > limits.operations {
            return Err(OnnxError::limit(
                format!(
                    "operations of a run up to node `{}` ({})",
                    node.name, node.operator
                ),
                operations,
                limits.operations,
            ));
        }
        memory.push(memory::Step {
            inputs: node
                .inputs
                .iter()
                .flatten()
                .copied()
                .filter(|id| !net.constants.contains_key(id))
                .collect(),
            outputs: node
                .outputs
                .iter()
                .zip(&outputs.values)
                .filter_map(|(id, value)| id.map(|id| (id, value.bytes())))
                .collect(),
            scratch: outputs.scratch,
            in_place: elementwise::rule(&node.operator).is_some()
                || layout::keeps_order(&node.operator),
        });
        for (id, value) in node.outputs.iter().zip(outputs.values) {
            if let Some(id) = *id {
                values[id] = Some(value);
            }
        }
    }
    let given: Vec<(Id, u64)> = inputs
        .iter()
        .map(|(&id, value)| (id, value.bytes()))
        .collect();
    // Weights, and the runtime's copies of them in the order of its products.
    let bytes = net
        .parameter_bytes
        .saturating_mul(2)
        .saturating_add(memory::peak(&memory, &given, output, net.names.len()));
    if bytes > limits.memory_bytes {
        return Err(OnnxError::memory(
            "bytes of one run",
            bytes,
            limits.memory_bytes,
        ));
    }
    let made = net
        .constants
        .get(&output)
        .cloned()
        .or_else(|| values.swap_remove(output));
    let estimate = Estimate {
        bytes,
        operations,
        largest_node: largest.0,
        largest_bytes: largest.1,
        output: made
            .as_ref()
            .map(|value| value.shape.clone())
            .unwrap_or_default(),
    };
    Ok((estimate, made))
}
