//! Operators that move and choose elements, and those that speak of sizes.

use super::call::{Call, Fault, Outcome, Outputs, Rule, axis, wrong};
use super::taken::taken;
use crate::value::{Type, Value};

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
