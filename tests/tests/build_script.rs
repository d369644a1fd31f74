//! The build script of `cli` in a clone, in a worktree and in a source archive: which commit it records, and when cargo runs
//! it again.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::Path;
use std::process::{Command, Output};

/// The build script as a program of its own, run as cargo runs it for the package in `root/crates/cli`.
struct Script<'a>(&'a Path);

impl Script<'_> {
    /// The values of the lines `cargo::key=value`.
    fn answers(&self, root: &Path, key: &str) -> Vec<String> {
        let package = root.join("crates/cli");
        std::fs::create_dir_all(&package).unwrap();
        std::fs::write(package.join("build.rs"), "").unwrap();
        let output = Command::new(self.0).current_dir(&package).output().unwrap();
        let text = succeeded(output);
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("cargo::")?.split_once('='));
        let values: Vec<String> = lines
            .filter(|(found, _)| *found == key)
            .map(|(_, value)| value.to_owned())
            .collect();
        assert!(!values.is_empty(), "no line `{key}` in:\n{text}");
        values
    }

    /// The commit that is recorded.
    fn commit(&self, root: &Path) -> String {
        let variables = self.answers(root, "rustc-env");
        let commit = variables[0].strip_prefix("SIAMANG_COMMIT=").unwrap();
        commit.trim_end_matches("-dirty").to_owned()
    }

    /// Cargo runs a script at every build when a path that it watches does not exist.
    fn watches_only_what_exists(&self, root: &Path) {
        for path in self.answers(root, "rerun-if-changed") {
            let found = root.join("crates/cli").join(&path);
            assert!(found.exists(), "`{path}` is watched and does not exist");
        }
    }
}

fn succeeded(output: Output) -> String {
    assert!(output.status.success(), "{output:#?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn git(folder: &Path, arguments: &str) -> String {
    let command = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
        .args(arguments.split(' '))
        .output();
    succeeded(command.unwrap())
}

#[test]
fn the_program_is_rebuilt_when_the_commit_changes_and_not_at_every_build() {
    if testing::program("git", "--version").is_none() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let script = place.path().join("script");
    let rustc = Command::new("rustc")
        .current_dir(testing::repository())
        .args(["--edition", "2024", "crates/cli/build.rs", "-o"])
        .arg(&script)
        .output();
    succeeded(rustc.unwrap());
    let script = Script(&script);

    let archive = place.path().join("archive");
    std::fs::create_dir(&archive).unwrap();
    script.watches_only_what_exists(&archive);
    assert_eq!(script.commit(&archive), "unknown");

    let clone = place.path().join("clone");
    std::fs::create_dir(&clone).unwrap();
    git(&clone, "init --quiet");
    git(&clone, "commit --quiet --allow-empty -m one");
    script.watches_only_what_exists(&clone);
    assert_eq!(
        script.commit(&clone),
        git(&clone, "rev-parse --short=12 HEAD")
    );

    let worktree = place.path().join("worktree");
    git(&clone, "worktree add --quiet ../worktree");
    git(&worktree, "commit --quiet --allow-empty -m two");
    script.watches_only_what_exists(&worktree);
    let commit = git(&worktree, "rev-parse --short=12 HEAD");
    assert_eq!(script.commit(&worktree), commit);
    assert_ne!(script.commit(&clone), commit);
    let watched = script.answers(&worktree, "rerun-if-changed");
    assert!(
        watched.iter().any(|path| path.ends_with("logs/HEAD")),
        "a commit goes unseen: {watched:?}"
    );

    let inside = clone.join("somewhere/archive");
    std::fs::create_dir_all(&inside).unwrap();
    script.watches_only_what_exists(&inside);
    assert_eq!(script.commit(&inside), "unknown");
}
