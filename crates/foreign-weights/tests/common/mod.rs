//! Archives, pickles and messages that nobody's program would write.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test takes what it needs"
)]

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

pub(crate) fn golden(name: &str) -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/");
    std::fs::read(format!("{path}{name}")).unwrap()
}

/// A zip of these files.
pub(crate) fn zip(files: &[(&str, &[u8])], deflate: bool) -> Vec<u8> {
    let method = if deflate {
        zip::CompressionMethod::Deflated
    } else {
        zip::CompressionMethod::Stored
    };
    let options = SimpleFileOptions::default().compression_method(method);
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A file of PyTorch with this pickle and one storage `0`.
pub(crate) fn torch(pickle: &[u8], storage: &[u8]) -> Vec<u8> {
    zip(
        &[("archive/data.pkl", pickle), ("archive/data/0", storage)],
        false,
    )
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    [
        &b"X"[..],
        &u32::try_from(text.len()).unwrap().to_le_bytes(),
        text.as_bytes(),
    ]
    .concat()
}

pub(crate) fn long(value: i64) -> Vec<u8> {
    [&b"\x8a\x08"[..], &value.to_le_bytes()].concat()
}

pub(crate) fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(".to_vec(), items.concat(), b"t".to_vec()].concat()
}

/// The instructions that make a tensor of f32.
pub(crate) fn tensor(stored: i64, offset: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    let longs =
        |values: &[i64]| tuple(&values.iter().map(|value| long(*value)).collect::<Vec<_>>());
    let storage = [
        tuple(&[
            text("storage"),
            b"ctorch\nFloatStorage\n".to_vec(),
            text("0"),
            text("cpu"),
            long(stored),
        ]),
        b"Q".to_vec(),
    ]
    .concat();
    [
        b"ctorch._utils\n_rebuild_tensor_v2\n".to_vec(),
        tuple(&[
            storage,
            long(offset),
            longs(shape),
            longs(strides),
            b"\x89".to_vec(),
            b"}".to_vec(),
        ]),
        b"R".to_vec(),
    ]
    .concat()
}

/// A pickle of protocol 2 of `{name: value}`.
pub(crate) fn dict(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let entries: Vec<u8> = entries
        .iter()
        .flat_map(|(name, value)| [text(name), value.clone()].concat())
        .collect();
    [&b"\x80\x02}("[..], &entries, b"u."].concat()
}

/// A field of a message that has a length.
pub(crate) fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut message = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        message.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    message.push(length as u8);
    message.extend(bytes);
    message
}

/// An ONNX file of this graph.
pub(crate) fn onnx(graph: &[u8]) -> Vec<u8> {
    [b"\x08\x08".to_vec(), field(7, graph)].concat()
}
