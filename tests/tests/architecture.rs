//! The column "never knows about" of the table of crates in ARCHITECTURE.md.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What each crate must not depend on, directly.
const NEVER: [(&str, &[&str]); 18] = [
    (
        "allocator",
        &["audio-features", "burn", "fused-lstm", "speaker-model"],
    ),
    (
        "durable",
        &["audio-features", "burn", "fused-lstm", "speaker-model"],
    ),
    (
        "run-report",
        &["burn", "clap", "fused-lstm", "speaker-model", "trainer"],
    ),
    (
        "audio-features",
        &[
            "burn",
            "clap",
            "fused-lstm",
            "pair-sampler",
            "speaker-eval",
            "speaker-model",
            "speech-data",
            "trainer",
        ],
    ),
    (
        "speech-data",
        &[
            "burn",
            "clap",
            "pair-sampler",
            "speaker-eval",
            "speaker-model",
            "symphonia",
            "trainer",
        ],
    ),
    (
        "corpus-prep",
        &[
            "burn",
            "clap",
            "cli",
            "fused-lstm",
            "indicatif",
            "speaker-eval",
            "speaker-model",
            "symphonia",
            "trainer",
        ],
    ),
    (
        "pair-sampler",
        &[
            "audio-features",
            "burn",
            "clap",
            "speaker-eval",
            "speaker-model",
            "symphonia",
            "trainer",
        ],
    ),
    (
        "speaker-model",
        &[
            "clap",
            "pair-sampler",
            "speaker-eval",
            "symphonia",
            "trainer",
            "walkdir",
        ],
    ),
    (
        "fused-lstm",
        &[
            "audio-features",
            "burn",
            "clap",
            "pair-sampler",
            "speaker-eval",
            "speaker-model",
            "trainer",
        ],
    ),
    (
        "speaker-eval",
        &[
            "audio-features",
            "burn",
            "clap",
            "pair-sampler",
            "speaker-model",
            "symphonia",
            "trainer",
        ],
    ),
    (
        "speaker-scoring",
        &[
            "audio-features",
            "burn",
            "clap",
            "pair-sampler",
            "speaker-eval",
            "speaker-model",
            "symphonia",
            "trainer",
        ],
    ),
    (
        "diagnosis",
        &[
            "audio-features",
            "burn",
            "clap",
            "fused-lstm",
            "pair-sampler",
            "speaker-eval",
            "speaker-model",
            "trainer",
        ],
    ),
    ("trainer", &["clap", "indicatif", "symphonia"]),
    (
        "cli",
        &["burn", "fused-lstm", "kodama", "realfft", "symphonia"],
    ),
    ("contenders", &["cli"]),
    ("ladder", &["cli", "fused-lstm", "trainer"]),
    ("xtask", &["burn", "cli", "trainer"]),
    ("end-to-end", &["burn", "cli", "trainer"]),
];

/// The direct dependencies of every crate of the workspace, those of its tests left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let all = package["dependencies"].as_array().unwrap().iter();
            let normal = all.filter(|dependency| dependency["kind"].is_null());
            (
                text(&package["name"]),
                normal.map(|dependency| text(&dependency["name"])).collect(),
            )
        })
        .collect()
}

#[test]
fn no_crate_knows_what_it_must_not() {
    let dependencies = dependencies();
    for (name, never) in NEVER {
        let known = dependencies
            .get(name)
            .unwrap_or_else(|| panic!("there is no crate `{name}`"));
        for forbidden in never {
            assert!(
                !known.contains(*forbidden),
                "`{name}` must not depend on `{forbidden}`"
            );
        }
    }
}

#[test]
fn every_crate_has_its_line() {
    let lines: BTreeSet<&str> = NEVER.iter().map(|(name, _)| *name).collect();
    for name in dependencies().keys() {
        assert!(
            lines.contains(name.as_str()),
            "`{name}` has no line in this table"
        );
    }
}

#[test]
fn nothing_depends_on_the_command() {
    for (name, known) in dependencies() {
        assert!(!known.contains("cli"), "`{name}` depends on `cli`");
    }
}
