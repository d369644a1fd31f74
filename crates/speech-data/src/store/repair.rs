//! Utterances that were left out of a finished store and can be had by now.
//!
//! The store with them is written beside the old one, with the old one's audio for all others, and takes its place when it is
//! whole: it has the bytes of a store that was made in one go.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::encode::Encoded;
use super::error::StoreError;
use super::job::PackProgress;
use super::layout::{INDEX, JOURNAL, SUMMARY, shard_name};
use super::reader::Store;
use super::summary::{Missing, StoreSummary};
use super::work::{Make, Outcome, Work};

/// The store that is being written beside `out`.
fn beside(out: &Path) -> PathBuf {
    with_ending(out, ".repairing")
}

/// The store that `out` was, until it is removed.
fn before(out: &Path) -> PathBuf {
    with_ending(out, ".before-repair")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// Ends an exchange of stores that was interrupted.
///
/// # Errors
/// [`StoreError::Io`].
pub(super) fn settle(out: &Path) -> Result<(), StoreError> {
    let (new, old) = (beside(out), before(out));
    if !out.exists() && new.join(SUMMARY).exists() {
        rename(&new, out)?;
    } else if !out.exists() && old.exists() {
        rename(&old, out)?;
    }
    match old.exists() && out.join(SUMMARY).exists() {
        true => discard(&old, out),
        false => Ok(()),
    }
}

/// Tries the items `again` once more, which the finished store `out` with `summary` lacks, and puts those that can be had
/// into it, where there is `room` for a second store.
///
/// # Errors
/// [`StoreError::NoRoom`], and as [`pack_from`](super::pack_from).
pub(super) fn repair(
    out: &Path,
    work: &Work<'_>,
    mut summary: StoreSummary,
    (again, room): (&BTreeSet<usize>, &dyn Fn() -> Option<u64>),
    make: Make<'_>,
    progress: &(dyn Fn(&PackProgress) + Sync),
) -> Result<StoreSummary, StoreError> {
    let indices: Vec<usize> = again.iter().copied().collect();
    let tried: Vec<Option<Missing>> = indices
        .par_iter()
        .with_max_len(1)
        .map(|&index| Ok(make(index)?.audio.err()))
        .collect::<Result<_, StoreError>>()?;
    if tried.iter().all(Option::is_some) {
        for missing in tried.into_iter().flatten() {
            let known = summary.missing.iter_mut();
            known
                .filter(|known| known.name == missing.name)
                .for_each(|known| *known = missing.clone());
        }
        summary.write(out)?;
        return Ok(summary);
    }
    // The new one is written beside the old one, which goes when the new one is whole.
    let needed = summary.bytes;
    if let Some(free) = room().filter(|free| *free < needed) {
        return Err(StoreError::NoRoom {
            path: out.to_owned(),
            needed,
            free,
        });
    }
    let store = Store::open(out)?;
    let make = |index: usize| match (
        store.find(&work.job.items[index].name),
        again.contains(&index),
    ) {
        (Some(row), _) => earlier(&store, row, index),
        (None, true) => make(index),
        (None, false) => {
            let name = &work.job.items[index].name;
            let known = summary.missing.iter().find(|known| known.name == *name);
            Ok(Outcome {
                index,
                audio: Err(known.cloned().unwrap_or_else(|| Missing {
                    name: name.clone(),
                    reason: "it was left out by an earlier run".to_owned(),
                    source: None,
                })),
            })
        }
    };
    let new = beside(out);
    let repaired = work.write(&new, &make, &summary.remarks, &mut Vec::new(), progress)?;
    drop(store);
    let old = before(out);
    rename(out, &old)?;
    rename(&new, out)?;
    discard(&old, out)?;
    Ok(repaired)
}

/// The audio of an utterance that the store has already.
fn earlier(store: &Store, row: usize, index: usize) -> Result<Outcome, StoreError> {
    store.verify(row)?;
    let entry = store.entry(row)?;
    Ok(Outcome {
        index,
        audio: Ok(Encoded {
            bytes: store.payload(row)?.to_vec(),
            num_samples: entry.num_samples,
            checksum: entry.checksum,
            remarks: Vec::new(),
        }),
    })
}

/// Removes the store `old`; what lies in its folder that is no file of a store goes into `out`.
fn discard(old: &Path, out: &Path) -> Result<(), StoreError> {
    let mut shards = (0..)
        .map(shard_name)
        .take_while(|name| old.join(name).exists());
    let own: BTreeSet<String> = shards
        .by_ref()
        .chain([INDEX, JOURNAL, SUMMARY].map(str::to_owned))
        .collect();
    for entry in std::fs::read_dir(old).map_err(StoreError::io("read", old))? {
        let entry = entry.map_err(StoreError::io("read", old))?;
        let to = out.join(entry.file_name());
        if !own.contains(&*entry.file_name().to_string_lossy()) && !to.exists() {
            rename(&entry.path(), &to)?;
        }
    }
    std::fs::remove_dir_all(old).map_err(StoreError::io("remove", old))
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    std::fs::rename(from, to).map_err(StoreError::io("rename", from))?;
    durable::sync_folder(durable::folder_of(to)).map_err(StoreError::io("sync", to))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::{
        Pack, PackSource, Retry, SourceFault, StoreError, StoreItem, StoreSettings, pack_from,
    };
    use super::*;

    /// Two recordings, the second of which can be had from the second round on.
    struct Source {
        round: u32,
        free: u64,
    }

    impl PackSource for Source {
        fn read(&self, index: usize) -> Result<Vec<u8>, SourceFault> {
            if index == 1 && self.round == 0 {
                return Err(SourceFault::Damaged("cut".to_owned()));
            }
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 16_000,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let mut bytes = std::io::Cursor::new(Vec::new());
            let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
            for sample in 0..16_000 {
                writer.write_sample((sample * 7) as i16).unwrap();
            }
            writer.finalize().unwrap();
            Ok(bytes.into_inner())
        }

        fn stamp(&self, _: usize) -> Option<String> {
            Some(self.round.to_string())
        }

        fn room(&self, _: &Path) -> Option<u64> {
            Some(self.free)
        }
    }

    #[test]
    fn a_store_is_repaired_only_where_there_is_room_for_a_second_one() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("store");
        let items = ["a", "b"].map(|name| StoreItem::new(name, name));
        let job = Pack {
            settings: StoreSettings::default(),
            part: None,
            items: &items,
        };
        let pack =
            |round, free| pack_from(&out, &job, &Source { round, free }, Retry::Changed, &|_| {});
        let first = pack(0, u64::MAX).unwrap();
        assert_eq!((first.utterances, first.failed), (1, 1));
        let error = pack(1, first.bytes - 1).unwrap_err();
        assert!(matches!(error, StoreError::NoRoom { .. }), "{error}");
        assert!(error.remedy().unwrap().contains("make room"));
        assert_eq!(StoreSummary::read(&out).unwrap(), first);
        let second = pack(1, first.bytes).unwrap();
        assert_eq!((second.utterances, second.failed), (2, 0));
    }
}
