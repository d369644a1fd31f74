//! The table of crates in ARCHITECTURE.md is what `cargo metadata` says: every crate has its row, depends on rows above it
//! alone, and on nothing that its column "never knows about" names.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// A crate's row. Names are those between backticks.
struct Row {
    name: String,
    /// What it must not depend on, not even through another crate of the workspace.
    never: Vec<String>,
    /// What stands behind the word "directly": others may, on its behalf.
    not_directly: Vec<String>,
}

/// The words between backticks.
fn quoted(text: &str) -> Vec<String> {
    let words = text.split('`').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}

/// The rows of the table, lowest first.
fn table() -> Vec<Row> {
    let path = testing::repository().join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Row> = text
        .lines()
        .skip_while(|line| !line.starts_with("| crate |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [_, name, _, never, _] = cells[..] else {
                panic!("a row has three cells: {line}");
            };
            let (never, not_directly) = never.split_once("directly").unwrap_or((never, ""));
            Row {
                name: quoted(name).remove(0),
                never: quoted(never),
                not_directly: quoted(not_directly),
            }
        })
        .collect();
    assert!(!rows.is_empty(), "ARCHITECTURE.md has no table of crates");
    rows
}

/// The direct dependencies of every crate of the workspace, those of its tests left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .arg("--offline")
        .current_dir(testing::repository())
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

/// What `name` depends on, through other crates of the workspace too.
fn reached(name: &str, dependencies: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![name.to_owned()];
    while let Some(name) = open.pop() {
        for dependency in dependencies.get(&name).into_iter().flatten() {
            if reached.insert(dependency.clone()) {
                open.push(dependency.clone());
            }
        }
    }
    reached
}

#[test]
fn every_crate_has_its_row_and_every_row_its_crate() {
    let rows = table();
    let named: BTreeSet<String> = rows.iter().map(|row| row.name.clone()).collect();
    assert_eq!(named.len(), rows.len(), "a crate has two rows");
    assert_eq!(named, dependencies().into_keys().collect());
}

#[test]
fn a_crate_depends_on_rows_above_it_alone() {
    let dependencies = dependencies();
    let mut above = BTreeSet::new();
    for row in table() {
        for dependency in &dependencies[&row.name] {
            assert!(
                !dependencies.contains_key(dependency) || above.contains(dependency),
                "`{}` depends on `{dependency}`, whose row is not above its own",
                row.name
            );
        }
        above.insert(row.name);
    }
}

#[test]
fn no_crate_knows_what_it_must_not() {
    let dependencies = dependencies();
    let lock = std::fs::read_to_string(testing::repository().join("Cargo.lock")).unwrap();
    for row in table() {
        for name in row.never.iter().chain(&row.not_directly) {
            assert!(
                lock.contains(&format!("name = \"{name}\"\n")),
                "the row of `{}` names `{name}`, which no Cargo.toml does",
                row.name
            );
        }
        let direct = &dependencies[&row.name];
        for name in &row.not_directly {
            assert!(!direct.contains(name), "`{}` depends on `{name}`", row.name);
        }
        let reached = reached(&row.name, &dependencies);
        for name in &row.never {
            assert!(
                !reached.contains(name),
                "`{}` depends on `{name}`, itself or through another crate",
                row.name
            );
        }
    }
}

#[test]
fn nothing_depends_on_the_command_or_on_what_only_tests_need() {
    for (name, known) in dependencies() {
        for program in [
            "cli",
            "xtask",
            "end-to-end",
            "ladder",
            "contenders",
            "testing",
        ] {
            assert!(!known.contains(program), "`{name}` depends on `{program}`");
        }
    }
}
