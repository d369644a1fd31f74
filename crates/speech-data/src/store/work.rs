//! Decoding and encoding on all cores, writing in order.

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use super::encode::Encoded;
use super::error::StoreError;
use super::item::StoreItem;
use super::job::{Pack, PackProgress};
use super::journal::Begin;
use super::remarks::Remark;
use super::summary::{Missing, StoreSummary};
use super::writer::{Opened, StoreWriter};

/// Utterances and bytes of their files that a thread has in hand at a time.
const ITEMS_A_THREAD: usize = 128;
const BYTES_A_THREAD: u64 = 8 << 20;

/// What is to be written.
pub(super) struct Work<'a> {
    pub(super) job: &'a Pack<'a>,
    pub(super) begin: Begin,
    /// Numbers of the items that belong to the part.
    pub(super) own: Vec<u32>,
}

/// What makes the outcome of an item.
pub(super) type Make<'a> = &'a (dyn Fn(usize) -> Result<Outcome, StoreError> + Sync);

impl Work<'_> {
    /// Writes the store `out`, or what is left to be written of it. `earlier` becomes what is left out of it by earlier runs;
    /// `remarks` are of utterances that other stores know.
    pub(super) fn write(
        &self,
        out: &Path,
        make: Make<'_>,
        remarks: &[Remark],
        earlier: &mut Vec<Missing>,
        progress: &(dyn Fn(&PackProgress) + Sync),
    ) -> Result<StoreSummary, StoreError> {
        let (items, own) = (self.job.items, &self.own);
        let facts_of = |position: usize| match own.get(position) {
            Some(&index) => Ok(items[index as usize].facts()),
            None => Err(StoreError::Damaged {
                path: out.to_owned(),
                found: format!("its journal has more than {} utterances", own.len()),
            }),
        };
        let mut writer = match StoreWriter::open(out, &self.begin, &facts_of)? {
            Opened::Finished(summary) => {
                earlier.clone_from(&summary.missing);
                return Ok(summary);
            }
            Opened::Open(writer) => writer,
        };
        *earlier = writer.missing().to_vec();
        let mut state = PackProgress {
            done: writer.position() as u64,
            total: own.len() as u64,
            resumed: writer.position() as u64,
            failed: writer.missing().len() as u64,
            ..PackProgress::default()
        };
        progress(&state);
        let mut ready: Vec<Outcome> = Vec::new();
        let mut at = writer.position();
        loop {
            let range = chunk(items, own, at);
            at = range.end;
            let bytes_read = own[range.clone()]
                .iter()
                .map(|&index| items[index as usize].source_bytes)
                .sum::<u64>();
            let work = || {
                own[range.clone()]
                    .par_iter()
                    .with_max_len(1)
                    .map(|&index| make(index as usize))
                    .collect::<Result<Vec<Outcome>, StoreError>>()
            };
            // What the last chunk gave is written while this one is decoded.
            let write = || store(&mut writer, &ready, self.job, &mut state);
            let (written, next) = rayon::join(write, work);
            written?;
            progress(&state);
            if range.is_empty() {
                break;
            }
            ready = next?;
            state.bytes_read += bytes_read;
        }
        writer.remark(remarks);
        writer.finish()
    }
}

/// What became of one item.
pub(super) struct Outcome {
    pub(super) index: usize,
    pub(super) audio: Result<Encoded, Missing>,
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
                writer.push(
                    &item.facts(),
                    &audio.bytes,
                    shape,
                    audio.checksum,
                    &audio.remarks,
                )?;
                state.bytes_written += audio.bytes.len() as u64;
                state.seconds += audio.num_samples as f64 / f64::from(settings.sample_rate_hz);
            }
            Err(missing) => {
                writer.fail(missing.clone());
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
