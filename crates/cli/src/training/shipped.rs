//! Files that come with siamang.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// A file that comes with siamang, in the source tree or beside the installed program.
pub(super) fn shipped(name: &str) -> Result<PathBuf> {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.parent()?.join("share/siamang").join(name)));
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    let places: Vec<PathBuf> = beside.into_iter().chain([source]).collect();
    match places.iter().find(|path| path.exists()) {
        Some(path) => Ok(path.clone()),
        None => bail!("`{name}` is not where it should be; looked for {places:?}"),
    }
}
