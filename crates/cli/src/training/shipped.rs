//! Files that come with siamang: built in, or those of the data folder.

use std::path::{Path, PathBuf};

use anyhow::Result;
use siamang::shipped;
use trainer::TrainConfig;

use crate::context::data_folder;
use crate::fault::fault;

/// The configuration of this name.
pub(crate) fn config(name: &str) -> Result<TrainConfig> {
    let of_folder = data_folder().map(|folder| folder.join(format!("configs/{name}.toml")));
    if let Some(path) = of_folder.filter(|path| path.is_file()) {
        return Ok(TrainConfig::read(&path)?);
    }
    let text = shipped::config(name).ok_or_else(|| {
        fault(
            format!("no configuration `{name}` is built in"),
            format!("there are {}", shipped::config_names().join(", ")),
        )
    })?;
    Ok(TrainConfig::parse(text, &format!("configs/{name}.toml"))?)
}

/// What may name a configuration that is built in: a word that is no file.
pub(crate) fn name(path: &Path) -> Option<&str> {
    let word = path.to_str()?;
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_word = word.chars().all(letters) && word.starts_with(char::is_alphanumeric);
    (is_word && !path.exists()).then_some(word)
}

/// The folder of the synthesised voices.
pub(crate) fn voices() -> Result<PathBuf> {
    if let Some(folder) = data_folder().map(|folder| folder.join("voices"))
        && folder.is_dir()
    {
        return Ok(folder);
    }
    let features = trainer::default_cache_directory();
    Ok(shipped::voices(
        features.parent().unwrap_or(Path::new(".")),
    )?)
}
