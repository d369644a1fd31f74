//! `prepare-voxceleb` from end to end: the program itself, on archives as they are published.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot prepare its data has failed, and one that skips says why"
)]

mod damage;
mod interruptions;
mod layouts;
mod miniature;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The command on two folders.
fn command(vox1: Option<&Path>, vox2: Option<&Path>, out: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("siamang"));
    command.args(["prepare", "voxceleb", "--json"]);
    for (flag, folder) in [("--vox1", vox1), ("--vox2", vox2)] {
        if let Some(folder) = folder {
            command.arg(flag).arg(folder);
        }
    }
    command.arg("--out").arg(out);
    command
}

/// What the command answers, and its exit code.
fn answer(output: &Output) -> (Value, i32) {
    let text = String::from_utf8_lossy(&output.stdout);
    let value = serde_json::from_str(&text).unwrap_or_else(|_| {
        panic!(
            "no JSON: {text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    (value, output.status.code().unwrap())
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file of a store with the hash of its bytes.
fn files(store: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(store)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (
                entry.file_name().into(),
                std::fs::read(entry.path()).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}
