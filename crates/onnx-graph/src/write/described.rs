//! A file that others wrote, with more metadata.

use crate::OnnxError;
use crate::wire::{Field, Fields, WireError};

/// `metadata_props` of a `ModelProto`, and key and value of an entry, in `onnx.proto3`.
const METADATA: u64 = 14;
const KEY: u64 = 1;
const VALUE: u64 = 2;

/// The wire type of texts and messages.
const BYTES: u64 = 2;

/// `file` with these keys and values among its `metadata_props`; what it had under the same keys is left out, all else stays byte
/// for byte.
///
/// # Errors
/// [`OnnxError::Malformed`] where the bytes are no message.
pub fn with_metadata(file: &[u8], entries: &[(&str, &str)]) -> Result<Vec<u8>, OnnxError> {
    let malformed = |error: WireError| OnnxError::Malformed {
        offset: error.offset as u64,
        found: error.found,
    };
    let mut bytes = Vec::with_capacity(file.len());
    let mut fields = Fields::of(file);
    let mut begin = 0;
    while let Some(field) = fields.next() {
        let (number, field) = field.map_err(malformed)?;
        let end = fields.offset();
        let is_replaced = number == METADATA && {
            let key = key(field).map_err(malformed)?;
            entries
                .iter()
                .any(|(replaced, _)| replaced.as_bytes() == key)
        };
        if !is_replaced {
            bytes.extend_from_slice(&file[begin..end]);
        }
        begin = end;
    }
    for (key, value) in entries {
        let mut entry = Vec::new();
        put(&mut entry, KEY, key.as_bytes());
        put(&mut entry, VALUE, value.as_bytes());
        put(&mut bytes, METADATA, &entry);
    }
    Ok(bytes)
}

/// The key of an entry; of several the last, as in any message.
fn key(entry: Field<'_>) -> Result<&[u8], WireError> {
    let mut key = &[][..];
    for field in Fields::of(entry.bytes()?) {
        if let (KEY, field) = field? {
            key = field.bytes()?;
        }
    }
    Ok(key)
}

fn put(to: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    varint(to, number << 3 | BYTES);
    varint(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

fn varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::{Builder, Size};

    fn file(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = Builder::new("mean");
        let sizes = [Size::Dynamic("B"), Size::Dynamic("T"), Size::Fixed(2)];
        let x = builder.input("feats", &sizes);
        let mean = builder.mean_over_frames(&x);
        builder.output("embs", &mean, &[Size::Dynamic("B"), Size::Fixed(2)]);
        for (key, value) in entries {
            builder.metadata(key, value);
        }
        builder.finish().unwrap()
    }

    /// The builder writes metadata last, by another encoder.
    #[test]
    fn metadata_stand_there_as_if_the_file_had_been_written_with_them() {
        let long = "front end ".repeat(40);
        let others = [("framework", "wespeaker"), ("language", "English")];
        let ours = [("siamang", long.as_str())];
        let all = [&others[..], &ours].concat();
        assert_eq!(with_metadata(&file(&others), &ours).unwrap(), file(&all));
        let before = [&[("siamang", "old")][..], &others].concat();
        assert_eq!(with_metadata(&file(&before), &ours).unwrap(), file(&all));
    }

    #[test]
    fn what_is_no_message_is_refused_with_its_place() {
        let mut bytes = file(&[("framework", "wespeaker")]);
        bytes.truncate(bytes.len() - 1);
        let error = with_metadata(&bytes, &[("siamang", "{}")]).unwrap_err();
        assert!(matches!(error, OnnxError::Malformed { .. }), "{error}");
    }
}
