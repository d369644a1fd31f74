//! Tensors in ONNX messages.

use onnx_graph::wire::{Field, Fields};

use super::external::{Folder, Place};
use crate::element::Element;
use crate::error::{Fault, shown};
use crate::limits::Budget;
use crate::tensor::{ForeignTensor, num_values};

/// The field that says that values lie in another file.
const EXTERNAL: i64 = 1;

/// A tensor and its name; `Err` says what kind of values it has that are not read.
pub(super) type Named<'a> = (&'a str, Result<ForeignTensor, String>);

/// Reads a `TensorProto`.
pub(super) fn read<'a>(
    message: &'a [u8],
    name_else: &'a str,
    folder: &mut Folder<'_>,
    budget: &mut Budget,
) -> Result<Named<'a>, Fault> {
    let mut name = name_else;
    let mut dims = Vec::new();
    let mut data_type = 0;
    let mut location = 0;
    let mut raw: Option<&[u8]> = None;
    let mut place = Place::default();
    for field in Fields::of(message) {
        match field? {
            (1, field) => dimensions(field, &mut dims)?,
            (2, field) => data_type = field.integer()?,
            (3, _) => {
                return Err(Fault::Unsupported(
                    "a tensor of it is a segment of another".to_owned(),
                ));
            }
            (8, field) => name = field.text()?,
            (9, field) => raw = Some(field.bytes()?),
            (13, field) => place.entry(field.bytes()?)?,
            (14, field) => location = field.integer()?,
            _ => {}
        }
    }
    let Some(element) = element(data_type) else {
        return Ok((name, Err(format!("a tensor of ONNX's type {data_type}"))));
    };
    let claim = || {
        Fault::Malformed(format!(
            "tensor `{}` claims the sizes {dims:?}, more than it has values for",
            shown(name)
        ))
    };
    let count = num_values(&dims).ok_or_else(claim)?;
    let num_bytes = count
        .checked_mul(element.num_bytes() as u64)
        .ok_or_else(claim)?;
    let shape: Option<Vec<usize>> = dims
        .iter()
        .map(|size| usize::try_from(*size).ok())
        .collect();
    let shape = shape.ok_or_else(claim)?;
    let values = if location == EXTERNAL {
        // What lies beside the file is bounded by the folder's own budget.
        element.values(&folder.read(name, &place, num_bytes)?)
    } else if let Some(raw) = raw {
        if raw.len() as u64 != num_bytes {
            return Err(Fault::Malformed(format!(
                "tensor `{}` of sizes {dims:?} has {} bytes, expected {num_bytes}",
                shown(name),
                raw.len()
            )));
        }
        budget.take(name, count)?;
        element.values(raw)
    } else {
        // No value takes less than a byte.
        if count > message.len() as u64 {
            return Err(claim());
        }
        budget.take(name, count)?;
        listed(message, element)?
    };
    if values.len() as u64 != count {
        return Err(Fault::Malformed(format!(
            "tensor `{}` of sizes {dims:?} has {} values, expected {count}",
            shown(name),
            values.len()
        )));
    }
    Ok((
        name,
        Ok(ForeignTensor {
            shape,
            values,
            element,
        }),
    ))
}

fn dimensions(field: Field<'_>, dims: &mut Vec<u64>) -> Result<(), Fault> {
    let mut add = |size: u64| {
        // A negative size is a very large one here.
        if dims.len() >= 16 || size > i64::MAX as u64 {
            return Err(Fault::Malformed(
                "a tensor of it has a negative size, or more than 16".to_owned(),
            ));
        }
        dims.push(size);
        Ok(())
    };
    match field {
        Field::Bytes(packed) => {
            let mut numbers = Fields::of(packed);
            while !numbers.is_empty() {
                add(numbers.varint()?)?;
            }
            Ok(())
        }
        Field::Varint(size) => add(size),
        _ => Err(Fault::Malformed("a tensor's size is no integer".to_owned())),
    }
}

/// The values of the lists `float_data`, `int32_data`, `int64_data`, `double_data` and `uint64_data`.
fn listed(message: &[u8], element: Element) -> Result<Vec<f32>, Fault> {
    let mut values = Vec::new();
    let of_bits = |bits: u64| match element {
        Element::F16 | Element::Bf16 => element.value(&bits.to_le_bytes()),
        Element::U64 => bits as f32,
        _ => bits.cast_signed() as f32,
    };
    for field in Fields::of(message) {
        match field? {
            (4, Field::Bytes(packed)) => values.extend(Element::F32.values(packed)),
            (4, Field::Fixed32(bytes)) => values.push(f32::from_le_bytes(bytes)),
            (10, Field::Bytes(packed)) => values.extend(Element::F64.values(packed)),
            (10, Field::Fixed64(bytes)) => values.push(f64::from_le_bytes(bytes) as f32),
            (5 | 7 | 11, Field::Bytes(packed)) => {
                let mut numbers = Fields::of(packed);
                while !numbers.is_empty() {
                    values.push(of_bits(numbers.varint()?));
                }
            }
            (5 | 7 | 11, Field::Varint(bits)) => values.push(of_bits(bits)),
            _ => {}
        }
    }
    Ok(values)
}

fn element(data_type: i64) -> Option<Element> {
    Some(match data_type {
        1 => Element::F32,
        2 => Element::U8,
        3 => Element::I8,
        4 => Element::U16,
        5 => Element::I16,
        6 => Element::I32,
        7 => Element::I64,
        9 => Element::Bool,
        10 => Element::F16,
        11 => Element::F64,
        12 => Element::U32,
        13 => Element::U64,
        16 => Element::Bf16,
        _ => return None,
    })
}
