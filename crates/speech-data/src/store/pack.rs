//! From a list of utterances to a store: decoding and encoding on all cores, writing in order.

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use super::encode::{Encoded, encode};
use super::error::StoreError;
use super::item::StoreItem;
use super::journal::Begin;
use super::layout::FORMAT_VERSION;
use super::settings::{Part, StoreSettings};
use super::summary::StoreSummary;
use super::writer::{Opened, StoreWriter};

/// Utterances and bytes of their files that a thread has in hand at a time.
const ITEMS_A_THREAD: usize = 128;
const BYTES_A_THREAD: u64 = 8 << 20;

/// What is to be packed.
#[derive(Clone, Debug)]
pub struct Pack<'a> {
    /// How audio is kept.
    pub settings: StoreSettings,
    /// The part of the items that is to be packed; all of them where it is `None`.
    pub part: Option<Part>,
    /// All utterances, sorted by name, each name once. With `part`, still all of them.
    pub items: &'a [StoreItem],
}

/// Why the bytes behind an item cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceFault {
    /// This file cannot be used: it is left out and named, the work goes on.
    Damaged(String),
    /// The disk or the archive cannot be read: the work stops, and goes on another time.
    Lost(String),
}

/// How far packing has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PackProgress {
    /// Utterances dealt with, those of earlier runs included.
    pub done: u64,
    /// Utterances to deal with in all.
    pub total: u64,
    /// Of those dealt with, how many were dealt with by earlier runs.
    pub resumed: u64,
    /// Of those dealt with, how many are left out.
    pub failed: u64,
    /// Bytes of files read by this run.
    pub bytes_read: u64,
    /// Bytes of audio written by this run.
    pub bytes_written: u64,
    /// Length of the audio written by this run, in s.
    pub seconds: f64,
}

/// Packs utterances into the store `out`, or goes on with it where an earlier run stopped; a store that is finished
/// already is left as it is.
///
/// `read(index)` gives the bytes of the file behind `items[index]`, in any format that
/// [`read_recording`](audio_features::read_recording) reads; it is called from many threads. Memory is bounded by the number of
/// threads of the current rayon pool, and the store's bytes do not depend on it.
///
/// # Errors
/// [`StoreError::Order`] and [`StoreError::Nothing`] for items that cannot be a store, [`StoreError::OtherPlan`],
/// [`StoreError::NotEmpty`] and [`StoreError::Busy`] for a folder that is not ours, [`StoreError::SourceLost`] when
/// `read` says so, and [`StoreError::Io`], such as for a full disk. After any of the latter two the same call goes on.
pub fn pack(
    out: &Path,
    job: &Pack<'_>,
    read: &(dyn Fn(usize) -> Result<Vec<u8>, SourceFault> + Sync),
    progress: &(dyn Fn(&PackProgress) + Sync),
) -> Result<StoreSummary, StoreError> {
    let (begin, own) = plan(job)?;
    let items = job.items;
    let facts_of = |position: usize| match own.get(position) {
        Some(&index) => Ok(items[index as usize].facts()),
        None => Err(StoreError::Damaged {
            path: out.to_owned(),
            found: format!("its journal has more than {} utterances", own.len()),
        }),
    };
    let mut writer = match StoreWriter::open(out, &begin, &facts_of)? {
        Opened::Finished(summary) => return Ok(summary),
        Opened::Open(writer) => writer,
    };
    let mut state = PackProgress {
        done: writer.position() as u64,
        total: own.len() as u64,
        resumed: writer.position() as u64,
        failed: writer.num_failed() as u64,
        ..PackProgress::default()
    };
    progress(&state);
    let mut ready: Vec<Outcome> = Vec::new();
    let mut at = writer.position();
    loop {
        let range = chunk(items, &own, at);
        at = range.end;
        let bytes_read = own[range.clone()]
            .iter()
            .map(|&index| items[index as usize].source_bytes)
            .sum::<u64>();
        let work = || {
            own[range.clone()]
                .par_iter()
                .with_max_len(1)
                .map(|&index| outcome(index as usize, job, read))
                .collect::<Result<Vec<Outcome>, StoreError>>()
        };
        // What the last chunk gave is written while this one is decoded.
        let write = || store(&mut writer, &ready, job, &mut state);
        let (written, next) = rayon::join(write, work);
        written?;
        progress(&state);
        if range.is_empty() {
            break;
        }
        ready = next?;
        state.bytes_read += bytes_read;
    }
    writer.finish()
}

/// What became of one item.
struct Outcome {
    index: usize,
    audio: Result<Encoded, String>,
}

fn outcome(
    index: usize,
    job: &Pack<'_>,
    read: &(dyn Fn(usize) -> Result<Vec<u8>, SourceFault> + Sync),
) -> Result<Outcome, StoreError> {
    let name = &job.items[index].name;
    let audio = match read(index) {
        Ok(bytes) => encode(bytes, name, &job.settings),
        Err(SourceFault::Damaged(reason)) => Err(reason),
        Err(SourceFault::Lost(reason)) => {
            return Err(StoreError::SourceLost {
                name: name.clone(),
                reason,
            });
        }
    };
    Ok(Outcome { index, audio })
}

fn store(
    writer: &mut StoreWriter,
    ready: &[Outcome],
    job: &Pack<'_>,
    state: &mut PackProgress,
) -> Result<(), StoreError> {
    let settings = &job.settings;
    for Outcome { index, audio } in ready {
        let item = &job.items[*index];
        match audio {
            Ok(audio) => {
                let shape = (
                    audio.num_samples,
                    settings.sample_rate_hz,
                    settings.encoding.code(),
                );
                writer.push(&item.facts(), &audio.bytes, shape, audio.checksum)?;
                state.bytes_written += audio.bytes.len() as u64;
                state.seconds += audio.num_samples as f64 / f64::from(settings.sample_rate_hz);
            }
            Err(reason) => {
                writer.fail(&item.name, reason.clone());
                state.failed += 1;
            }
        }
    }
    if !ready.is_empty() {
        writer.commit()?;
    }
    state.done = writer.position() as u64;
    Ok(())
}

/// The next positions that fit into the memory allowed; empty at the end.
fn chunk(items: &[StoreItem], own: &[u32], at: usize) -> Range<usize> {
    let threads = rayon::current_num_threads();
    let (mut end, mut bytes) = (at, 0);
    while end < own.len()
        && end - at < ITEMS_A_THREAD * threads
        && bytes < BYTES_A_THREAD * threads as u64
    {
        bytes += items[own[end] as usize].source_bytes;
        end += 1;
    }
    at..end
}

/// The plan's hash, and the numbers of the items that belong to the part.
fn plan(job: &Pack<'_>) -> Result<(Begin, Vec<u32>), StoreError> {
    for pair in job.items.windows(2) {
        if pair[0].name >= pair[1].name {
            return Err(StoreError::Order {
                name: pair[1].name.clone(),
                previous: pair[0].name.clone(),
            });
        }
    }
    let mut hasher = blake3::Hasher::new();
    let mut field = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    for item in job.items {
        field(&item.name);
        field(&item.speaker);
        field(item.session.as_deref().unwrap_or("\0"));
        for (key, value) in item.columns.iter() {
            field(key);
            field(value);
        }
        field("\n");
    }
    let own: Vec<u32> = (0..job.items.len() as u32)
        .filter(|&index| {
            let name = &job.items[index as usize].name;
            job.part.is_none_or(|part| part.contains(name))
        })
        .collect();
    if own.is_empty() {
        return Err(StoreError::Nothing { part: job.part });
    }
    let begin = Begin {
        format_version: FORMAT_VERSION,
        settings: job.settings.clone(),
        part: job.part,
        plan: hasher.finalize().to_hex().to_string(),
        planned: job.items.len() as u64,
        own: own.len() as u64,
    };
    Ok((begin, own))
}
