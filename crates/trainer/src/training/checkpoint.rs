//! A run's directory: whole checkpoints, and two names that point at the last and the best.
//!
//! A checkpoint is written beside, synced and renamed; `checkpoints.json` is replaced after that. Whenever
//! the process dies, the names point at whole checkpoints. Of a checkpoint that was damaged later its list of checksums tells.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diagnosis::journal::{Evaluation, ListResult};
use serde::{Deserialize, Serialize};
use speaker_model::{
    Bundle, EncoderConfig, Loss, LossChoice, NamedTensor, SpeakerNetwork, WeightType, read_tensors,
};

use super::seal::{damage, seal};
use crate::TrainError;
use crate::config::{AverageConfig, CONFIG_FILE, TrainConfig, is_of_0_1};
use crate::initial::{Initial, InitialOrigin};
use crate::optimise::{Average, Optimiser};

/// Tensors by their names.
type Tensors = BTreeMap<String, NamedTensor>;

const POINTERS_FILE: &str = "checkpoints.json";
const NETWORK_FILE: &str = "network.safetensors";
const OPTIMISER_FILE: &str = "optimiser.bpk";
const PROGRESS_FILE: &str = "progress.json";

/// How far a run has come; with the configuration and the data all that decides how it goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Steps taken.
    pub step: u64,
    /// The untrained network on the development trials.
    pub untrained: Vec<ListResult>,
    /// The last evaluation on the development trials.
    #[serde(default)]
    pub last: Vec<ListResult>,
    /// Lowest mean EER so far, and its step.
    pub best: Option<(f64, u64)>,
    /// The evaluation that gave it; unknown of a run that an earlier version began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_evaluation: Option<Evaluation>,
    /// Evaluations since then.
    pub evaluations_since_best: u64,
    /// Time that the steps took, in s, over all parts of the run; evaluations do not count.
    #[serde(default)]
    pub training_s: f64,
}

/// The checkpoints that a run keeps, by directory name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pointers {
    last: Option<String>,
    best: Option<String>,
}

/// What a checkpoint is made of.
pub(crate) struct Saved<'a, L: Loss> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) network: &'a SpeakerNetwork<L>,
    pub(crate) optimiser: &'a Optimiser,
    /// What has to be known of the mean of the weights to go on with it.
    pub(crate) average: &'a [SpeakerNetwork<L>],
    pub(crate) progress: &'a Progress,
}

/// Where a run goes on.
pub(crate) struct Resumed<L: Loss> {
    pub(crate) network: SpeakerNetwork<L>,
    pub(crate) optimiser: Optimiser,
    pub(crate) average: Average<SpeakerNetwork<L>>,
    pub(crate) progress: Progress,
    /// What the user should know of checkpoints that it does not go on from.
    pub(crate) warnings: Vec<String>,
}

/// A run's directory.
#[derive(Clone, Debug)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// The run in `path`, whether or not it exists.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a training has written a checkpoint here.
    #[must_use]
    pub fn has_checkpoint(&self) -> bool {
        self.path.join(POINTERS_FILE).exists() || !self.names().is_empty()
    }

    /// The configuration that the run began with.
    ///
    /// # Errors
    /// [`TrainError::Io`], [`TrainError::Config`], and [`TrainError::Checkpoint`] for a run that siamang 0.1 began.
    pub fn configuration<C: LossChoice>(&self) -> Result<TrainConfig<C>, TrainError> {
        let path = self.path.join(CONFIG_FILE);
        let text = std::fs::read_to_string(&path).map_err(TrainError::io(&path))?;
        if is_of_0_1(&text) {
            return Err(TrainError::Checkpoint {
                path,
                found: "siamang 0.1 began this run, whose networks have other names".to_owned(),
                remedy: "go on with siamang 0.1, or start another run",
            });
        }
        TrainConfig::parse_with_loss(&text, &path.display().to_string())
    }

    /// Name and hash of the model whose weights the run began with, if it began with one.
    ///
    /// # Errors
    /// [`TrainError::Io`], and [`TrainError::Checkpoint`] where what the run says of it cannot be read.
    pub fn began_with(&self) -> Result<Option<(String, String)>, TrainError> {
        let origin = InitialOrigin::read(&self.path)?;
        Ok(origin.map(|origin| origin.named()))
    }

    /// The bundle of the best checkpoint, or of the last where no development trials chose one.
    ///
    /// # Errors
    /// [`TrainError::NoCheckpoint`] where there is none.
    pub fn best_bundle(&self) -> Result<PathBuf, TrainError> {
        let pointers = self.pointers()?;
        self.checkpoint(pointers.best.or(pointers.last))
    }

    /// `initial`, which is made of the best bundle, with that encoder as the run trained it: a bundle has statistics of recordings
    /// in the place of those that a projection takes over batches.
    ///
    /// # Errors
    /// [`TrainError::NoCheckpoint`], or [`TrainError::Model`] where its files cannot be read.
    pub fn as_trained(&self, initial: Initial) -> Result<Initial, TrainError> {
        #[derive(Deserialize)]
        struct OfEncoder {
            encoder: EncoderConfig,
        }
        let path = self.path.join(CONFIG_FILE);
        let text = std::fs::read_to_string(&path).map_err(TrainError::io(&path))?;
        let encoder = match toml::from_str(&text) {
            Ok(OfEncoder { encoder }) if encoder != *initial.encoder() => encoder,
            // As the bundle has it, or of an earlier version.
            _ => return Ok(initial),
        };
        let checkpoint = self.best_bundle()?;
        let mut parts = average_files(&checkpoint);
        if parts.is_empty() {
            parts.push(checkpoint.join(NETWORK_FILE));
        }
        let parts = parts.iter().map(|path| read_tensors(path));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(initial.with_encoder(encoder, encoder_of(mean(parts))))
    }

    /// The last checkpoint.
    ///
    /// # Errors
    /// [`TrainError::NoCheckpoint`] where there is none.
    pub fn last_checkpoint(&self) -> Result<PathBuf, TrainError> {
        self.checkpoint(self.pointers()?.last)
    }

    fn checkpoint(&self, name: Option<String>) -> Result<PathBuf, TrainError> {
        name.map(|name| self.checkpoints().join(name))
            .filter(|path| path.is_dir())
            .ok_or_else(|| TrainError::NoCheckpoint {
                path: self.path.clone(),
            })
    }

    fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    fn pointers(&self) -> Result<Pointers, TrainError> {
        let path = self.path.join(POINTERS_FILE);
        match std::fs::read(&path) {
            Ok(bytes) => parse(&path, &bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Pointers::default()),
            Err(error) => Err(TrainError::io(path)(error)),
        }
    }

    /// Writes a checkpoint and points `last`, and `best` where `is_best`, at it; checkpoints that nothing points at
    /// any more are removed.
    pub(crate) fn save(
        &self,
        saved: &Saved<'_, impl Loss>,
        is_best: bool,
    ) -> Result<(), TrainError> {
        let checkpoints = self.checkpoints();
        std::fs::create_dir_all(&checkpoints).map_err(TrainError::io(&checkpoints))?;
        let name = name_of(saved.progress.step);
        let target = checkpoints.join(&name);
        if !target.exists() {
            let beside = tempfile::Builder::new()
                .prefix(".writing-")
                .tempdir_in(&checkpoints)
                .map_err(TrainError::io(&checkpoints))?;
            saved.bundle.save(beside.path(), WeightType::F32)?;
            saved.network.save(&beside.path().join(NETWORK_FILE))?;
            saved.optimiser.save(&beside.path().join(OPTIMISER_FILE))?;
            for (number, part) in saved.average.iter().enumerate() {
                part.save(&beside.path().join(average_file(number)))?;
            }
            let path = beside.path().join(PROGRESS_FILE);
            write_json(&path, saved.progress)?;
            sync(&beside.path().join(OPTIMISER_FILE))?;
            seal(beside.path())?;
            sync(beside.path())?;
            let written = beside.keep();
            std::fs::rename(&written, &target).map_err(TrainError::io(&target))?;
            sync(&checkpoints)?;
        }
        let mut pointers = self.pointers()?;
        if is_best {
            pointers.best = Some(name.clone());
        }
        pointers.last = Some(name);
        write_json(&self.path.join(POINTERS_FILE), &pointers)?;
        self.remove_unreferenced(&pointers)
    }

    /// Keeps what the names point at, and the last checkpoint before the last, for the day that the last is damaged.
    fn remove_unreferenced(&self, pointers: &Pointers) -> Result<(), TrainError> {
        let checkpoints = self.checkpoints();
        let before_last = self
            .names()
            .into_iter()
            .rev()
            .find(|name| Some(name) < pointers.last.as_ref());
        let kept = [&pointers.last, &pointers.best, &before_last];
        for entry in std::fs::read_dir(&checkpoints).map_err(TrainError::io(&checkpoints))? {
            let entry = entry.map_err(TrainError::io(&checkpoints))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !kept
                .iter()
                .any(|kept| kept.as_deref() == Some(name.as_str()))
            {
                let path = entry.path();
                std::fs::remove_dir_all(&path).map_err(TrainError::io(&path))?;
            }
        }
        Ok(())
    }

    /// Puts a freshly made network and optimiser into the state of the newest whole checkpoint, the last one where that is whole.
    /// Later ones are removed: the run makes them again.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] where none is whole, [`TrainError::NoCheckpoint`] where there is none.
    pub(crate) fn resume<L: Loss>(
        &self,
        network: &SpeakerNetwork<L>,
        optimiser: impl Fn() -> Optimiser,
        average: Option<AverageConfig>,
    ) -> Result<Resumed<L>, TrainError> {
        let mut warnings = Vec::new();
        let pointers = self.pointers().unwrap_or_else(|error| {
            warnings.push(format!("{error}; the newest checkpoint is taken"));
            Pointers::default()
        });
        let mut names = self.names();
        if let Some(last) = &pointers.last {
            // One that was renamed to its place just before the process died is not the run's yet.
            names.retain(|name| name < last);
            names.push(last.clone());
        }
        if names.is_empty() {
            return Err(TrainError::NoCheckpoint {
                path: self.path.clone(),
            });
        }
        let mut damaged = Vec::new();
        for name in names.iter().rev() {
            match self.load(name, network, optimiser(), average) {
                Ok(mut resumed) => {
                    if !damaged.is_empty() {
                        warnings.push(format!(
                            "{}; the run goes on from step {}, the newest checkpoint that is whole",
                            damaged.join("; "),
                            resumed.progress.step
                        ));
                    }
                    warnings.extend(self.go_back_to(name, &pointers, &mut resumed.progress)?);
                    return Ok(Resumed {
                        warnings,
                        ..resumed
                    });
                }
                Err(found) => damaged.push(format!("checkpoint `{name}` cannot be used: {found}")),
            }
        }
        Err(TrainError::Checkpoint {
            path: self.path.clone(),
            found: format!("no checkpoint is whole: {}", damaged.join("; ")),
            remedy: "start another run",
        })
    }

    /// The state in the checkpoint `name`, or what is wrong with it.
    fn load<L: Loss>(
        &self,
        name: &str,
        network: &SpeakerNetwork<L>,
        optimiser: Optimiser,
        average: Option<AverageConfig>,
    ) -> Result<Resumed<L>, String> {
        let checkpoint = self.checkpoints().join(name);
        if let Some(damage) = damage(&checkpoint) {
            return Err(damage);
        }
        let words = |error: TrainError| error.to_string();
        let read = |path: &Path| {
            let network = network.clone().load(path);
            network.map_err(|error| error.to_string())
        };
        let trained = read(&checkpoint.join(NETWORK_FILE))?;
        let parts = average_files(&checkpoint);
        let parts = parts.iter().map(|path| read(path));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let optimiser = optimiser
            .load(&checkpoint.join(OPTIMISER_FILE))
            .map_err(words)?;
        let path = checkpoint.join(PROGRESS_FILE);
        let bytes = std::fs::read(&path).map_err(|error| error.to_string())?;
        let progress = parse(&path, &bytes).map_err(words)?;
        Ok(Resumed {
            average: Average::restored(average, &trained, parts),
            network: trained,
            optimiser,
            progress,
            warnings: Vec::new(),
        })
    }

    /// Points at the checkpoint `name` as the last, and at the best one where that is there still; removes later ones. Gives
    /// a warning where the best one is gone.
    fn go_back_to(
        &self,
        name: &str,
        pointers: &Pointers,
        progress: &mut Progress,
    ) -> Result<Option<String>, TrainError> {
        let checkpoints = self.checkpoints();
        let best = progress.best.map(|(_, step)| name_of(step));
        let is_there = |best: &String| damage(&checkpoints.join(best)).is_none();
        let found = best.clone().filter(is_there);
        let warning = (best.is_some() && found.is_none()).then(|| {
            progress.best = None;
            progress.best_evaluation = None;
            progress.evaluations_since_best = 0;
            let best = best.unwrap_or_default();
            format!("the best checkpoint, `{best}`, is gone or damaged: the best is chosen anew from here")
        });
        let now = Pointers {
            last: Some(name.to_owned()),
            best: found,
        };
        if now != *pointers {
            write_json(&self.path.join(POINTERS_FILE), &now)?;
        }
        for later in self.names().iter().filter(|later| later.as_str() > name) {
            let path = checkpoints.join(later);
            std::fs::remove_dir_all(&path).map_err(TrainError::io(&path))?;
        }
        Ok(warning)
    }

    /// Names of the checkpoints that there are, the oldest first.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.checkpoints()).into_iter().flatten();
        let names = entries.flatten().filter(|entry| entry.path().is_dir());
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.starts_with("step-")).collect();
        names.sort_unstable();
        names
    }
}

/// The file of one of the networks that a mean of weights is known by.
fn average_file(number: usize) -> String {
    format!("average-{number}.safetensors")
}

/// Those that the folder `checkpoint` has.
fn average_files(checkpoint: &Path) -> Vec<PathBuf> {
    let files = (0..).map(|number| checkpoint.join(average_file(number)));
    files.take_while(|path| path.exists()).collect()
}

/// The tensors of a network that are its encoder's, as a bundle names them.
fn encoder_of(tensors: Tensors) -> Tensors {
    let tensors = tensors.into_iter();
    let of_encoder = tensors
        .filter_map(|(name, tensor)| Some((name.strip_prefix("encoder.")?.to_owned(), tensor)));
    of_encoder.collect()
}

/// The mean of the same tensors of several networks.
fn mean(parts: Vec<Tensors>) -> Tensors {
    let count = parts.len() as f64;
    let mut parts = parts.into_iter();
    let mut first = parts.next().unwrap_or_default();
    let rest: Vec<Tensors> = parts.collect();
    for (name, tensor) in &mut first {
        let others: Vec<&NamedTensor> = rest.iter().filter_map(|part| part.get(name)).collect();
        for (place, value) in tensor.values.iter_mut().enumerate() {
            let values = others.iter().filter_map(|other| other.values.get(place));
            let sum = values.fold(f64::from(*value), |sum, &value| sum + f64::from(value));
            *value = (sum / count) as f32;
        }
    }
    first
}

/// The name of the checkpoint after `step` steps; names are in the order of their steps.
fn name_of(step: u64) -> String {
    format!("step-{step:07}")
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), TrainError> {
    let json =
        serde_json::to_vec_pretty(value).map_err(|error| TrainError::io(path)(error.into()))?;
    durable::write(path, &json).map_err(TrainError::io(path))
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, TrainError> {
    serde_json::from_slice(bytes).map_err(|error| TrainError::Checkpoint {
        path: path.to_owned(),
        found: error.to_string(),
        remedy: "the file was written by another version or damaged: start the run anew",
    })
}

fn sync(path: &Path) -> Result<(), TrainError> {
    std::fs::File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(TrainError::io(path))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use super::*;

    #[test]
    fn the_progress_of_version_0_1_is_read() {
        let text =
            br#"{"step":15,"untrained":[],"last":[],"best":[0.25,15],"evaluations_since_best":2}"#;
        let progress: Progress = parse(Path::new("progress.json"), text).unwrap();
        let expected = Progress {
            step: 15,
            best: Some((0.25, 15)),
            evaluations_since_best: 2,
            ..Progress::default()
        };
        assert_eq!(progress, expected);
    }

    #[test]
    fn checkpoints_that_are_gone_or_damaged_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDirectory::new(folder.path());
        assert!(!run.has_checkpoint());
        let pointers = folder.path().join(POINTERS_FILE);
        std::fs::write(&pointers, r#"{"last":"step-0000004","best":null}"#).unwrap();
        let gone = run.last_checkpoint().unwrap_err();
        assert!(matches!(gone, TrainError::NoCheckpoint { .. }), "{gone}");
        let checkpoint = folder.path().join("checkpoints/step-0000004");
        std::fs::create_dir_all(&checkpoint).unwrap();
        assert_eq!(run.last_checkpoint().unwrap(), checkpoint);
        // Where no development trials chose one, the last is the best.
        assert_eq!(run.best_bundle().unwrap(), checkpoint);
        std::fs::write(&pointers, "{").unwrap();
        let damaged = run.last_checkpoint().unwrap_err().to_string();
        assert!(damaged.contains(POINTERS_FILE), "{damaged}");
    }

    #[test]
    fn checkpoints_that_nothing_points_at_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDirectory::new(folder.path());
        for step in [4, 6, 8, 12] {
            let path = folder.path().join(format!("checkpoints/step-{step:07}"));
            std::fs::create_dir_all(path).unwrap();
        }
        run.remove_unreferenced(&Pointers {
            last: Some("step-0000012".to_owned()),
            best: Some("step-0000004".to_owned()),
        })
        .unwrap();
        let left = std::fs::read_dir(folder.path().join("checkpoints")).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        // The one before the last is kept for the day that the last is damaged.
        assert_eq!(left, ["step-0000004", "step-0000008", "step-0000012"]);
    }
}
