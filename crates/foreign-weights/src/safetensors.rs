//! Files of safetensors.

use safetensors::{Dtype, SafeTensors};

use crate::element::Element;
use crate::error::{Fault, shown};
use crate::limits::{Budget, Limits};
use crate::tensor::{Contents, ForeignTensor};

/// Whether bytes are the beginning of such a file, of `num_bytes` in all: the length of a header of JSON, and its brace.
pub(crate) fn is_safetensors(bytes: &[u8], num_bytes: u64) -> bool {
    let length = bytes
        .first_chunk()
        .map(|length| u64::from_le_bytes(*length));
    let fits = length.is_some_and(|length| length >= 2 && length <= num_bytes.saturating_sub(8));
    fits && bytes.get(8) == Some(&b'{')
}

/// Its tensors.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Contents, Fault> {
    let length = bytes
        .first_chunk()
        .map_or(0, |length| u64::from_le_bytes(*length));
    if length > limits.header_bytes {
        return Err(Fault::TooLarge {
            found: format!("its header has {length} bytes"),
            limit: limits.header_bytes,
        });
    }
    let broken = |error: safetensors::SafeTensorError| {
        Fault::Malformed(format!("safetensors says: {}", shown(&error.to_string())))
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let mut contents = Contents::default();
    for (name, text) in header.metadata().iter().flatten() {
        contents.metadata.insert(name.clone(), text.clone());
    }
    let file = SafeTensors::deserialize(bytes).map_err(broken)?;
    if file.len() > limits.num_tensors {
        return Err(Fault::TooLarge {
            found: format!("it holds {} tensors", file.len()),
            limit: limits.num_tensors as u64,
        });
    }
    let mut budget = Budget::new(bytes.len() as u64, limits);
    for (name, view) in file.iter() {
        let Some(element) = element(view.dtype()) else {
            contents.leave_out(name, &format!("a tensor of {:?}", view.dtype()));
            continue;
        };
        budget.take(name, (view.data().len() / element.num_bytes()) as u64)?;
        let tensor = ForeignTensor {
            shape: view.shape().to_vec(),
            values: element.values(view.data()),
            element,
        };
        contents.add(name, tensor)?;
    }
    Ok(contents)
}

fn element(dtype: Dtype) -> Option<Element> {
    Some(match dtype {
        Dtype::F64 => Element::F64,
        Dtype::F32 => Element::F32,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::Bf16,
        Dtype::I64 => Element::I64,
        Dtype::I32 => Element::I32,
        Dtype::I16 => Element::I16,
        Dtype::I8 => Element::I8,
        Dtype::U64 => Element::U64,
        Dtype::U32 => Element::U32,
        Dtype::U16 => Element::U16,
        Dtype::U8 => Element::U8,
        Dtype::BOOL => Element::Bool,
        _ => return None,
    })
}
