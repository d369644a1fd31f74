//! Event files, read back by TensorBoard itself.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::Path;

use run_report::ScalarWriter;
use serde_json::{Value, json};

/// What TensorBoard reads from `folder`.
fn read_back(folder: &Path) -> Option<Value> {
    let mut python = testing::python("tensorboard")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check_tensorboard.py");
    let output = python.arg(script).arg(folder).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn tensorboard_reads_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = ScalarWriter::create(folder.path(), 0).unwrap();
    for step in [10_u32, 20, 30] {
        let loss = 4.0 - f64::from(step) / 16.0;
        writer
            .add(step.into(), &[("loss", loss), ("dev_eer/höre", 0.25)])
            .unwrap();
    }
    let Some(scalars) = read_back(folder.path()) else {
        return;
    };
    assert_eq!(
        scalars["loss"],
        json!([[10, 3.375], [20, 2.75], [30, 2.125]])
    );
    assert_eq!(
        scalars["dev_eer/höre"],
        json!([[10, 0.25], [20, 0.25], [30, 0.25]])
    );
}

#[test]
fn a_run_that_goes_on_replaces_what_was_after_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = ScalarWriter::create(folder.path(), 0).unwrap();
    for step in [10, 20, 30] {
        first.add(step, &[("loss", 1.0)]).unwrap();
    }
    // The name of an event file begins with its time: the second must be later.
    std::thread::sleep(std::time::Duration::from_millis(5));
    let mut second = ScalarWriter::create(folder.path(), 20).unwrap();
    second.add(30, &[("loss", 0.5)]).unwrap();
    let Some(scalars) = read_back(folder.path()) else {
        return;
    };
    assert_eq!(scalars["loss"], json!([[10, 1.0], [20, 1.0], [30, 0.5]]));
}
