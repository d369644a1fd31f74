//! `--model`: a run, a bundle, or the model that is built in.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Error, Result};
use siamang::{Compute, Model};
use speaker_model::ModelError;

use crate::context::{Context, data_folder};
use crate::fault::{fault, usage};

/// Names a model for all commands of a shell.
const MODEL_VARIABLE: &str = "SIAMANG_MODEL";

/// Where a threshold comes from that nobody gave.
pub(crate) const CARD: &str = "the model's card";

/// Loads the model that `chosen` names, or the default one: that of `$SIAMANG_MODEL`, of the data folder, or the built-in
/// one.
pub(crate) fn load(chosen: Option<&Path>, context: &Context) -> Result<Model> {
    let (path, who) = match (chosen, env::var_os(MODEL_VARIABLE)) {
        (Some(path), _) => (Some(path.to_owned()), "`--model`: ".to_owned()),
        (None, Some(path)) => (Some(PathBuf::from(path)), format!("`${MODEL_VARIABLE}`: ")),
        (None, None) => {
            let folder = data_folder().map(|folder| folder.join("models/default"));
            (folder.filter(|folder| folder.is_dir()), String::new())
        }
    };
    let compute = Compute {
        device: context.device.clone(),
        compute_type: context.compute_type,
    };
    let model = match &path {
        Some(path) => Model::load_on(path, compute),
        None => Model::builtin_on(compute),
    };
    let model = model.map_err(|error| explained(error, &who))?;
    context
        .console
        .detail(&format!("model: `{}`", model.name()));
    Ok(model)
}

/// Loads the model at `path`, which `flag` names.
pub(crate) fn open(path: &Path, flag: &str, compute: Compute) -> Result<Model> {
    Model::load_on(path, compute).map_err(|error| explained(error, &format!("`{flag}`: ")))
}

/// In the words of the command line.
fn explained(error: siamang::Error, who: &str) -> Error {
    match error {
        siamang::Error::Model(ModelError::UnknownDevice { found, available }) => usage(
            format!("`--device`: `{found}` is not built in"),
            format!("the devices of this build are: {available}"),
        ),
        siamang::Error::NotAModel { .. } => fault(
            format!("{who}{error}"),
            "give the directory that `siamang train --out` wrote, or one that holds `bundle.toml`",
        ),
        error => error.into(),
    }
}
