//! Operators that repeat or make elements.

use super::call::{
    Call, Outcome, Outputs, Rule, broadcast, broadcast_index, sizes, unknown, wrong,
};
use super::taken::taken;
use crate::value::{MOST_KNOWN, Type, Value};

pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "Expand" => expand,
        "Tile" => tile,
        "Range" => range,
        "ConstantOfShape" => constant_of_shape,
        "Pad" => pad,
        "Trilu" => trilu,
        _ => return None,
    })
}

fn expand(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    let wanted = sizes(call.list(1)?)?;
    if wanted.len() < value.rank() {
        return wrong(format!("{} sizes for {} axes", wanted.len(), value.rank()));
    }
    let shape = broadcast(&value.shape, &wanted)?;
    let to = shape.clone();
    let made = taken(value, shape, |place| {
        broadcast_index(&value.shape, &to, place)
    });
    Ok(Outputs::one(made))
}

fn tile(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    let repeats = sizes(call.list(1)?)?;
    if repeats.len() != value.rank() {
        return wrong(format!(
            "{} repeats of {} axes",
            repeats.len(),
            value.rank()
        ));
    }
    let shape: Vec<u64> = value
        .shape
        .iter()
        .zip(&repeats)
        .map(|(size, times)| size.saturating_mul(*times))
        .collect();
    let from = value.shape.first().copied().unwrap_or(1).max(1);
    let made = if value.rank() == 1 {
        taken(value, shape, |place| (place % from) as usize)
    } else {
        Value::unknown(value.kind, shape)
    };
    Ok(Outputs::one(made))
}

fn range(call: &Call<'_>) -> Outcome {
    let kind = call.input(0)?.kind;
    let one = |index: usize| match call.numbers(index)? {
        [number]
            if call.input(index)?.rank() == 0
                && call.input(index)?.kind.is_float() == kind.is_float() =>
        {
            Ok(*number)
        }
        _ => wrong("bounds that are not single numbers of one type"),
    };
    let (start, limit, delta) = (one(0)?, one(1)?, one(2)?);
    let count = ((limit - start) / delta).ceil();
    if delta == 0.0 || !count.is_finite() {
        return wrong(format!("from {start} to {limit} in steps of {delta}"));
    }
    let count = count.max(0.0) as u64;
    if count <= MOST_KNOWN {
        let numbers = (0..count)
            .map(|index| start + index as f64 * delta)
            .collect();
        return Ok(Outputs::one(Value::known(kind, vec![count], numbers)));
    }
    Ok(Outputs::one(Value::unknown(kind, vec![count])))
}

fn constant_of_shape(call: &Call<'_>) -> Outcome {
    let shape = sizes(call.list(0)?)?;
    let (kind, number) = match call.tensor("value")? {
        Some(value) => match value.numbers.as_deref() {
            Some([number]) => (value.kind, *number),
            _ => return wrong("a value that is no single number"),
        },
        None => (Type::Float, 0.0),
    };
    let value = Value::unknown(kind, shape);
    if value.len() <= MOST_KNOWN {
        let numbers = vec![number; value.len() as usize];
        return Ok(Outputs::one(Value::known(kind, value.shape, numbers)));
    }
    Ok(Outputs::one(value))
}

fn pad(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    if call.optional(1).is_none() {
        return wrong("paddings as an attribute, which opset 11 ended");
    }
    let mode = call.text("mode", "constant")?;
    if !matches!(mode, "constant" | "reflect" | "edge") {
        return wrong(format!("the mode `{}`", crate::error::shown(mode)));
    }
    let amounts = call.list(1)?;
    let rank = value.rank();
    let axes: Vec<usize> = match call.optional(3) {
        Some(_) => match call.axes(rank, 3)? {
            Some(axes) => axes,
            None => return unknown("axes"),
        },
        None => (0..rank).collect(),
    };
    if amounts.len() != 2 * axes.len() {
        return wrong(format!(
            "{} paddings for {} axes",
            amounts.len(),
            axes.len()
        ));
    }
    let mut shape = value.shape.clone();
    for (index, &at) in axes.iter().enumerate() {
        let (before, after) = (amounts[index], amounts[index + axes.len()]);
        if before < 0.0 || after < 0.0 {
            return wrong("paddings below zero");
        }
        if mode != "constant" && (before.max(after) >= shape[at] as f64) {
            return wrong(format!(
                "an axis of {} is mirrored by {}",
                shape[at],
                before.max(after)
            ));
        }
        shape[at] = shape[at]
            .saturating_add(before as u64)
            .saturating_add(after as u64);
    }
    Ok(Outputs::one(Value::unknown(value.kind, shape)))
}

fn trilu(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    if value.rank() < 2 {
        return wrong(format!("{} axes", value.rank()));
    }
    Ok(Outputs::one(Value::unknown(
        value.kind,
        value.shape.clone(),
    )))
}
