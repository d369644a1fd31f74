//! Which recordings are trained on, and which trials watch over it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use pair_sampler::{MakeTrials, make_trials};
use siamang::{Compute, Given, Model, TrialSource, gather_with};
use speech_data::store::Store;
use speech_data::{
    DataError, FaultyRows, Filter, Manifest, Problem, ReadOptions, Root, Speakers, TrialList,
    Utterance, ValidateOptions, column, split,
};
use trainer::{Initial, RunDirectory, Teacher, TrainData};

use super::recipe::Recipe;
use super::shipped::voices;
use crate::console::counted;
use crate::fault::fault;
use crate::model;
use crate::tables::TableReading;
use crate::trials::read_list;

/// The recordings of a training.
pub(crate) struct Source {
    pub(crate) data: TrainData,
    /// Whether these are the voices that come with siamang.
    pub(crate) is_default: bool,
    /// Speakers and trials that nothing was chosen by, where the data has them.
    pub(crate) test: Option<TestData>,
    /// What was left out, and what is odd about the rest.
    pub(crate) warnings: Vec<Problem>,
    /// How names of trial lists were matched.
    pub(crate) notes: Vec<String>,
    /// What seems to belong to recordings without labels, and is not among them.
    pub(crate) left_out: Vec<String>,
    /// How the table was read.
    pub(crate) reading: TableReading,
}

/// Recordings of speakers that are only tested on.
pub(crate) struct TestData {
    pub(crate) trials: TrialList,
    pub(crate) manifest: Manifest,
    pub(crate) dev_manifest: Manifest,
}

/// Speakers that are held out where nothing says which: a tenth, but at least and at most these.
const HELD_OUT: std::ops::RangeInclusive<usize> = 4..=40;

/// Reads what `args` name; the model that a training begins with only where it `begins`.
pub(crate) fn read(args: &Recipe, device: &str, begins: bool) -> Result<Source> {
    let mut source = match args.folder_and_table()? {
        Some((root, table)) => read_own(args, &root, table.as_deref(), args.reading()?)?,
        None => read_voices()?,
    };
    let teacher = args.teacher.as_deref();
    source.data.teacher = teacher.map(|path| teacher_at(path, device)).transpose()?;
    let initial = args.init.as_deref().filter(|_| begins);
    source.data.initial = initial.map(|path| initial_at(path, device)).transpose()?;
    if !args.unlabelled.is_empty() {
        source.add_unlabelled(&args.unlabelled, &args.reading()?)?;
    }
    Ok(source)
}

impl Source {
    /// Adds the recordings of `--unlabelled`, whoever speaks in them.
    fn add_unlabelled(&mut self, paths: &[PathBuf], reading: &TableReading) -> Result<()> {
        let given = paths.iter().cloned().map(Given::Path).collect();
        let options = ReadOptions {
            speakers: Speakers::Optional,
            faulty: FaultyRows::LeaveOut,
            ..reading.options()
        };
        let gathered = gather_with(given, &[], &options)?;
        let about = |text: String| format!("`--unlabelled`: {text}");
        self.notes.extend(gathered.warnings.into_iter().map(about));
        self.left_out
            .extend(gathered.left_out.into_iter().map(about));
        let utterances = gathered.inputs.into_iter().map(|input| Utterance {
            location: input.location,
            ..Utterance::new(input.id.clone(), input.id.clone(), input.id)
        });
        let root = paths.first().cloned().unwrap_or_default();
        self.data.unlabelled = Some(Manifest::new(root, utterances.collect()));
        Ok(())
    }
}

/// The model of `--teacher`.
fn teacher_at(path: &Path, device: &str) -> Result<Teacher> {
    let (model, name) = model_at(path, "--teacher", device)?;
    Ok(Teacher::new(model.bundle(), name, model.hash()?))
}

/// The model of `--init`: of a run the best one, as the run trained it.
fn initial_at(path: &Path, device: &str) -> Result<Initial> {
    let (model, name) = model_at(path, "--init", device)?;
    let initial = Initial::new(model.bundle(), name, model.hash()?)?;
    let run = RunDirectory::new(path);
    Ok(match run.has_checkpoint() {
        true => run.as_trained(initial)?,
        false => initial,
    })
}

/// Refuses a model of `--init` other than the one that the run in `out` began with: a run that goes on does not read it again. What
/// to say where it is not there any more.
pub(crate) fn check_began_with(path: &Path, out: &Path, device: &str) -> Result<Option<String>> {
    let refused = |found: String| {
        Err(fault(
            format!("{}: {found}", out.display()),
            "leave `--init` out to go on with the run, or start another `--out`",
        ))
    };
    let Some((name, hash)) = RunDirectory::new(out).began_with()? else {
        return refused("the run began with new weights, and `--init` names a model".to_owned());
    };
    let Ok((model, named)) = model_at(path, "--init", device) else {
        return Ok(Some(format!(
            "`--init`: there is no model at `{}`; the run began with {name}, and goes on without it",
            path.display()
        )));
    };
    if model.hash()? == hash {
        return Ok(None);
    }
    refused(format!(
        "the run began with the weights of {name}, and `--init` names another model, {named}"
    ))
}

/// The model that a flag names, and the name of its folder: a path is of one machine.
fn model_at(path: &Path, flag: &str, device: &str) -> Result<(Model, String)> {
    let compute = Compute {
        device: device.to_owned(),
        ..Compute::default()
    };
    let model = model::open(path, flag, compute)?;
    let whole = path.canonicalize();
    let name = whole.as_deref().unwrap_or(path).file_name();
    let name = name.map_or_else(|| model.name(), |name| name.to_string_lossy().into_owned());
    Ok((model, name))
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
            teacher: None,
            initial: None,
            unlabelled: None,
            yardstick: None,
            listener: None,
        },
        is_default: true,
        test: Some(TestData {
            trials: TrialList::read(&root.join("trials/test.txt"))?,
            manifest: part(split::TEST)?,
            dev_manifest: part(split::DEV)?,
        }),
        warnings: Vec::new(),
        notes: Vec::new(),
        left_out: Vec::new(),
        reading: TableReading::default(),
    })
}

/// The rows of one split.
fn is_in(split: &str) -> Result<Filter, DataError> {
    format!("{}={split}", column::SPLIT).parse()
}

fn read_own(
    args: &Recipe,
    root: &Path,
    table: Option<&Path>,
    reading: TableReading,
) -> Result<Source> {
    let manifest = Manifest::open_with(root, table, &reading.options())?;
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
    let mut notes: Vec<String> = unused_splits(&manifest).into_iter().collect();
    let train = train.filter(&args.filters)?;
    let dev = held_out.as_ref().filter(|_| args.trials.is_empty());
    enough(root, &manifest, &train, dev, has_splits)?;
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
        vec![trials_of(held_out)?]
    } else {
        let lists = args.trials.iter().map(|path| read_list(path));
        let lists: Vec<TrialList> = lists.collect::<Result<_>>()?;
        let (lists, note) = spelled_as_recordings(&lists, root, &manifest)?;
        notes.extend(note);
        lists
    };
    Ok(Source {
        data: TrainData {
            train,
            dev,
            dev_manifest: held_out,
            dev_root: root.to_owned(),
            description: description(args, root, table),
            teacher: None,
            initial: None,
            unlabelled: None,
            yardstick: None,
            listener: None,
        },
        is_default: false,
        test: None,
        warnings: report.warnings,
        notes,
        left_out: Vec::new(),
        reading,
    })
}

/// The lists with the names that the recordings of `manifest` and those below `root` have, and a sentence on those that were
/// spelled otherwise. Names that no recording fits, or more than one, are refused.
fn spelled_as_recordings(
    lists: &[TrialList],
    root: &Path,
    manifest: &Manifest,
) -> Result<(Vec<TrialList>, Option<String>)> {
    let names = lists.iter().flat_map(TrialList::utterances).collect();
    let source = TrialSource::of(Root::open(root)?, manifest.clone());
    let (_, naming) = source.inputs(&names);
    if let Some(missing) = &naming.missing {
        return Err(fault(
            format!("the trials of `--trials` name recordings that are not there: {missing}"),
            "correct the names, or leave these trials out; a training is chosen by all of its development trials",
        ));
    }
    let lists = lists.iter().map(|list| naming.applied(list));
    Ok((lists.collect::<Result<_, _>>()?, naming.note))
}

/// The data in words, for the bundle: names, not paths of one machine.
fn description(args: &Recipe, root: &Path, table: Option<&Path>) -> String {
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let mut words = name(root).unwrap_or_else(|| "recordings".to_owned());
    if let Some(split) = table.and_then(name) {
        words += &format!(", train rows of {split}");
    }
    for filter in &args.filters {
        words += &format!(", {filter}");
    }
    words
}

/// Splits of which a training makes nothing, since they are called otherwise than those that it knows.
fn unused_splits(manifest: &Manifest) -> Option<String> {
    let mut unused: BTreeMap<&str, usize> = BTreeMap::new();
    for utterance in &manifest.utterances {
        match utterance.split.as_deref() {
            Some(split::TRAIN | split::DEV | split::TEST) => {}
            Some(other) => *unused.entry(other).or_default() += 1,
            None => *unused.entry("-").or_default() += 1,
        }
    }
    let is_without = unused.len() == 1 && unused.get("-") == Some(&manifest.utterances.len());
    if unused.is_empty() || is_without {
        return None;
    }
    let counts = unused
        .iter()
        .map(|(name, count)| format!("`{name}` ({})", counted(*count, "recording")));
    Some(format!(
        "nothing is made of the splits {}: `{}` is trained on, `{}` chooses the best model",
        counts.collect::<Vec<_>>().join(", "),
        split::TRAIN,
        split::DEV
    ))
}

/// The recordings that are not trained on, where there are any.
fn rest(manifest: &Manifest, train: &Manifest) -> Option<Manifest> {
    let others = manifest.utterances.iter();
    let others = others.filter(|utterance| train.find(&utterance.id).is_none());
    let others: Vec<_> = others.cloned().collect();
    (!others.is_empty()).then(|| Manifest::new(&manifest.root, others))
}

/// Speakers that a training needs, and as many its development trials.
const LEAST_SPEAKERS: usize = 2;

/// Speakers of `manifest`, and those of them with at least two recordings, who alone can make a pair of one speaker.
fn count_speakers(manifest: &Manifest) -> (usize, Vec<&str>) {
    let mut recordings: BTreeMap<&str, usize> = BTreeMap::new();
    for utterance in &manifest.utterances {
        *recordings.entry(&utterance.speaker).or_default() += 1;
    }
    let num_speakers = recordings.len();
    recordings.retain(|_, count| *count >= 2);
    (num_speakers, recordings.into_keys().collect())
}

/// Refuses recordings that leave too few speakers to train on, or to make the development trials of (`dev`) where they are
/// made: with how many there are, how many are held out, how many are needed and the way out.
fn enough(
    root: &Path,
    all: &Manifest,
    train: &Manifest,
    dev: Option<&Manifest>,
    has_splits: bool,
) -> Result<()> {
    let (num_train, _) = count_speakers(train);
    let (num_dev, dev_pairs) = dev.map(count_speakers).unwrap_or_default();
    let dev_is_short = dev.is_some() && (num_dev < LEAST_SPEAKERS || dev_pairs.is_empty());
    if num_train >= LEAST_SPEAKERS && !dev_is_short {
        return Ok(());
    }
    let (num_all, all_pairs) = count_speakers(all);
    let found = format!(
        "{}: {}, {} of them with two recordings or more",
        root.display(),
        counted(num_all, "speaker"),
        all_pairs.len()
    );
    let parts = match (dev, has_splits) {
        (None, _) => format!("{num_train} to train on"),
        (Some(_), true) => format!("{num_train} to train on and {num_dev} to develop on"),
        (Some(_), false) => format!(
            "{num_dev} held out for the development trials, which leaves {num_train} to train on"
        ),
    };
    let needed = match dev {
        None => format!("a training needs {LEAST_SPEAKERS} speakers"),
        Some(_) => format!(
            "a training needs {LEAST_SPEAKERS} speakers, and its development trials {LEAST_SPEAKERS} others, of whom one at least \
             has two recordings"
        ),
    };
    Err(fault(
        format!("{found}; {parts}; {needed}"),
        "add recordings of more speakers, or say what is held out: `--trials LIST` names trials of other speakers, so that none \
         of these is held out, and the `dev` rows of a table that is given with `--split` are those to develop on",
    ))
}

/// Development trials among `held_out`: across sessions and within a gender, or as near to that as these speakers allow.
fn trials_of(held_out: &Manifest) -> Result<TrialList> {
    let strict = MakeTrials::default();
    let tries = [(true, true), (false, true), (true, false), (false, false)];
    let mut tried = tries.map(|(across_sessions, same_gender)| {
        let options = MakeTrials {
            across_sessions,
            same_gender,
            ..strict.clone()
        };
        Some(make_trials(held_out, &options))
    });
    let made = tried
        .iter_mut()
        .find_map(|one| one.take_if(|one| one.is_ok()));
    let last = tried.into_iter().next_back().flatten();
    match made.or(last) {
        Some(made) => Ok(made?),
        None => bail!("no development trials can be made"),
    }
}

/// Every n-th speaker in the order of their names is held out, of those with two recordings or more: the others make no pair
/// of one speaker.
fn hold_out(manifest: &Manifest) -> (Manifest, Manifest) {
    let (num_speakers, eligible) = count_speakers(manifest);
    let wanted = (num_speakers / 10).clamp(*HELD_OUT.start(), *HELD_OUT.end());
    let mut stride = (eligible.len() / wanted).max(2);
    if eligible.len() < 2 * LEAST_SPEAKERS && num_speakers >= eligible.len() + LEAST_SPEAKERS {
        // The speakers of one recording are enough to train on.
        stride = 1;
    }
    let is_held_out = |speaker: &str| {
        eligible
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Speakers with so many recordings each.
    fn manifest(recordings: &[usize]) -> Manifest {
        let of = |(speaker, &count): (usize, &usize)| {
            (0..count).map(move |take| {
                let id = format!("s{speaker:02}/{take}.wav");
                Utterance::new(id.clone(), id, format!("s{speaker:02}"))
            })
        };
        Manifest::new(
            "corpus",
            recordings.iter().enumerate().flat_map(of).collect(),
        )
    }

    fn refused(recordings: &[usize]) -> String {
        let all = manifest(recordings);
        let (train, dev) = hold_out(&all);
        let result = enough(Path::new("corpus"), &all, &train, Some(&dev), false);
        result.map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn splits_of_other_names_are_told() {
        let mut all = manifest(&[2, 2, 2]);
        assert_eq!(unused_splits(&all), None);
        for (utterance, name) in all
            .utterances
            .iter_mut()
            .zip(["train", "TRAIN", "valid", "valid", "dev", "test"])
        {
            utterance.split = Some(name.to_owned());
        }
        let said = unused_splits(&all).unwrap();
        assert!(
            said.contains(
                "the splits `TRAIN` (1 recording), `valid` (2 recordings): `train` is trained on"
            ),
            "{said}"
        );
        all.utterances
            .iter_mut()
            .for_each(|utterance| utterance.split = Some("train".to_owned()));
        all.utterances[3].split = None;
        assert!(unused_splits(&all).unwrap().contains("`-` (1 recording)"));
    }

    #[test]
    fn too_few_speakers_are_counted_with_who_is_held_out_and_who_is_needed() {
        let two = refused(&[5, 5]);
        for part in [
            "2 speakers, 2 of them",
            "1 held out",
            "leaves 1 to train",
            "needs 2 speakers",
        ] {
            assert!(two.contains(part), "{part}: {two}");
        }
        let three = refused(&[5, 5, 5]);
        assert!(
            three.contains("1 held out") && !three.contains("gender"),
            "{three}"
        );
        let single = refused(&[1; 10]);
        assert!(single.contains("10 speakers, 0 of them"), "{single}");
        assert_eq!(refused(&[3; 4]), "");
    }

    #[test]
    fn who_makes_no_pair_is_not_held_out() {
        // Two speakers with pairs beside many without: both are held out, the others are trained on.
        let (train, dev) = hold_out(&manifest(&[1, 1, 1, 4, 1, 4, 1]));
        assert_eq!(dev.speakers(), ["s03", "s05"]);
        assert_eq!(train.speakers().len(), 5);
        assert_eq!(refused(&[1, 1, 1, 4, 1, 4, 1]), "");
        // Where all have pairs, it is every n-th of all.
        let (_, dev) = hold_out(&manifest(&[2; 50]));
        assert_eq!(dev.speakers(), ["s09", "s19", "s29", "s39", "s49"]);
    }
}
