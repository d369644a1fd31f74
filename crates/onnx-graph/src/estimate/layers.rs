//! Operators with weights, and those that look at windows.

use super::call::{Call, Fault, Outcome, Outputs, Rule, broadcast, like, wrong};
use crate::value::{Type, Value};

pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "Conv" => conv,
        "MaxPool" | "AveragePool" => pool,
        "GlobalAveragePool" | "GlobalMaxPool" => global_pool,
        "BatchNormalization" => batch_norm,
        "InstanceNormalization" => instance_norm,
        "LayerNormalization" => layer_norm,
        "MatMul" => matmul,
        "Gemm" => gemm,
        "LSTM" | "GRU" => recurrent,
        _ => return None,
    })
}

/// Kernel, steps, dilations and paddings of a window over the axes behind the first two.
struct Windows {
    kernel: Vec<u64>,
    strides: Vec<u64>,
    dilations: Vec<u64>,
    before: Vec<u64>,
    after: Vec<u64>,
    same: bool,
    ceil: bool,
}

/// A window, step or padding above this is absurd; below it no sum overflows.
const WIDEST: i64 = 1 << 24;

impl Windows {
    fn of(call: &Call<'_>, kernel: Vec<u64>) -> Result<Self, Fault> {
        let rank = kernel.len();
        let list =
            |name: &str, count: usize, default: u64, least: i64| -> Result<Vec<u64>, Fault> {
                let Some(list) = call.ints(name)? else {
                    return Ok(vec![default; count]);
                };
                if list.len() != count || list.iter().any(|x| !(least..WIDEST).contains(x)) {
                    return wrong(format!(
                        "`{name}` of {list:?}, expected {count} sizes from {least}"
                    ));
                }
                Ok(list.iter().map(|&x| x as u64).collect())
            };
        let auto = call.text("auto_pad", "NOTSET")?;
        if !matches!(auto, "NOTSET" | "VALID" | "SAME_UPPER") {
            return wrong(format!("`auto_pad` of `{}`", crate::error::shown(auto)));
        }
        let pads = list("pads", 2 * rank, 0, 0)?;
        let (before, after) = if auto == "NOTSET" {
            (pads[..rank].to_vec(), pads[rank..].to_vec())
        } else {
            (vec![0; rank], vec![0; rank])
        };
        if kernel.contains(&0) || kernel.iter().any(|&size| size > WIDEST as u64) {
            return wrong(format!("a kernel of {kernel:?}"));
        }
        Ok(Self {
            strides: list("strides", rank, 1, 1)?,
            dilations: list("dilations", rank, 1, 1)?,
            kernel,
            before,
            after,
            same: auto.starts_with("SAME"),
            ceil: call.int("ceil_mode", 0)? != 0,
        })
    }

    /// Windows along each axis.
    fn count(&self, sizes: &[u64]) -> Result<Vec<u64>, Fault> {
        (0..sizes.len())
            .map(|at| {
                if self.same {
                    return Ok(sizes[at].div_ceil(self.strides[at]));
                }
                let reach = self.dilations[at]
                    .saturating_mul(self.kernel[at] - 1)
                    .saturating_add(1);
                let padded = sizes[at]
                    .saturating_add(self.before[at])
                    .saturating_add(self.after[at]);
                let stride = self.strides[at];
                let short = || {
                    wrong(format!(
                        "an axis of {padded} is shorter than the window of {reach}: too few frames"
                    ))
                };
                if !self.ceil {
                    return match padded.checked_sub(reach) {
                        Some(rest) => Ok(rest / stride + 1),
                        None => short(),
                    };
                }
                // A last window that is not full counts, even if it is the only one, but must not begin in the padding behind.
                let (padded, reach) = (i128::from(padded), i128::from(reach));
                let steps = (padded - reach).div_euclid(i128::from(stride))
                    + i128::from((padded - reach).rem_euclid(i128::from(stride)) != 0);
                let begins = steps * i128::from(stride)
                    >= i128::from(sizes[at].saturating_add(self.before[at]));
                match u64::try_from(steps + 1 - i128::from(begins)) {
                    Ok(count) if count > 0 => Ok(count),
                    _ => short(),
                }
            })
            .collect()
    }
}

/// At least a batch, channels and one axis, none of them empty.
fn image<'a>(call: &Call<'a>) -> Result<&'a Value, Fault> {
    let value = call.floats(0)?;
    if value.rank() < 3 || value.rank() > 4 {
        return wrong(format!(
            "{} axes, expected batch, channels and one or two more",
            value.rank()
        ));
    }
    if value.shape.contains(&0) {
        return wrong("an empty input");
    }
    Ok(value)
}

fn conv(call: &Call<'_>) -> Outcome {
    let (value, weight) = (image(call)?, call.floats(1)?);
    let group = call.int("group", 1)?;
    let channels = value.shape[1];
    if weight.rank() != value.rank() || weight.shape.contains(&0) {
        return wrong(format!(
            "weights of sizes {:?} for an input of {:?}",
            weight.shape, value.shape
        ));
    }
    let filters = weight.shape[0];
    if group < 1
        || weight.shape[1].checked_mul(group as u64) != Some(channels)
        || filters % group as u64 != 0
    {
        return wrong(format!(
            "{channels} channels in {group} groups for weights of sizes {:?}",
            weight.shape
        ));
    }
    if let Some(bias) = call.optional(2)
        && (bias.shape != [filters] || !bias.kind.is_float())
    {
        return wrong(format!(
            "a bias of sizes {:?}, expected [{filters}]",
            bias.shape
        ));
    }
    let kernel = weight.shape[2..].to_vec();
    if let Some(said) = call.ints("kernel_shape")?
        && !said.iter().map(|&x| x as u64).eq(kernel.iter().copied())
    {
        return wrong(format!(
            "`kernel_shape` {said:?} for weights of sizes {:?}",
            weight.shape
        ));
    }
    let windows = Windows::of(call, kernel)?;
    let mut shape = vec![value.shape[0], filters];
    shape.extend(windows.count(&value.shape[2..])?);
    let made = Value::unknown(Type::Float, shape);
    let each = weight.shape[1..]
        .iter()
        .fold(1_u64, |len, &size| len.saturating_mul(size));
    Ok(Outputs {
        operations: made.len().saturating_mul(each),
        scratch: value.bytes().saturating_add(weight.bytes()),
        values: vec![made],
    })
}

fn pool(call: &Call<'_>) -> Outcome {
    let value = image(call)?;
    let Some(kernel) = call.ints("kernel_shape")? else {
        return wrong("no `kernel_shape`");
    };
    if kernel.len() != value.rank() - 2 || kernel.iter().any(|&size| !(1..WIDEST).contains(&size)) {
        return wrong(format!("a kernel of {kernel:?}"));
    }
    let windows = Windows::of(call, kernel.iter().map(|&size| size as u64).collect())?;
    if windows
        .before
        .iter()
        .chain(&windows.after)
        .zip(windows.kernel.iter().chain(&windows.kernel))
        .any(|(pad, size)| pad >= size)
    {
        return wrong("a padding as wide as the window");
    }
    if windows.dilations.iter().any(|&dilation| dilation != 1) {
        return wrong("dilations, which are not followed");
    }
    let mut shape = value.shape[..2].to_vec();
    shape.extend(windows.count(&value.shape[2..])?);
    let made = Value::unknown(Type::Float, shape);
    let each = windows
        .kernel
        .iter()
        .fold(1_u64, |len, &size| len.saturating_mul(size));
    Ok(Outputs {
        operations: made.len().saturating_mul(each),
        scratch: value.bytes(),
        values: vec![made],
    })
}

fn global_pool(call: &Call<'_>) -> Outcome {
    let value = image(call)?;
    let mut shape = value.shape[..2].to_vec();
    shape.resize(value.rank(), 1);
    Ok(Outputs {
        values: vec![Value::unknown(Type::Float, shape)],
        operations: value.len(),
        scratch: value.bytes(),
    })
}

/// Inputs from `first` to `last` hold a number a channel.
fn per_channel(call: &Call<'_>, channels: u64, first: usize, last: usize) -> Result<(), Fault> {
    for index in first..=last {
        let own = call.floats(index)?;
        if own.shape != [channels] {
            return wrong(format!(
                "input {index} of sizes {:?}, expected [{channels}]",
                own.shape
            ));
        }
    }
    Ok(())
}

fn batch_norm(call: &Call<'_>) -> Outcome {
    let value = call.floats(0)?;
    if value.rank() < 2 {
        return wrong(format!("{} axes", value.rank()));
    }
    if call.int("training_mode", 0)? != 0
        || call.node.outputs.iter().skip(1).flatten().next().is_some()
    {
        return wrong("it is in training mode");
    }
    per_channel(call, value.shape[1], 1, 4)?;
    let mut outputs = Outputs::one(like(value, Type::Float));
    outputs.operations = value.len().saturating_mul(2);
    outputs.scratch = value.bytes();
    Ok(outputs)
}

fn instance_norm(call: &Call<'_>) -> Outcome {
    let value = image(call)?;
    per_channel(call, value.shape[1], 1, 2)?;
    let mut outputs = Outputs::one(like(value, Type::Float));
    outputs.operations = value.len().saturating_mul(4);
    outputs.scratch = value.bytes();
    Ok(outputs)
}

fn layer_norm(call: &Call<'_>) -> Outcome {
    let value = call.floats(0)?;
    let at = super::call::axis(call.int("axis", -1)?, value.rank())?;
    let normed = &value.shape[at..];
    for index in 1..=2 {
        let Some(own) = call.optional(index) else {
            if index == 1 {
                return wrong("no scale");
            }
            continue;
        };
        if own.shape != normed || !own.kind.is_float() {
            return wrong(format!(
                "input {index} of sizes {:?}, expected {normed:?}",
                own.shape
            ));
        }
    }
    let mut outputs = Outputs::one(like(value, Type::Float));
    outputs.operations = value.len().saturating_mul(4);
    outputs.scratch = value.bytes();
    Ok(outputs)
}

fn matmul(call: &Call<'_>) -> Outcome {
    let (a, b) = (call.floats(0)?, call.floats(1)?);
    if a.rank() == 0 || b.rank() == 0 {
        return wrong("a single number in a product of matrices");
    }
    let mut left = a.shape.clone();
    let mut right = b.shape.clone();
    if a.rank() == 1 {
        left.insert(0, 1);
    }
    if b.rank() == 1 {
        right.push(1);
    }
    let (rows, inner) = (left[left.len() - 2], left[left.len() - 1]);
    let (deep, columns) = (right[right.len() - 2], right[right.len() - 1]);
    if inner != deep {
        return wrong(format!(
            "a product of sizes {:?} and {:?}",
            a.shape, b.shape
        ));
    }
    let mut shape = broadcast(&left[..left.len() - 2], &right[..right.len() - 2])?;
    if a.rank() > 1 {
        shape.push(rows);
    }
    if b.rank() > 1 {
        shape.push(columns);
    }
    let made = Value::unknown(Type::Float, shape);
    Ok(Outputs {
        operations: made.len().saturating_mul(inner),
        scratch: a.bytes().saturating_add(b.bytes()),
        values: vec![made],
    })
}

fn gemm(call: &Call<'_>) -> Outcome {
    let (a, b) = (call.floats(0)?, call.floats(1)?);
    let ([m, k], [k2, n]) = (&a.shape[..], &b.shape[..]) else {
        return wrong(format!(
            "a product of sizes {:?} and {:?}",
            a.shape, b.shape
        ));
    };
    let (m, k) = if call.int("transA", 0)? != 0 {
        (k, m)
    } else {
        (m, k)
    };
    let (k2, n) = if call.int("transB", 0)? != 0 {
        (n, k2)
    } else {
        (k2, n)
    };
    if k != k2 {
        return wrong(format!(
            "a product of sizes {:?} and {:?}",
            a.shape, b.shape
        ));
    }
    let made = Value::unknown(Type::Float, vec![*m, *n]);
    if let Some(c) = call.optional(2)
        && (broadcast(&c.shape, &made.shape)? != made.shape || !c.kind.is_float())
    {
        return wrong(format!("a sum of sizes {:?} and {:?}", made.shape, c.shape));
    }
    Ok(Outputs {
        operations: made.len().saturating_mul(*k),
        scratch: a.bytes().saturating_add(b.bytes()),
        values: vec![made],
    })
}

fn recurrent(call: &Call<'_>) -> Outcome {
    let value = call.floats(0)?;
    call.floats(1)?;
    call.floats(2)?;
    let lstm = call.node.operator == "LSTM";
    let gates = if lstm { 4 } else { 3 };
    let directions = match call.text("direction", "forward")? {
        "forward" | "reverse" => 1,
        "bidirectional" => 2,
        other => return wrong(format!("the direction `{}`", crate::error::shown(other))),
    };
    let [frames, batch, width] = value.shape[..] else {
        return wrong(format!(
            "{} axes, expected frames, batch and features",
            value.rank()
        ));
    };
    if value.shape.contains(&0) {
        return wrong("an empty input");
    }
    let units = call.int("hidden_size", 0)?;
    if !(1..WIDEST).contains(&units) {
        return wrong(format!("`hidden_size` of {units}"));
    }
    let units = units as u64;
    for name in ["activations", "clip", "input_forget"] {
        if call.node.attributes.contains_key(name)
            && !(name == "input_forget" && call.int(name, 0)? == 0)
        {
            return wrong(format!("the attribute `{name}`, which is not followed"));
        }
    }
    if call.int("layout", 0)? != 0 {
        return wrong("`layout` of 1, expected 0");
    }
    let expect = |index: usize, expected: &[u64]| match call.optional(index) {
        Some(own) if own.shape != expected || !own.kind.is_float() => wrong(format!(
            "input {index} of sizes {:?}, expected {expected:?}",
            own.shape
        )),
        _ => Ok(()),
    };
    expect(1, &[directions, gates * units, width])?;
    expect(2, &[directions, gates * units, units])?;
    expect(3, &[directions, 2 * gates * units])?;
    if call.optional(4).is_some() {
        // The runtime reads every sequence to its end.
        match call.list(4)? {
            lengths
                if lengths.len() as u64 == batch
                    && lengths.iter().all(|&length| length == frames as f64) => {}
            _ => return wrong("sequence lengths other than the number of frames"),
        }
    }
    expect(5, &[directions, batch, units])?;
    if lstm {
        expect(6, &[directions, batch, units])?;
        if call.optional(7).is_some() {
            return wrong("peepholes, which are not followed");
        }
    }
    let state = || Value::unknown(Type::Float, vec![directions, batch, units]);
    let mut values = vec![
        Value::unknown(Type::Float, vec![frames, directions, batch, units]),
        state(),
    ];
    if lstm {
        values.push(state());
    }
    let steps = frames
        .saturating_mul(batch)
        .saturating_mul(directions)
        .saturating_mul(gates * units);
    Ok(Outputs {
        operations: steps.saturating_mul(width.saturating_add(units)),
        scratch: steps.saturating_mul(4).saturating_add(value.bytes()),
        values,
    })
}
