//! How a training runs where nothing else is said, and the checks before its first step.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use diagnosis::journal::Event;
use trainer::{OnCollapse, RunOptions, TrainConfig, TrainData};

use super::command::typed;
use super::data::read;
use super::display::Display;
use super::ready;
use super::recipe::{Recipe, configuration};
use crate::context::Global;

/// Set by Ctrl-C.
pub(crate) static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How a new training runs where nothing else is said.
pub(crate) fn options(
    recipe: &Recipe,
    global: &Global,
    out: PathBuf,
) -> Result<RunOptions<'static>> {
    let cache = recipe.cache.clone();
    Ok(RunOptions {
        out,
        cache: cache.unwrap_or_else(trainer::default_cache_directory),
        device: speaker_model::device(&global.device)?,
        num_workers: 1,
        resume: false,
        on_collapse: OnCollapse::Warn,
        interrupted: &INTERRUPTED,
        commit: env!("SIAMANG_COMMIT").to_owned(),
        command: Some(typed()),
    })
}

/// What `train` checks before its first step with this recipe, as a line of its journal, and the configuration.
pub(crate) fn preflight(recipe: &Recipe, global: &Global) -> Result<(TrainConfig, Event)> {
    let mut source = read(recipe, &global.device, true)?;
    // Where the model does not run, statistics judge the labels.
    if let Ok(model) = ready::builtin(&global.device) {
        source.data.listener = Some(ready::asked(&model)?);
    }
    let data: &TrainData = &source.data;
    let config = configuration(recipe, global, data, source.is_default, None)?;
    let options = options(recipe, global, PathBuf::new())?;
    let display = Display::new(&config, global);
    let event = trainer::preflight(&config, data, &options, &|notice| display.prepare(&notice));
    display.finish();
    Ok((config, event?))
}
