//! The program starts. That this crate has a test of its binary makes `cargo test --workspace` build it, which the
//! end-to-end tests need.

use std::process::Command;

#[test]
fn the_version_is_the_crates() {
    let output = Command::new(env!("CARGO_BIN_EXE_siamang"))
        .arg("--version")
        .output()
        .unwrap();
    let expected = format!("siamang {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert!(output.status.success());
}
