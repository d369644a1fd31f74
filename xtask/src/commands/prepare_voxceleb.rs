//! `cargo xtask prepare-voxceleb`: runs `siamang prepare voxceleb`, built in the profile of this program.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

/// Make a packed store of VoxCeleb from what you have of it: `siamang prepare voxceleb`, which is built where it is not yet.
#[derive(clap::Args)]
#[command(
    disable_help_flag = true,
    after_help = "Examples:
  cargo xtask prepare-voxceleb --help
  cargo xtask prepare-voxceleb --vox1 archives/vox1 --vox2 archives/vox2 --out vox.store"
)]
pub(crate) struct PrepareVoxceleb {
    /// What `siamang prepare voxceleb` is given.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    arguments: Vec<String>,
}

/// Gives the exit code of the command.
pub(crate) fn run(command: &PrepareVoxceleb) -> Result<u8> {
    let status = program()
        .args(["prepare", "voxceleb"])
        .args(&command.arguments)
        .status()
        .context("cannot run `siamang`")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.unwrap_or(1))
}

/// The program beside this one, or cargo that builds and runs it. The folder stays the caller's: paths are relative to it.
fn program() -> Command {
    let name = format!("siamang{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().map(|program| program.with_file_name(name));
    if let Some(built) = beside.ok().filter(|path| path.is_file()) {
        return Command::new(built);
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--package", "cli"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    cargo.arg("--manifest-path").arg(manifest).arg("--");
    cargo
}
