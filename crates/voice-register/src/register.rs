//! A register that is read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rayon::prelude::*;

use crate::error::{Damage, RegisterError};
use crate::layout::{FIRST_FRAME, MATRIX, NONE, VOICES, name_hash};
use crate::log::{Log, Next, Owner};
use crate::matrix::{Found, Matrix, row_bytes};
use crate::names::Names;
use crate::search::{Candidate, candidates};
use crate::voice::{Voice, product, voice_name};

/// How often the two files are looked at again that belong to different states: a writer is between them.
const LOOKS: usize = 10;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A register, as it was when it was opened.
#[derive(Debug)]
pub struct Register {
    pub(crate) folder: PathBuf,
    pub(crate) log: Log,
    pub(crate) matrix: Matrix,
    /// First byte behind the last whole frame.
    pub(crate) end: u64,
    /// Whether the file of rows holds just these rows.
    pub(crate) is_matrix_whole: bool,
    pub(crate) damage: Vec<Damage>,
}

/// The number of a voice's row: as long as a register is open, it stands for the voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row(pub(crate) usize);

/// A voice that is near.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// Its name.
    pub name: String,
    /// The product of its centre with the query: the cosine, -1 to 1.
    pub score: f64,
    /// Where it is.
    pub row: Row,
}

/// The voices nearest to a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The nearest first; of equals the one that was changed longer ago.
    pub matches: Vec<Match>,
    /// What could not be read of voices that may be among them.
    pub damage: Vec<Damage>,
}

impl Register {
    /// Opens a register for reading. Nothing is locked: writers go on beside it, and what they do later is not seen.
    ///
    /// # Errors
    /// [`RegisterError::NotARegister`], [`RegisterError::Newer`], [`RegisterError::Damaged`], [`RegisterError::Io`]. Damage
    /// to single voices is no error: see [`Self::damage`].
    pub fn open(folder: &Path) -> Result<Self, RegisterError> {
        let path = folder.join(VOICES);
        if !path.is_file() {
            return Err(RegisterError::NotARegister {
                path: folder.to_owned(),
                found: match (folder.is_dir(), folder.exists()) {
                    (true, _) => "it holds no file `voices`",
                    (false, true) => "it is a file",
                    (false, false) => "it does not exist",
                },
            });
        }
        for look in 1.. {
            let log = Log::open(&path)?;
            let matrix = folder.join(MATRIX);
            match Matrix::open(&matrix, log.owner.dim, log.generation)? {
                Found::Rows(matrix, is_whole) => return Self::of(folder, log, matrix, is_whole),
                Found::Other if look >= LOOKS || !matrix.exists() => {
                    let matrix = Matrix::empty(log.owner.dim);
                    return Self::of(folder, log, matrix, false);
                }
                Found::Other => std::thread::sleep(LOOK_EVERY),
            }
        }
        Err(RegisterError::Damaged {
            path,
            found: "it cannot be read".to_owned(),
        })
    }

    fn of(
        folder: &Path,
        log: Log,
        matrix: Matrix,
        is_matrix_whole: bool,
    ) -> Result<Self, RegisterError> {
        let mut register = Self {
            folder: folder.to_owned(),
            damage: log.head_damage.iter().cloned().collect(),
            end: FIRST_FRAME,
            log,
            matrix,
            is_matrix_whole,
        };
        if let Some(last) = register.matrix.num_rows().checked_sub(1) {
            let frame = register.matrix.head(last).frame;
            let head = register.log.frame_head(frame)?;
            register.end = frame + head.map_or(0, |head| head.frame_len());
        }
        register.index()?;
        Ok(register)
    }

    /// Makes rows of the frames that have none yet.
    fn index(&mut self) -> Result<(), RegisterError> {
        let mut names: Option<Names> = None;
        loop {
            match self.log.next(self.end)? {
                Next::End(end) => {
                    self.end = end;
                    return Ok(());
                }
                Next::Damage(damage) => {
                    self.end = damage.offset + damage.num_bytes;
                    self.is_matrix_whole = false;
                    self.damage.push(damage);
                }
                Next::Frame(offset, frame) => {
                    let head = self.log.frame_head(offset)?;
                    self.end = offset + head.map_or(0, |head| head.frame_len());
                    self.is_matrix_whole = false;
                    let hash = name_hash(&frame.name);
                    let names = names.get_or_insert_with(|| Names::of(&self.matrix));
                    let replaces = match frame.previous {
                        0 => NONE,
                        _ => names.get(&self.matrix, hash).unwrap_or(NONE),
                    };
                    // Damage to its earlier recordings is found again by whoever reads the voice.
                    let (voice, _) = self.log.voice(offset)?;
                    names.insert(hash, self.matrix.num_rows() as u32);
                    let row = row_bytes(offset, hash, replaces, &voice.centre());
                    self.matrix.push(&row);
                }
            }
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Whose vectors it holds.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.log.owner
    }

    /// Number of voices.
    #[must_use]
    pub fn num_voices(&self) -> usize {
        self.matrix.num_voices()
    }

    /// Where its voices are, in the order in which they were changed last.
    pub fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        self.matrix.live().map(Row)
    }

    /// What was damaged where the register was opened; reading a voice may find more.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// The voice at `row` as far as it can be read, and what cannot.
    ///
    /// # Errors
    /// [`RegisterError::Io`].
    pub fn voice(&self, row: Row) -> Result<(Voice, Vec<Damage>), RegisterError> {
        self.log.voice(self.matrix.head(row.0).frame)
    }

    /// The place of the voice that is called `name`.
    ///
    /// # Errors
    /// [`RegisterError::BadName`], [`RegisterError::Io`].
    pub fn find(&self, name: &str) -> Result<Option<Row>, RegisterError> {
        let name = voice_name(name)?;
        let hash = name_hash(&name);
        for row in self.rows() {
            if self.matrix.head(row.0).name_hash == hash && self.voice(row)?.0.name == name {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// The `count` voices nearest to each query, exactly: by the products of their centres with it. Queries are of length 1.
    ///
    /// # Errors
    /// [`RegisterError::BadVector`], [`RegisterError::Io`], [`RegisterError::Instructions`].
    pub fn nearest(
        &self,
        queries: &[Vec<f32>],
        count: usize,
    ) -> Result<Vec<Answer>, RegisterError> {
        for query in queries {
            check_vector("a query", query, self.log.owner.dim)?;
        }
        if count == 0 || queries.is_empty() {
            return Ok(vec![Answer::default(); queries.len()]);
        }
        let found = candidates(&self.matrix, queries, count)?;
        let pairs = queries.par_iter().zip(found);
        pairs
            .map(|(query, candidates)| self.exact(query, candidates, count))
            .collect()
    }

    /// The nearest of those that may be, by their vectors.
    fn exact(
        &self,
        query: &[f32],
        candidates: Vec<Candidate>,
        count: usize,
    ) -> Result<Answer, RegisterError> {
        let mut answer = Answer::default();
        for Candidate { row, most } in candidates {
            let floor = answer.matches.get(count - 1).map(|last| last.score);
            if floor.is_some_and(|floor| f64::from(most) < floor) {
                break;
            }
            let (voice, damage) = self.voice(Row(row))?;
            answer.damage.extend(damage);
            if voice.entries.is_empty() {
                continue;
            }
            let score = product(&voice.centre(), query).clamp(-1.0, 1.0);
            let row = Row(row);
            let at = answer.matches.partition_point(|better| {
                (-better.score)
                    .total_cmp(&-score)
                    .then(better.row.cmp(&row))
                    .is_lt()
            });
            if at < count {
                let name = voice.name;
                answer.matches.insert(at, Match { name, score, row });
                answer.matches.truncate(count);
            }
        }
        Ok(answer)
    }

    /// Reads everything and gives what is not as it was written: damaged bytes of the voices, and rows that are not those of their voices.
    ///
    /// # Errors
    /// [`RegisterError::Io`].
    pub fn check(&self) -> Result<Vec<Damage>, RegisterError> {
        let mut damage: Vec<Damage> = self.log.head_damage.iter().cloned().collect();
        let mut at = FIRST_FRAME;
        while at < self.end {
            match self.log.next(at)? {
                Next::End(end) if end < self.end => {
                    damage.push(Damage {
                        path: self.log.path.clone(),
                        offset: end,
                        num_bytes: self.end - end,
                        found: "the file ends before its last voices".to_owned(),
                    });
                    break;
                }
                Next::End(_) => break,
                Next::Damage(found) => {
                    at = found.offset + found.num_bytes;
                    damage.push(found);
                }
                Next::Frame(offset, _) => {
                    let head = self.log.frame_head(offset)?;
                    at = offset + head.map_or(1, |head| head.frame_len());
                }
            }
        }
        let rows: Vec<Row> = self.rows().collect();
        let wrong: Result<Vec<Option<Damage>>, RegisterError> =
            rows.par_iter().map(|row| self.wrong_row(*row)).collect();
        damage.extend(wrong?.into_iter().flatten());
        Ok(damage)
    }

    fn wrong_row(&self, row: Row) -> Result<Option<Damage>, RegisterError> {
        let head = self.matrix.head(row.0);
        let (voice, damage) = self.voice(row)?;
        if voice.entries.is_empty() || !damage.is_empty() {
            // The damage is named where the frames are.
            return Ok(None);
        }
        let expected = row_bytes(
            head.frame,
            name_hash(&voice.name),
            head.replaces,
            &voice.centre(),
        );
        let stride = self.matrix.stride() as u64;
        Ok((expected != self.matrix.row(row.0)).then(|| Damage {
            path: self.folder.join(MATRIX),
            offset: crate::layout::MATRIX_HEAD as u64 + row.0 as u64 * stride,
            num_bytes: stride,
            found: "a row is not that of its voice".to_owned(),
        }))
    }
}

/// A vector of a register has its dimension, finite values and length 1.
pub(crate) fn check_vector(what: &str, vector: &[f32], dim: usize) -> Result<(), RegisterError> {
    let found = if vector.len() != dim {
        format!("has {} values, expected {dim}", vector.len())
    } else {
        let square = product(vector, vector);
        if (square - 1.0).abs() < 1e-3 {
            return Ok(());
        }
        format!("has length {}, expected 1", square.sqrt())
    };
    Err(RegisterError::BadVector {
        what: what.to_owned(),
        found,
    })
}

impl Log {
    /// The voice whose last frame is at `offset` as far as it can be read, and what cannot.
    pub(crate) fn voice(&self, offset: u64) -> Result<(Voice, Vec<Damage>), RegisterError> {
        let mut frames = Vec::new();
        let mut damage = Vec::new();
        let mut at = offset;
        while at != 0 {
            // Frames only point to what lies before them.
            let previous = self.frame_head(at)?.map_or(0, |head| head.previous);
            match self.frame(at)? {
                Ok(frame) => frames.push(frame),
                Err(found) => damage.push(found),
            }
            at = previous;
        }
        let name = frames.first().map(|frame| frame.name.clone());
        let entries = frames.into_iter().rev().flat_map(|frame| frame.entries);
        let voice = Voice {
            name: name.unwrap_or_default(),
            entries: entries.collect(),
        };
        Ok((voice, damage))
    }
}
