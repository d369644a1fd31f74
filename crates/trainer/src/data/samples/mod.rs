//! Recordings as samples: decoded once, kept in 16 bits, and read by the ranges that crops are made of.

mod cache;
mod crops;
mod pcm;
mod sounds;
mod speeds;
mod voices;

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use audio_features::decode_recording;
use speech_data::store::{Store, StoreEncoding};
use speech_data::{Holder, Location, Reader};

use self::cache::{Entry, SampleCache};
use self::pcm::Pcm;
use super::content::{Content, ContentKey, key_of};
use super::kept::{KEPT_BYTES, Room};
use super::remarks::Remarks;
use super::stamp::Stamp;
use crate::TrainError;

pub(crate) use self::crops::{CropOf, SampleCrops};
pub(crate) use self::sounds::{LoadedSounds, SoundFile, load};

/// What finds a recording's samples without its audio.
#[derive(Clone)]
struct Known {
    stamp: Option<Stamp>,
    key: ContentKey,
    content: Content,
    entry: Entry,
    /// The samples themselves, where the cache could not be written and there was room.
    kept: Option<Arc<Pcm>>,
}

/// The samples of recordings at one rate. A packed store of samples is read where it lies; files, and stores of another kind or
/// rate, are decoded once and kept in a cache on disk, in 16 bits.
pub struct SampleBank {
    cache: SampleCache,
    remarks: Remarks,
    reader: Reader,
    sample_rate_hz: u32,
    known: RwLock<HashMap<Location, Known>>,
    /// Bytes of samples that may still be kept in memory.
    room: Room,
}

impl SampleBank {
    /// A bank of samples at `sample_rate_hz`, kept below `directory`; where that cannot be written, in memory while there is
    /// room.
    #[must_use]
    pub fn open(directory: &Path, sample_rate_hz: u32) -> Self {
        Self {
            cache: SampleCache::at(directory, sample_rate_hz),
            remarks: Remarks::below(directory),
            reader: Reader::default(),
            sample_rate_hz,
            known: RwLock::default(),
            room: Room::of(KEPT_BYTES),
        }
    }

    /// Why samples could not be kept on disk, if they could not: it costs time, never recordings.
    #[must_use]
    pub fn cache_failure(&self) -> Option<&str> {
        self.cache.failure()
    }

    /// What decoding said.
    pub(crate) fn remarks(&self) -> &Remarks {
        &self.remarks
    }

    /// The content of a recording that was asked for before.
    pub(crate) fn content(&self, location: &Location) -> Option<Content> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(location).map(|known| known.content)
    }

    /// How many samples a recording has.
    ///
    /// # Errors
    /// [`TrainError::Recording`], [`TrainError::Store`] and [`TrainError::Data`] for one that cannot be decoded.
    pub fn num_samples(&self, location: &Location) -> Result<usize, TrainError> {
        match self.stored(location)? {
            Some((store, index)) => Ok(store.entry(index)?.num_samples as usize),
            None => Ok(self.find(location)?.0.entry.num_samples),
        }
    }

    /// Appends the samples of a range, which has to lie within the recording, to `out`; full scale is 1.
    ///
    /// # Errors
    /// As [`num_samples`](Self::num_samples).
    pub fn read(
        &self,
        location: &Location,
        range: Range<usize>,
        out: &mut Vec<f32>,
    ) -> Result<(), TrainError> {
        if let Some((store, index)) = self.stored(location)? {
            let range = range.start as u64..range.end as u64;
            return Ok(store.read(index, range, out)?);
        }
        let (known, fresh) = self.find(location)?;
        if let Some(pcm) = fresh.or(known.kept) {
            pcm.extend(range, out);
            return Ok(());
        }
        if self
            .cache
            .read(&known.key, known.entry, range.clone(), out)
            .is_some()
        {
            return Ok(());
        }
        // The entry has gone since.
        self.decode(location, &known.key, &known.content, None)?
            .extend(range, out);
        Ok(())
    }

    /// All samples of a recording.
    ///
    /// # Errors
    /// As [`num_samples`](Self::num_samples).
    pub fn whole(&self, location: &Location) -> Result<Vec<f32>, TrainError> {
        let mut samples = Vec::new();
        self.read(location, 0..self.num_samples(location)?, &mut samples)?;
        Ok(samples)
    }

    /// The store and the number of an utterance whose samples lie there as they are wanted.
    fn stored<'a>(&self, location: &'a Location) -> Result<Option<(&'a Store, usize)>, TrainError> {
        let Holder::Stored { store, name } = location.holder() else {
            return Ok(None);
        };
        let Some(index) = store.find(name).filter(|_| location.is_whole()) else {
            return Ok(None);
        };
        let entry = store.entry(index)?;
        let as_wanted =
            entry.encoding == StoreEncoding::Pcm && entry.sample_rate_hz == self.sample_rate_hz;
        Ok(as_wanted.then_some((store, index)))
    }

    /// What is known of a recording, which is decoded where nothing is; and its samples where they have just been decoded.
    fn find(&self, location: &Location) -> Result<(Known, Option<Arc<Pcm>>), TrainError> {
        let stamp = location.file().map(Stamp::of).transpose()?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(location).filter(|found| found.stamp == stamp) {
            // Without a cache what there is no room for is decoded again.
            return Ok((found.clone(), None));
        }
        drop(known);
        let of_audio = |audio: &[u8]| (self.cache.key(audio), Content::of(audio));
        let of_part = |(key, content): (ContentKey, Content), part: &str| {
            (key.of_part(part), content.of_part(part))
        };
        let (audio, (key, content)) = key_of(location, &self.reader, of_audio, of_part)?;
        let (entry, fresh, kept) = match self.cache.find(&key) {
            Some(entry) => {
                self.remarks.again(location, &content);
                (entry, None, None)
            }
            None => {
                let pcm = self.decode(location, &key, &content, audio)?;
                let entry = Entry {
                    num_samples: pcm.samples.len(),
                    exponent: pcm.exponent,
                };
                let is_kept = self.cache.failure().is_some() && self.room.take(&pcm.samples);
                (entry, Some(Arc::clone(&pcm)), is_kept.then_some(pcm))
            }
        };
        let found = Known {
            stamp,
            key,
            content,
            entry,
            kept,
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(location.clone(), found.clone());
        Ok((found, fresh))
    }

    /// Decodes a recording, and keeps it in the cache.
    fn decode(
        &self,
        location: &Location,
        key: &ContentKey,
        content: &Content,
        audio: Option<Vec<u8>>,
    ) -> Result<Arc<Pcm>, TrainError> {
        let audio = audio.map_or_else(|| self.reader.part(location), Ok)?;
        let name = location.to_string();
        let recording = decode_recording(audio, &name, self.sample_rate_hz)?;
        self.remarks.decoded(location, content, &recording.warnings);
        let pcm = Pcm::of(&recording.waveform.samples);
        self.cache.write(key, &pcm);
        Ok(Arc::new(pcm))
    }
}
