//! The development recordings of a run: where they are, and what its best model makes of them.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use audio_features::FrontEnd;
use pair_sampler::TrialList;
use run_report::{DevList, DevTrial, DevUtterance, Development};
use serde::{Deserialize, Serialize};
use speaker_model::Bundle;
use trainer::{RunDirectory, TrainData};

use crate::args::Context;
use crate::atomic::AtomicFile;
use crate::embedding_set::EmbeddingSet;
use crate::inputs::Input;
use crate::stored;
use crate::trials::{input, read_manifest};

/// What a run remembers of its recordings, in `data.json`; the trial lists are beside it in `dev/`.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    /// Folder or store that the lists' names start from.
    root: PathBuf,
    /// Table of the recordings.
    split: Option<PathBuf>,
    /// Names of the lists in `dev/`, in order.
    lists: Vec<String>,
}

/// Keeps in `run` where the development recordings are and what is asked about them.
pub(crate) fn remember(run: &Path, data: &TrainData, split: Option<&Path>) -> Result<()> {
    let folder = run.join("dev");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for list in &data.dev {
        list.write_voxceleb(&folder.join(format!("{}.txt", list.name)))?;
    }
    let remembered = Remembered {
        root: std::path::absolute(&data.dev_root)?,
        split: split.map(std::path::absolute).transpose()?,
        lists: data.dev.iter().map(|list| list.name.clone()).collect(),
    };
    let mut file = AtomicFile::create(&run.join("data.json"))?;
    file.write_all(&serde_json::to_vec_pretty(&remembered)?)?;
    file.finish()
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
    let lists = remembered
        .lists
        .iter()
        .map(|name| TrialList::read(&run.join("dev").join(format!("{name}.txt"))))
        .collect::<Result<Vec<_>, _>>()?;
    let root = remembered.root.as_path();
    let store = stored::open(root)?;
    let manifest = read_manifest(Some(root), store.as_deref(), remembered.split.as_deref())?;
    let names: BTreeSet<&str> = lists.iter().flat_map(TrialList::utterances).collect();
    let inputs: Vec<Input> = names
        .iter()
        .map(|name| input(name, root, manifest.as_ref(), store.as_ref()))
        .collect();
    let device = speaker_model::device(&context.device)?;
    let bundle = Bundle::load(&RunDirectory::new(run).best_bundle()?, &device)?;
    let (set, skipped) = EmbeddingSet::embed(&bundle.embedder, &inputs, &context.console)?;

    let session = |name: &str| {
        let manifest = manifest.as_ref()?;
        manifest.utterances[manifest.find(name)?].session.clone()
    };
    let utterances: Vec<DevUtterance> = set
        .ids
        .iter()
        .zip(set.speakers.iter().zip(&set.seconds))
        .map(|(id, (speaker, seconds))| DevUtterance {
            file: id.clone(),
            speaker: speaker.clone().unwrap_or_else(|| folder_of(id)),
            session: session(id),
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
    let lists = lists
        .iter()
        .map(|list| {
            let trials: Vec<DevTrial> = list
                .trials
                .iter()
                .filter_map(|trial| {
                    Some(DevTrial {
                        first: *places.get(trial.enrolment.as_str())?,
                        second: *places.get(trial.test.as_str())?,
                        is_target: trial.target,
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
        front_end: bundle.embedder.front_end().clone(),
        num_skipped: skipped.len(),
        num_trials_left_out,
    };
    let development = Development {
        utterances,
        embeddings: set.matrix,
        lists,
    };
    Ok(Some((development, recordings)))
}

/// The folder that a recording is in, where nothing else says who speaks.
fn folder_of(id: &str) -> String {
    let folder = Path::new(id)
        .parent()
        .filter(|parent| *parent != Path::new(""));
    folder.map_or(id.to_owned(), |folder| folder.display().to_string())
}
