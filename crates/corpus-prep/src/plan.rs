//! A list of utterances to be packed, wherever their bytes are.

use std::collections::BTreeSet;
use std::path::Path;

use speech_data::store::{
    Pack, PackProgress, PackSource, Part, Retry, SourceCopy, SourceFault, Store, StoreItem,
    StoreSettings, StoreSummary, pack_from,
};

use crate::disk::{bytes_below, check_room, free_bytes};
use crate::error::PrepError;
use crate::sets::SetCount;

/// Utterances to be packed, and a way to the bytes of each.
pub trait PackPlan: Sync {
    /// All of them, sorted by name, each name once.
    fn items(&self) -> &[StoreItem];

    /// The bytes of an item's recording.
    ///
    /// # Errors
    /// [`SourceFault::Damaged`] for what is to be left out, [`SourceFault::Lost`] for what must stop the work.
    fn read(&self, index: usize) -> Result<Vec<u8>, SourceFault>;

    /// What tells whether an item's recording has changed: size, time and checksum of its file, as they were when the plan was
    /// made.
    fn stamp(&self, index: usize) -> Option<String> {
        let _ = index;
        None
    }

    /// Another copy of an item's recording, for where its file cannot be decoded.
    fn copy(&self, index: usize) -> Option<SourceCopy> {
        let _ = index;
        None
    }

    /// Sources that have changed since the plan was made, in words.
    fn changed(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether recordings can only be had one after another, in the order of the items.
    fn is_sequential(&self) -> bool {
        false
    }

    /// Worth knowing.
    fn notes(&self) -> &[String];

    /// Wrong, but not so that work must stop.
    fn warnings(&self) -> &[String];

    /// What is there of published sets.
    fn sets(&self) -> Vec<SetCount> {
        Vec::new()
    }

    /// What is to be done with the store when it is packed; gives warnings.
    ///
    /// # Errors
    /// [`PrepError`].
    fn finish(&self, store: &Store) -> Result<Vec<String>, PrepError>;

    /// Number of speakers.
    fn num_speakers(&self) -> usize {
        let speakers: BTreeSet<&str> = self.items().iter().map(|item| &*item.speaker).collect();
        speakers.len()
    }
}

impl dyn PackPlan + '_ {
    /// Whether a store of `num_bytes` fits where it is to be; what is there of it already counts.
    ///
    /// # Errors
    /// [`PrepError::DoesNotFit`].
    pub fn check_room(&self, out: &Path, num_bytes: u64) -> Result<(), PrepError> {
        let needed = num_bytes.saturating_sub(bytes_below(out));
        check_room(out, needed)
    }

    /// Packs the utterances into the store `out`, on the current rayon pool. See [`pack_from`].
    ///
    /// # Errors
    /// [`PrepError::Store`].
    pub fn pack(
        &self,
        out: &Path,
        settings: &StoreSettings,
        part: Option<Part>,
        retry: Retry,
        progress: &(dyn Fn(&PackProgress) + Sync),
    ) -> Result<StoreSummary, PrepError> {
        let job = Pack {
            settings: settings.clone(),
            part,
            items: self.items(),
        };
        Ok(pack_from(out, &job, &Recordings(self), retry, progress)?)
    }
}

/// The recordings of a plan.
struct Recordings<'a>(&'a dyn PackPlan);

impl PackSource for Recordings<'_> {
    fn read(&self, index: usize) -> Result<Vec<u8>, SourceFault> {
        self.0.read(index)
    }

    fn stamp(&self, index: usize) -> Option<String> {
        self.0.stamp(index)
    }

    fn copy(&self, index: usize) -> Option<SourceCopy> {
        self.0.copy(index)
    }

    fn room(&self, out: &Path) -> Option<u64> {
        free_bytes(out)
    }
}
