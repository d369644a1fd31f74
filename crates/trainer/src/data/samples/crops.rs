//! Crops of samples, changed, as features.

use std::ops::Range;
use std::sync::Arc;

use audio_features::augment::Augmenter;
use audio_features::{Features, FrontEnd};
use pair_sampler::{BatchItem, Crop};
use sound_augment::{NoVoices, SampleAugmenter, SoundError, Speed, Voices, Workspace};
use speech_data::{Location, Manifest, Utterance};

use super::SampleBank;
use super::speeds::AtSpeeds;
use super::voices::Others;
use crate::TrainError;

/// Where silence is dropped a crop is cut out of so many times its length.
const WITH_SILENCE: f64 = 1.5;

/// Makes crops of samples: what a training takes in place of crops of features where it changes samples.
///
/// Everything that a front end takes of a recording is then taken of what is cut out of it: the samples under the crop and, where
/// silence is dropped, under half as much again. The level of its loud frames decides which frames are silence and what powers are
/// relative to; of what is left, as many frames as a crop has are taken, and the mean is theirs. So a crop is treated as a recording
/// of its length would be.
pub(crate) struct SampleCrops {
    pub(crate) bank: Arc<SampleBank>,
    augmenter: SampleAugmenter,
    at_speeds: Option<AtSpeeds>,
}

/// A recording at a speed.
struct Heard<'a> {
    bank: &'a SampleBank,
    location: &'a Location,
    /// Samples of the recording as it is.
    num_recorded: usize,
    speed: Option<&'a Speed>,
    /// Samples at its speed.
    num_samples: usize,
}

impl<'a> Heard<'a> {
    fn new(
        bank: &'a SampleBank,
        location: &'a Location,
        speed: Option<&'a Speed>,
    ) -> Result<Self, TrainError> {
        let num_recorded = bank.num_samples(location)?;
        Ok(Self {
            bank,
            location,
            num_recorded,
            speed,
            num_samples: speed.map_or(num_recorded, |speed| speed.len(num_recorded)),
        })
    }

    /// Appends the samples of a range.
    fn read(&self, range: Range<usize>, out: &mut Vec<f32>) -> Result<(), TrainError> {
        let Some(speed) = self.speed else {
            return self.bank.read(self.location, range, out);
        };
        let changed = speed.read(self.num_recorded, range, |range| {
            let mut samples = Vec::with_capacity(range.len());
            self.bank.read(self.location, range, &mut samples)?;
            Ok::<_, TrainError>(samples)
        })?;
        out.extend(changed);
        Ok(())
    }
}

/// What a crop is made of.
pub(crate) struct CropOf<'a> {
    pub(crate) utterance: &'a Utterance,
    /// The speed that it is heard at; none for that of the recording.
    pub(crate) speed: Option<&'a Speed>,
    /// Whose voices may babble behind it.
    pub(crate) others: &'a Manifest,
    pub(crate) item: &'a BatchItem,
    /// Whether samples are changed.
    pub(crate) is_changed: bool,
    /// What changes features, if anything does.
    pub(crate) augmenter: Option<&'a Augmenter>,
    pub(crate) front_end: &'a FrontEnd,
    pub(crate) crop_frames: usize,
}

impl SampleCrops {
    pub(crate) fn new(bank: Arc<SampleBank>, augmenter: SampleAugmenter) -> Self {
        Self {
            bank,
            augmenter,
            at_speeds: None,
        }
    }

    /// The same with the recordings of `manifest` at further speeds, where there are any.
    ///
    /// # Errors
    /// [`SoundError`] for a speed that there is not.
    pub(crate) fn with_speeds(
        self,
        manifest: &Manifest,
        factors: &[f64],
    ) -> Result<Self, SoundError> {
        let at_speeds = (!factors.is_empty()).then(|| AtSpeeds::new(manifest, factors));
        Ok(Self {
            at_speeds: at_speeds.transpose()?,
            ..self
        })
    }

    /// The recordings at all speeds, where there are several: what batches are drawn from.
    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        self.at_speeds.as_ref().map(|all| &all.manifest)
    }

    /// The speed of an utterance that batches are drawn from; none for that of the recording.
    pub(crate) fn speed(&self, utterance: usize) -> Option<&Speed> {
        self.at_speeds.as_ref()?.of(utterance)
    }

    /// The recording that an utterance is made of, and the number of its speed: 0 for that of the recording.
    pub(crate) fn source(&self, utterance: usize) -> (usize, usize) {
        let at_speeds = self.at_speeds.as_ref();
        let source = at_speeds.and_then(|all| all.source(utterance));
        source.unwrap_or((utterance, 0))
    }

    /// Network input of a crop, `[frames, bins]`; fewer frames than a crop has where the recording or its speech is shorter.
    ///
    /// # Errors
    /// [`TrainError`] for a recording that can no longer be read.
    pub(crate) fn crop(
        &self,
        of: &CropOf<'_>,
        workspace: &mut Workspace,
    ) -> Result<Vec<f32>, TrainError> {
        let (item, front_end) = (of.item, of.front_end);
        let heard = Heard::new(&self.bank, &of.utterance.location, of.speed)?;
        let num_samples = heard.num_samples;
        let stage = front_end.log_mel_stage();
        let hop_s = front_end.config().hop_s();
        let num_frames = stage.num_frames(num_samples);
        let drops_silence = front_end.config().speech_activity.is_some();
        let window = match drops_silence {
            true => (of.crop_frames as f64 * WITH_SILENCE).ceil() as usize,
            false => of.crop_frames,
        };
        let start = item.crop.start_frame(num_frames, window, hop_s);
        let frames = start..num_frames.min(start + window);
        let others = Others {
            bank: &self.bank,
            manifest: of.others,
            speaker: &of.utterance.speaker,
        };
        let mut features = stage.extract_frames(num_samples, frames, |range| {
            if of.is_changed {
                return self.changed(&heard, range, item.seed, &others, workspace);
            }
            let mut samples = Vec::with_capacity(range.len());
            heard.read(range, &mut samples)?;
            Ok(samples)
        })?;
        if let Some(augmenter) = of.augmenter {
            augmenter.augment(item.seed, &mut features);
        }
        front_end.shape(&mut features);
        let left = features.num_frames();
        // Among what is left of the window; a fixed place has been taken already.
        let start = match item.crop {
            Crop::Position(_) => item.crop.start_frame(left, of.crop_frames, hop_s),
            Crop::StartS(_) => 0,
        };
        let rows = features.rows(start..left.min(start + of.crop_frames));
        let mut crop = Features::new(rows.to_vec(), features.num_bins());
        front_end.normalise(&mut crop);
        let mut crop = crop.into_data();
        if let Some(augmenter) = of.augmenter {
            augmenter.mask(item.seed, &mut crop);
        }
        Ok(crop)
    }

    /// Raw log-mel of a whole recording that is changed as `seed` says, without babble of others.
    ///
    /// # Errors
    /// As [`crop`](Self::crop).
    pub(crate) fn whole(
        &self,
        location: &Location,
        seed: u64,
        front_end: &FrontEnd,
        workspace: &mut Workspace,
    ) -> Result<Features, TrainError> {
        let heard = Heard::new(&self.bank, location, None)?;
        let all = 0..heard.num_samples;
        let samples = self.changed(&heard, all, seed, &NoVoices, workspace)?;
        Ok(front_end.log_mel(&samples))
    }

    /// Samples `range` of a recording, changed, with the margins that its effects ask for.
    fn changed(
        &self,
        heard: &Heard<'_>,
        range: Range<usize>,
        seed: u64,
        voices: &dyn Voices,
        workspace: &mut Workspace,
    ) -> Result<Vec<f32>, TrainError> {
        let (before, behind) = self.augmenter.margins(seed);
        let begin = range.start.saturating_sub(before);
        let end = heard.num_samples.min(range.end + behind);
        // Silence where the recording has not begun, and where it has ended.
        let mut samples = vec![0.0; before - (range.start - begin)];
        heard.read(begin..end, &mut samples)?;
        samples.resize(before + range.len() + behind, 0.0);
        let crop = before..before + range.len();
        self.augmenter
            .augment(seed, &mut samples, crop.clone(), voices, workspace);
        samples.truncate(crop.end);
        samples.drain(..before);
        Ok(samples)
    }
}
