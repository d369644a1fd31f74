//! What a file is, by its first bytes.

use std::fmt;

use crate::{onnx, safetensors, torch};

/// How tensors lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// `torch.save` since 1.6.
    TorchZip,
    /// `torch.save` before 1.6.
    TorchLegacy,
    /// safetensors.
    Safetensors,
    /// ONNX.
    Onnx,
}

impl fmt::Display for Container {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TorchZip => "PyTorch",
            Self::TorchLegacy => "PyTorch before 1.6",
            Self::Safetensors => "safetensors",
            Self::Onnx => "ONNX",
        })
    }
}

/// What the first bytes say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A zip archive: a file of PyTorch, or one that holds others.
    Zip,
    Known(Container),
    /// Something else, in words that follow "it".
    Other(&'static str),
}

/// What a file of `num_bytes` that begins with `bytes` is.
pub(crate) fn of(bytes: &[u8], num_bytes: u64) -> Kind {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Kind::Zip;
    }
    if torch::is_legacy(bytes) {
        return Kind::Known(Container::TorchLegacy);
    }
    if safetensors::is_safetensors(bytes, num_bytes) {
        return Kind::Known(Container::Safetensors);
    }
    if onnx::is_onnx(bytes) {
        return Kind::Known(Container::Onnx);
    }
    const OTHERS: &[(&[u8], &str)] = &[
        (
            b"version https://git-lfs",
            "is a pointer of Git LFS, not the file that it points to",
        ),
        (
            b"<!DOCTYPE",
            "is a page of HTML, perhaps a refused download",
        ),
        (b"<html", "is a page of HTML, perhaps a refused download"),
        (b"\x1f\x8b", "is compressed with gzip"),
        (b"\x89HDF", "is HDF5 (Keras)"),
        (b"BZh", "is compressed with bzip2"),
        (b"\xfd7zXZ", "is compressed with xz"),
        (b"\x28\xb5\x2f\xfd", "is compressed with zstd"),
        (b"GGUF", "is GGUF"),
        (b"\x93NUMPY", "is one array of NumPy"),
        (b"RIFF", "is a recording"),
    ];
    if num_bytes == 0 {
        return Kind::Other("is empty");
    }
    if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Kind::Other(what);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Kind::Other(
            "is a tar archive (NeMo's `.nemo` is one: unpack it, and give `model_weights.ckpt`)",
        );
    }
    if bytes.get(4..8) == Some(b"TFL3") {
        return Kind::Other("is TensorFlow Lite");
    }
    match bytes {
        [0x80, 2..=5, ..] => Kind::Other("is a pickle that PyTorch did not write"),
        _ => Kind::Other("begins with bytes of no format that is known here"),
    }
}
