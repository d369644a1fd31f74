//! Records the commit that the program is built from, for journals and bundles.

use std::path::Path;
use std::process::Command;

fn main() {
    // Without a line of this kind any change in the crate's folder would run this again. A path that does not exist would do so
    // at every build.
    println!("cargo::rerun-if-changed=build.rs");
    let commit = commit().unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=SIAMANG_COMMIT={commit}");
}

/// The commit, and `-dirty` behind it where files differ; none outside of a clone.
fn commit() -> Option<String> {
    // A source archive unpacked inside somebody else's repository is not of that repository's commit.
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != Path::new("../..").canonicalize().ok()? {
        return None;
    }
    // In a worktree `.git` is a file that says where these are, so git is asked.
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let describe = ["--always", "--dirty", "--abbrev=12", "--exclude=*"];
    git(&[&["describe"], &describe[..]].concat())
}

/// What git answers; none where it fails or is not there.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    let answer = answer.trim();
    (output.status.success() && !answer.is_empty()).then(|| answer.to_owned())
}
