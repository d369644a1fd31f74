//! Which recordings are trained on, and which trials watch over it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use pair_sampler::{MakeTrials, make_trials};
use speech_data::store::Store;
use speech_data::{
    DataError, Filter, Manifest, Problem, TrialList, ValidateOptions, column, split,
};
use trainer::TrainData;

use super::recipe::Recipe;
use super::shipped::voices;

/// The recordings of a training.
pub(crate) struct Source {
    pub(crate) data: TrainData,
    /// Whether these are the voices that come with siamang.
    pub(crate) is_default: bool,
    /// Speakers and trials that nothing was chosen by, where the data has them.
    pub(crate) test: Option<TestData>,
    /// What was left out, and what is odd about the rest.
    pub(crate) warnings: Vec<Problem>,
}

/// Recordings of speakers that are only tested on.
pub(crate) struct TestData {
    pub(crate) trials: TrialList,
    pub(crate) manifest: Manifest,
    pub(crate) dev_manifest: Manifest,
}

/// Speakers that are held out where nothing says which: a tenth, but at least and at most these.
const HELD_OUT: std::ops::RangeInclusive<usize> = 4..=40;

pub(crate) fn read(args: &Recipe) -> Result<Source> {
    match &args.data {
        Some(root) => read_own(args, root),
        None => read_voices(),
    }
}

fn read_voices() -> Result<Source> {
    let root = voices()?;
    let manifest = Manifest::read(&root, None)?;
    let part = |split: &str| Ok::<_, anyhow::Error>(manifest.filter(&[is_in(split)?])?);
    Ok(Source {
        data: TrainData {
            train: part(split::TRAIN)?,
            dev: vec![TrialList::read(&root.join("trials/dev.txt"))?],
            dev_manifest: Some(part(split::DEV)?),
            dev_root: root.clone(),
            description: "the synthesised voices that come with siamang".to_owned(),
        },
        is_default: true,
        test: Some(TestData {
            trials: TrialList::read(&root.join("trials/test.txt"))?,
            manifest: part(split::TEST)?,
            dev_manifest: part(split::DEV)?,
        }),
        warnings: Vec::new(),
    })
}

/// The rows of one split.
fn is_in(split: &str) -> Result<Filter, DataError> {
    format!("{}={split}", column::SPLIT).parse()
}

fn read_own(args: &Recipe, root: &Path) -> Result<Source> {
    let manifest = Manifest::open(root, args.split.as_deref())?;
    let has_splits = manifest.utterances.iter().any(|u| u.split.is_some());
    let (train, held_out) = if has_splits {
        let part = |split: &str| manifest.filter(&[is_in(split)?]);
        match (part(split::TRAIN)?, part(split::DEV).ok()) {
            // Corpora such as VoxCeleb have no third part to develop on.
            (train, None) if args.trials.is_empty() => {
                let (train, held_out) = hold_out(&train);
                (train, Some(held_out))
            }
            parts => parts,
        }
    } else if args.trials.is_empty() {
        let (train, held_out) = hold_out(&manifest);
        (train, Some(held_out))
    } else {
        (manifest.clone(), None)
    };
    let train = train.filter(&args.filters)?;
    // Who speaks in recordings that are named by trials but not trained on, where the table says.
    let held_out = held_out.or_else(|| rest(&manifest, &train));
    let report = train.validate(&ValidateOptions {
        disjoint_speakers: false,
        // A store knows what it holds.
        check_files: !Store::is_store(root),
        ..ValidateOptions::default()
    });
    if !report.is_ok() {
        bail!("{}: the training data has errors\n{report}", root.display());
    }
    let dev = if args.trials.is_empty() {
        let held_out = held_out.as_ref().with_context(
            || "no development trials: give `--trials`, or a split with `dev` rows",
        )?;
        vec![make_trials(held_out, &MakeTrials::default()).or_else(|_| {
            // Speakers with one session each have no pair across sessions.
            make_trials(
                held_out,
                &MakeTrials {
                    across_sessions: false,
                    ..MakeTrials::default()
                },
            )
        })?]
    } else {
        args.trials
            .iter()
            .map(|path| TrialList::read(path))
            .collect::<Result<_, _>>()?
    };
    Ok(Source {
        data: TrainData {
            train,
            dev,
            dev_manifest: held_out,
            dev_root: root.to_owned(),
            description: description(args, root),
        },
        is_default: false,
        test: None,
        warnings: report.warnings,
    })
}

/// The data in words, for the bundle: names, not paths of one machine.
fn description(args: &Recipe, root: &Path) -> String {
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let mut words = name(root).unwrap_or_else(|| "recordings".to_owned());
    if let Some(split) = args.split.as_deref().and_then(name) {
        words += &format!(", train rows of {split}");
    }
    for filter in &args.filters {
        words += &format!(", {filter}");
    }
    words
}

/// The recordings that are not trained on, where there are any.
fn rest(manifest: &Manifest, train: &Manifest) -> Option<Manifest> {
    let others = manifest.utterances.iter();
    let others = others.filter(|utterance| train.find(&utterance.id).is_none());
    let others: Vec<_> = others.cloned().collect();
    (!others.is_empty()).then(|| Manifest::new(&manifest.root, others))
}

/// Every n-th speaker in the order of their names is held out.
fn hold_out(manifest: &Manifest) -> (Manifest, Manifest) {
    let speakers = manifest.speakers();
    let wanted = (speakers.len() / 10).clamp(*HELD_OUT.start(), *HELD_OUT.end());
    let stride = (speakers.len() / wanted).max(2);
    let is_held_out = |speaker: &str| {
        speakers
            .binary_search(&speaker)
            .is_ok_and(|index| index % stride == stride - 1)
    };
    let (held_out, train) = manifest
        .utterances
        .iter()
        .cloned()
        .partition::<Vec<_>, _>(|utterance| is_held_out(&utterance.speaker));
    (
        manifest.with_utterances(train),
        manifest.with_utterances(held_out),
    )
}
