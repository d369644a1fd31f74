//! A register that is written.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use crate::error::{Damage, RegisterError};
use crate::frame;
use crate::layout::{LOCK, MATRIX, NONE, VOICES, name_hash};
use crate::lock::{Lock, private};
use crate::log::Owner;
use crate::matrix::row_bytes;
use crate::names::Names;
use crate::register::{Register, Row, check_vector};
use crate::rewrite;
use crate::voice::{Entry, Voice, voice_name};

/// A register that this process alone may write. What a method confirms outlives a kill and a power failure.
#[derive(Debug)]
pub struct Writer {
    register: Register,
    /// Row of each name.
    names: Names,
    voices: File,
    /// The rows on disk, as long as they are all of them.
    matrix: Option<File>,
    lock: Lock,
}

/// What forgetting did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Recordings whose vectors are gone.
    pub num_recordings: usize,
    /// Damaged bytes that are gone, too: the voice might have been in them.
    pub damage: Vec<Damage>,
}

impl Writer {
    /// Opens the register of `owner` in `folder`, or makes a new one where there is none; another process that writes is waited for.
    /// Whether an existing one belongs to `owner` is for the caller to see.
    ///
    /// # Errors
    /// [`RegisterError::NotARegister`] for a folder with other things in it, [`RegisterError::Busy`], and as [`Register::open`].
    pub fn create(folder: &Path, owner: Owner, wait: Duration) -> Result<Self, RegisterError> {
        if !folder.exists() {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder
                .create(folder)
                .map_err(RegisterError::io("make", folder))?;
        }
        let path = folder.join(VOICES);
        if !path.exists() {
            let mut others =
                std::fs::read_dir(folder).map_err(RegisterError::io("read", folder))?;
            let is_other = |name: &std::ffi::OsStr| {
                let name = name.to_string_lossy();
                ![LOCK, MATRIX].contains(&&*name) && !name.starts_with(durable::UNFINISHED)
            };
            if others.any(|entry| entry.is_ok_and(|entry| is_other(&entry.file_name()))) {
                return Err(RegisterError::NotARegister {
                    path: folder.to_owned(),
                    found: "it holds other files",
                });
            }
        }
        let lock = Lock::take(folder, wait)?;
        if !path.exists() {
            rewrite::new(folder, &owner)?;
        }
        Self::with(folder, lock)
    }

    /// Opens a register for writing; another process that writes is waited for.
    ///
    /// # Errors
    /// [`RegisterError::Busy`], and as [`Register::open`].
    pub fn open(folder: &Path, wait: Duration) -> Result<Self, RegisterError> {
        // Nothing is made where there is no register.
        Register::open(folder)?;
        let lock = Lock::take(folder, wait)?;
        Self::with(folder, lock)
    }

    fn with(folder: &Path, lock: Lock) -> Result<Self, RegisterError> {
        rewrite::clear(folder)?;
        let mut register = Register::open(folder)?;
        let path = folder.join(VOICES);
        let voices = OpenOptions::new().read(true).write(true).open(&path);
        let voices = voices.map_err(RegisterError::io("write to", &path))?;
        // What a writer left that was killed within an addition, which nobody was told of.
        if register.log.num_bytes()? > register.end {
            voices
                .set_len(register.end)
                .map_err(RegisterError::io("write to", &path))?;
        }
        let has_many_replaced = register.matrix.num_rows() > 2 * register.num_voices() + 64;
        if !register.is_matrix_whole || has_many_replaced {
            rewrite::matrix(&mut register)?;
        }
        let path = folder.join(MATRIX);
        let mut options = OpenOptions::new();
        options.append(true);
        private(&mut options);
        let matrix = options
            .open(&path)
            .map_err(RegisterError::io("write to", &path))?;
        Ok(Self {
            names: Names::of(&register.matrix),
            register,
            voices,
            matrix: Some(matrix),
            lock,
        })
    }

    /// The register, as it is by now.
    #[must_use]
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// The place of the voice that is called `name`.
    ///
    /// # Errors
    /// [`RegisterError::BadName`], [`RegisterError::Io`].
    pub fn find(&self, name: &str) -> Result<Option<Row>, RegisterError> {
        let name = voice_name(name)?;
        let Some(row) = self.names.get(&self.register.matrix, name_hash(&name)) else {
            return Ok(None);
        };
        let row = Row(row as usize);
        match self.register.voice(row)?.0.name == name {
            true => Ok(Some(row)),
            false => self.register.find(&name),
        }
    }

    /// Adds recordings to the voice that is called `name`, or makes it.
    ///
    /// # Errors
    /// [`RegisterError::BadName`], [`RegisterError::BadVector`], [`RegisterError::TooLarge`], [`RegisterError::Io`]: nothing was
    /// added then.
    pub fn add(&mut self, name: &str, entries: Vec<Entry>) -> Result<(), RegisterError> {
        self.add_many(vec![(name.to_owned(), entries)])
    }

    /// The same for many voices, which are on disk together.
    ///
    /// # Errors
    /// As [`Self::add`]: nothing was added then.
    pub fn add_many(&mut self, additions: Vec<(String, Vec<Entry>)>) -> Result<(), RegisterError> {
        let mut bytes = Vec::new();
        let mut rows = Vec::new();
        let mut added: HashMap<u64, (u32, Voice)> = HashMap::new();
        for (name, entries) in additions {
            if entries.is_empty() {
                continue;
            }
            for entry in &entries {
                check_vector(
                    &entry.about.place,
                    &entry.vector,
                    self.register.log.owner.dim,
                )?;
            }
            let name = voice_name(&name)?;
            let hash = name_hash(&name);
            let before = match added.remove(&hash) {
                Some((row, voice)) => Some((row, voice, rows_frame(&rows, row, &self.register))),
                None => match self.find(&name)? {
                    Some(row) => {
                        let frame = self.register.matrix.head(row.0).frame;
                        Some((row.0 as u32, self.register.voice(row)?.0, frame))
                    }
                    None => None,
                },
            };
            let (replaces, mut voice, previous) = before.unwrap_or((
                NONE,
                Voice {
                    name: name.clone(),
                    entries: Vec::new(),
                },
                0,
            ));
            let offset = self.register.end + bytes.len() as u64;
            bytes.extend(frame::encode(
                &name,
                &entries,
                self.register.log.owner.dim,
                previous,
            )?);
            voice.entries.extend(entries);
            let row = (self.register.matrix.num_rows() + rows.len()) as u32;
            rows.push(row_bytes(offset, hash, replaces, &voice.centre()));
            added.insert(hash, (row, voice));
        }
        self.append(&bytes)?;
        for (hash, (row, _)) in added {
            self.names.insert(hash, row);
        }
        self.append_rows(&rows);
        Ok(())
    }

    /// Writes behind the last frame and syncs; where that fails, the file ends where it did.
    fn append(&mut self, bytes: &[u8]) -> Result<(), RegisterError> {
        let end = self.register.end;
        let written = self
            .voices
            .seek(SeekFrom::Start(end))
            .and_then(|_| self.voices.write_all(bytes))
            .and_then(|()| self.voices.sync_data());
        match written {
            Ok(()) => {
                self.register.end += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Where not even this succeeds, the next writer does it.
                let _ = self.voices.set_len(end);
                Err(RegisterError::io("write to", &self.register.log.path)(
                    error,
                ))
            }
        }
    }

    /// Rows can be made again: what has no room on disk is in memory, and the file ends where it is right.
    fn append_rows(&mut self, rows: &[Vec<u8>]) {
        let all = rows.concat();
        if let Some(file) = &mut self.matrix
            && file.write_all(&all).is_err()
        {
            self.matrix = None;
        }
        for row in rows {
            self.register.matrix.push(row);
        }
    }

    /// Forgets voices: their names and vectors are in none of the register's files afterwards. All others are written anew, so that the time
    /// this takes is that of a copy of the register; its size on disk is needed once more meanwhile.
    ///
    /// # Errors
    /// [`RegisterError::NoSuchVoice`], [`RegisterError::Io`]: nothing was forgotten then.
    pub fn forget(&mut self, names: &[&str]) -> Result<Forgotten, RegisterError> {
        let mut forgotten = Forgotten::default();
        let mut rows = Vec::new();
        for name in names {
            let row = self.row_of(name)?;
            if !rows.contains(&row) {
                forgotten.num_recordings += self.register.voice(row)?.0.entries.len();
                rows.push(row);
            }
        }
        forgotten.damage =
            self.rewritten(&mut |row, voice| (!rows.contains(&row)).then_some(voice))?;
        Ok(forgotten)
    }

    /// Gives a voice another name. All is written anew, as in [`Self::forget`]: the old name is gone.
    ///
    /// # Errors
    /// [`RegisterError::NoSuchVoice`], [`RegisterError::NameTaken`], [`RegisterError::BadName`], [`RegisterError::Io`]: the voice has
    /// its old name then.
    pub fn rename(&mut self, old: &str, new: &str) -> Result<(), RegisterError> {
        let renamed = self.row_of(old)?;
        let new = voice_name(new)?;
        match self.find(&new)? {
            Some(row) if row == renamed => return Ok(()),
            Some(_) => {
                return Err(RegisterError::NameTaken {
                    path: self.register.folder.clone(),
                    name: new,
                });
            }
            None => {}
        }
        self.rewritten(&mut |row, mut voice| {
            if row == renamed {
                voice.name.clone_from(&new);
            }
            Some(voice)
        })?;
        Ok(())
    }

    fn row_of(&self, name: &str) -> Result<Row, RegisterError> {
        self.find(name)?.ok_or_else(|| RegisterError::NoSuchVoice {
            path: self.register.folder.clone(),
            name: name.to_owned(),
        })
    }

    /// Writes all voices anew as `change` says, and gives the damage that is gone.
    fn rewritten(
        &mut self,
        change: &mut dyn FnMut(Row, Voice) -> Option<Voice>,
    ) -> Result<Vec<Damage>, RegisterError> {
        let folder = self.register.folder.clone();
        let damage = rewrite::all(&self.register, change)?;
        self.register = Register::open(&folder)?;
        self.names = Names::of(&self.register.matrix);
        let path = folder.join(VOICES);
        let voices = OpenOptions::new().read(true).write(true).open(&path);
        self.voices = voices.map_err(RegisterError::io("write to", &path))?;
        self.matrix = match self.register.is_matrix_whole {
            true => OpenOptions::new()
                .append(true)
                .open(folder.join(MATRIX))
                .ok(),
            false => None,
        };
        Ok(damage)
    }

    /// Ends writing; what was confirmed is on disk already.
    pub fn into_register(self) -> Register {
        drop(self.lock);
        self.register
    }
}

/// The frame of a row that may not be written yet.
fn rows_frame(rows: &[Vec<u8>], row: u32, register: &Register) -> u64 {
    let first = register.matrix.num_rows();
    let bytes = rows.get((row as usize).wrapping_sub(first));
    let frame = bytes.and_then(|bytes| bytes.first_chunk().copied());
    frame.map_or(0, u64::from_le_bytes)
}
