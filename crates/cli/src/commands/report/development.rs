//! The development recordings of a run: where they are, and what its best model makes of them.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use audio_features::FrontEnd;
use run_report::{Decision, DevList, DevTrial, DevUtterance, Development};
use serde::{Deserialize, Serialize};
use siamang::{Centre, EmbeddingSet, Input, SpeechDetector, named_input, of_id};
use speaker_model::EmbeddingModel;
use speech_data::{Manifest, Pipes, ReadOptions, Root, TrialList, column};
use trainer::TrainData;

use crate::commands::verify::UNCALIBRATED;
use crate::context::Context;
use crate::summed::Summed;
use crate::tables::TableReading;
use crate::{atomic, model};

/// What a run remembers of its recordings, in `data.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    /// Folder or store that the trials' names start from.
    root: PathBuf,
    /// Table of the recordings.
    split: Option<PathBuf>,
    /// Whether commands in the place of files may be run.
    #[serde(default)]
    pipes: bool,
    /// The trial lists.
    lists: Vec<RememberedList>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RememberedList {
    name: String,
    /// Whether the speakers are the same, enrolment, test. Names may hold blanks, which lists of text may not.
    trials: Vec<(bool, String, String)>,
}

impl RememberedList {
    fn of(list: &TrialList) -> Self {
        let trials = list.trials.iter().map(|trial| {
            let (enrolment, test) = (trial.enrolment.clone(), trial.test.clone());
            (trial.target, enrolment, test)
        });
        Self {
            name: list.name.clone(),
            trials: trials.collect(),
        }
    }
}

/// Keeps in `run` where the development recordings are and what is asked about them.
pub(crate) fn remember(
    run: &Path,
    data: &TrainData,
    split: Option<&Path>,
    reading: &TableReading,
) -> Result<()> {
    // What came by standard input is not there a second time.
    let kept = run.join("table.txt");
    let split = match &reading.table {
        Some(bytes) => {
            atomic::write(&kept, bytes)?;
            Some(kept.as_path())
        }
        None => split,
    };
    let remembered = Remembered {
        pipes: reading.allow_pipes,
        root: std::path::absolute(&data.dev_root)?,
        split: split.map(std::path::absolute).transpose()?,
        lists: data.dev.iter().map(RememberedList::of).collect(),
    };
    atomic::write(&run.join("data.json"), &serde_json::to_vec(&remembered)?)
}

/// The recordings behind the utterances of a [`Development`].
pub(super) struct Recordings {
    /// In the order of the utterances.
    pub(super) inputs: Vec<Input>,
    pub(super) front_end: FrontEnd,
    num_skipped: usize,
    num_trials_left_out: usize,
}

impl Recordings {
    /// What a reader should know.
    pub(super) fn notes(&self) -> Vec<String> {
        if self.num_skipped == 0 {
            return Vec::new();
        }
        vec![format!(
            "{} development recordings cannot be used any more, and {} trials with them",
            self.num_skipped, self.num_trials_left_out
        )]
    }
}

/// Embeds the development recordings with the best bundle; nothing where the run does not know them.
pub(super) fn read(run: &Path, context: &Context) -> Result<Option<(Development, Recordings)>> {
    let Ok(text) = std::fs::read_to_string(run.join("data.json")) else {
        return Ok(None);
    };
    let remembered: Remembered = serde_json::from_str(&text).with_context(|| {
        format!(
            "{} is not as train wrote it",
            run.join("data.json").display()
        )
    })?;
    let root = Root::open(&remembered.root)?;
    // The table that the training had, so that speakers and sessions are its own.
    let options = ReadOptions {
        pipes: match remembered.pipes {
            true => Pipes::Allowed,
            false => Pipes::Refused,
        },
        ..ReadOptions::default()
    };
    let manifest = Manifest::of_root_with(&root, remembered.split.as_deref(), &options)?;
    let all = remembered.lists.iter().flat_map(|list| &list.trials);
    let names: BTreeSet<&str> = all
        .flat_map(|(_, enrolment, test)| [enrolment.as_str(), test.as_str()])
        .collect();
    let inputs: Vec<Input> = names
        .iter()
        .map(|name| named_input(name, &root, Some(&manifest)))
        .collect();
    // Cosines take no notice of length, means over recordings do.
    let model = model::load(Some(run), context)?;
    let embedder = model.embedder(Centre::Model).without_scaling();
    let card = model.thresholds().verify(Centre::Model);
    let decision = Decision {
        threshold: card.unwrap_or(UNCALIBRATED),
        source: match card {
            Some(_) => "so says its card".to_owned(),
            None => "its card states no threshold, and this one is not calibrated".to_owned(),
        },
    };
    let (set, skipped) = EmbeddingSet::embed(
        &embedder,
        &inputs,
        SpeechDetector::default(),
        &Summed::new(&context.console),
    )?;

    let known = |name: &str| manifest.find(name).map(|place| &manifest.utterances[place]);
    let utterances: Vec<DevUtterance> = set
        .ids
        .iter()
        .zip(set.speakers.iter().zip(&set.seconds))
        .map(|(id, (speaker, seconds))| DevUtterance {
            file: id.clone(),
            speaker: speaker
                .clone()
                .unwrap_or_else(|| of_id(id).unwrap_or(id).to_owned()),
            session: known(id).and_then(|one| one.session.clone()),
            gender: known(id)
                .and_then(|one| one.gender)
                .map(|gender| gender.as_str().to_owned()),
            corpus: known(id).and_then(|one| one.columns.get(column::CORPUS).cloned()),
            seconds: seconds.unwrap_or(0.0),
        })
        .collect();
    let places: HashMap<&str, usize> = set
        .ids
        .iter()
        .enumerate()
        .map(|(index, id)| (id.as_str(), index))
        .collect();
    let mut num_trials_left_out = 0;
    let lists = remembered
        .lists
        .iter()
        .map(|list| {
            let trials: Vec<DevTrial> = list
                .trials
                .iter()
                .filter_map(|(is_target, enrolment, test)| {
                    Some(DevTrial {
                        first: *places.get(enrolment.as_str())?,
                        second: *places.get(test.as_str())?,
                        is_target: *is_target,
                    })
                })
                .collect();
            num_trials_left_out += list.trials.len() - trials.len();
            DevList {
                name: list.name.clone(),
                trials,
            }
        })
        .collect();
    let used = inputs
        .into_iter()
        .filter(|input| places.contains_key(input.id.as_str()))
        .collect();
    let recordings = Recordings {
        inputs: used,
        front_end: embedder.front_end().clone(),
        num_skipped: skipped.len(),
        num_trials_left_out,
    };
    let development = Development {
        utterances,
        embeddings: set.matrix,
        lists,
        decision: Some(decision),
    };
    Ok(Some((development, recordings)))
}
