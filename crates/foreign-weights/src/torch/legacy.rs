//! Files of PyTorch before 1.6: five pickles one after the other, and then the storages.

use std::collections::HashMap;

use super::{gather, state};
use crate::error::{Fault, shown};
use crate::limits::{Budget, Limits};
use crate::pickle::{self, Node, Value};
use crate::tensor::Contents;

/// The first bytes of protocol 2: the magic number.
const BEGINNING: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
/// The version that all these files have.
const VERSION: i64 = 1001;

/// Whether bytes are the beginning of such a file.
pub(crate) fn is_legacy(bytes: &[u8]) -> bool {
    bytes.starts_with(BEGINNING)
}

/// Its tensors.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Contents, Fault> {
    let magic = pickle::read(bytes, 0, limits)?;
    let version = pickle::read(bytes, magic.end, limits)?;
    if !pickle::is_torch_magic(magic.root) || !matches!(version.root, Value::Int(VERSION)) {
        return Err(Fault::Unsupported(format!(
            "it is of another version of PyTorch's old format than {VERSION}"
        )));
    }
    let system = pickle::read(bytes, version.end, limits)?;
    if let Some(Node::Dict(pairs)) = system.node(system.root) {
        let big = pairs.iter().any(|(key, value)| {
            matches!(
                (key, value),
                (Value::Text("little_endian"), Value::Bool(false))
            )
        });
        if big {
            return Err(Fault::Unsupported(
                "its numbers are not little-endian".to_owned(),
            ));
        }
    }
    let object = pickle::read(bytes, system.end, limits)?;
    let keys = pickle::read(bytes, object.end, limits)?;
    let Some(Node::Sequence(keys_in_order)) = keys.node(keys.root) else {
        return Err(Fault::at(object.end, "it has no list of storages"));
    };

    let mut contents = Contents::default();
    let views = state::views(&object, &mut contents, limits)?;
    let mut budget = Budget::new(bytes.len() as u64, limits);
    let mut shared: HashMap<&str, gather::Shared<'_>> = gather::by_storage(views, &mut budget)?
        .into_iter()
        .map(|shared| (shared.key, shared))
        .collect();

    // Sizes of elements are not said beside the storages, but by those who look at them.
    let mut units = HashMap::new();
    object.for_each_storage(|storage| {
        let unit = storage
            .element
            .map_or(1, |element| element.num_bytes() as u64);
        units.insert(storage.key, unit);
    });
    let mut cursor = pickle::Cursor::new(bytes, keys.end);
    for key in keys_in_order {
        let Value::Text(key) = *key else {
            return Err(Fault::at(cursor.at, "a storage has no name"));
        };
        let at = cursor.at;
        let count = u64::from_le_bytes(cursor.array()?);
        let unit = units.get(key).copied().ok_or_else(|| {
            Fault::at(
                at,
                format_args!("nothing says what storage `{}` is of", shown(key)),
            )
        })?;
        let num_bytes = count.checked_mul(unit).ok_or_else(|| {
            Fault::at(
                at,
                format_args!("storage `{}` claims {count} elements", shown(key)),
            )
        })?;
        let record = cursor.take(num_bytes)?;
        let Some(shared) = shared.remove(key) else {
            continue;
        };
        if num_bytes < shared.num_bytes {
            return Err(Fault::at(
                at,
                format_args!(
                    "storage `{}` has {num_bytes} bytes, its tensors need {}",
                    shown(key),
                    shared.num_bytes
                ),
            ));
        }
        for (name, view) in shared.views {
            match gather::tensor(view, record) {
                Some(tensor) => contents.add(&name, tensor)?,
                None => {
                    return Err(Fault::Malformed(format!(
                        "tensor `{}` lies outside",
                        shown(&name)
                    )));
                }
            }
        }
    }
    match shared.keys().next() {
        None => Ok(contents),
        Some(key) => Err(Fault::Malformed(format!(
            "it lacks the storage `{}`",
            shown(key)
        ))),
    }
}
