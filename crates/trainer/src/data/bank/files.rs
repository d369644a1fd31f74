//! Features of files, cached on disk by content; where the disk takes none, in memory as long as there is room.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use audio_features::{FeatureCache, FeatureKey, Features, FrontEnd, decode_recording, read_file};
use speech_data::{Location, Reader};

use super::raw::RawFeatures;
use super::stored::KEPT_BYTES;
use crate::TrainError;
use crate::data::stamp::Stamp;

/// What finds a recording's features without its audio.
struct Known {
    stamp: Option<Stamp>,
    key: FeatureKey,
    /// The features themselves, where the cache could not be written and there was room.
    kept: Option<Arc<Features>>,
}

/// Raw log-mel features of files and of parts of recordings.
///
/// The cache goes by the content of files, which is read and hashed the first time that a process asks. After that the
/// features are found by the place, as long as the file has the same size and time of change.
pub(super) struct FileFeatures {
    cache: FeatureCache,
    front_end: FrontEnd,
    reader: Reader,
    known: RwLock<HashMap<Location, Known>>,
    /// Bytes of features that may still be kept in memory.
    room: AtomicUsize,
}

impl FileFeatures {
    pub(super) fn open(directory: &Path, front_end: FrontEnd) -> Result<Self, TrainError> {
        Ok(Self {
            cache: FeatureCache::at(directory, front_end.config())?,
            front_end,
            reader: Reader::default(),
            known: RwLock::default(),
            room: AtomicUsize::new(KEPT_BYTES),
        })
    }

    /// Why the cache could not be written, if it could not.
    pub(super) fn failure(&self) -> Option<&str> {
        self.cache.failure()
    }

    pub(super) fn get(&self, location: &Location) -> Result<RawFeatures, TrainError> {
        let stamp = location.file().map(Stamp::of).transpose()?;
        if let Some(features) = self.again(location, stamp) {
            return Ok(features);
        }
        let (audio, key) = match location.file() {
            Some(path) if location.is_whole() => {
                let audio = read_file(path)?;
                let key = self.cache.key(&audio);
                (Some(audio), key)
            }
            // A part has the key of the file and its place in it, so that finding it needs no decoding.
            Some(path) => {
                let part = format!("{:?} {:?}", location.part(), location.one_channel());
                (None, self.cache.key(&read_file(path)?).of_part(&part))
            }
            None => {
                let audio = self.reader.part(location)?;
                let key = self.cache.key(&audio);
                (Some(audio), key)
            }
        };
        let features = self.cache.get_or_compute(&key, || {
            let audio = audio.map_or_else(|| self.reader.part(location), Ok)?;
            let rate = self.front_end.config().sample_rate_hz;
            let recording = decode_recording(audio, &location.to_string(), rate)?;
            let features = self.front_end.log_mel(&recording.waveform.samples);
            if features.num_frames() == 0 {
                return Err(TrainError::TooShort {
                    recording: location.to_string(),
                    num_samples: recording.waveform.samples.len(),
                });
            }
            Ok::<_, TrainError>(features)
        })?;
        let computed = features.computed().filter(|_| self.failure().is_some());
        let kept = computed.filter(|features| self.has_room(features)).cloned();
        let found = match computed {
            Some(computed) => RawFeatures::Computed(Arc::clone(computed)),
            None => RawFeatures::Cached(features),
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(location.clone(), Known { stamp, key, kept });
        Ok(found)
    }

    /// Takes the room that `features` need in memory, if there is as much left.
    fn has_room(&self, features: &Features) -> bool {
        let bytes = size_of_val(features.data());
        let order = Ordering::Relaxed;
        let taken = self
            .room
            .fetch_update(order, order, |room| room.checked_sub(bytes));
        taken.is_ok()
    }

    /// What was had before, if the file is still the same.
    fn again(&self, location: &Location, stamp: Option<Stamp>) -> Option<RawFeatures> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(location).filter(|found| found.stamp == stamp)?;
        match &found.kept {
            Some(kept) => Some(RawFeatures::Computed(Arc::clone(kept))),
            None => self.cache.get_again(&found.key).map(RawFeatures::Cached),
        }
    }
}
