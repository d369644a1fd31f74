//! `cargo xtask prepare-voxceleb` is `siamang prepare voxceleb`: its flags, its words, its exit codes.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str], folder: &Path) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_xtask"));
    let built = program.with_file_name(format!("siamang{}", std::env::consts::EXE_SUFFIX));
    assert!(
        built.exists(),
        "`{}` is not built; run `cargo test --workspace`, which builds it",
        built.display()
    );
    Command::new(program)
        .arg("prepare-voxceleb")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn flags_messages_and_exit_codes_are_those_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(&["--help"], folder.path());
    let text = String::from_utf8_lossy(&help.stdout);
    assert!(text.contains("Usage: siamang prepare voxceleb"), "{text}");
    let wrong = run(&["--no-such-flag"], folder.path());
    assert_eq!(wrong.status.code(), Some(2));
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let nothing = run(&["--vox1", "empty", "--out", "store"], folder.path());
    let text = String::from_utf8_lossy(&nothing.stderr);
    assert_eq!(nothing.status.code(), Some(1), "{text}");
    assert!(text.contains("vox1_dev_wav_partaa"), "{text}");
}
