//! `siamang calibrate`: what a model's scores mean, from labelled trials.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;
use siamang::{
    CalibrationTrials, Centre, EmbeddingSet, Input, LEAST_SPEECH_S, Model, Skipped, SpeechDetector,
    TrialSource, calibrate, loud_cuts, speakers_of_trials, strangers,
};
use speaker_model::{CalibratedOn, ModelCalibration};
use speaker_scoring::{Cohort, EmbeddingMatrix, RegressionSettings};
use speech_data::{Filter, Manifest, TrialList};

use crate::console::{Console, counted, print_json, print_text};
use crate::context::{Context, ModelArgs};
use crate::fault::{ExitStatus, fault, usage};
use crate::few::Few;
use crate::model;
use crate::recordings::gather;
use crate::tables::{PipeArgs, TableArgs};
use crate::trials::{read_list, say_of_table, warn_of_overlap};

const EXAMPLES: &str = "\
Examples:
  siamang calibrate --trials dev.txt --root corpus --out calibrated
  siamang calibrate --model campplus --trials dev.*.txt --root corpus --cohort strangers/ --out campplus-calibrated
  siamang calibrate --trials dev.txt --root corpus --also-root noisy --also-root telephone --out calibrated
  siamang verify --model calibrated a.wav b.wav

The new folder is the same model with its calibration: `verify` and `identify` then answer with a
log-likelihood ratio, and `eval` says what the ratios are worth. Take recordings like those that will
be judged, of speakers whom the model was not trained on: thirty speakers are few, a hundred are good.
Each list is judged by a calibration of the others as well (`left out`): that is what to expect of
recordings of another kind. Beside the recordings as they are, cuts of 0.4 to 1.5 s of them are used,
so that the ratios know what little speech is worth.";

/// Find out what a model's scores mean, from labelled trials.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Trial lists of speakers that the model was not trained on; all lists count alike.
    #[arg(long, value_name = "LIST", num_args = 1.., required = true)]
    trials: Vec<PathBuf>,
    /// Folder or store that the lists' paths start from.
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// A further copy of the recordings, below other folders: with noise, through a telephone.
    #[arg(long, value_name = "DIR")]
    also_root: Vec<PathBuf>,
    /// Table with the speakers (and the paths, where the lists have other names for recordings).
    #[arg(long, value_name = "FILE")]
    split: Option<PathBuf>,
    /// Leave out the cuts of the recordings.
    #[arg(long)]
    no_cuts: bool,
    /// Recordings of strangers, beside whom scores are seen (AS-norm): folders, stores, tables [default: those of the model's
    /// own calibration, if it has one].
    #[arg(long, value_name = "PATHS", num_args = 1..)]
    cohort: Vec<PathBuf>,
    /// Rows of the cohort's tables to use, such as `split=train`.
    #[arg(long, value_name = "COLUMN=VALUES", requires = "cohort")]
    cohort_filter: Vec<Filter>,
    /// How many of the strangers count, the nearest to each recording.
    #[arg(long, value_name = "N", default_value_t = 200)]
    cohort_top: usize,
    /// See scores as they are, without strangers.
    #[arg(long, conflicts_with = "cohort")]
    no_cohort: bool,
    /// Prior at which the ratios are to be most exact, above 0 and below 1.
    #[arg(long, value_name = "PRIOR", default_value_t = RegressionSettings::default().prior)]
    prior: f64,
    /// What is added to the loss for large weights: half of this times their squares, in deviations.
    #[arg(long, value_name = "SHARE", default_value_t = 1e-3)]
    ridge: f64,
    /// Folder of the calibrated model.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    pipes: PipeArgs,
}

#[derive(Serialize)]
struct Report<'a> {
    out: String,
    model: String,
    /// Strangers, and how many of them count.
    cohort: Option<(usize, usize)>,
    #[serde(flatten)]
    fitted_on: &'a CalibratedOn,
    /// The weights of its terms, the constant, and from where to where ratios may lie.
    calibrator: &'a speaker_scoring::Calibrator,
    skipped: &'a [Skipped],
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    let settings = settings(args)?;
    let lists: Vec<TrialList> = args
        .trials
        .iter()
        .map(|path| read_list(path))
        .collect::<Result<_>>()?;
    let model = model::load(args.model.model.as_deref(), context)?;
    let mut work = Work {
        model: &model,
        console: &context.console,
        skipped: Vec::new(),
        sets: Vec::new(),
    };
    for (number, root) in std::iter::once(&args.root)
        .chain(&args.also_root)
        .enumerate()
    {
        work.embed_root(args, root, number, &lists)?;
    }
    let cohort = work.cohort(args)?;
    let groups: Vec<CalibrationTrials> = work
        .sets
        .iter()
        .flat_map(|one| {
            one.lists.iter().map(|list| CalibrationTrials {
                list,
                recordings: &one.recordings,
                is_cut: one.is_cut,
                set: &one.set,
            })
        })
        .collect();
    let calibration = calibrate(&groups, cohort, &settings).map_err(explained)?;
    let skipped = work.skipped;
    let (name, weights) = (model.name(), model.bundle().config().weights);
    let bundle = model.into_bundle().with_calibration(calibration.clone());
    bundle.save(&args.out, weights)?;
    let report = Report {
        out: args.out.display().to_string(),
        model: name,
        cohort: calibration
            .cohort
            .as_ref()
            .map(|(cohort, top)| (cohort.len(), *top)),
        fitted_on: &calibration.fitted_on,
        calibrator: &calibration.calibrator,
        skipped: &skipped,
    };
    match context.json {
        true => print_json(&report)?,
        false => print_text(&text(&calibration, &report.out))?,
    }
    Ok(match skipped.is_empty() {
        true => ExitStatus::Done,
        false => ExitStatus::SomeSkipped,
    })
}

fn settings(args: &Args) -> Result<RegressionSettings> {
    if !(args.prior > 0.0 && args.prior < 1.0) {
        return Err(usage(
            format!(
                "`--prior` is {}, expected a probability above 0 and below 1",
                args.prior
            ),
            "leave it out for even odds",
        ));
    }
    if !(args.ridge >= 0.0 && args.ridge.is_finite()) {
        return Err(usage(
            format!(
                "`--ridge` is {}, expected a number of at least 0",
                args.ridge
            ),
            "leave it out",
        ));
    }
    if args.cohort_top < 2 {
        return Err(usage(
            format!("`--cohort-top` is {}, expected at least 2", args.cohort_top),
            "a few hundred are usual; `--no-cohort` does without",
        ));
    }
    Ok(RegressionSettings {
        prior: args.prior,
        ridge: args.ridge,
    })
}

/// Recordings of lists, as they are or cut, with their embeddings.
struct Embedded {
    recordings: String,
    is_cut: bool,
    lists: Vec<TrialList>,
    set: EmbeddingSet,
}

struct Work<'a> {
    model: &'a Model,
    console: &'a Console,
    skipped: Vec<Skipped>,
    sets: Vec<Embedded>,
}

impl Work<'_> {
    /// Embeds what the lists name below `root`, and cuts of it.
    fn embed_root(
        &mut self,
        args: &Args,
        root: &Path,
        number: usize,
        lists: &[TrialList],
    ) -> Result<()> {
        let paths = [Some(root), args.split.as_deref()].into_iter().flatten();
        let reading = args.pipes.reading(paths)?;
        let table = table(args, root, number);
        let source = TrialSource::open(
            Some(root),
            table.as_deref(),
            &reading.without_faulty().options(),
        )?;
        say_of_table(&source, self.console);
        let names: BTreeSet<&str> = lists.iter().flat_map(TrialList::utterances).collect();
        let (inputs, naming) = source.inputs(&names);
        if let Some(note) = &naming.note {
            self.console.note(note);
        }
        let named = lists.iter().map(|list| naming.applied(list));
        let named = named.collect::<Result<Vec<_>, _>>()?;
        if number == 0 {
            for list in &named {
                self.warn_of_known(list, source.manifest());
            }
        }
        let name = root.display().to_string();
        self.embed(&inputs, named.clone(), name.clone(), false)?;
        if !args.no_cuts {
            let cuts = loud_cuts(&inputs, self.model.sample_rate_hz());
            self.embed(&cuts, named, format!("{name}, cut"), true)?;
        }
        Ok(())
    }

    fn warn_of_known(&self, list: &TrialList, manifest: Option<&Manifest>) {
        let speakers = speakers_of_trials(&list.trials, manifest);
        let what = format!("list `{}`", list.name);
        warn_of_overlap(self.model, speakers, &what, self.console);
    }

    fn embed(
        &mut self,
        inputs: &[Input],
        lists: Vec<TrialList>,
        recordings: String,
        is_cut: bool,
    ) -> Result<()> {
        let few = Few::new(self.console);
        let embedder = self.model.embedder(Centre::Model);
        let (set, skipped) = EmbeddingSet::embed(&embedder, inputs, SpeechDetector::Network, &few)?;
        let unheard = set
            .quality
            .iter()
            .flatten()
            .filter(|one| !one.is_heard())
            .count();
        if unheard > 0 {
            self.console.note(&format!(
                "{recordings}: {} with less than {LEAST_SPEECH_S} s of speech, whose trials are left out",
                counted(unheard, "recording")
            ));
        }
        self.skipped.extend(skipped);
        self.sets.push(Embedded {
            recordings,
            is_cut,
            lists,
            set,
        });
        Ok(())
    }

    /// The strangers: those that were named, one vector a speaker where speakers are known, or the model's own.
    fn cohort(&mut self, args: &Args) -> Result<Option<(Cohort, usize)>> {
        if args.no_cohort {
            return Ok(None);
        }
        if args.cohort.is_empty() {
            let own = self.model.calibration().and_then(|one| one.cohort.clone());
            if own.is_none() {
                self.console.note(
                    "no strangers were named with `--cohort`: scores are calibrated as they are, which holds less well for other recordings",
                );
            }
            return Ok(own.map(|(cohort, _)| (cohort, args.cohort_top)));
        }
        let recordings = gather(
            &args.cohort,
            &args.cohort_filter,
            &TableArgs::default(),
            self.console,
        )?;
        let embedder = self.model.embedder(Centre::Model);
        let few = Few::new(self.console);
        let (set, skipped) =
            EmbeddingSet::embed(&embedder, &recordings.inputs, SpeechDetector::Energy, &few)?;
        self.skipped.extend(skipped);
        let rows = strangers(&set);
        let judged: BTreeSet<&String> = self
            .sets
            .iter()
            .flat_map(|one| one.set.speakers.iter().flatten())
            .collect();
        let known = rows.keys().filter(|name| judged.contains(name)).count();
        if known > 0 {
            self.console.warn(&format!(
                "{} of the cohort {} in the trials, too: strangers should be nobody who is judged",
                counted(known, "speaker"),
                if known == 1 { "is" } else { "are" }
            ));
        }
        let rows: Vec<Vec<f32>> = rows.into_values().collect();
        let cohort = EmbeddingMatrix::from_rows(&rows).and_then(Cohort::new);
        let cohort = cohort.map_err(|error| {
            fault(
                format!("no cohort can be made of what `--cohort` names: {error}"),
                "name recordings of strangers, a hundred or more",
            )
        })?;
        Ok(Some((cohort, args.cohort_top)))
    }
}

/// The table of a root: copies of a corpus have that of the corpus, unless they hold one of their own.
fn table(args: &Args, root: &Path, number: usize) -> Option<PathBuf> {
    let own = |root: &Path| {
        let table = root.join("split.tsv");
        table.is_file().then_some(table)
    };
    match (&args.split, number) {
        (Some(table), _) => Some(table.clone()),
        (None, 0) => None,
        (None, _) => own(root).is_none().then(|| own(&args.root)).flatten(),
    }
}

fn explained(error: siamang::Error) -> anyhow::Error {
    match &error {
        siamang::Error::NothingToScore { .. } => fault(
            error.explained(),
            "a trial needs two recordings that can be read and hold speech",
        ),
        _ => error.into(),
    }
}

fn text(calibration: &ModelCalibration, out: &str) -> String {
    let about = &calibration.fitted_on;
    let width = |get: fn(&speaker_model::CalibrationGroup) -> &String, least: usize| {
        about
            .groups
            .iter()
            .map(|group| get(group).chars().count())
            .fold(least, usize::max)
    };
    let (list, copy) = (
        width(|group| &group.list, 4),
        width(|group| &group.recordings, 10),
    );
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{:list$}  {:copy$}  targets  others  unused   Cllr  least  by the others: Cllr   lost",
        "list", "recordings"
    );
    let figure = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    for group in &about.groups {
        let _ = writeln!(
            text,
            "{:list$}  {:copy$}  {:7}  {:6}  {:6}  {:.3}  {:.3}  {:>20}  {:>5}",
            group.list,
            group.recordings,
            group.num_target,
            group.num_nontarget,
            group.num_left_out,
            group.cllr,
            group.min_cllr,
            figure(group.cllr_left_out),
            figure(group.loss_left_out)
        );
    }
    let terms = calibration.calibrator.terms.iter();
    let terms = terms.map(|one| format!("{:+.3} x {}", one.weight, one.term));
    let terms: Vec<String> = terms.collect();
    let _ = writeln!(
        text,
        "LLR = {} {:+.3}, within {:+.1} to {:+.1}",
        terms.join(" "),
        calibration.calibrator.offset,
        calibration.calibrator.bounds[0],
        calibration.calibrator.bounds[1]
    );
    for errors in &about.errors {
        let _ = writeln!(
            text,
            "from {:+.1} on {:6.2} % of strangers are taken for one speaker, {:5.1} % of speakers are missed",
            errors.llr,
            100.0 * errors.false_alarms,
            100.0 * errors.misses
        );
    }
    if let Some((cohort, top)) = &calibration.cohort {
        let _ = writeln!(text, "beside {} strangers, the nearest {top}", cohort.len());
    }
    let _ = writeln!(
        text,
        "Cllr in bits, 1 for knowing nothing; `by the others`: fitted without the list"
    );
    let _ = writeln!(text, "wrote `{out}`");
    text
}
