//! Features of utterances of packed stores, in memory as long as there is room.

use std::ops::Range;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use audio_features::{Features, FrontEnd};
use speech_data::store::{Entry, Store, StoreError};
use speech_data::{Holder, Location};

use crate::TrainError;
use crate::data::content::Content;
use crate::data::kept::Room;

/// A store that is read from, and the features that are kept of it.
struct Opened {
    store: Arc<Store>,
    /// By the number of the utterance.
    kept: Vec<OnceLock<Arc<Features>>>,
}

/// An utterance of a store.
pub(super) struct Stored {
    opened: Arc<Opened>,
    index: usize,
}

/// Raw log-mel features of stored utterances.
pub(super) struct StoreFeatures {
    front_end: FrontEnd,
    stores: RwLock<Vec<Arc<Opened>>>,
    /// Bytes that may still be kept.
    room: Room,
}

impl Stored {
    fn entry(&self) -> Result<Entry<'_>, StoreError> {
        self.opened.store.entry(self.index)
    }

    fn kept(&self) -> Option<&Arc<Features>> {
        self.opened.kept[self.index].get()
    }

    fn too_short(&self, num_samples: usize) -> TrainError {
        let store = self.opened.store.path();
        let name = self.entry().map_or("", |entry| entry.name);
        TrainError::TooShort {
            recording: store.join(name).display().to_string(),
            num_samples,
        }
    }
}

impl StoreFeatures {
    pub(super) fn new(front_end: FrontEnd, kept_bytes: usize) -> Self {
        Self {
            front_end,
            stores: RwLock::default(),
            room: Room::of(kept_bytes),
        }
    }

    pub(super) fn front_end(&self) -> &FrontEnd {
        &self.front_end
    }

    /// The content of an utterance, by the checksum of its bytes that the store has.
    pub(super) fn content(stored: &Stored) -> Option<Content> {
        let entry = stored.entry().ok()?;
        Some(Content::known(&entry.checksum))
    }

    /// The utterance that a location means all of; `None` for recordings elsewhere, and for parts.
    ///
    /// # Errors
    /// [`StoreError::NoSuchName`].
    pub(super) fn find(&self, location: &Location) -> Result<Option<Stored>, StoreError> {
        let Holder::Stored { store, name } = location.holder() else {
            return Ok(None);
        };
        if !location.is_whole() {
            return Ok(None);
        }
        let index = store.find(name).ok_or_else(|| StoreError::NoSuchName {
            path: store.path().to_owned(),
            name: name.clone(),
        })?;
        let opened = self.opened(store);
        Ok(Some(Stored { opened, index }))
    }

    fn opened(&self, store: &Arc<Store>) -> Arc<Opened> {
        let find = |all: &[Arc<Opened>]| {
            let found = all.iter().find(|one| one.store.path() == store.path());
            found.map(Arc::clone)
        };
        let known = find(&self.stores.read().unwrap_or_else(PoisonError::into_inner));
        if let Some(known) = known {
            return known;
        }
        let mut all = self.stores.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been as quick.
        if let Some(known) = find(&all) {
            return known;
        }
        let new = Arc::new(Opened {
            store: Arc::clone(store),
            kept: (0..store.len()).map(|_| OnceLock::new()).collect(),
        });
        all.push(Arc::clone(&new));
        new
    }

    /// Feature frames of an utterance, told by its length alone; at least one.
    pub(super) fn num_frames(&self, stored: &Stored) -> Result<usize, TrainError> {
        let entry = stored.entry()?;
        let rate = u64::from(self.front_end.config().sample_rate_hz);
        let at_rate = entry.num_samples * rate / u64::from(entry.sample_rate_hz.max(1));
        let num_samples = usize::try_from(at_rate).unwrap_or(usize::MAX);
        match self.front_end.log_mel_stage().num_frames(num_samples) {
            0 => Err(stored.too_short(num_samples)),
            num_frames => Ok(num_frames),
        }
    }

    /// All features of an utterance.
    pub(super) fn whole(&self, stored: &Stored) -> Result<Arc<Features>, TrainError> {
        if let Some(features) = stored.kept() {
            return Ok(Arc::clone(features));
        }
        let rate = self.front_end.config().sample_rate_hz;
        let recording = stored.opened.store.recording(stored.index, rate)?;
        let samples = recording.waveform.samples;
        let features = self.front_end.log_mel(&samples);
        if features.num_frames() == 0 {
            return Err(stored.too_short(samples.len()));
        }
        let features = Arc::new(features);
        if self.room.take(features.data()) {
            // Another thread may have been as quick; its features are the same.
            let _ = stored.opened.kept[stored.index].set(Arc::clone(&features));
        }
        Ok(features)
    }

    /// The frames that `choose` picks of all, to the bit. Where the utterance is in memory or may stay there, it is taken
    /// whole; another rate than the front end's is resampled as a whole, too. Else only the samples under the frames are
    /// read (of [`StoreEncoding::Pcm`](speech_data::store::StoreEncoding::Pcm), and decoded as a whole of others).
    pub(super) fn crop(
        &self,
        stored: &Stored,
        choose: impl FnOnce(usize) -> Range<usize>,
    ) -> Result<Features, TrainError> {
        let stage = self.front_end.log_mel_stage();
        let entry = stored.entry()?;
        let num_samples = entry.num_samples as usize;
        let num_frames = stage.num_frames(num_samples);
        let bytes = num_frames * stage.num_bins() * size_of::<f32>();
        let has_other_rate = entry.sample_rate_hz != self.front_end.config().sample_rate_hz;
        let fits = self.room.has(bytes);
        if stored.kept().is_some() || has_other_rate || fits {
            let features = self.whole(stored)?;
            let rows = features.rows(choose(features.num_frames()));
            return Ok(Features::new(rows.to_vec(), features.num_bins()));
        }
        if num_frames == 0 {
            return Err(stored.too_short(num_samples));
        }
        stage.extract_frames(num_samples, choose(num_frames), |range| {
            let mut samples = Vec::with_capacity(range.len());
            let range = range.start as u64..range.end as u64;
            stored
                .opened
                .store
                .read(stored.index, range, &mut samples)?;
            Ok(samples)
        })
    }
}
