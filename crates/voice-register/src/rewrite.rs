//! Files that are written anew: what they do not take along is gone.
//!
//! The rows go first, since they can be made again; then `voices` takes its place, which is the moment that counts; then the new rows. A kill
//! between any two of these leaves the old state or the new one.

use std::io::{ErrorKind, Write};
use std::path::Path;

use durable::NewFile;

use crate::error::{Damage, RegisterError};
use crate::frame;
use crate::layout::{FIRST_FRAME, Generation, MATRIX, MatrixHead, NONE, VOICES, name_hash};
use crate::log::{Owner, head_copy};
use crate::matrix::{Found, Matrix, row_bytes};
use crate::register::{Register, Row};
use crate::voice::Voice;

/// Removes what processes left that were killed while they wrote: they may hold what was forgotten since.
pub(crate) fn clear(folder: &Path) -> Result<(), RegisterError> {
    let entries = std::fs::read_dir(folder).map_err(RegisterError::io("read", folder))?;
    for entry in entries.flatten() {
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(durable::UNFINISHED)
        {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), RegisterError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(RegisterError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// A number that no other state of any register has.
fn new_generation(owner: &Owner) -> Generation {
    let mut hasher = blake3::Hasher::new();
    hasher.update(owner.model_hash.as_bytes());
    hasher.update(&std::process::id().to_le_bytes());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    hasher.update(&now.map_or(0, |now| now.as_nanos()).to_le_bytes());
    // Each of these is drawn by the system.
    let drawn = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0_u8);
    hasher.update(&drawn.to_le_bytes());
    hasher
        .finalize()
        .as_bytes()
        .first_chunk()
        .copied()
        .unwrap_or_default()
}

/// Both files of a register without voices.
pub(crate) fn new(folder: &Path, owner: &Owner) -> Result<(), RegisterError> {
    clear(folder)?;
    Files::begin(folder, owner)?.finish()
}

/// Both files on their way to their places.
struct Files<'a> {
    folder: &'a Path,
    owner: Owner,
    voices: NewFile,
    matrix: NewFile,
    /// First byte of the next frame.
    end: u64,
}

impl<'a> Files<'a> {
    fn begin(folder: &'a Path, owner: &Owner) -> Result<Self, RegisterError> {
        let generation = new_generation(owner);
        let create = |name: &str| {
            let path = folder.join(name);
            NewFile::create_private(&path).map_err(RegisterError::io("write beside", &path))
        };
        let mut files = Self {
            folder,
            owner: owner.clone(),
            voices: create(VOICES)?,
            matrix: create(MATRIX)?,
            end: FIRST_FRAME,
        };
        let copy = head_copy(owner, generation)?;
        write(&mut files.voices, &copy)?;
        write(&mut files.voices, &copy)?;
        let head = MatrixHead::new(owner.dim, generation);
        write(&mut files.matrix, bytemuck::bytes_of(&head))?;
        Ok(files)
    }

    fn add(&mut self, voice: &Voice) -> Result<(), RegisterError> {
        let bytes = frame::encode(&voice.name, &voice.entries, self.owner.dim, 0)?;
        write(&mut self.voices, &bytes)?;
        let row = row_bytes(self.end, name_hash(&voice.name), NONE, &voice.centre());
        write(&mut self.matrix, &row)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    fn finish(self) -> Result<(), RegisterError> {
        let [voices, matrix] = [VOICES, MATRIX].map(|name| self.folder.join(name));
        remove(&matrix)?;
        let finished = self.voices.finish();
        finished.map_err(RegisterError::io("write", &voices))?;
        // From here on all is as it was asked for: rows that have no room can be made again.
        let _ = self.matrix.finish();
        Ok(())
    }
}

fn write(file: &mut NewFile, bytes: &[u8]) -> Result<(), RegisterError> {
    let written = file.write_all(bytes);
    written.map_err(RegisterError::io("write", file.path()))
}

/// Writes all voices of a register anew as `change` says, each as one frame; gives the damage that is not taken along.
pub(crate) fn all(
    register: &Register,
    change: &mut dyn FnMut(Row, Voice) -> Option<Voice>,
) -> Result<Vec<Damage>, RegisterError> {
    let mut lost = register.damage().to_vec();
    let mut files = Files::begin(&register.folder, register.owner())?;
    for row in register.rows() {
        let (voice, damage) = register.voice(row)?;
        lost.extend(damage);
        if let Some(voice) = change(row, voice).filter(|voice| !voice.entries.is_empty()) {
            files.add(&voice)?;
        }
    }
    files.finish()?;
    Ok(lost)
}

/// Writes the rows of a register anew, without those that were replaced.
pub(crate) fn matrix(register: &mut Register) -> Result<(), RegisterError> {
    let path = register.folder.join(MATRIX);
    let unwritable = || RegisterError::io("write", &path);
    let mut file = NewFile::create_private(&path).map_err(unwritable())?;
    let head = MatrixHead::new(register.owner().dim, register.log.generation);
    write(&mut file, bytemuck::bytes_of(&head))?;
    for row in register.rows() {
        let mut bytes = register.matrix.row(row.0).to_vec();
        crate::matrix::stand_alone(&mut bytes);
        write(&mut file, &bytes)?;
    }
    file.finish().map_err(unwritable())?;
    if let Found::Rows(rows, true) =
        Matrix::open(&path, register.owner().dim, register.log.generation)?
    {
        register.matrix = rows;
        register.is_matrix_whole = true;
    }
    Ok(())
}
