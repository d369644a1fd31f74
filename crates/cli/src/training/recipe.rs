//! What is trained, and on what: the flags that `train` and `doctor` share.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args as ClapArgs, ValueEnum};
use pair_sampler::SamplerConfig;
use speaker_model::{
    ComputeType, ContrastiveConfig, KlHingeConfig, LstmConfig, MOST_PAPER_CLASSES, Weighting,
};
use speech_data::Manifest;
use speech_data::store::Store;
use trainer::{RunDirectory, TrainConfig, TrainData};

use super::shipped;
use super::sounds::SoundArgs;
use crate::context::Global;
use crate::fault::usage;
use crate::stdin;
use crate::tables::{PipeArgs, TableReading, folder_and_table};

/// Recordings and configuration of a training.
#[derive(ClapArgs, Debug)]
pub(crate) struct Recipe {
    /// Folder of recordings: `<speaker>/<utterance>`, `<speaker>/<session>/<utterance>`, or whatever `--split` lists; a
    /// store; or a table itself, whose paths start from its own folder [default: the built-in voices]
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// Table of the recordings (path, speaker, split, …); rows whose split is `train` are trained on
    #[arg(long, requires = "data")]
    pub(crate) split: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) pipes: PipeArgs,
    /// Keep only training rows whose column has one of these values, e.g. `corpus=sc,msc`
    #[arg(long = "filter", value_name = "COLUMN=VALUES", requires = "data")]
    pub(crate) filters: Vec<speech_data::Filter>,
    /// Trial lists of speakers that are not trained on; their mean EER chooses the best checkpoint
    /// [default: made from the split's `dev` rows, or from speakers held out]
    #[arg(long, num_args = 1.., value_name = "LIST", requires = "data")]
    pub(crate) trials: Vec<PathBuf>,
    /// A published training to start from
    #[arg(long, value_enum, conflicts_with = "config")]
    preset: Option<Preset>,
    /// A training configuration: a file, or the name of one that is built in, such as `thinned` (`configs/` of the source tree)
    #[arg(long, value_name = "FILE|NAME")]
    config: Option<PathBuf>,
    /// How batches are drawn
    #[arg(long, value_enum)]
    sampler: Option<SamplerName>,
    /// Speakers in a batch of the `pk` sampler [default: what the configuration says, or 25; no more than there are]
    #[arg(long, value_name = "P", value_parser = at_least_two)]
    batch_speakers: Option<usize>,
    /// Segments of each speaker in a batch of the `pk` sampler [default: what the configuration says, or 4]
    #[arg(long, value_name = "K", value_parser = at_least_two)]
    batch_segments: Option<usize>,
    /// Weight of same-speaker pairs in the loss: as counted in the batch, or half
    #[arg(long, value_enum)]
    weighting: Option<WeightingName>,
    /// Seed of everything random
    #[arg(long)]
    seed: Option<u64>,
    /// Training steps at most
    #[arg(long)]
    max_steps: Option<u64>,
    /// Minutes of training steps at most; evaluations do not count
    #[arg(long)]
    max_minutes: Option<f64>,
    /// Steps between two evaluations
    #[arg(long)]
    eval_every: Option<u64>,
    #[command(flatten)]
    sounds: SoundArgs,
    /// A model to learn from, a run or a bundle: the losses `teacher_cosine` and `teacher_contrastive` compare with what it makes of
    /// the training recordings (docs/teacher.md)
    #[arg(long, value_name = "MODEL")]
    pub(crate) teacher: Option<PathBuf>,
    /// A model to go on from, a run or a bundle: its encoder's weights are taken where name and sizes agree; without `--config` front
    /// end and encoder are its own (docs/onward.md)
    #[arg(long, value_name = "MODEL")]
    pub(crate) init: Option<PathBuf>,
    /// Recordings without speakers, which the teacher alone says something of: folders, tables, stores; may be given several times
    #[arg(long, value_name = "DIR", requires = "teacher")]
    pub(crate) unlabelled: Vec<PathBuf>,
    /// Directory of cached features, samples and a teacher's vectors, which runs may share [default: the user's cache directory]
    #[arg(long)]
    pub(crate) cache: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Preset {
    /// Stadelmann et al. (ANNPR 2018): two BLSTM layers of 256, all pairs of 100 segments
    Paper,
    /// The question's network, mended: two BLSTM layers of 128, 64 explicit pairs
    Question,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SamplerName {
    /// Segments drawn uniformly over the utterances, as in the paper
    Uniform,
    /// P speakers with K segments each
    Pk,
    /// Explicit pairs, as in the question
    Pairs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum WeightingName {
    /// Every pair alike, as in the paper
    AsCounted,
    /// Same-speaker pairs weigh half, whatever the batch
    Balanced,
}

/// A number of speakers or segments that pairs can be made of.
fn at_least_two(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 2..) => Ok(number),
        _ => Err("a whole number of at least 2 is needed, or a batch has no pair".to_owned()),
    }
}

impl Recipe {
    /// The folder or store of recordings and the table that lists them, where recordings are given.
    pub(crate) fn folder_and_table(&self) -> Result<Option<(PathBuf, Option<PathBuf>)>> {
        let data = self.data.as_deref();
        data.map(|data| folder_and_table(data, self.split.as_deref()))
            .transpose()
    }

    /// How their table is read.
    pub(crate) fn reading(&self) -> Result<TableReading> {
        self.pipes.reading(
            [&self.data, &self.split]
                .into_iter()
                .flatten()
                .map(PathBuf::as_path),
        )
    }
}

/// `config` for recordings that it was not written for: batches are of one group only where the recordings have such
/// groups, and of no more speakers than the smallest group has.
fn fitted(mut config: TrainConfig, train: &Manifest) -> TrainConfig {
    config.group_by = config
        .group_by
        .filter(|by| train.columns().contains(&by.column.as_str()));
    let smallest = smallest_group(&config, train);
    if let SamplerConfig::Pk { speakers, .. } = &mut config.sampler {
        *speakers = smallest.clamp(2, *speakers);
    }
    for speakers in config
        .stages
        .iter_mut()
        .filter_map(|stage| stage.speakers.as_mut())
    {
        *speakers = smallest.clamp(2, *speakers);
    }
    config
}

/// Speakers of the smallest group that batches are of.
fn smallest_group(config: &TrainConfig, train: &Manifest) -> usize {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for utterance in &train.utterances {
        let column = config.group_by.as_ref().map(|by| by.column.as_str());
        let group = column.and_then(|column| utterance.column(column));
        let speakers = groups.entry(group.unwrap_or("-")).or_default();
        speakers.insert(&utterance.speaker);
    }
    groups.values().map(BTreeSet::len).min().unwrap_or(0)
}

/// The configuration that file, preset or the one that `run` began with give, with what the command line says on top.
pub(crate) fn configuration(
    args: &Recipe,
    global: &Global,
    data: &TrainData,
    is_default: bool,
    run: Option<&Path>,
) -> Result<TrainConfig> {
    let TrainData { train, initial, .. } = data;
    let mut config = match (&args.config, args.preset, run) {
        (Some(path), ..) => match shipped::name(path) {
            Some(name) => shipped::config(name)?,
            None => TrainConfig::read(&stdin::as_file(path, "a configuration")?)?,
        },
        (None, Some(Preset::Paper), _) => TrainConfig::paper(train.speakers().len()),
        (None, Some(Preset::Question), _) => TrainConfig::question(),
        (None, None, Some(run)) => RunDirectory::new(run).configuration()?,
        (None, None, None) if initial.is_some() => fitted(TrainConfig::onward(), train),
        (None, None, None) if is_default => shipped::config("voices")?,
        (None, None, None) => fitted(shipped::config("best")?, train),
    };
    if let (None, None, Some(initial)) = (&args.config, run, initial) {
        config = config.of_encoder(initial);
    }
    // The sampler that the configuration has already keeps its settings.
    config.sampler = match (args.sampler, config.sampler) {
        (None, sampler)
        | (Some(SamplerName::Uniform), sampler @ SamplerConfig::Uniform { .. })
        | (Some(SamplerName::Pk), sampler @ SamplerConfig::Pk { .. })
        | (Some(SamplerName::Pairs), sampler @ SamplerConfig::Pairs { .. }) => sampler,
        (Some(SamplerName::Uniform), _) => SamplerConfig::Uniform { segments: 100 },
        (Some(SamplerName::Pk), _) => SamplerConfig::Pk {
            speakers: smallest_group(&config, train).clamp(2, 25),
            segments: 4,
        },
        (Some(SamplerName::Pairs), _) => TrainConfig::question().sampler,
    };
    batch_size(args, &mut config)?;
    if let Some(weighting) = args.weighting {
        let weighting = match weighting {
            WeightingName::AsCounted => Weighting::AsCounted,
            WeightingName::Balanced => Weighting::Balanced,
        };
        if let Some(loss) = config.loss.downcast_mut::<KlHingeConfig>() {
            loss.weighting = weighting;
        } else if let Some(loss) = config.loss.downcast_mut::<ContrastiveConfig>() {
            loss.weighting = weighting;
        } else {
            return Err(usage(
                "`--weighting` belongs to the losses `kl_hinge` and `contrastive`, and the configuration has another",
                "leave it out",
            ));
        }
    }
    args.sounds.apply(&mut config)?;
    config.precision = global.precision.map_or(config.precision, ComputeType::from);
    config.seed = args.seed.unwrap_or(config.seed);
    config.max_steps = args.max_steps.unwrap_or(config.max_steps);
    config.max_minutes = args.max_minutes.or(config.max_minutes);
    config.eval_every = args.eval_every.unwrap_or(config.eval_every);
    config.validate()?;
    Ok(config)
}

impl Recipe {
    /// What is told of a preset that these recordings do not get to the letter, and of a flag that they take no notice of.
    pub(crate) fn notes(&self, train: &Manifest) -> Vec<String> {
        let head = match self.preset {
            Some(Preset::Paper) => bounded_head(train.speakers().len()),
            _ => None,
        };
        let of_store = self.data.as_deref().is_some_and(Store::is_store);
        let cache = (self.cache.is_some() && of_store).then(|| {
            "`--cache` keeps features of files; those of the packed store are computed from it"
                .to_owned()
        });
        let sounds = self.sounds.note();
        let encoder = (self.preset.is_some() && self.init.is_some()).then(|| {
            "front end and encoder are those of `--init`; the preset gives loss, batches and optimiser".to_owned()
        });
        head.into_iter()
            .chain(cache)
            .chain(sounds)
            .chain(encoder)
            .collect()
    }
}

/// What is told of a precision that the network takes no notice of, and of changes of recordings that there are none of.
pub(crate) fn idle_settings(config: &TrainConfig, global: &Global) -> Vec<String> {
    let is_recurrent = config.encoder.trunk.downcast_ref::<LstmConfig>().is_some();
    let precision = (global.precision.is_some() && !is_recurrent).then(|| {
        "`--precision` is about recurrent layers, and this network has none: it computes in 32 bits"
            .to_owned()
    });
    let says_when =
        config.augment_from_step > 0 || config.stages.iter().any(|stage| stage.augment.is_some());
    let changes_nothing = config.augment.is_none() && config.samples.is_none();
    let changes = (says_when && changes_nothing).then(|| {
        "the configuration says when recordings are changed (`augment_from_step`, `augment` of a stage), and has neither `[augment]` nor \
         `[samples]`: they stay as they are"
            .to_owned()
    });
    precision.into_iter().chain(changes).collect()
}

/// Why the paper's head is smaller than its rule says, where it is.
fn bounded_head(num_speakers: usize) -> Option<String> {
    (num_speakers > MOST_PAPER_CLASSES).then(|| {
        format!(
            "the paper's head has 10n, 5n and n units for n speakers; for these {num_speakers} n is {MOST_PAPER_CLASSES}, \
             since the number of weights grows with its square"
        )
    })
}

/// `--batch-speakers` and `--batch-segments`.
fn batch_size(args: &Recipe, config: &mut TrainConfig) -> Result<()> {
    let flag = match (args.batch_speakers, args.batch_segments) {
        (None, None) => return Ok(()),
        (Some(_), _) => "--batch-speakers",
        (None, Some(_)) => "--batch-segments",
    };
    let SamplerConfig::Pk { speakers, segments } = &mut config.sampler else {
        return Err(usage(
            format!("`{flag}` is for the `pk` sampler, and this training has another one"),
            "add `--sampler pk`",
        ));
    };
    *speakers = args.batch_speakers.unwrap_or(*speakers);
    *segments = args.batch_segments.unwrap_or(*segments);
    // What the command line says holds from the first step to the last.
    for stage in &mut config.stages {
        stage.speakers = stage.speakers.filter(|_| args.batch_speakers.is_none());
        stage.segments = stage.segments.filter(|_| args.batch_segments.is_none());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use speech_data::Utterance;
    use trainer::{StageConfig, StageStart};

    use super::*;

    fn speakers(number: usize, corpus: Option<&str>) -> Manifest {
        let utterances = (0..2 * number).map(|i| {
            let mut utterance = Utterance::new(
                format!("s{}/{i}.wav", i / 2),
                "x.wav",
                format!("s{}", i / 2),
            );
            if let Some(corpus) = corpus {
                utterance
                    .columns
                    .insert("corpus".to_owned(), corpus.to_owned());
            }
            utterance
        });
        Manifest::new("root", utterances.collect())
    }

    #[test]
    fn the_bound_of_the_papers_head_is_told() {
        let note = bounded_head(7_205).unwrap();
        assert!(
            note.contains("7205") && note.contains("n is 1000"),
            "{note}"
        );
        assert_eq!(bounded_head(MOST_PAPER_CLASSES), None);
    }

    #[test]
    fn the_default_training_fits_few_speakers_and_data_without_corpora() {
        let best = || shipped::config("best").unwrap();
        let batch = |config: &TrainConfig| match config.sampler {
            SamplerConfig::Pk { speakers, .. } => speakers,
            _ => 0,
        };
        let few = fitted(best(), &speakers(5, None));
        assert_eq!((batch(&few), few.group_by), (5, None));
        let mut staged = best();
        staged.stages = vec![StageConfig {
            from: StageStart::Share(0.8),
            crop_frames: None,
            speakers: Some(32),
            segments: None,
            augment: None,
        }];
        let few = fitted(staged, &speakers(5, None));
        assert_eq!(few.stages[0].speakers, Some(5));
        let many = fitted(best(), &speakers(60, Some("a")));
        assert_eq!(many, best());
        assert!(many.group_by.is_some());
    }
}
