//! `--model`: a run, a bundle, or the model that comes with the program.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Result;
use speaker_model::{Bundle, ModelError};
use trainer::RunDirectory;

use crate::card::{self, Thresholds};
use crate::context::Context;
use crate::fault::{fault, usage};

/// The bundle in `data/models` that is used without `--model`.
const DEFAULT_MODEL: &str = "default";

/// Names a model for all commands of a shell.
const MODEL_VARIABLE: &str = "SIAMANG_MODEL";

/// What marks a bundle's directory.
const BUNDLE_FILE: &str = "bundle.toml";

/// A model ready for use.
pub(crate) struct Model {
    /// Features, network, centring.
    pub(crate) bundle: Bundle,
    /// Where the bundle was read.
    pub(crate) path: PathBuf,
    /// What its card says.
    pub(crate) thresholds: Thresholds,
}

impl Model {
    /// Loads the model that `chosen` names, or the default one.
    pub(crate) fn load(chosen: Option<&Path>, context: &Context) -> Result<Self> {
        let device = speaker_model::device(&context.device).map_err(|error| match error {
            ModelError::UnknownDevice { found, available } => usage(
                format!("`--device`: `{found}` is not built in"),
                format!("the devices of this build are: {available}"),
            ),
            other => other.into(),
        })?;
        let path = match chosen {
            Some(path) => resolve(path, "`--model`")?,
            None => default_model()?,
        };
        context
            .console
            .detail(&format!("model: `{}`", path.display()));
        let bundle = Bundle::load(&path, &device)?.with_compute_type(context.compute_type);
        let thresholds = card::read(&path)?;
        Ok(Self {
            bundle,
            path,
            thresholds,
        })
    }

    /// Where it is, for reports.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// The bundle that `path` is, or the best one of the run that `path` is.
fn resolve(path: &Path, who: &str) -> Result<PathBuf> {
    if path.join(BUNDLE_FILE).is_file() {
        return Ok(path.to_owned());
    }
    let run = RunDirectory::new(path);
    if run.has_checkpoint() {
        return Ok(run.best_bundle()?);
    }
    let found = match (path.is_dir(), path.exists()) {
        (true, _) => "is neither a bundle (no `bundle.toml`) nor a run with a checkpoint",
        (false, true) => "is a file, expected the directory of a bundle or a run",
        (false, false) => "does not exist",
    };
    Err(fault(
        format!("{who}: `{}` {found}", path.display()),
        "give the directory that `siamang train --out` wrote, or one that holds `bundle.toml`",
    ))
}

/// The bundle of `$SIAMANG_MODEL`, else the first default model that is found.
fn default_model() -> Result<PathBuf> {
    if let Some(path) = env::var_os(MODEL_VARIABLE) {
        return resolve(Path::new(&path), &format!("`${MODEL_VARIABLE}`"));
    }
    let places = places();
    let found = places
        .iter()
        .find(|place| place.join(BUNDLE_FILE).is_file());
    found.cloned().ok_or_else(|| {
        let looked: String = places
            .iter()
            .map(|place| format!("\n  {}", place.display()))
            .collect();
        fault(
            format!(
                "no model was given, and the default model is in none of these places:{looked}"
            ),
            format!("give a run or a bundle with `--model`, or name one in `${MODEL_VARIABLE}`"),
        )
    })
}

/// Where the default model may be: installed beside the program, or in the tree it was built from.
fn places() -> Vec<PathBuf> {
    let mut models = Vec::new();
    if let Some(folder) = env::current_exe().ok().as_deref().and_then(Path::parent) {
        models.push(folder.join("models"));
        if let Some(above) = folder.parent() {
            models.push(above.join("share/siamang/models"));
        }
    }
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    if let Some(tree) = crates.and_then(Path::parent) {
        models.push(tree.join("data/models"));
    }
    models
        .iter()
        .map(|folder| folder.join(DEFAULT_MODEL))
        .collect()
}
