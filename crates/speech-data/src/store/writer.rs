//! Writing a store so that it may be interrupted at any moment.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use durable::UNFINISHED;

use super::error::StoreError;
use super::index::{IndexBuilder, Placed};
use super::item::Facts;
use super::journal::{Begin, Journal, Record};
use super::layout::{FORMAT_VERSION, INDEX, JOURNAL, SUMMARY, shard_name};
use super::remarks::{self, Remark};
use super::summary::{Missing, StoreSummary};

/// A folder that is being written, or has been.
pub(super) enum Opened {
    /// The store is finished already.
    Finished(StoreSummary),
    /// Work begins or goes on.
    Open(Box<StoreWriter>),
}

/// What an utterance of a given number is, for bringing back what the journal says.
pub(super) type FactsOf<'a> = &'a dyn Fn(usize) -> Result<Facts<'a>, StoreError>;

pub(super) struct StoreWriter {
    folder: PathBuf,
    begin: Begin,
    journal: Journal,
    index: IndexBuilder,
    missing: Vec<Missing>,
    remarks: Vec<Remark>,
    shard_sizes: Vec<u64>,
    /// The last shard, open at its end.
    shard: Option<File>,
    /// Utterances dealt with.
    position: usize,
}

impl StoreWriter {
    /// Begins a store, or goes on with one. `facts_of` knows the utterances that the store is to have, in order.
    pub(super) fn open(
        folder: &Path,
        begin: &Begin,
        facts_of: FactsOf<'_>,
    ) -> Result<Opened, StoreError> {
        std::fs::create_dir_all(folder).map_err(StoreError::io("create the folder", folder))?;
        if folder.join(SUMMARY).exists() {
            let summary = StoreSummary::read(folder)?;
            check_same(folder, &begin_of(&summary), begin)?;
            // Interrupted between its last two steps.
            remove(&folder.join(JOURNAL))?;
            return Ok(Opened::Finished(summary));
        }
        check_empty(folder)?;
        let mut writer = Replayed::default();
        let journal = Journal::open(
            folder,
            |found| match found {
                None => Ok(begin.clone()),
                Some(found) => check_same(folder, &found, begin).map(|()| found),
            },
            |record| writer.apply(folder, record, facts_of),
        )?;
        let mut writer = Self {
            folder: folder.to_owned(),
            begin: begin.clone(),
            journal,
            index: writer.index,
            missing: writer.missing,
            remarks: writer.remarks,
            shard_sizes: writer.shard_sizes,
            shard: None,
            position: writer.position,
        };
        writer.cut()?;
        Ok(Opened::Open(Box::new(writer)))
    }

    /// How many utterances are dealt with: the number of the next.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Those of them that failed.
    pub(super) fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// Removes what was written and not committed.
    fn cut(&mut self) -> Result<(), StoreError> {
        for (number, &size) in self.shard_sizes.iter().enumerate() {
            let path = self.folder.join(shard_name(number as u32));
            let open = || {
                let mut file = File::options().write(true).open(&path)?;
                let found = file.metadata()?.len();
                if found > size {
                    file.set_len(size)?;
                }
                file.seek(SeekFrom::End(0))?;
                Ok((file, found))
            };
            let (file, found) = open().map_err(StoreError::io("open", &path))?;
            if found < size {
                return Err(StoreError::Damaged {
                    path,
                    found: format!("it has {found} bytes, its journal says {size}"),
                });
            }
            self.shard = Some(file);
        }
        let mut number = self.shard_sizes.len() as u32;
        while remove(&self.folder.join(shard_name(number)))? {
            number += 1;
        }
        remove(&self.folder.join(INDEX))?;
        let list = StoreError::io("read", &self.folder);
        for entry in std::fs::read_dir(&self.folder).map_err(list)? {
            let entry = entry.map_err(StoreError::io("read", &self.folder))?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Adds the audio of the next utterance.
    pub(super) fn push(
        &mut self,
        facts: &Facts<'_>,
        bytes: &[u8],
        (num_samples, sample_rate_hz, encoding): (u64, u32, u32),
        checksum: [u8; 16],
        remarks: &[Remark],
    ) -> Result<(), StoreError> {
        let last = self.shard_sizes.last().copied();
        let fits = |size: u64| {
            size == 0 || size.saturating_add(bytes.len() as u64) <= self.begin.settings.shard_bytes
        };
        if self.shard.is_none() || !last.is_some_and(fits) {
            self.next_shard()?;
        }
        let shard = self.shard_sizes.len() as u32 - 1;
        let path = self.folder.join(shard_name(shard));
        let (Some(file), Some(size)) = (&mut self.shard, self.shard_sizes.last_mut()) else {
            return Ok(());
        };
        file.write_all(bytes)
            .map_err(StoreError::io("write", &path))?;
        let placed = Placed {
            shard,
            offset: *size,
            num_bytes: bytes.len() as u64,
            num_samples,
            sample_rate_hz,
            encoding,
            checksum,
        };
        *size += bytes.len() as u64;
        self.index.push(facts, &placed);
        self.journal.note(&Record::Done {
            name: facts.name.to_owned(),
            shard,
            offset: placed.offset,
            num_bytes: placed.num_bytes,
            num_samples,
            sample_rate_hz,
            encoding,
            checksum,
            remarks: remarks.to_vec(),
        });
        self.remark(remarks);
        self.position += 1;
        Ok(())
    }

    /// Notes that the next utterance cannot be had.
    pub(super) fn fail(&mut self, missing: Missing) {
        self.journal.note(&Record::Failed {
            name: missing.name.clone(),
            reason: missing.reason.clone(),
            source: missing.source.clone(),
        });
        self.missing.push(missing);
        self.position += 1;
    }

    /// Notes what is odd about utterances, of which other stores know.
    pub(super) fn remark(&mut self, remarks: &[Remark]) {
        remarks
            .iter()
            .for_each(|one| remarks::add(&mut self.remarks, one));
    }

    fn next_shard(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        let path = self.folder.join(shard_name(self.shard_sizes.len() as u32));
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .map_err(StoreError::io("create", &path))?;
        self.shard = Some(file);
        self.shard_sizes.push(0);
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        match &self.shard {
            Some(file) => file
                .sync_data()
                .map_err(StoreError::io("write", &self.folder)),
            None => Ok(()),
        }
    }

    /// Puts onto the disk what was added so far: audio first, then the journal that vouches for it.
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        self.journal.commit()
    }

    /// Writes index and summary, which makes the store a store.
    pub(super) fn finish(mut self) -> Result<StoreSummary, StoreError> {
        self.commit()?;
        let settings = self.begin.settings.clone();
        let seconds = self.index.num_samples() as f64 / f64::from(settings.sample_rate_hz.max(1));
        let mut summary = StoreSummary {
            format_version: FORMAT_VERSION,
            speakers: self.index.num_speakers(),
            utterances: self.index.num_rows(),
            hours: seconds / 3_600.0,
            bytes: self.index.num_bytes(),
            failed: self.missing.len() as u64,
            complete: self.missing.is_empty(),
            part: self.begin.part,
            settings,
            plan: self.begin.plan,
            planned: self.begin.planned,
            checksum: String::new(),
            missing: self.missing,
            remarks: self.remarks,
        };
        let checksum = self.index.write(&self.folder, &self.shard_sizes)?;
        summary.checksum = checksum.to_hex().to_string();
        // With the names in the folder, which must be on the disk before the journal goes.
        summary.write(&self.folder)?;
        remove(&self.folder.join(JOURNAL))?;
        Ok(summary)
    }
}

/// What the journal brings back.
#[derive(Default)]
struct Replayed {
    index: IndexBuilder,
    missing: Vec<Missing>,
    remarks: Vec<Remark>,
    shard_sizes: Vec<u64>,
    position: usize,
}

impl Replayed {
    fn apply(
        &mut self,
        folder: &Path,
        record: Record,
        facts_of: FactsOf<'_>,
    ) -> Result<(), StoreError> {
        let facts = facts_of(self.position)?;
        let damaged = |found: String| StoreError::Damaged {
            path: folder.join(JOURNAL),
            found,
        };
        if facts.name != record.name() {
            return Err(damaged(format!(
                "utterance {} is `{}`, expected `{}`",
                self.position,
                record.name(),
                facts.name
            )));
        }
        match record {
            Record::Failed {
                name,
                reason,
                source,
            } => self.missing.push(Missing {
                name,
                reason,
                source,
            }),
            Record::Done {
                shard,
                offset,
                num_bytes,
                num_samples,
                sample_rate_hz,
                encoding,
                checksum,
                remarks,
                ..
            } => {
                remarks
                    .iter()
                    .for_each(|one| remarks::add(&mut self.remarks, one));
                let known = self.shard_sizes.len() as u64;
                if u64::from(shard) == known {
                    self.shard_sizes.push(0);
                }
                let size = self.shard_sizes.last_mut();
                match size {
                    Some(size) if u64::from(shard) + 1 >= known && *size == offset => {
                        *size = size.saturating_add(num_bytes);
                    }
                    _ => {
                        return Err(damaged(format!(
                            "`{}` lies at byte {offset} of shard {shard}, which is not behind the utterance before it",
                            facts.name
                        )));
                    }
                }
                let placed = Placed {
                    shard,
                    offset,
                    num_bytes,
                    num_samples,
                    sample_rate_hz,
                    encoding,
                    checksum,
                };
                self.index.push(&facts, &placed);
            }
        }
        self.position += 1;
        Ok(())
    }
}

fn begin_of(summary: &StoreSummary) -> Begin {
    Begin {
        format_version: summary.format_version,
        settings: summary.settings.clone(),
        part: summary.part,
        plan: summary.plan.clone(),
        planned: summary.planned,
        own: summary.utterances + summary.failed,
    }
}

/// Refuses to go on with a store of something else, and says in what it differs.
fn check_same(folder: &Path, there: &Begin, here: &Begin) -> Result<(), StoreError> {
    if there == here {
        return Ok(());
    }
    let words = |begin: &Begin| {
        let part = begin
            .part
            .map_or(String::new(), |part| format!("part {part} of "));
        format!(
            "{part}{} utterances (plan {}) as {} at {} Hz",
            begin.planned,
            begin.plan.get(..12).unwrap_or(&begin.plan),
            begin.settings.encoding,
            begin.settings.sample_rate_hz
        )
    };
    Err(StoreError::OtherPlan {
        path: folder.to_owned(),
        there: words(there),
        here: words(here),
    })
}

/// Refuses a folder that holds other things and no journal.
fn check_empty(folder: &Path) -> Result<(), StoreError> {
    if folder.join(JOURNAL).exists() {
        return Ok(());
    }
    let mut entries = std::fs::read_dir(folder).map_err(StoreError::io("read", folder))?;
    match entries.next() {
        Some(Ok(entry)) => Err(StoreError::NotEmpty {
            path: folder.to_owned(),
            found: entry.file_name().to_string_lossy().into_owned(),
        }),
        Some(Err(error)) => Err(StoreError::io("read", folder)(error)),
        None => Ok(()),
    }
}

/// Removes a file; says whether it was there.
fn remove(path: &Path) -> Result<bool, StoreError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::io("remove", path)(error)),
    }
}
