//! Features of files, cached on disk by content; where the disk takes none, in memory as long as there is room.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use audio_features::{FeatureCache, FeatureKey, Features, FrontEnd, decode_recording};
use speech_data::{Location, Reader};

use super::raw::RawFeatures;
use crate::TrainError;
use crate::data::content::{Content, key_of};
use crate::data::kept::{KEPT_BYTES, Room};
use crate::data::remarks::Remarks;
use crate::data::stamp::Stamp;

/// What finds a recording's features without its audio.
struct Known {
    stamp: Option<Stamp>,
    key: FeatureKey,
    content: Content,
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
    remarks: Remarks,
    reader: Reader,
    known: RwLock<HashMap<Location, Known>>,
    /// Bytes of features that may still be kept in memory.
    room: Room,
}

impl FileFeatures {
    pub(super) fn open(directory: &Path, front_end: FrontEnd) -> Result<Self, TrainError> {
        Ok(Self {
            cache: FeatureCache::at(directory, front_end.config())?,
            front_end,
            remarks: Remarks::below(directory),
            reader: Reader::default(),
            known: RwLock::default(),
            room: Room::of(KEPT_BYTES),
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
        let of_audio = |audio: &[u8]| (self.cache.key(audio), Content::of(audio));
        let of_part = |(key, content): (FeatureKey, Content), part: &str| {
            (key.of_part(part), content.of_part(part))
        };
        let (audio, (key, content)) = key_of(location, &self.reader, of_audio, of_part)?;
        let mut was_decoded = false;
        let features = self.cache.get_or_compute(&key, || {
            was_decoded = true;
            let audio = audio.map_or_else(|| self.reader.part(location), Ok)?;
            let rate = self.front_end.config().sample_rate_hz;
            let recording = decode_recording(audio, &location.to_string(), rate)?;
            self.remarks
                .decoded(location, &content, &recording.warnings);
            let features = self.front_end.log_mel(&recording.waveform.samples);
            if features.num_frames() == 0 {
                return Err(TrainError::TooShort {
                    recording: location.to_string(),
                    num_samples: recording.waveform.samples.len(),
                });
            }
            Ok::<_, TrainError>(features)
        })?;
        if !was_decoded {
            self.remarks.again(location, &content);
        }
        let computed = features.computed().filter(|_| self.failure().is_some());
        let kept = computed
            .filter(|features| self.room.take(features.data()))
            .cloned();
        let found = match computed {
            Some(computed) => RawFeatures::Computed(Arc::clone(computed)),
            None => RawFeatures::Cached(features),
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let found_by = Known {
            stamp,
            key,
            content,
            kept,
        };
        known.insert(location.clone(), found_by);
        Ok(found)
    }

    /// What decoding said.
    pub(super) fn remarks(&self) -> &Remarks {
        &self.remarks
    }

    /// The content of a recording that was asked for before.
    pub(super) fn content(&self, location: &Location) -> Option<Content> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(location).map(|known| known.content)
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
