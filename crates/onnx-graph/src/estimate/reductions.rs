//! Operators that bring an axis together or go along one.

use super::call::{Call, Outcome, Outputs, Rule, axis, like, wrong};
use crate::value::{MOST_KNOWN, Type, Value};

pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "ReduceL1" | "ReduceL2" | "ReduceLogSum" | "ReduceLogSumExp" | "ReduceMax"
        | "ReduceMean" | "ReduceMin" | "ReduceProd" | "ReduceSum" | "ReduceSumSquare" => reduce,
        "ArgMax" | "ArgMin" => arg,
        "Softmax" | "LogSoftmax" | "LpNormalization" => along,
        "CumSum" => cumulative,
        _ => return None,
    })
}

fn reduced(value: &Value, kind: Type, axes: &[usize], keep: bool) -> Outputs {
    let shape: Vec<u64> = value
        .shape
        .iter()
        .enumerate()
        .filter(|(index, _)| keep || !axes.contains(index))
        .map(|(index, &size)| if axes.contains(&index) { 1 } else { size })
        .collect();
    Outputs {
        values: vec![Value::unknown(kind, shape)],
        operations: value.len(),
        // A copy in the order of the reduction.
        scratch: value.bytes(),
    }
}

fn reduce(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    let keep = call.int("keepdims", 1)? != 0;
    let axes = match call.axes(value.rank(), 1)? {
        Some(axes) if !axes.is_empty() => axes,
        _ if call.int("noop_with_empty_axes", 0)? != 0 => {
            return Ok(Outputs::one(like(value, value.kind)));
        }
        _ => (0..value.rank()).collect(),
    };
    if axes.iter().any(|&axis| value.shape[axis] == 0) {
        return wrong("nothing to reduce");
    }
    let mut outputs = reduced(value, value.kind, &axes, keep);
    // Products and sums of sizes.
    if let Some(numbers) = &value.numbers
        && axes.len() == value.rank()
        && value.len() <= MOST_KNOWN
    {
        let all: Option<f64> = match call.node.operator.as_str() {
            "ReduceProd" => Some(numbers.iter().product()),
            "ReduceSum" => Some(numbers.iter().sum()),
            "ReduceMax" => numbers.iter().copied().reduce(f64::max),
            "ReduceMin" => numbers.iter().copied().reduce(f64::min),
            _ => None,
        };
        if let Some(all) = all.filter(|all| all.abs() <= f64::from(i32::MAX)) {
            let shape = outputs.values[0].shape.clone();
            outputs.values[0] = Value::known(value.kind, shape, vec![all]);
        }
    }
    Ok(outputs)
}

fn arg(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    let at = axis(call.int("axis", 0)?, value.rank())?;
    if value.shape[at] == 0 {
        return wrong("nothing to choose from");
    }
    Ok(reduced(
        value,
        Type::Int,
        &[at],
        call.int("keepdims", 1)? != 0,
    ))
}

fn along(call: &Call<'_>) -> Outcome {
    let value = call.floats(0)?;
    let default = if call.opset < 13 && call.node.operator != "LpNormalization" {
        1
    } else {
        -1
    };
    let at = call.int("axis", default)?;
    let at = axis(at, value.rank())?;
    if call.opset < 13
        && call.node.operator != "LpNormalization"
        && value.shape[at + 1..].iter().any(|&size| size != 1)
    {
        return wrong(format!(
            "opset {} takes all axes behind {at} together, which is not done here",
            call.opset
        ));
    }
    Ok(Outputs {
        values: vec![like(value, Type::Float)],
        operations: value.len().saturating_mul(8),
        scratch: value.bytes(),
    })
}

fn cumulative(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    match call.numbers(1)? {
        [at] => axis(*at as i64, value.rank())?,
        _ => return wrong("an axis that is no single number"),
    };
    Ok(Outputs::one(like(value, value.kind)))
}
