//! The program alone: without the tree that it was built from.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use end_to_end::{voice, write_wav};
use tempfile::TempDir;

fn tree() -> PathBuf {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    tree.canonicalize().unwrap()
}

/// A folder that holds the program, two recordings, and nothing else.
fn place() -> TempDir {
    let folder = TempDir::new().unwrap();
    let program = assert_cmd::cargo::cargo_bin("siamang");
    std::fs::copy(program, folder.path().join("siamang")).unwrap();
    for (take, name) in ["a.wav", "b.wav"].iter().enumerate() {
        let samples = voice(1, take as u32).repeat(3);
        write_wav(&folder.path().join(name), &samples, 16_000, 1);
    }
    folder
}

/// Runs the program in its folder. Where the system allows it, an empty folder lies over the source tree.
fn run(folder: &Path, arguments: &str, is_hidden: bool) -> Output {
    let program = format!("exec ./siamang {arguments}");
    let mut command = match is_hidden {
        true => {
            let mut command = Command::new("unshare");
            let hide = format!(
                "mount -t tmpfs none '{}' && cd . && {program}",
                tree().display()
            );
            command.args(["--mount", "--map-root-user", "sh", "-c", &hide]);
            command
        }
        false => {
            let mut command = Command::new("sh");
            command.args(["-c", &program]);
            command
        }
    };
    command
        .current_dir(folder)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env_remove("SIAMANG_MODEL")
        .env_remove("SIAMANG_DATA")
        .output()
        .unwrap()
}

/// Whether folders can be hidden from a process here.
fn can_hide() -> bool {
    let works = Command::new("unshare")
        .args([
            "--mount",
            "--map-root-user",
            "sh",
            "-c",
            "mount -t tmpfs none /mnt",
        ])
        .output()
        .is_ok_and(|output| output.status.success());
    if !works {
        eprintln!("the source tree cannot be hidden here: the program runs beside it");
    }
    works
}

fn shown(output: &Output) -> String {
    format!(
        "{:?}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn the_program_verifies_and_trains_without_its_source_tree() {
    let (folder, is_hidden) = (place(), can_hide());
    if is_hidden {
        let output = Command::new("unshare")
            .args(["--mount", "--map-root-user", "sh", "-c"])
            .arg(format!(
                "mount -t tmpfs none '{0}' && ls '{0}'",
                tree().display()
            ))
            .output()
            .unwrap();
        assert!(output.stdout.is_empty(), "{}", shown(&output));
    }
    let verify = run(
        folder.path(),
        "verify a.wav b.wav --vad none --json",
        is_hidden,
    );
    assert!(verify.status.success(), "{}", shown(&verify));
    let answer: serde_json::Value = serde_json::from_slice(&verify.stdout).unwrap();
    assert_eq!(answer["threshold_from"], "the model's calibration");
    assert_eq!(answer["model"], "the built-in model");
    let train = run(folder.path(), "train --max-steps 2 --out run", is_hidden);
    assert!(train.status.success(), "{}", shown(&train));
    let text = String::from_utf8_lossy(&train.stdout);
    assert!(text.contains("2 steps, all steps taken"), "{text}");
    assert!(text.contains("voices it has not heard: EER"), "{text}");
    let verify = run(
        folder.path(),
        "verify --model run a.wav b.wav --vad none",
        is_hidden,
    );
    assert!(verify.status.success(), "{}", shown(&verify));
}

#[test]
fn no_path_of_the_source_tree_is_looked_for() {
    let program = std::fs::read(assert_cmd::cargo::cargo_bin("siamang")).unwrap();
    for name in ["data", "configs", "crates/cli/..", "crates/siamang/.."] {
        let path = format!("{}/{name}", tree().display());
        let is_there = program
            .windows(path.len())
            .any(|bytes| bytes == path.as_bytes());
        assert!(!is_there, "`{path}` is written in the program");
    }
}

#[test]
fn the_built_in_model_needs_no_place_for_temporary_files() {
    let folder = place();
    let verify = Command::new(folder.path().join("siamang"))
        .args(["verify", "a.wav", "b.wav", "--vad", "none"])
        .current_dir(folder.path())
        .env_remove("SIAMANG_DATA")
        .env("TMPDIR", folder.path().join("missing"))
        .output()
        .unwrap();
    assert!(verify.status.success(), "{}", shown(&verify));
}

#[test]
fn the_data_folder_replaces_what_is_built_in() {
    let folder = place();
    end_to_end::write_bundle(&folder.path().join("data/models/default"));
    let run = |arguments: &str| {
        let output = Command::new(folder.path().join("siamang"))
            .args(arguments.split(' '))
            .current_dir(folder.path())
            .env_remove("SIAMANG_MODEL")
            .env("SIAMANG_DATA", "data")
            .env("XDG_CACHE_HOME", folder.path().join("cache"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", shown(&output));
        output.stdout
    };
    let answer: serde_json::Value =
        serde_json::from_slice(&run("verify a.wav b.wav --vad none --json")).unwrap();
    assert_eq!(answer["model"], "data/models/default");
    let printed = String::from_utf8(run("train --print-config")).unwrap();
    let mut config: toml::Table = printed.parse().unwrap();
    config["max_steps"] = 17.into();
    std::fs::create_dir_all(folder.path().join("data/configs")).unwrap();
    let path = folder.path().join("data/configs/voices.toml");
    std::fs::write(path, toml::to_string(&config).unwrap()).unwrap();
    let printed = String::from_utf8(run("train --print-config")).unwrap();
    assert!(printed.contains("max_steps = 17"), "{printed}");
}
