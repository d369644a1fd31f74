//! The corpora as the question's version hears them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use audio_features::{FeatureConfig, Features, LogMel, SpeechActivityConfig};
use rayon::prelude::*;
use speech_data::{Manifest, TrialList, Utterance};

/// Frames of a segment and bands of a frame.
pub(crate) const FRAMES: usize = 40;
/// Bands of a frame.
pub(crate) const BINS: usize = 128;

const RATE_HZ: u32 = 16_000;
/// Where the fixed crop begins: 0.1 s.
const START: usize = 1_600;
/// Samples of the fixed crop: 0.4 s less one, whose spectrogram has 40 frames.
const CROP: usize = 6_399;

/// One training recording.
#[derive(Clone, Debug)]
pub(crate) struct Clip {
    pub(crate) speaker: usize,
    /// Corpus and gender: in VoxCeleb's place of nationality and gender.
    pub(crate) group: usize,
    pub(crate) session: Option<usize>,
    /// The fixed crop `[frame, band]`.
    pub(crate) fixed: Features,
    /// Everything from 0.1 s on, `[frames, band]`, at least a segment long.
    pub(crate) whole: Features,
    pub(crate) seconds: f64,
}

/// One recording of the development or test speakers, as blocks of a segment's length.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) utterance: Utterance,
    pub(crate) blocks: Vec<Features>,
    /// The fixed crop, of which distances are taken.
    pub(crate) fixed: Features,
}

/// Trials as indices of recordings.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) name: String,
    pub(crate) pairs: Vec<(usize, usize)>,
    pub(crate) same: Vec<bool>,
}

/// Everything that is trained and tested on.
pub(crate) struct Corpora {
    pub(crate) train: Vec<Clip>,
    pub(crate) num_speakers: usize,
    /// Development recordings first.
    pub(crate) heard: Vec<Heard>,
    pub(crate) num_dev: usize,
    pub(crate) dev: Vec<List>,
    pub(crate) test: Vec<List>,
}

impl Corpora {
    /// Reads the training recordings of `corpora` and the speakers of the trial lists.
    pub(crate) fn read(
        data: &Path,
        split: Option<&Path>,
        trials: &Path,
        corpora: &[String],
    ) -> Result<Self> {
        let manifest = match split {
            Some(split) => Manifest::with_split_file(data, split)?,
            None => Manifest::read(data, None)?,
        };
        let of = |split: &str| -> Vec<Utterance> {
            let utterances = manifest.utterances.iter();
            utterances
                .filter(|utterance| utterance.split.as_deref() == Some(split))
                .cloned()
                .collect()
        };
        let is_wanted = |utterance: &Utterance| match utterance.column("corpus") {
            Some(corpus) => corpora.is_empty() || corpora.iter().any(|wanted| wanted == corpus),
            None => true,
        };
        let train: Vec<Utterance> = of("train").into_iter().filter(is_wanted).collect();
        if train.is_empty() {
            bail!(
                "no training utterance in {}: the manifest needs a column `split` with `train`, `dev` and `test`",
                data.display()
            );
        }
        let (dev, test) = (of("dev"), of("test"));
        let num_dev = dev.len();
        let heard = each(
            dev.into_iter().chain(test).collect(),
            |utterance, front, samples| {
                let fixed = fixed_crop(front, samples);
                let blocks = blocks(&front.extract(tail(samples)), &fixed);
                Heard {
                    utterance,
                    blocks,
                    fixed,
                }
            },
        )?;
        let mut speakers = Numbers::default();
        let mut groups = Numbers::default();
        let mut sessions = Numbers::default();
        let numbered: Vec<(Utterance, [usize; 2], Option<usize>)> = train
            .into_iter()
            .map(|utterance| {
                let speaker = speakers.of(&utterance.speaker);
                let part = |name| utterance.column(name).unwrap_or("-");
                let group = groups.of(&format!("{}/{}", part("corpus"), part("gender")));
                let session = utterance.session.as_ref();
                let session = session.map(|name| sessions.of(&format!("{speaker}/{name}")));
                (utterance, [speaker, group], session)
            })
            .collect();
        let places: BTreeMap<String, ([usize; 2], Option<usize>)> = numbered
            .iter()
            .map(|(utterance, place, session)| (utterance.id.clone(), (*place, *session)))
            .collect();
        let utterances = numbered.into_iter().map(|(utterance, ..)| utterance);
        let train = each(utterances.collect(), |utterance, front, samples| {
            let ([speaker, group], session) = places[&utterance.id];
            Clip {
                speaker,
                group,
                session,
                fixed: fixed_crop(front, samples),
                whole: padded(front.extract(tail(samples))),
                seconds: samples.len() as f64 / f64::from(RATE_HZ),
            }
        })?;
        let index: BTreeMap<&str, usize> = heard
            .iter()
            .enumerate()
            .map(|(index, heard)| (heard.utterance.id.as_str(), index))
            .collect();
        let lists = |split: &str| lists(trials, split, &index);
        let (dev, test) = (lists("dev")?, lists("test")?);
        Ok(Self {
            train,
            num_speakers: speakers.0.len(),
            num_dev,
            dev,
            test,
            heard,
        })
    }
}

/// Consecutive numbers for names, in the order of their first use.
#[derive(Default)]
struct Numbers(BTreeMap<String, usize>);

impl Numbers {
    fn of(&mut self, name: &str) -> usize {
        let next = self.0.len();
        *self.0.entry(name.to_owned()).or_insert(next)
    }
}

/// Decodes every utterance and makes something of its samples.
fn each<T: Send>(
    utterances: Vec<Utterance>,
    make: impl Fn(Utterance, &LogMel, &[f32]) -> T + Sync,
) -> Result<Vec<T>> {
    let front = LogMel::new(&FeatureConfig::librosa())?;
    utterances
        .into_par_iter()
        .map(|utterance| {
            let recording = utterance.location.read(RATE_HZ);
            let recording =
                recording.with_context(|| format!("cannot read {}", utterance.location))?;
            Ok(make(utterance, &front, &recording.waveform.samples))
        })
        .collect()
}

/// What is left after the first 0.1 s, or everything where that is all.
fn tail(samples: &[f32]) -> &[f32] {
    if samples.len() > START {
        &samples[START..]
    } else {
        samples
    }
}

/// The 0.4 s from 0.1 s on, with zeros where the recording is shorter.
fn fixed_crop(front: &LogMel, samples: &[f32]) -> Features {
    let mut crop = tail(samples).to_vec();
    crop.resize(CROP, 0.0);
    front.extract(&crop)
}

/// At least a segment's frames, zeros behind.
fn padded(features: Features) -> Features {
    let mut values = features.into_data();
    values.resize(values.len().max(FRAMES * BINS), 0.0);
    Features::new(values, BINS)
}

/// Consecutive segments from the end of the recording, what is left over at its start dropped; `fixed` where there is
/// not one.
fn blocks(whole: &Features, fixed: &Features) -> Vec<Features> {
    let count = whole.num_frames() / FRAMES;
    if count == 0 {
        return vec![fixed.clone()];
    }
    (1..=count)
        .map(|block| {
            let start = whole.num_frames() - block * FRAMES;
            Features::new(whole.rows(start..start + FRAMES).to_vec(), BINS)
        })
        .collect()
}

/// Whether more than half of the segment at `start` of a recording is over 30 dB below the recording's loud frames.
pub(crate) fn is_silent(recording: &Features, start: usize) -> bool {
    let activity = SpeechActivityConfig {
        hangover_s: 0.0,
        ..SpeechActivityConfig::default()
    };
    let speech = activity.speech_frames(&FeatureConfig::librosa(), recording);
    let spoken = speech[start..start + FRAMES]
        .iter()
        .filter(|&&speech| speech);
    2 * spoken.count() < FRAMES
}

/// The lists `{split}.*.txt` or `{split}.txt` of a folder.
fn lists(folder: &Path, split: &str, index: &BTreeMap<&str, usize>) -> Result<Vec<List>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read the folder of trial lists {}", folder.display()))?;
    let mut paths: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".txt") && name.split('.').next() == Some(split)
        })
        .collect();
    paths.sort();
    if paths.is_empty() {
        bail!("no trial list {split}*.txt in {}", folder.display());
    }
    paths
        .iter()
        .map(|path| {
            let list = TrialList::read(path)?;
            let place = |id: &str| {
                index
                    .get(id)
                    .copied()
                    .with_context(|| format!("`{id}` of {} is not in the manifest", path.display()))
            };
            let pairs: Result<Vec<_>> = list
                .trials
                .iter()
                .map(|trial| Ok((place(&trial.enrolment)?, place(&trial.test)?)))
                .collect();
            Ok(List {
                name: list.name,
                pairs: pairs?,
                same: list.trials.iter().map(|trial| trial.target).collect(),
            })
        })
        .collect()
}
