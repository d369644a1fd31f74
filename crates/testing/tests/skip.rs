//! The switch, and that every test of the workspace is under it.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs one of the tests below in a process of its own.
fn run(test: &str, no_skip: Option<&str>) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", test, "--nocapture"]);
    command.env_remove(testing::NO_SKIP);
    if let Some(value) = no_skip {
        command.env(testing::NO_SKIP, value);
    }
    let Output { status, stderr, .. } = command.output().unwrap();
    (
        status.success(),
        String::from_utf8_lossy(&stderr).into_owned(),
    )
}

#[test]
#[ignore = "is run by another test"]
fn needs_what_is_nowhere() {
    assert!(testing::program("no-such-program", "--version").is_none());
}

#[test]
#[ignore = "is run by another test"]
fn needs_data_that_are_nowhere() {
    assert!(testing::shared("no such folder").is_none());
}

#[test]
#[ignore = "is run by another test"]
fn needs_a_module_that_is_nowhere() {
    assert!(testing::python("no_such_module").is_none());
}

#[test]
fn a_skip_is_told_and_fails_where_the_switch_forbids_it() {
    for (test, reason) in [
        (
            "needs_what_is_nowhere",
            "`no-such-program` is not installed",
        ),
        ("needs_data_that_are_nowhere", "no such folder"),
        (
            "needs_a_module_that_is_nowhere",
            "cannot import no_such_module",
        ),
    ] {
        for allowing in [None, Some("")] {
            let (passed, stderr) = run(test, allowing);
            assert!(passed, "{stderr}");
            assert!(
                stderr.contains("skipped: ") && stderr.contains(reason),
                "{stderr}"
            );
        }
        let (passed, stderr) = run(test, Some("1"));
        assert!(!passed, "{test} passed although nothing may be skipped");
        assert!(
            stderr.contains("SIAMANG_NO_SKIP forbids to skip") && stderr.contains(reason),
            "{stderr}"
        );
    }
}

/// Rust sources of the workspace but for build outputs.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn only_this_crate_looks_for_what_may_be_absent() {
    let mut files = Vec::new();
    sources(testing::repository(), &mut files);
    assert!(files.len() > 100, "{}", files.len());
    for path in files {
        if path.components().any(|part| part.as_os_str() == "testing") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for word in ["\"skipped:", "\"SIAMANG_SHARED\"", "\"SIAMANG_PYTHON\""] {
            assert!(
                !text.contains(word),
                "{} has {word}: let a function of the crate `testing` do it, so that {} rules it",
                path.display(),
                testing::NO_SKIP
            );
        }
    }
}
