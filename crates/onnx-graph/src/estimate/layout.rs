//! Operators that move, repeat or make elements, and those that speak of sizes.

use super::call::{
    Call, Fault, Outcome, Outputs, Rule, axis, broadcast, broadcast_index, sizes, unknown, wrong,
};
use crate::value::{MOST_KNOWN, Type, Value};

pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "Shape" => shape,
        "Size" => size,
        "Reshape" => reshape,
        "Flatten" => flatten,
        "Squeeze" => squeeze,
        "Unsqueeze" => unsqueeze,
        "Transpose" => transpose,
        "Concat" => concat,
        "Split" => split,
        "Slice" => slice,
        "Gather" => gather,
        "GatherElements" => gather_elements,
        "Expand" => expand,
        "Tile" => tile,
        "Range" => range,
        "ConstantOfShape" => constant_of_shape,
        "Pad" => pad,
        "Trilu" => trilu,
        _ => return None,
    })
}

/// Whether the elements stay where they are, so that the runtime can keep the buffer.
pub(super) fn keeps_order(operator: &str) -> bool {
    matches!(operator, "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze")
}

/// The same elements in other sizes.
fn resized(value: &Value, shape: Vec<u64>) -> Outputs {
    Outputs::one(Value {
        kind: value.kind,
        shape,
        numbers: value.numbers.clone(),
    })
}

/// Takes the elements at these places, where their numbers are known and few.
fn taken(value: &Value, shape: Vec<u64>, place: impl Fn(u64) -> usize) -> Value {
    let mut made = Value::unknown(value.kind, shape);
    if let Some(numbers) = &value.numbers
        && made.len() <= MOST_KNOWN
    {
        let chosen: Option<Vec<f64>> = (0..made.len())
            .map(|index| numbers.get(place(index)).copied())
            .collect();
        if let Some(chosen) = chosen {
            made = Value::known(made.kind, made.shape, chosen);
        }
    }
    made
}

fn shape(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    let rank = value.rank() as i64;
    let bound = |at: i64| (if at < 0 { at + rank } else { at }).clamp(0, rank) as usize;
    let start = bound(call.int("start", 0)?);
    let end = bound(call.int("end", rank)?).max(start);
    let numbers: Vec<f64> = value.shape[start..end]
        .iter()
        .map(|&size| size as f64)
        .collect();
    Ok(Outputs::one(Value::known(
        Type::Int,
        vec![numbers.len() as u64],
        numbers,
    )))
}

fn size(call: &Call<'_>) -> Outcome {
    let len = call.input(0)?.len();
    Ok(Outputs::one(Value::known(
        Type::Int,
        vec![],
        vec![len as f64],
    )))
}

fn reshape(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    let zeros = call.int("allowzero", 0)? != 0;
    if call.input(1)?.rank() != 1 {
        return wrong("sizes that are no list");
    }
    let mut shape = Vec::new();
    let mut free = None;
    for (index, &number) in call.list(1)?.iter().enumerate() {
        shape.push(match number as i64 {
            0 if !zeros => match value.shape.get(index) {
                Some(&size) => size,
                None => {
                    return wrong(format!(
                        "axis {index} is copied from an input of {} axes",
                        value.rank()
                    ));
                }
            },
            -1 if free.is_none() => {
                free = Some(index);
                1
            }
            size if size >= 0 => size as u64,
            size => return wrong(format!("a size of {size}")),
        });
    }
    let len = shape
        .iter()
        .fold(1_u64, |len, &size| len.saturating_mul(size));
    if let Some(index) = free {
        if len == 0 || value.len() % len != 0 {
            return wrong(format!(
                "sizes {:?} are not those of {:?} in another order",
                shape, value.shape
            ));
        }
        shape[index] = value.len() / len;
    } else if len != value.len() {
        return wrong(format!(
            "{len} elements are asked of sizes {:?}",
            value.shape
        ));
    }
    Ok(resized(value, shape))
}

fn flatten(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    let rank = value.rank() as i64;
    let at = call.int("axis", 1)?;
    if !(-rank..=rank).contains(&at) {
        return wrong(format!("the axis {at} of a value of {rank} axes"));
    }
    let at = (if at < 0 { at + rank } else { at }) as usize;
    let product = |sizes: &[u64]| {
        sizes
            .iter()
            .fold(1_u64, |len, &size| len.saturating_mul(size))
    };
    let shape = vec![product(&value.shape[..at]), product(&value.shape[at..])];
    Ok(resized(value, shape))
}

fn squeeze(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    let axes = call.axes(value.rank(), 1)?;
    let mut shape = Vec::new();
    for (index, &size) in value.shape.iter().enumerate() {
        let goes = axes
            .as_ref()
            .map_or(size == 1, |axes| axes.contains(&index));
        if goes && size != 1 {
            return wrong(format!("axis {index} of {size} is dropped, expected 1"));
        }
        if !goes {
            shape.push(size);
        }
    }
    Ok(resized(value, shape))
}

fn unsqueeze(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    let added = if call.optional(1).is_some() {
        call.list(1)?.len()
    } else {
        call.ints("axes")?.map_or(0, <[i64]>::len)
    };
    let rank = value.rank() + added;
    let Some(axes) = call.axes(rank, 1)? else {
        return wrong("no axes");
    };
    let mut sizes = value.shape.iter();
    let shape = (0..rank)
        .map(|index| {
            if axes.contains(&index) {
                1
            } else {
                sizes.next().copied().unwrap_or(1)
            }
        })
        .collect();
    Ok(resized(value, shape))
}

fn transpose(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    let rank = value.rank();
    let order: Vec<usize> = match call.ints("perm")? {
        Some(order) => {
            if order.len() != rank {
                return wrong(format!("an order of {} axes for {rank}", order.len()));
            }
            let order: Result<Vec<usize>, Fault> = order.iter().map(|&at| axis(at, rank)).collect();
            order?
        }
        None => (0..rank).rev().collect(),
    };
    let mut seen = vec![false; rank];
    for &at in &order {
        if std::mem::replace(&mut seen[at], true) {
            return wrong(format!("the axis {at} twice"));
        }
    }
    let shape: Vec<u64> = order.iter().map(|&at| value.shape[at]).collect();
    let kept = if rank <= 1 {
        value.numbers.clone()
    } else {
        None
    };
    Ok(Outputs::one(Value {
        kind: value.kind,
        shape,
        numbers: kept,
    }))
}

fn concat(call: &Call<'_>) -> Outcome {
    let first = call.input(0)?;
    let at = axis(call.int("axis", 0)?, first.rank())?;
    let mut shape = first.shape.clone();
    let mut numbers = Some(Vec::new());
    shape[at] = 0;
    for index in 0..call.inputs.len() {
        let part = call.input(index)?;
        if part.kind.is_float() != first.kind.is_float() {
            return wrong("floats and integers are joined");
        }
        let fits = part.rank() == shape.len()
            && part
                .shape
                .iter()
                .zip(&shape)
                .enumerate()
                .all(|(axis, (a, b))| axis == at || a == b);
        if !fits {
            return wrong(format!(
                "sizes {:?} and {:?} are joined along axis {at}",
                first.shape, part.shape
            ));
        }
        shape[at] = shape[at].saturating_add(part.shape[at]);
        numbers = match (numbers, &part.numbers) {
            (Some(mut all), Some(own)) if shape.len() == 1 => {
                all.extend(own.iter().copied());
                Some(all)
            }
            _ => None,
        };
    }
    Ok(Outputs::one(match numbers {
        Some(numbers) => Value::known(first.kind, shape, numbers),
        None => Value::unknown(first.kind, shape),
    }))
}

fn split(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    let at = axis(call.int("axis", 0)?, value.rank())?;
    let total = value.shape[at];
    let parts: Vec<u64> = if call.optional(1).is_some() {
        call.list(1)?
            .iter()
            .map(|&size| size.max(0.0) as u64)
            .collect()
    } else if let Some(parts) = call.ints("split")? {
        parts.iter().map(|&size| size.max(0) as u64).collect()
    } else {
        let count = call.int("num_outputs", call.node.outputs.len() as i64)?;
        if count < 1 || count != call.node.outputs.len() as i64 || count as u64 > total {
            return wrong(format!("{total} is split into {count}"));
        }
        let each = total.div_ceil(count as u64);
        let mut left = total;
        (0..count)
            .map(|_| {
                let part = each.min(left);
                left -= part;
                part
            })
            .collect()
    };
    let sum = parts
        .iter()
        .fold(0_u64, |sum, &part| sum.saturating_add(part));
    if sum != total || parts.len() != call.node.outputs.len() {
        return wrong(format!(
            "{total} is split into {} parts of {sum} in all",
            parts.len()
        ));
    }
    let values = parts
        .iter()
        .map(|&part| {
            let mut shape = value.shape.clone();
            shape[at] = part;
            Value::unknown(value.kind, shape)
        })
        .collect();
    Ok(Outputs {
        values,
        operations: value.len(),
        scratch: 0,
    })
}

fn slice(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    if call.optional(1).is_none() {
        return wrong("bounds as attributes, which opset 10 ended");
    }
    let (starts, ends) = (call.list(1)?, call.list(2)?);
    let axes: Vec<usize> = match call.optional(3) {
        Some(_) => {
            let axes: Result<Vec<usize>, Fault> = call
                .list(3)?
                .iter()
                .map(|&at| axis(at as i64, value.rank()))
                .collect();
            axes?
        }
        None => (0..starts.len()).collect(),
    };
    let steps: Vec<f64> = match call.optional(4) {
        Some(_) => call.list(4)?.to_vec(),
        None => vec![1.0; starts.len()],
    };
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] || starts.len() > value.rank() {
        return wrong("starts, ends, axes and steps of different numbers");
    }
    let mut shape = value.shape.clone();
    let mut first = vec![0_i64; value.rank()];
    let mut stride = vec![1_i64; value.rank()];
    for (index, &at) in axes.iter().enumerate() {
        if axes[..index].contains(&at) {
            return wrong(format!("the axis {at} twice"));
        }
        let size = value.shape[at] as i64;
        let step = steps[index] as i64;
        let place = |x: f64| {
            if (x as i64) < 0 {
                (x as i64).saturating_add(size)
            } else {
                x as i64
            }
        };
        let (start, end) = (place(starts[index]), place(ends[index]));
        let count = match step {
            0 => return wrong("a step of 0"),
            1.. => {
                let (start, end) = (start.clamp(0, size), end.clamp(0, size));
                first[at] = start;
                ((end - start).max(0) as u64).div_ceil(step as u64)
            }
            _ => {
                let (start, end) = (start.clamp(-1, size - 1), end.clamp(-1, size - 1));
                first[at] = start;
                ((start - end).max(0) as u64).div_ceil(step.unsigned_abs())
            }
        };
        stride[at] = step;
        shape[at] = count;
    }
    let made = if value.rank() == 1 {
        taken(value, shape, |index| {
            (first[0] + index as i64 * stride[0]) as usize
        })
    } else {
        Value::unknown(value.kind, shape)
    };
    Ok(Outputs::one(made))
}

fn gather(call: &Call<'_>) -> Outcome {
    let (value, indices) = (call.input(0)?, call.input(1)?);
    if indices.kind.is_float() || value.rank() == 0 {
        return wrong("indices that are floats, or nothing to take from");
    }
    let at = axis(call.int("axis", 0)?, value.rank())?;
    let size = value.shape[at] as i64;
    if let Some(numbers) = &indices.numbers
        && let Some(index) = numbers
            .iter()
            .find(|&&index| index < -size as f64 || index >= size as f64)
    {
        return wrong(format!("the index {index} of an axis of {size}"));
    }
    let mut shape = value.shape[..at].to_vec();
    shape.extend(&indices.shape);
    shape.extend(&value.shape[at + 1..]);
    let made = match &indices.numbers {
        Some(numbers) if value.rank() == 1 => taken(value, shape, |place| {
            let index = numbers[place as usize] as i64;
            (if index < 0 { index + size } else { index }) as usize
        }),
        _ => Value::unknown(value.kind, shape),
    };
    Ok(Outputs::one(made))
}

fn gather_elements(call: &Call<'_>) -> Outcome {
    let (value, indices) = (call.input(0)?, call.input(1)?);
    let at = axis(call.int("axis", 0)?, value.rank())?;
    let fits = indices.rank() == value.rank()
        && indices
            .shape
            .iter()
            .zip(&value.shape)
            .enumerate()
            .all(|(axis, (own, all))| axis == at || own <= all);
    if !fits || indices.kind.is_float() {
        return wrong(format!(
            "indices of sizes {:?} into {:?}",
            indices.shape, value.shape
        ));
    }
    Ok(Outputs::one(Value::unknown(
        value.kind,
        indices.shape.clone(),
    )))
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
