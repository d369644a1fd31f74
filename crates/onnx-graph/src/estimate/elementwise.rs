//! Operators that treat every element by itself.

use super::call::{Call, Outcome, Outputs, Rule, broadcast, broadcast_index, like, unknown, wrong};
use crate::value::{MOST_KNOWN, Type, Value};

pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "Abs" | "Acos" | "Asin" | "Atan" | "Ceil" | "Cos" | "Cosh" | "Elu" | "Erf" | "Exp"
        | "Floor" | "Gelu" | "HardSigmoid" | "HardSwish" | "LeakyRelu" | "Log" | "Neg"
        | "Reciprocal" | "Relu" | "Round" | "Sigmoid" | "Sign" | "Sin" | "Sinh" | "Softplus"
        | "Softsign" | "Sqrt" | "Tan" | "Tanh" => unary,
        "Clip" => clip,
        "Identity" => identity,
        "Dropout" => dropout,
        "Not" | "IsNaN" | "IsInf" => truth,
        "Cast" => cast,
        "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Mod" | "PRelu" => binary,
        "Max" | "Min" | "Sum" | "Mean" => several,
        "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "And" | "Or" | "Xor" => {
            compare
        }
        "Where" => choose,
        _ => return None,
    })
}

/// With the numbers that `f` makes of known ones, where there is an `f`.
fn map(value: &Value, kind: Type, f: Option<fn(f64) -> f64>) -> Value {
    match (&value.numbers, f) {
        (Some(numbers), Some(f)) => Value::known(
            kind,
            value.shape.clone(),
            numbers.iter().map(|&x| round(f(x), kind)).collect(),
        ),
        _ => like(value, kind),
    }
}

/// As the runtime holds it.
fn round(x: f64, kind: Type) -> f64 {
    if kind.is_float() {
        f64::from(x as f32)
    } else {
        x.trunc()
    }
}

fn unary(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    let f: Option<fn(f64) -> f64> = match call.node.operator.as_str() {
        "Abs" => Some(f64::abs),
        "Ceil" => Some(f64::ceil),
        "Floor" => Some(f64::floor),
        "Neg" => Some(|x| -x),
        "Relu" => Some(|x| x.max(0.0)),
        "Sqrt" => Some(f64::sqrt),
        _ => None,
    };
    Ok(Outputs::one(map(value, value.kind, f)))
}

fn identity(call: &Call<'_>) -> Outcome {
    Ok(Outputs::one(call.input(0)?.clone()))
}

/// What the runtime gets is an `Identity`.
fn dropout(call: &Call<'_>) -> Outcome {
    if call.node.outputs.iter().skip(1).flatten().next().is_some() {
        return wrong("a mask is asked for");
    }
    if call.optional(2).is_some()
        && call
            .numbers(2)?
            .first()
            .is_some_and(|&training| training != 0.0)
    {
        return wrong("it is in training mode");
    }
    identity(call)
}

fn clip(call: &Call<'_>) -> Outcome {
    let value = call.input(0)?;
    for bound in 1..=2 {
        if call.optional(bound).is_some_and(|bound| bound.len() != 1) {
            return wrong("a bound that is no single number");
        }
    }
    Ok(Outputs::one(like(value, value.kind)))
}

fn truth(call: &Call<'_>) -> Outcome {
    let f: Option<fn(f64) -> f64> = match call.node.operator.as_str() {
        "Not" => Some(|x| f64::from(u8::from(x == 0.0))),
        _ => None,
    };
    Ok(Outputs::one(map(call.input(0)?, Type::Bool, f)))
}

fn cast(call: &Call<'_>) -> Outcome {
    let kind = match call.int("to", 0)? {
        1 | 11 => Type::Float,
        6 | 7 => Type::Int,
        9 => Type::Bool,
        other => {
            return wrong(format!(
                "a cast to type {other}, expected FLOAT, DOUBLE, INT32, INT64 or BOOL"
            ));
        }
    };
    let f: fn(f64) -> f64 = match kind {
        Type::Bool => |x| f64::from(u8::from(x != 0.0)),
        _ => |x| x,
    };
    Ok(Outputs::one(map(call.input(0)?, kind, Some(f))))
}

/// Two values and what is computed of them.
fn pair(call: &Call<'_>, kind: Type, f: Option<fn(f64, f64) -> f64>) -> Outcome {
    let (a, b) = (call.input(0)?, call.input(1)?);
    let shape = broadcast(&a.shape, &b.shape)?;
    let mut value = Value::unknown(kind, shape);
    if let (Some(x), Some(y), Some(f)) = (&a.numbers, &b.numbers, f)
        && value.len() <= MOST_KNOWN
    {
        let numbers: Vec<f64> = (0..value.len())
            .map(|place| {
                let left = x[broadcast_index(&a.shape, &value.shape, place)];
                let right = y[broadcast_index(&b.shape, &value.shape, place)];
                round(f(left, right), kind)
            })
            .collect();
        // The runtime's integers would have wrapped.
        let fits = |x: &f64| kind.is_float() || x.abs() <= f64::from(i32::MAX);
        if numbers.iter().all(fits) {
            value = Value::known(kind, value.shape, numbers);
        }
    }
    Ok(Outputs::one(value))
}

fn binary(call: &Call<'_>) -> Outcome {
    let (a, b) = (call.input(0)?, call.input(1)?);
    let operator = call.node.operator.as_str();
    if operator != "Pow" && a.kind.is_float() != b.kind.is_float() {
        return wrong("one input holds floats and one integers");
    }
    if !a.kind.is_float() && matches!(operator, "Div" | "Mod") {
        match &b.numbers {
            Some(numbers) if numbers.iter().all(|&x| x > 0.0) => {}
            Some(_) => return wrong("a division by zero or less"),
            None => return unknown("integers are divided by what is computed"),
        }
    }
    let f: Option<fn(f64, f64) -> f64> = match operator {
        "Add" => Some(|x, y| x + y),
        "Sub" => Some(|x, y| x - y),
        "Mul" => Some(|x, y| x * y),
        "Div" => Some(|x, y| x / y),
        "Mod" if !a.kind.is_float() => Some(|x, y| x.rem_euclid(y)),
        _ => None,
    };
    pair(call, a.kind, f)
}

fn several(call: &Call<'_>) -> Outcome {
    let first = call.input(0)?;
    if call.inputs.len() == 2 {
        let f: Option<fn(f64, f64) -> f64> = match call.node.operator.as_str() {
            "Max" => Some(f64::max),
            "Min" => Some(f64::min),
            "Sum" => Some(|x, y| x + y),
            _ => None,
        };
        return pair(call, first.kind, f);
    }
    let mut shape = first.shape.clone();
    for index in 1..call.inputs.len() {
        shape = broadcast(&shape, &call.input(index)?.shape)?;
    }
    let value = Value::unknown(first.kind, shape);
    let mut outputs = Outputs::one(value);
    outputs.operations = outputs.operations.saturating_mul(call.inputs.len() as u64);
    outputs.scratch = outputs.values[0].bytes();
    Ok(outputs)
}

fn compare(call: &Call<'_>) -> Outcome {
    let f: fn(f64, f64) -> f64 = match call.node.operator.as_str() {
        "Equal" => |x, y| f64::from(u8::from(x == y)),
        "Greater" => |x, y| f64::from(u8::from(x > y)),
        "GreaterOrEqual" => |x, y| f64::from(u8::from(x >= y)),
        "Less" => |x, y| f64::from(u8::from(x < y)),
        "LessOrEqual" => |x, y| f64::from(u8::from(x <= y)),
        "And" => |x, y| f64::from(u8::from(x != 0.0 && y != 0.0)),
        "Or" => |x, y| f64::from(u8::from(x != 0.0 || y != 0.0)),
        _ => |x, y| f64::from(u8::from((x != 0.0) != (y != 0.0))),
    };
    pair(call, Type::Bool, Some(f))
}

fn choose(call: &Call<'_>) -> Outcome {
    let (condition, a, b) = (call.input(0)?, call.input(1)?, call.input(2)?);
    if a.kind.is_float() != b.kind.is_float() {
        return wrong("one choice holds floats and one integers");
    }
    let shape = broadcast(&broadcast(&condition.shape, &a.shape)?, &b.shape)?;
    let mut value = Value::unknown(a.kind, shape);
    if let (Some(which), Some(x), Some(y)) = (&condition.numbers, &a.numbers, &b.numbers)
        && value.len() <= MOST_KNOWN
    {
        let numbers = (0..value.len())
            .map(|place| {
                let at = |from: &Value| broadcast_index(&from.shape, &value.shape, place);
                if which[at(condition)] != 0.0 {
                    x[at(a)]
                } else {
                    y[at(b)]
                }
            })
            .collect();
        value = Value::known(a.kind, value.shape, numbers);
    }
    Ok(Outputs::one(value))
}
