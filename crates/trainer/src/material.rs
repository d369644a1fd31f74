//! Everything that stays the same over a run, made before its first step.

use std::collections::BTreeMap;
use std::sync::Arc;

use audio_features::augment::Augmenter;
use audio_features::{Features, FrontEnd, Normalisation};
use burn::tensor::Device;
use diagnosis::journal::Yardstick;
use diagnosis::preflight::HeardLabels;
use pair_sampler::BatchSampler;
use rayon::prelude::*;
use sound_augment::{SampleAugmenter, Workspace};
use speaker_model::{Loss, LossChoice, ModelError, SpeakerNetwork};
use speech_data::{Location, Manifest, Root, column};

use crate::TrainError;
use crate::config::TrainConfig;
use crate::data::{
    BatchMaker, BatchSchedule, Changes, DevRecording, FeatureBank, LoadedSounds, Print, SampleBank,
    SampleCrops, Skipped, SoundFile, TeacherVectors, Unlabelled, check_room, content_of, load,
    long_crops,
};
use crate::evaluate::{DevSet, Fitted, Soundings, less};
use crate::initial::{Initial, InitialOrigin};
use crate::listener::listen;
use crate::optimise::Rates;
use crate::options::{Notice, Notify, RunOptions, TrainData};
use crate::teaching::{Class, Examined};
use crate::yardstick;

/// Training recordings that the input treatment is fitted to.
const FITTED_RECORDINGS: usize = 5_000;

/// A configuration with the recordings that it trains on and is measured by.
pub(crate) struct Material<'a, C: LossChoice> {
    pub(crate) config: &'a TrainConfig<C>,
    /// What computes, without a tape for gradients.
    pub(crate) device: Device,
    /// The training utterances that can be used.
    pub(crate) manifest: Manifest,
    /// Frames of each of them.
    pub(crate) lengths: Vec<usize>,
    /// What each of them is known again by.
    pub(crate) prints: Vec<Option<Print>>,
    pub(crate) schedule: BatchSchedule,
    pub(crate) bank: Arc<FeatureBank>,
    pub(crate) front_end: FrontEnd,
    pub(crate) dev: DevSet,
    /// Whether it begins with the weights of a model.
    pub(crate) goes_on: bool,
    /// Where the development recordings are, and who speaks them where that is known.
    pub(crate) dev_recordings: Vec<(Location, Option<String>)>,
    /// Their corpora, where they are known.
    pub(crate) dev_corpora: Vec<Option<String>>,
    pub(crate) soundings: Soundings,
    /// The files that samples are changed by.
    pub(crate) sounds: Vec<SoundFile>,
    /// What tells the content of training recordings, development recordings and recordings without labels.
    pub(crate) contents: [Option<String>; 3],
    /// Speakers of the development recordings, by number, where they are known.
    dev_speakers: Vec<Option<usize>>,
    /// A ready model on the development trials, if there is one.
    pub(crate) yardstick: Option<Yardstick>,
    /// What a ready model hears of the labels, if there is one.
    pub(crate) heard_labels: Option<HeardLabels>,
    changes: Arc<Changes>,
    /// What the teacher makes of the utterances that batches are drawn from, if there is a teacher.
    teacher: Option<TeacherVectors>,
    /// Recordings without labels, if there are some.
    unlabelled: Option<Unlabelled>,
    /// What the teacher makes of what evaluations look at.
    pub(crate) examined: Option<Examined>,
}

/// What a training begins with.
pub(crate) struct Begun<L: Loss> {
    pub(crate) network: SpeakerNetwork<L>,
    /// The model whose weights it has.
    pub(crate) initial: Option<InitialOrigin>,
    /// What became of these.
    pub(crate) words: Option<String>,
}

impl<'a, C: LossChoice> Material<'a, C> {
    /// Computes the features of all recordings, and reads the development trials. A training that went on from the model `initial`
    /// subtracts the mean frame that this does.
    ///
    /// # Errors
    /// Any [`TrainError`] about recordings, trials or what samples them.
    pub(crate) fn prepare(
        config: &'a TrainConfig<C>,
        data: &TrainData,
        options: &RunOptions<'_>,
        initial: Option<&InitialOrigin>,
        notify: Notify<'_>,
    ) -> Result<Self, TrainError> {
        if let Some(warning) = check_room(config, data.unlabelled.is_some(), options.num_workers)? {
            notify(Notice::Warning(&warning));
        }
        // The bank keeps raw log-mel features, before any normalisation.
        let mut raw = config.features.clone();
        raw.normalisation = Normalisation::None;
        let raw = FrontEnd::new(raw, None)?;
        let (samples, sounds) = sample_crops(config, options, notify)?;
        let of_features = Arc::new(FeatureBank::open(&options.cache, raw.clone())?);
        // Features of development recordings are kept; of training recordings samples are where those are changed.
        let (bank, dev_bank) = match &samples {
            None => (of_features, None),
            Some(crops) => {
                let bank = FeatureBank::of_samples(Arc::clone(&crops.bank), raw);
                (Arc::new(bank), Some(of_features))
            }
        };
        let dev_bank = dev_bank.as_ref().unwrap_or(&bank);
        let total = data.train.utterances.len();
        let mut prepared = bank.prepare(&data.train, &|done| {
            notify(Notice::Preparing { done, total });
            options.goes_on()
        })?;
        if !prepared.skipped.is_empty() {
            notify(Notice::Skipped(&prepared.skipped));
        }
        let some_left = |manifest: &Manifest, skipped: &[Skipped]| match manifest.utterances.len() {
            0 => Err(TrainError::NoData {
                num_found: total,
                reason: skipped
                    .first()
                    .map_or("the manifest is empty".to_owned(), |s| s.reason.clone()),
            }),
            _ => Ok(()),
        };
        some_left(&prepared.manifest, &prepared.skipped)?;
        let mut class = data.teacher.as_ref().map(|teacher| Class {
            teacher,
            options,
            notify,
            mean: None,
        });
        let mut lessons = None;
        if let Some(class) = &mut class {
            let speeds = config.samples.as_ref().map(|samples| &*samples.speeds);
            let mut heard = class.lessons(&mut prepared, speeds.unwrap_or_default())?;
            some_left(&prepared.manifest, &heard.skipped)?;
            if config.teacher.is_some_and(|teacher| teacher.centre) {
                let mean = heard.mean(&prepared.manifest);
                heard.subtract(&mean);
                class.mean = Some(mean);
            }
            lessons = Some(heard);
        }
        let (lengths, prints) = (prepared.lengths, prepared.prints);
        if let Some(words) = long_crops(config, &lengths) {
            notify(Notice::Warning(&words));
        }
        let wants_mean = config.features.normalisation == Normalisation::GlobalMean;
        let given = initial.and_then(InitialOrigin::feature_mean);
        let mean = given.map_or(prepared.mean_frame, <[f32]>::to_vec);
        let mean = wants_mean.then_some(mean);
        let front_end = FrontEnd::new(config.features.clone(), mean)?;
        let samples = match (samples, &config.samples) {
            (Some(crops), Some(samples)) => {
                Some(crops.with_speeds(&prepared.manifest, &samples.speeds)?)
            }
            _ => None,
        };
        let heard = samples.as_ref().and_then(SampleCrops::manifest);
        let heard = heard.unwrap_or(&prepared.manifest);
        let teacher = lessons.as_ref().map(|lessons| {
            let kind = config.teacher.unwrap_or_default().vectors;
            TeacherVectors::new(heard, lessons.dim, kind, |utterance| {
                let whole = (utterance, 0);
                let source = samples.as_ref().map(|samples| samples.source(utterance));
                let (recording, speed) = source.unwrap_or(whole);
                &lessons.vectors[recording][speed]
            })
        });
        let schedule = BatchSchedule::new(config, heard)?;
        let augmenter = config
            .augment
            .as_ref()
            .map(|augment| Augmenter::new(&config.features, augment))
            .transpose()?;
        let dev_manifest = data.dev_manifest.as_ref();
        let root = Root::open(&data.dev_root)?;
        let locate = |name: &str| {
            let known = dev_manifest
                .and_then(|manifest| Some(&manifest.utterances[manifest.find(name)?].location));
            known.cloned().unwrap_or_else(|| root.locate(name))
        };
        let changes = Arc::new(Changes { augmenter, samples });
        let dev = DevSet::read(dev_bank, locate, &data.dev, &changes, &front_end)?;
        if let Some(words) = dev.memory() {
            notify(Notice::Warning(&words));
        }
        let speaker = |name: &str| {
            let manifest = dev_manifest?;
            let known = manifest.utterances[manifest.find(name)?].known_speaker();
            known.map(str::to_owned)
        };
        let corpus = |name: &String| {
            let manifest = dev_manifest?;
            let known = manifest.utterances[manifest.find(name)?].column(column::CORPUS);
            known.map(str::to_owned)
        };
        let dev_corpora = dev.names().iter().map(corpus).collect();
        let names = dev.names().iter();
        let dev_recordings = names.map(|name| (locate(name), speaker(name)));
        let dev_recordings: Vec<(Location, Option<String>)> = dev_recordings.collect();
        let unlabelled = match &class {
            Some(class) => {
                let known = dev_recordings.iter();
                let known = known.map(|(at, speaker)| (at.clone(), speaker.as_deref()));
                let dev: Vec<DevRecording<'_>> = known.collect();
                class.unlabelled(config, data, &bank, &dev)?
            }
            None => None,
        };
        let of_dev = (!Arc::ptr_eq(&bank, dev_bank)).then(|| dev_bank.remarks());
        if let Some(words) = bank.remarks().words(of_dev) {
            notify(Notice::Warning(&words));
        }
        let failure = bank.cache_failure().or(dev_bank.cache_failure());
        if let Some(failure) = failure {
            notify(Notice::Warning(&format!(
                "{failure}; the training goes on without it, which costs time"
            )));
        }
        let manifest = prepared.manifest;
        let soundings = Soundings::new(config, &manifest, dev_manifest, &bank, &front_end, &dev)?;
        let examined = match (&class, lessons) {
            (Some(class), Some(lessons)) => {
                let looked_at = soundings.training_recordings().iter();
                let vectors = looked_at.map(|&number| lessons.vectors[number].first().cloned());
                Some(class.examine(&dev, locate, vectors.collect())?)
            }
            _ => None,
        };
        let yardstick = match &data.yardstick {
            Some(model) if !data.dev.is_empty() => {
                Some(yardstick::measure(model, &dev, locate, options, notify)?)
            }
            _ => None,
        };
        let heard_labels = match &data.listener {
            Some(model) => {
                let max_steps = config.max_steps;
                listen(model, &manifest, &dev, locate, max_steps, options, notify)?
            }
            None => None,
        };
        let contents_of = |manifest: &Manifest| {
            let utterances = manifest.utterances.iter();
            content_of(utterances.map(|utterance| bank.content(&utterance.location)))
        };
        let contents = [
            contents_of(&manifest),
            content_of(dev_recordings.iter().map(|(at, _)| dev_bank.content(at))),
            unlabelled
                .as_ref()
                .and_then(|these| contents_of(these.manifest())),
        ];
        let speakers = dev_recordings.iter();
        let speakers = speakers.map(|(_, speaker)| speaker.as_deref());
        let dev_speakers = numbered(speakers);
        Ok(Self {
            config,
            device: options.device.clone(),
            manifest,
            lengths,
            prints,
            schedule,
            bank,
            front_end,
            dev,
            goes_on: initial.is_some(),
            dev_recordings,
            dev_corpora,
            soundings,
            sounds,
            contents,
            dev_speakers,
            yardstick,
            heard_labels,
            changes,
            teacher,
            unlabelled,
            examined,
        })
    }

    /// The utterances that batches are drawn from: those of the manifest, and where a training hears them at several speeds each
    /// of them at every speed.
    pub(crate) fn heard(&self) -> &Manifest {
        let samples = self.changes.samples.as_ref();
        let at_speeds = samples.and_then(SampleCrops::manifest);
        at_speeds.unwrap_or(&self.manifest)
    }

    /// What makes the batch of any step.
    pub(crate) fn batches(&self) -> BatchMaker<'_> {
        BatchMaker::new(
            self.heard(),
            &self.schedule,
            &self.bank,
            &self.front_end,
            self.changes.augmenter.as_ref(),
        )
        .with_samples(self.changes.samples.as_ref())
        .with_teacher(self.teacher.as_ref(), self.unlabelled.as_ref())
    }

    /// Recordings without labels, if there are some.
    pub(crate) fn unlabelled(&self) -> Option<&Unlabelled> {
        self.unlabelled.as_ref()
    }

    /// What an utterance of a batch is called.
    pub(crate) fn name_of(&self, utterance: usize) -> &str {
        let heard = &self.heard().utterances;
        let unlabelled = self.unlabelled.as_ref().map(Unlabelled::manifest);
        let others = unlabelled.map_or(&[][..], |manifest| &manifest.utterances);
        let mut all = heard.iter().chain(others);
        all.nth(utterance).map_or("", |utterance| &utterance.id)
    }

    /// What draws the first batches.
    pub(crate) fn sampler(&self) -> &BatchSampler {
        self.schedule.sampler()
    }

    /// The network before what is fitted to recordings, if anything is, on a device with a tape for gradients.
    ///
    /// # Errors
    /// [`TrainError::Model`] for a configuration that no network can have, [`TrainError::Config`] for a layer that it has not.
    pub(crate) fn new_network(
        &self,
        device: &Device,
    ) -> Result<SpeakerNetwork<C::Loss>, TrainError> {
        let config = self.config;
        let bins = config.features.num_bins;
        let speakers = self.sampler().num_speakers();
        let network = SpeakerNetwork::new(
            bins,
            speakers,
            self.teacher.as_ref().map(TeacherVectors::dim),
            &config.encoder,
            &config.loss,
            config.seed,
            device,
        )?;
        let network = network.try_map_encoder(|encoder| {
            Ok::<_, TrainError>(encoder.with_compute_type(config.precision))
        })?;
        let network = match self.class_centres(&network)? {
            Some(means) => network.with_centres_at(means),
            None => network,
        };
        Ok(Rates::new(&config.optimiser.layers, &network)?.frozen(network))
    }

    /// Where the teacher has the training speakers, if class centres are to begin there.
    fn class_centres(
        &self,
        network: &SpeakerNetwork<C::Loss>,
    ) -> Result<Option<&[Vec<f32>]>, TrainError> {
        let asked = self
            .config
            .teacher
            .is_some_and(|teacher| teacher.class_centres);
        let Some(teacher) = self.teacher.as_ref().filter(|_| asked) else {
            return Ok(None);
        };
        let dim = network.encoder().embedding_dim();
        let refused = |found: String, expected: &'static str| {
            Err(TrainError::Model(ModelError::Config {
                field: "teacher.class_centres",
                found,
                expected,
            }))
        };
        if !self.config.loss.has_centres() {
            return refused(
                "true, with a loss without centres".to_owned(),
                "`am_softmax`, `aam_softmax` or `sphere_face2` in `[loss]`",
            );
        }
        if teacher.dim() != dim {
            return refused(
                format!(
                    "true, with a teacher of {} dimensions and a student of {dim}",
                    teacher.dim()
                ),
                "embeddings as wide as the teacher's (`encoder.projection`)",
            );
        }
        Ok(Some(teacher.speakers()))
    }

    /// The untrained network with what is fitted to training recordings, if anything is: to recordings as they are and, where
    /// the training changes them, as it will hear them.
    ///
    /// # Errors
    /// [`TrainError::Model`] where nothing can be fitted to them.
    pub(crate) fn fitted(
        &self,
        network: SpeakerNetwork<C::Loss>,
        device: &Device,
    ) -> Result<SpeakerNetwork<C::Loss>, TrainError> {
        if !network.encoder().needs_fitting() {
            return Ok(network);
        }
        let mut recordings = self.sample(FITTED_RECORDINGS, false);
        if self.changes.any() {
            recordings.extend(self.sample(FITTED_RECORDINGS, true));
        }
        Ok(network.try_map_encoder(|encoder| encoder.fitted(&recordings, device))?)
    }

    /// The thresholds that the development trials give by `embeddings` of the recordings, less `centre`.
    ///
    /// # Errors
    /// [`TrainError::Eval`] for a score that is NaN.
    pub(crate) fn thresholds(
        &self,
        embeddings: &[Vec<f32>],
        centre: Option<&[f32]>,
    ) -> Result<Fitted, TrainError> {
        let (lists, _) = self.dev.lists();
        let plain = less(&embeddings[..self.dev.names().len()], centre);
        Fitted::of(lists, &plain, &self.dev_speakers)
    }

    /// What a training begins with: an untrained network with what is fitted to recordings, and with the weights of `initial` in
    /// the place of those that fit.
    ///
    /// # Errors
    /// As [`fitted`](Self::fitted), and [`TrainError::NothingTaken`].
    pub(crate) fn begun(
        &self,
        untrained: SpeakerNetwork<C::Loss>,
        initial: Option<&Initial>,
        device: &Device,
    ) -> Result<Begun<C::Loss>, TrainError> {
        let network = self.fitted(untrained, device)?;
        let Some(initial) = initial else {
            return Ok(Begun {
                network,
                initial: None,
                words: None,
            });
        };
        let mut taken = None;
        let network = network.try_map_encoder(|encoder| {
            let (encoder, origin, words) = initial.given(encoder, &self.config.features)?;
            taken = Some((origin, words));
            Ok::<_, TrainError>(encoder)
        })?;
        let (initial, words) = taken.unzip();
        Ok(Begun {
            network,
            initial,
            words,
        })
    }

    /// Features of at most `count` training recordings, evenly spaced over the manifest, as they are or as a training hears them.
    pub(crate) fn sample(&self, count: usize, is_changed: bool) -> Vec<Features> {
        let utterances = &self.manifest.utterances;
        let stride = utterances.len().div_ceil(count);
        let every = utterances.par_iter().step_by(stride).enumerate();
        every
            .map_init(Workspace::default, |workspace, (seed, utterance)| {
                let location = &utterance.location;
                let plain = || Ok(self.bank.log_mel(location)?.into_features());
                // A recording that has vanished since its features were made cannot move a mean much.
                let mut features = match is_changed {
                    false => plain().ok()?,
                    true => {
                        let (changes, seed) = (&self.changes, seed as u64);
                        let changed =
                            changes.recording(location, seed, &self.front_end, plain, workspace);
                        changed.ok()?
                    }
                };
                self.front_end.finish(&mut features);
                Some(features)
            })
            .flatten()
            .collect()
    }
}

/// Numbers in the place of names: the same for the same name.
fn numbered<'a>(names: impl Iterator<Item = Option<&'a str>>) -> Vec<Option<usize>> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let number = |name: Option<&'a str>| {
        let next = numbers.len();
        Some(*numbers.entry(name?).or_insert(next))
    };
    names.map(number).collect()
}

/// What cuts crops out of samples, where a training changes those, and the files that it changes them by.
fn sample_crops<C: LossChoice>(
    config: &TrainConfig<C>,
    options: &RunOptions<'_>,
    notify: Notify<'_>,
) -> Result<(Option<SampleCrops>, Vec<SoundFile>), TrainError> {
    let Some(samples) = &config.samples else {
        return Ok((None, Vec::new()));
    };
    let rate = config.features.sample_rate_hz;
    let LoadedSounds {
        sounds,
        skipped,
        files,
    } = load(samples, rate)?;
    if !skipped.is_empty() {
        notify(Notice::Skipped(&skipped));
    }
    let bank = Arc::new(SampleBank::open(&options.cache, rate));
    let augmenter = SampleAugmenter::new(samples, rate, sounds)?;
    Ok((Some(SampleCrops::new(bank, augmenter)), files))
}
