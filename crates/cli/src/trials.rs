//! Trial lists and the embeddings of their recordings.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use siamang::{
    Centre, EmbeddingSet, LEAST_SPEECH_S, Model, Naming, Quality, Skipped, SpeakerOverlap,
    SpeechDetector, TrialSource, embeddings_of_names, unlike_measured,
};
use speaker_model::{MeasuredSound, ModelCalibration, TrainingSpeakers};
use speech_data::{Manifest, PairCounts, Problem, TrialList};

use crate::centre::CentreName;
use crate::console::Console;
use crate::context::{Context, ModelArgs};
use crate::fault::{fault, usage};
use crate::few::Few;
use crate::tables::{PipeArgs, hint_at_pipes};
use crate::{embeddings, model, stdin};

/// Where the recordings of trial lists come from.
#[derive(Debug, clap::Args)]
pub(crate) struct TrialArgs {
    /// Trial lists: lines of `1 pathA pathB` and `0 pathA pathB`, or of `uttA uttB target` and `nontarget`; tabs divide
    /// names that have blanks. `-` is standard input.
    #[arg(long, value_name = "LIST", num_args = 1..)]
    pub(crate) trials: Vec<PathBuf>,
    /// Folder or store that the lists' paths start from. With `--embeddings` only its table is read: who speaks, and in
    /// which session.
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Take the embeddings from a file of `siamang embed` or `siamang merge`, or of another program, instead of making
    /// them. `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    pub(crate) embeddings: Option<PathBuf>,
    /// Table with the speakers (and the paths, where the lists have other names for recordings); the root's
    /// own `split.tsv` or `wav.scp` is found without it.
    #[arg(long, visible_alias = "manifest", value_name = "FILE")]
    pub(crate) split: Option<PathBuf>,
    #[command(flatten)]
    pipes: PipeArgs,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Mean to subtract from the embeddings.
    #[arg(long, value_enum, default_value_t = CentreName::Model)]
    centre: CentreName,
}

impl TrialArgs {
    /// Refuses what names no trials, or neither recordings nor embeddings.
    pub(crate) fn check(&self) -> Result<()> {
        if self.trials.is_empty() {
            return Err(usage(
                "no trials: `--trials` is missing",
                "name one list or more with `--trials`; `-` is standard input",
            ));
        }
        if self.root.is_none() && self.embeddings.is_none() {
            return Err(usage(
                "no recordings: neither `--root` nor `--embeddings` is given",
                "name the folder or store that the list's paths start from with `--root`, or a file of embeddings with `--embeddings`",
            ));
        }
        Ok(())
    }

    /// Reads the lists.
    pub(crate) fn lists(&self) -> Result<Vec<TrialList>> {
        let lists = self.trials.iter().map(|path| read_list(path));
        lists.collect()
    }

    /// Where their recordings are.
    pub(crate) fn source(&self) -> Result<TrialSource> {
        let paths = [&self.root, &self.split].into_iter().flatten();
        let reading = self.pipes.reading(paths.map(PathBuf::as_path))?;
        Ok(TrialSource::open(
            self.root.as_deref(),
            self.split.as_deref(),
            &reading.without_faulty().options(),
        )?)
    }

    /// `--centre`.
    pub(crate) fn centre(&self) -> Centre {
        self.centre.into()
    }
}

/// Reads one list.
pub(crate) fn read_list(path: &Path) -> Result<TrialList> {
    let (bytes, name) = stdin::text_file(path, "a trial list")?;
    Ok(TrialList::of_bytes(&bytes, &name)?)
}

/// The embeddings of the recordings that trial lists name.
pub(crate) struct Named {
    pub(crate) source: TrialSource,
    pub(crate) set: EmbeddingSet,
    /// The model or file that the embeddings come from.
    pub(crate) origin: String,
    pub(crate) skipped: Vec<Skipped>,
    /// Which recordings the names mean.
    pub(crate) naming: Naming,
    /// Whom the model that made the embeddings was trained on, where that is known.
    training: Option<TrainingSpeakers>,
    /// What the scores of the model mean that embeds them, where that is known.
    pub(crate) calibration: Option<ModelCalibration>,
    /// What the thresholds of the model were measured on that embeds them.
    sound: MeasuredSound,
}

impl Named {
    /// Speakers and sessions, where they are known.
    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        self.source.manifest()
    }

    /// Embeds, or reads, the recordings of these names.
    pub(crate) fn read(
        args: &TrialArgs,
        names: &BTreeSet<&str>,
        detector: SpeechDetector,
        context: &Context,
    ) -> Result<Self> {
        let (source, console, centre) = (args.source()?, &context.console, args.centre());
        say_of_table(&source, console);
        let mut named = match &args.embeddings {
            Some(file) => {
                let set = embeddings::read(file, console)?;
                let work = set.note.as_ref().map(|note| &note.work);
                let training = work.and_then(Model::training_speakers_of);
                let calibration = work
                    .filter(|_| centre == Centre::Model)
                    .and_then(Model::calibration_of);
                let filed = embeddings_of_names(set, &embeddings::shown(file), names, centre);
                filed
                    .warnings
                    .iter()
                    .for_each(|warning| console.warn(warning));
                // Names that no recording fits are said together; these are there, and cannot be used.
                let missing: BTreeSet<&str> = filed
                    .naming
                    .missing_names
                    .iter()
                    .map(String::as_str)
                    .collect();
                let few = Few::new(console);
                filed
                    .skipped
                    .iter()
                    .filter(|skipped| !missing.contains(skipped.id.as_str()))
                    .for_each(|skipped| few.skipped(&skipped.id, &skipped.reason));
                few.tell_others();
                Self {
                    source,
                    set: filed.set,
                    origin: filed.origin,
                    skipped: filed.skipped,
                    naming: filed.naming,
                    training,
                    calibration,
                    sound: MeasuredSound::default(),
                }
            }
            None => {
                let model = model::load(args.model.model.as_deref(), context)?;
                let embedder = model.embedder(centre);
                let (inputs, naming) = source.inputs(names);
                let (set, skipped) =
                    EmbeddingSet::embed(&embedder, &inputs, detector, &Few::new(console))?;
                Self {
                    source,
                    set,
                    origin: model.name(),
                    skipped,
                    naming,
                    training: model.bundle().training_speakers().cloned(),
                    calibration: calibration_for(&model, centre),
                    sound: model.measured_sound().clone(),
                }
            }
        };
        // Rows that cannot be used are as much left out as recordings are.
        if let Some(manifest) = named.source.manifest()
            && let Some(reason) = manifest.faulty_rows()
        {
            let table = manifest.source.as_ref().unwrap_or(&manifest.root);
            named.skipped.push(Skipped {
                id: table.display().to_string(),
                reason,
            });
        }
        if let Some(note) = &named.naming.note {
            console.note(note);
        }
        if let Some(missing) = &named.naming.missing {
            console.skipped(missing);
        }
        named.set.centre(centre)?;
        Ok(named)
    }

    /// How many of these speakers the model was trained on, where that is known and any are; said as a warning.
    pub(crate) fn overlap<'a>(
        &self,
        speakers: impl IntoIterator<Item = &'a str>,
        what: &str,
        console: &Console,
    ) -> Option<SpeakerOverlap> {
        overlap(self.training.as_ref()?, speakers, what, console)
    }

    /// How many recordings are unlike those that the model's thresholds were measured on, in words.
    pub(crate) fn unlike_measured(&self) -> Option<String> {
        unlike_measured(&self.sound, &self.set)
    }

    /// Leaves out the recordings in which too little speech was heard for a verdict, and gives their names.
    pub(crate) fn leave_out_unheard(&mut self) -> Result<Vec<String>> {
        let is_heard = |quality: &Option<Quality>| quality.as_ref().is_none_or(Quality::is_heard);
        let heard: Vec<bool> = self.set.quality.iter().map(is_heard).collect();
        if heard.iter().all(|heard| !heard) {
            return Err(fault(
                format!(
                    "none of the {} recordings holds {LEAST_SPEECH_S} s of speech",
                    heard.len()
                ),
                "listen to some of them; `--vad none` scores them all the same",
            ));
        }
        Ok(self.set.retain(&heard)?)
    }
}

/// A calibration is of embeddings with the model's own centre.
fn calibration_for(model: &Model, centre: Centre) -> Option<ModelCalibration> {
    model
        .calibration()
        .filter(|_| centre == Centre::Model)
        .cloned()
}

/// What was noticed when the table was read, and which of its rows cannot be used.
pub(crate) fn say_of_table(source: &TrialSource, console: &Console) {
    if let Some(manifest) = source.manifest() {
        say_of_manifest(manifest, console);
    }
}

/// The same of a manifest; whether recordings that seem to belong to it are not among its own.
pub(crate) fn say_of_manifest(manifest: &Manifest, console: &Console) -> bool {
    for note in &manifest.notes {
        match note.is_left_out() {
            true => console.skipped(&note.to_string()),
            false => console.note(&note.to_string()),
        }
    }
    if let Some(faulty) = manifest.faulty_rows() {
        console.skipped(&faulty);
        hint_at_pipes(&manifest.faulty, console);
    }
    !manifest.faulty.is_empty() || manifest.notes.iter().any(Problem::is_left_out)
}

/// As [`Named::overlap`], of any model.
pub(crate) fn warn_of_overlap<'a>(
    model: &Model,
    speakers: impl IntoIterator<Item = &'a str>,
    what: &str,
    console: &Console,
) -> Option<SpeakerOverlap> {
    overlap(model.bundle().training_speakers()?, speakers, what, console)
}

fn overlap<'a>(
    training: &TrainingSpeakers,
    speakers: impl IntoIterator<Item = &'a str>,
    what: &str,
    console: &Console,
) -> Option<SpeakerOverlap> {
    let overlap = SpeakerOverlap::find(training, speakers)?;
    console.warn(&overlap.explained(what));
    Some(overlap)
}

/// What is odd about the pairs of a list, a sentence each; contradictions are another matter.
pub(crate) fn odd_pairs(pairs: &PairCounts) -> Vec<String> {
    let mut sentences = Vec::new();
    match pairs.n_self_trials {
        0 => {}
        1 => sentences.push("1 trial is of a recording with itself".to_owned()),
        count => sentences.push(format!("{count} trials are of a recording with itself")),
    }
    let swapped = match pairs.n_swapped_repeats {
        0 => String::new(),
        count => format!(", {count} of them with the sides swapped"),
    };
    match pairs.n_repeats {
        0 => {}
        1 => sentences.push(format!("1 trial repeats another and counts twice{swapped}")),
        count => sentences.push(format!(
            "{count} trials repeat others and count twice{swapped}"
        )),
    }
    sentences
}
