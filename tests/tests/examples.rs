//! The examples of the library run without arguments, on the voices in `data`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::process::Command;

/// What an example prints.
fn output(name: &str) -> String {
    let program = assert_cmd::cargo::cargo_bin("siamang");
    let path = program.parent().unwrap().join("examples").join(name);
    assert!(
        path.exists(),
        "`{}` is not built; run `cargo test --workspace`, which builds it",
        path.display()
    );
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(path)
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .env("XDG_CACHE_HOME", folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {text}\n{errors}");
    text
}

#[test]
fn two_recordings_are_compared() {
    assert!(output("compare").contains("the same speaker"));
}

#[test]
fn a_folder_becomes_a_parquet_file_and_is_read_back() {
    let text = output("embed_folder");
    assert!(text.starts_with("14 recordings"), "{text}");
    assert!(text.contains("the first one, s1/u1.ogg: ["), "{text}");
}

#[test]
fn a_folder_is_clustered() {
    let text = output("cluster_folder");
    assert_eq!(text.matches("\nspeaker ").count(), 3 * 14 - 1, "{text}");
    assert!(text.contains("misclassification rate"), "{text}");
}

#[test]
fn a_small_training_ends_with_a_model() {
    let text = output("train_small");
    assert!(text.starts_with("20 steps"), "{text}");
    assert!(text.contains("EER"), "{text}");
}

#[test]
fn an_own_loss_is_trained_with() {
    let text = output("train_own_loss");
    assert!(text.starts_with("30 steps: dev EER"), "{text}");
    assert!(text.contains("embeddings of 64 dimensions"), "{text}");
}
