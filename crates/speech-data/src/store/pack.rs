//! From a list of utterances to a store.

use std::collections::BTreeSet;
use std::path::Path;

use super::encode::{Encoded, encode};
use super::error::StoreError;
use super::job::{Pack, PackProgress, PackSource, Retry, SourceFault};
use super::journal::Begin;
use super::layout::FORMAT_VERSION;
use super::remarks::Remark;
use super::repair::{repair, settle};
use super::summary::{Missing, StoreSummary};
use super::work::{Outcome, Work};

/// [`pack_from`] a closure that reads, which knows nothing of changes.
///
/// # Errors
/// As [`pack_from`].
pub fn pack(
    out: &Path,
    job: &Pack<'_>,
    read: &(dyn Fn(usize) -> Result<Vec<u8>, SourceFault> + Sync),
    progress: &(dyn Fn(&PackProgress) + Sync),
) -> Result<StoreSummary, StoreError> {
    pack_from(out, job, &read, Retry::Changed, progress)
}

/// Packs utterances into the store `out`, or goes on with it where an earlier run stopped. Of a store that is finished already
/// what is left out is tried again where `retry` says so; all else is left as it is.
///
/// Memory is bounded by the number of threads of the current rayon pool, and the store's bytes do not depend on it.
///
/// # Errors
/// [`StoreError::Order`] and [`StoreError::Nothing`] for items that cannot be a store, [`StoreError::OtherPlan`],
/// [`StoreError::NotEmpty`] and [`StoreError::Busy`] for a folder that is not ours, [`StoreError::SourceLost`] when
/// `source` says so, and [`StoreError::Io`], such as for a full disk. After any of the latter two the same call goes on.
pub fn pack_from(
    out: &Path,
    job: &Pack<'_>,
    source: &dyn PackSource,
    retry: Retry,
    progress: &(dyn Fn(&PackProgress) + Sync),
) -> Result<StoreSummary, StoreError> {
    let (begin, own) = plan(job)?;
    settle(out)?;
    let work = Work { job, begin, own };
    let mut earlier = Vec::new();
    let make = |index| outcome(index, job, source);
    let summary = work.write(out, &make, &[], &mut earlier, progress)?;
    let is_again = |missing: &Missing, index: usize| match retry {
        Retry::All => true,
        Retry::Changed => {
            let now = source.stamp(index);
            now.is_some() && now != missing.source
        }
    };
    let again = earlier.iter().filter_map(|missing| {
        let name = |&index: &u32| job.items[index as usize].name.as_str();
        let at = work
            .own
            .binary_search_by_key(&missing.name.as_str(), name)
            .ok()?;
        let index = work.own[at] as usize;
        is_again(missing, index).then_some(index)
    });
    let again: BTreeSet<usize> = again.collect();
    if again.is_empty() {
        return Ok(summary);
    }
    let room = || source.room(out);
    repair(out, &work, summary, (&again, &room), &make, progress)
}

fn outcome(index: usize, job: &Pack<'_>, source: &dyn PackSource) -> Result<Outcome, StoreError> {
    let name = &job.items[index].name;
    let audio = match source.read(index) {
        Ok(bytes) => encode(bytes, name, &job.settings),
        Err(SourceFault::Damaged(reason)) => Err(reason),
        Err(SourceFault::Lost(reason)) => {
            return Err(StoreError::SourceLost {
                name: name.clone(),
                reason,
            });
        }
    };
    let audio = audio.or_else(|reason| from_copy(index, job, source, &reason).ok_or(reason));
    let audio = audio.map_err(|reason| Missing {
        name: name.clone(),
        reason,
        source: source.stamp(index),
    });
    Ok(Outcome { index, audio })
}

/// What another copy of a recording gives that cannot be decoded for a reason.
fn from_copy(
    index: usize,
    job: &Pack<'_>,
    source: &dyn PackSource,
    reason: &str,
) -> Option<Encoded> {
    let name = &job.items[index].name;
    let copy = source.copy(index)?;
    let mut encoded = encode(copy.bytes, &copy.name, &job.settings).ok()?;
    encoded
        .remarks
        .push(Remark::copied(name, &copy.name, reason));
    Some(encoded)
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
