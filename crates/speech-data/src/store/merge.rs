//! The parts that several machines made, joined into the store that one machine would have made; and stores of different corpora
//! joined into one.

use std::path::{Path, PathBuf};

use super::division::{check_division, refuse};
use super::error::StoreError;
use super::job::PackProgress;
use super::journal::Begin;
use super::layout::FORMAT_VERSION;
use super::reader::Store;
use super::summary::{Missing, StoreSummary};
use super::union::{Row, Union, places, sort};
use super::writer::{Opened, StoreWriter};

/// Audio is put onto the disk after so many bytes.
const COMMIT_BYTES: u64 = 256 << 20;

/// Joins the parts of one work into the store `out`, whose bytes are those of a store made in one piece; or whole stores, of
/// different corpora say. Audio is checked on the way. Interrupted, the same call goes on.
///
/// Speakers of equal names in different corpora stay apart: they become `corpus/name`, and so do utterances. A corpus is what the
/// column `corpus` says, or the name of the store's folder. [`StoreSummary::remarks`] says how many were renamed.
///
/// # Errors
/// [`StoreError::Merge`] for parts that are missing, given twice, or of different works, and for whole stores of different
/// settings or with one utterance of one corpus twice; what [`Store::open`] says of
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
    let is_union = stores.len() > 1 && stores.iter().all(|store| store.summary().part.is_none());
    let (begin, order, renamed) = match is_union {
        true => {
            let Union { rows, renamed } = Union::of(&stores)?;
            (begin_of_union(&stores, rows.len())?, rows, renamed)
        }
        false => (check(&stores)?, order(&stores)?, None),
    };
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
        Some(row) => row.facts(&stores),
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
        failed: writer.missing().len() as u64,
        ..PackProgress::default()
    };
    let mut pending = 0;
    for row in &order[writer.position()..] {
        let place = row.place;
        let store = &stores[place.store as usize];
        let index = place.index as usize;
        if place.is_missing {
            let missing = &store.summary().missing[index];
            writer.fail(Missing {
                name: row.name(&stores)?.to_owned(),
                ..missing.clone()
            });
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
            writer.push(&row.facts(&stores)?, bytes, shape, entry.checksum, &[])?;
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
    stores
        .iter()
        .for_each(|store| writer.remark(&store.summary().remarks));
    writer.remark(renamed.as_slice());
    writer.finish()
}

/// All utterances by name.
fn order(stores: &[Store]) -> Result<Vec<Row>, StoreError> {
    let mut rows: Vec<Row> = places(stores).map(Row::unchanged).collect();
    sort(&mut rows, stores, "two parts", "make the parts again")?;
    Ok(rows)
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

/// What the union of whole stores is of.
fn begin_of_union(stores: &[Store], count: usize) -> Result<Begin, StoreError> {
    let first = stores[0].summary();
    let mut plans = Vec::new();
    for store in stores {
        let settings = &store.summary().settings;
        let of_first = &first.settings;
        if (settings.encoding, settings.sample_rate_hz)
            != (of_first.encoding, of_first.sample_rate_hz)
        {
            return Err(refuse(
                format!(
                    "`{}` keeps audio as {} at {} Hz, `{}` as {} at {} Hz",
                    stores[0].path().display(),
                    of_first.encoding,
                    of_first.sample_rate_hz,
                    store.path().display(),
                    settings.encoding,
                    settings.sample_rate_hz
                ),
                "prepare both with one encoding",
            ));
        }
        plans.push(store.summary().plan.as_str());
    }
    plans.sort_unstable();
    Ok(Begin {
        format_version: FORMAT_VERSION,
        settings: first.settings.clone(),
        part: None,
        plan: blake3::hash(plans.join("+").as_bytes())
            .to_hex()
            .to_string(),
        planned: count as u64,
        own: count as u64,
    })
}
