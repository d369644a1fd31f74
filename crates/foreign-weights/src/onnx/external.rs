//! Values of an ONNX file that lie in other files beside it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use onnx_graph::wire::Fields;

use crate::error::{Fault, shown};

/// Where external values may lie.
pub(super) struct Folder<'a> {
    /// The folder of the file; `None` within an archive.
    pub(super) path: Option<&'a Path>,
    /// Files that were read.
    pub(super) used: BTreeSet<String>,
    /// Most bytes that may still be read.
    pub(super) left: u64,
}

/// What a tensor says of its place: key and value, as texts.
#[derive(Default)]
pub(super) struct Place<'a> {
    location: &'a str,
    offset: u64,
    length: Option<u64>,
}

impl<'a> Place<'a> {
    /// Takes in one of the tensor's entries.
    pub(super) fn entry(&mut self, message: &'a [u8]) -> Result<(), Fault> {
        let (mut key, mut value) = ("", "");
        for field in Fields::of(message) {
            match field? {
                (1, field) => key = field.text()?,
                (2, field) => value = field.text()?,
                _ => {}
            }
        }
        let number = || {
            value.parse().map_err(|_| {
                Fault::Malformed(format!(
                    "a tensor's {} `{}` is no number",
                    shown(key),
                    shown(value)
                ))
            })
        };
        match key {
            "location" => self.location = value,
            "offset" => self.offset = number()?,
            "length" => self.length = Some(number()?),
            _ => {}
        }
        Ok(())
    }
}

impl Folder<'_> {
    /// The `expected` bytes at a place.
    pub(super) fn read(
        &mut self,
        name: &str,
        place: &Place<'_>,
        expected: u64,
    ) -> Result<Vec<u8>, Fault> {
        let Some(folder) = self.path else {
            return Err(Fault::Unsupported(format!(
                "tensor `{}` lies in another file, `{}`, which is not looked for within an archive",
                shown(name),
                shown(place.location)
            )));
        };
        let path = inside(folder, place.location)?;
        if place.length.is_some_and(|length| length != expected) {
            return Err(Fault::Malformed(format!(
                "tensor `{}` has {} bytes in `{}`, its sizes need {expected}",
                shown(name),
                place.length.unwrap_or(0),
                shown(place.location)
            )));
        }
        let unreadable = |error: std::io::Error| {
            Fault::Malformed(format!(
                "tensor `{}` lies in `{}` beside it, which cannot be read ({error})",
                shown(name),
                shown(place.location)
            ))
        };
        let mut file = File::open(&path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let end = place.offset.checked_add(expected);
        if !metadata.is_file() || end.is_none_or(|end| end > metadata.len()) {
            return Err(Fault::Malformed(format!(
                "tensor `{}` does not lie in `{}`, which has {} bytes",
                shown(name),
                shown(place.location),
                metadata.len()
            )));
        }
        self.left = self.left.checked_sub(expected).ok_or(Fault::TooLarge {
            found: "with the files beside it, it has more bytes".to_owned(),
            limit: self.left,
        })?;
        file.seek(SeekFrom::Start(place.offset))
            .map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(expected)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() as u64 != expected {
            return Err(Fault::Malformed(format!(
                "`{}` was cut while it was read",
                shown(place.location)
            )));
        }
        self.used.insert(place.location.to_owned());
        Ok(bytes)
    }
}

/// A file within a folder; links may not lead out of it.
fn inside(folder: &Path, location: &str) -> Result<PathBuf, Fault> {
    let leaves = || {
        Fault::Refused(format!(
            "reads the file `{}`, which is not in its folder",
            shown(location)
        ))
    };
    let path = Path::new(location);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if location.is_empty() || !plain || location.contains(['\\', ':']) {
        return Err(leaves());
    }
    let absent = |error: std::io::Error| {
        Fault::Malformed(format!(
            "it needs the file `{}` beside it ({error})",
            shown(location)
        ))
    };
    let folder = folder.canonicalize().map_err(absent)?;
    let path = folder.join(path).canonicalize().map_err(absent)?;
    if path.starts_with(&folder) {
        Ok(path)
    } else {
        Err(leaves())
    }
}
