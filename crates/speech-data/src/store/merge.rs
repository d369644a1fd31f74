//! The parts that several machines made, joined into the store that one machine would have made.

use std::path::{Path, PathBuf};

use super::division::{check_division, refuse};
use super::error::StoreError;
use super::item::Facts;
use super::journal::Begin;
use super::layout::FORMAT_VERSION;
use super::pack::PackProgress;
use super::reader::Store;
use super::summary::StoreSummary;
use super::writer::{Opened, StoreWriter};

/// Audio is put onto the disk after so many bytes.
const COMMIT_BYTES: u64 = 256 << 20;

/// Joins the parts of one work into the store `out`, whose bytes are those of a store made in one piece. Audio is
/// checked on the way. Interrupted, the same call goes on.
///
/// # Errors
/// [`StoreError::Merge`] for parts that are missing, given twice, or of different works; what [`Store::open`] says of
/// one that is unfinished or damaged; and what [`pack`](super::pack) says of `out`.
pub fn merge(
    out: &Path,
    parts: &[PathBuf],
    progress: &(dyn Fn(&PackProgress) + Sync),
) -> Result<StoreSummary, StoreError> {
    let stores: Vec<Store> = parts
        .iter()
        .map(|path| Store::open(path))
        .collect::<Result<_, _>>()?;
    let begin = check(&stores)?;
    let order = order(&stores)?;
    if order.len() as u64 != begin.own {
        return Err(refuse(
            format!(
                "the parts have {} utterances, their plan {}",
                order.len(),
                begin.own
            ),
            "make the parts again",
        ));
    }
    let facts_of = |position: usize| match order.get(position) {
        Some(place) => place.facts(&stores),
        None => Err(StoreError::Damaged {
            path: out.to_owned(),
            found: format!("its journal has more than {} utterances", order.len()),
        }),
    };
    let mut writer = match StoreWriter::open(out, &begin, &facts_of)? {
        Opened::Finished(summary) => return Ok(summary),
        Opened::Open(writer) => writer,
    };
    let mut state = PackProgress {
        done: writer.position() as u64,
        total: begin.own,
        resumed: writer.position() as u64,
        failed: writer.num_failed() as u64,
        ..PackProgress::default()
    };
    let mut pending = 0;
    for place in &order[writer.position()..] {
        let store = &stores[place.store as usize];
        let index = place.index as usize;
        if place.is_missing {
            let missing = &store.summary().missing[index];
            writer.fail(&missing.name, missing.reason.clone());
            state.failed += 1;
        } else {
            store.verify(index)?;
            let entry = store.entry(index)?;
            let bytes = store.payload(index)?;
            let shape = (
                entry.num_samples,
                entry.sample_rate_hz,
                entry.encoding.code(),
            );
            writer.push(&place.facts(&stores)?, bytes, shape, entry.checksum)?;
            pending += entry.num_bytes;
            state.bytes_read += entry.num_bytes;
            state.bytes_written += entry.num_bytes;
            state.seconds += entry.num_samples as f64 / f64::from(entry.sample_rate_hz.max(1));
        }
        if pending >= COMMIT_BYTES {
            writer.commit()?;
            pending = 0;
            state.done = writer.position() as u64;
            progress(&state);
        }
    }
    state.done = writer.position() as u64;
    progress(&state);
    writer.finish()
}

/// An utterance of one of the parts.
#[derive(Clone, Copy)]
struct Place {
    store: u32,
    /// Among the utterances, or among those that are missing.
    index: u32,
    is_missing: bool,
}

impl Place {
    fn name(self, stores: &[Store]) -> Result<&str, StoreError> {
        let store = &stores[self.store as usize];
        match self.is_missing {
            true => Ok(&store.summary().missing[self.index as usize].name),
            false => Ok(store.entry(self.index as usize)?.name),
        }
    }

    fn facts(self, stores: &[Store]) -> Result<Facts<'_>, StoreError> {
        let store = &stores[self.store as usize];
        if self.is_missing {
            return Ok(Facts {
                name: self.name(stores)?,
                speaker: "",
                session: None,
                columns: Vec::new(),
            });
        }
        let entry = store.entry(self.index as usize)?;
        Ok(Facts {
            name: entry.name,
            speaker: entry.speaker,
            session: entry.session,
            columns: store.columns(self.index as usize)?,
        })
    }
}

/// All utterances by name.
fn order(stores: &[Store]) -> Result<Vec<Place>, StoreError> {
    let mut named = Vec::new();
    for (number, store) in (0..).zip(stores) {
        let own = (0..store.len() as u32).map(|index| (index, false));
        let missing = (0..store.summary().missing.len() as u32).map(|index| (index, true));
        for (index, is_missing) in own.chain(missing) {
            let place = Place {
                store: number,
                index,
                is_missing,
            };
            named.push((place.name(stores)?, place));
        }
    }
    named.sort_unstable_by_key(|(name, _)| *name);
    for pair in named.windows(2) {
        if pair[0].0 == pair[1].0 {
            return Err(refuse(
                format!("`{}` is in two parts", pair[0].0),
                "make the parts again",
            ));
        }
    }
    Ok(named.into_iter().map(|(_, place)| place).collect())
}

/// Whether the stores are all the parts of one work, and what that is.
fn check(stores: &[Store]) -> Result<Begin, StoreError> {
    let shown = |store: &Store| format!("`{}`", store.path().display());
    let mut parts = Vec::new();
    for store in stores {
        let (summary, first) = (store.summary(), &stores[0]);
        let part = summary.part.ok_or_else(|| StoreError::NotAPart {
            path: store.path().to_owned(),
        })?;
        let of_first = first.summary();
        if summary.plan != of_first.plan || summary.settings != of_first.settings {
            return Err(refuse(
                format!(
                    "{} was made from other utterances or with other settings than {}",
                    shown(store),
                    shown(first)
                ),
                "make all parts from the same sources with the same flags",
            ));
        }
        parts.push((store.path(), part));
    }
    check_division(&parts)?;
    let summary = stores[0].summary();
    Ok(Begin {
        format_version: FORMAT_VERSION,
        settings: summary.settings.clone(),
        part: None,
        plan: summary.plan.clone(),
        planned: summary.planned,
        own: summary.planned,
    })
}
