//! Whether each part of a split archive is the part that its name says, told by a few of the entries that lie in it.

use speech_data::store::SourceFault;

use crate::archive::Archive;
use crate::concat::Parts;
use crate::error::PrepError;
use crate::sums::file_name;

/// Entries of a part that are read.
const PROBES: usize = 4;

/// Larger entries are not read for this.
const MOST_BYTES: u64 = 8 << 20;

/// Bytes that two parts are compared by.
const COMPARED: usize = 64 << 10;

/// Every local header of a zip begins so.
const SIGNATURE: &[u8] = b"PK\x03\x04";

/// Refuses an archive of which a part holds none of the entries that should lie in it: one that was swapped with another, is a
/// copy of another, or was never written. A part of which only some entries are damaged is left to reading.
///
/// # Errors
/// [`PrepError::BadPart`] with what the part seems to be.
pub(crate) fn check_parts(archive: &Archive) -> Result<(), PrepError> {
    let parts = archive.parts();
    if parts.count() < 2 {
        return Ok(());
    }
    let mut starts: Vec<(u64, u64, usize)> = (0..archive.len())
        .filter_map(|index| {
            let (start, num_bytes) = archive.place(index)?;
            Some((start, num_bytes, index))
        })
        .collect();
    starts.sort_unstable();
    for number in 0..parts.count() {
        let range = parts.range(number);
        let first = starts.partition_point(|&(start, ..)| start < range.start);
        let end = starts.partition_point(|&(start, ..)| start < range.end);
        // The last one may reach into the next part.
        let inside = &starts[first..end];
        let whole = &inside[..inside
            .len()
            .saturating_sub(usize::from(number + 1 < parts.count()))];
        let small: Vec<&(u64, u64, usize)> = whole
            .iter()
            .filter(|(_, num_bytes, _)| *num_bytes <= MOST_BYTES)
            .collect();
        let step = small.len().div_ceil(PROBES).max(1);
        let mut faults = Vec::new();
        let mut probes = 0;
        for (_, _, index) in small.iter().step_by(step) {
            probes += 1;
            match archive.read(*index) {
                Err(SourceFault::Damaged(fault)) => faults.push(fault),
                Ok(_) | Err(SourceFault::Lost(_)) => break,
            }
        }
        if probes > 0 && faults.len() == probes {
            return Err(PrepError::BadPart {
                part: file_name(parts.path(number)),
                found: seems(parts, number, whole[0].0),
                probes,
                first: faults.swap_remove(0),
            });
        }
    }
    Ok(())
}

/// What part `number` seems to be, in which an entry should begin at `start`.
fn seems(parts: &Parts, number: usize, start: u64) -> String {
    let own = parts.range(number);
    let begin = parts.bytes_at(own.start, COMPARED);
    if begin.iter().all(|&byte| byte == 0) {
        return "it begins with zeros, as a download that was not finished".to_owned();
    }
    for other in (0..parts.count()).filter(|&other| other != number) {
        let range = parts.range(other);
        let name = file_name(parts.path(other));
        if parts.bytes_at(range.start, COMPARED) == begin {
            return format!("it begins with the same bytes as `{name}`");
        }
        let there = range.start + (start - own.start);
        if there < range.end && parts.bytes_at(there, SIGNATURE.len()) == SIGNATURE {
            return format!("what belongs into it seems to lie in `{name}`: the two are swapped");
        }
    }
    "it holds something else".to_owned()
}
