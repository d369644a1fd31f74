//! `--help` of every command. After a wanted change:
//! `INSTA_UPDATE=always cargo test --workspace --test program --test help` (`program` builds the binary).
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::Path;

use end_to_end::siamang;

fn help(arguments: &[&str]) -> String {
    let output = siamang(Path::new("."))
        .args(arguments)
        .arg("--help")
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn help_of_every_command() {
    insta::assert_snapshot!("siamang", help(&[]));
    for command in [
        "train",
        "embed",
        "calibrate",
        "verify",
        "enrol",
        "identify",
        "list",
        "show",
        "rename",
        "forget",
        "reembed",
        "identify-protocol",
        "score",
        "eval",
        "cluster",
        "cluster-protocol",
        "check",
        "doctor",
        "adapt",
        "export",
        "import",
        "models",
        "prepare",
        "merge",
        "trials",
        "report",
    ] {
        let text = help(&[command]);
        assert!(
            text.contains("Examples:\n  siamang "),
            "`{command}` shows no example"
        );
        insta::assert_snapshot!(format!("siamang_{command}"), text);
    }
}

#[test]
fn no_command_is_wrong_usage() {
    let output = siamang(Path::new(".")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}
