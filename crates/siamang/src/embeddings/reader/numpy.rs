//! `.npy` with names beside it, and `.npz`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::array::Array;
use crate::embeddings::names::{embedding_of, id_of, quoted, speaker_of};
use crate::embeddings::rows::{MAX_DIM, Rows};
use crate::embeddings::writer::ids_path;

/// No archive has more arrays: one a recording.
const MAX_ARRAYS: usize = 1 << 22;

/// A matrix without names: `[rows, dim]` and the values row by row; one vector is a row.
pub(super) fn matrix(file: File) -> Result<(usize, usize, Vec<f32>), String> {
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    let array = Array::read(BufReader::new(file), size)?;
    match array.shape.as_slice() {
        [dim] => Ok((1, *dim as usize, array.floats()?)),
        _ => array.matrix(),
    }
}

/// A matrix, whose names stand in a file beside `path`.
pub(super) fn npy(file: File, path: &Path) -> Result<Rows, String> {
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    let array = Array::read(BufReader::new(file), size)?;
    if array.shape.len() == 1 {
        return Err(format!(
            "its shape is {:?}, one vector or a list of names; expected [points, dim]",
            array.shape
        ));
    }
    let (count, dim, values) = array.matrix()?;
    let (names_path, text) = names_beside(path)?;
    let names = names_of_rows(&text, &names_path, count)?;
    let mut rows = Rows::default();
    rows.remarks.extend(array.remark());
    push_all(&mut rows, &names, None, dim, &values)?;
    Ok(rows)
}

/// The names of `count` rows, a line each, in `text` of the file at `path`.
fn names_of_rows<'a>(text: &'a str, path: &Path, count: usize) -> Result<Vec<&'a str>, String> {
    let names: Vec<&str> = text.lines().collect();
    match names.len() == count {
        true => Ok(names),
        false => Err(format!(
            "{count} rows, but `{}` has {} names",
            path.display(),
            names.len()
        )),
    }
}

/// The names of the rows: one a line in `FILE.npy.ids.txt`, or `FILE.ids.txt`, or `FILE.txt`.
fn names_beside(path: &Path) -> Result<(PathBuf, String), String> {
    let own = ids_path(path);
    let others = [path.with_extension("ids.txt"), path.with_extension("txt")];
    let first = std::iter::once(&own)
        .chain(&others)
        .find(|path| path.is_file());
    let Some(found) = first else {
        return Err(format!(
            "a matrix has no names of recordings; write them to `{}`, one a line, or make a `.npz` with an array `ids`",
            own.display()
        ));
    };
    let text = std::fs::read_to_string(found)
        .map_err(|error| format!("`{}`: {error}", found.display()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
    Ok((found.clone(), text))
}

fn push_all(
    rows: &mut Rows,
    names: &[impl AsRef<str>],
    speakers: Option<&[String]>,
    dim: usize,
    values: &[f32],
) -> Result<(), String> {
    if dim == 0 || dim > MAX_DIM {
        return Err(format!(
            "its rows have {dim} values, expected 1 to {MAX_DIM}"
        ));
    }
    for (place, (name, row)) in names.iter().zip(values.chunks(dim)).enumerate() {
        let speaker = speakers.and_then(|speakers| speakers.get(place)).cloned();
        rows.push(name.as_ref(), speaker, row)?;
    }
    Ok(())
}

/// Arrays in a zip archive: a matrix and an array of names, or one vector a recording.
pub(super) fn npz(file: File, path: &Path) -> Result<Rows, String> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| error.to_string())?;
    let members: Vec<String> = archive
        .file_names()
        .filter_map(|name| Some(name.ok()?.into_owned()))
        .collect();
    if members.iter().any(|name| name.ends_with("data.pkl")) {
        return Err(
            "it is a file of PyTorch's: pickled Python objects, which are programs and are not run; write `np.savez(file, ids=names, embeddings=tensor.numpy())`"
                .to_owned(),
        );
    }
    if members.len() > MAX_ARRAYS {
        return Err(format!("it has more than {MAX_ARRAYS} arrays"));
    }
    let mut arrays: BTreeMap<String, Array> = BTreeMap::new();
    let mut refused: BTreeMap<String, String> = BTreeMap::new();
    for place in 0..archive.len() {
        let (name, array) = member(&mut archive, place)?;
        match array {
            Ok(array) => {
                arrays.insert(name, array);
            }
            Err(reason) => {
                refused.insert(name, reason);
            }
        }
    }
    let shown = || quoted(arrays.keys().chain(refused.keys()).map(String::as_str));
    let of_rank = |rank: usize| {
        let ranked = arrays
            .iter()
            .filter(move |(_, array)| array.is_float() && (array.shape.len() > 1) == (rank > 1));
        ranked.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    let (matrices, vectors) = (of_rank(2), of_rank(1));
    let matrix = match matrices.as_slice() {
        [one] => Some(*one),
        several => embedding_of(several.iter().copied()),
    };
    let refusal = || {
        let mut refused = refused
            .iter()
            .map(|(name, reason)| format!("; `{name}`: {reason}"));
        refused.next().unwrap_or_default()
    };
    let Some(matrix) = matrix else {
        if !matrices.is_empty() || vectors.is_empty() {
            return Err(format!(
                "which of its arrays has the embeddings? Its arrays are {}; expected one of shape [points, dim], called `embeddings` if there are several{}",
                shown(),
                refusal()
            ));
        }
        return one_each(&arrays, &vectors);
    };
    let array = &arrays[matrix];
    let (count, dim, values) = array.matrix()?;
    let texts: BTreeMap<&str, Vec<String>> = arrays
        .iter()
        .filter_map(|(name, array)| Some((name.as_str(), array.texts()?)))
        .filter(|(_, texts)| texts.len() == count)
        .collect();
    let speaker = speaker_of(texts.keys().copied());
    let names = id_of(texts.keys().copied()).or_else(|| {
        let mut others = texts.keys().copied().filter(|name| Some(*name) != speaker);
        others.next().filter(|_| others.next().is_none())
    });
    let speakers = speaker.map(|name| texts[name].as_slice());
    let mut rows = Rows::default();
    rows.remarks
        .push(format!("embeddings are its array `{matrix}`"));
    rows.remarks.extend(array.remark());
    match names {
        Some(names) => push_all(&mut rows, &texts[names], speakers, dim, &values)?,
        None => {
            let (names_path, text) = names_beside(path).map_err(|_| {
                format!(
                    "it has no array of {count} names; its arrays are {}; expected `ids`, an array of text, as `np.savez(file, ids=names, embeddings=matrix)` writes{}",
                    shown(),
                    refusal()
                )
            })?;
            let names = names_of_rows(&text, &names_path, count)?;
            push_all(&mut rows, &names, speakers, dim, &values)?;
        }
    }
    Ok(rows)
}

/// An archive with an array for each recording, under its name.
fn one_each(arrays: &BTreeMap<String, Array>, vectors: &[&str]) -> Result<Rows, String> {
    let mut rows = Rows::default();
    for name in vectors {
        rows.push(name, None, &arrays[*name].floats()?)?;
    }
    let first = vectors.first().and_then(|name| arrays[*name].remark());
    rows.remarks.extend(first);
    Ok(rows)
}

/// The name of an array and the array, or why it is not read.
fn member<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    place: usize,
) -> Result<(String, Result<Array, String>), String> {
    let entry = archive.by_index(place).map_err(|error| error.to_string())?;
    let name = entry.name().map_err(|error| error.to_string())?;
    let name = name.strip_suffix(".npy").unwrap_or(&name).to_owned();
    let size = entry.size();
    Ok((name, Array::read(entry, size)))
}
