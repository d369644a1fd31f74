//! CONTRIBUTING.md's recipes: the loss and the trunk that it adds in one file and one line each are added to a copy of the workspace
//! and trained with.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One change of the recipe.
#[derive(Debug, PartialEq)]
enum Change {
    /// A new file with this text.
    File(String, String),
    /// A line in a macro's list of a file.
    Line {
        list: String,
        path: String,
        line: String,
    },
}

/// The changes that a text tells: a block of Rust behind a path alone is a file, one behind "One line in `LIST!` of `PATH`" a line.
fn changes(text: &str) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut said = "";
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == "```rust" {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let names: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
            changes.push(match names[..] {
                [path] if said == format!("`{path}`:") => {
                    Change::File(path.to_owned(), block.join("\n") + "\n")
                }
                [list, path] if said.starts_with("One line in ") => Change::Line {
                    list: list.to_owned(),
                    path: path.to_owned(),
                    line: block.join("\n") + "\n",
                },
                _ => panic!("a block of Rust does not say where it belongs: {said}"),
            });
        } else if !line.is_empty() {
            said = line;
        }
    }
    changes
}

impl Change {
    fn make(&self, root: &Path) {
        match self {
            Self::File(path, text) => {
                assert!(
                    !testing::repository().join(path).exists(),
                    "{path} exists: the recipe would not add it"
                );
                write(&root.join(path), text.as_bytes());
            }
            Self::Line { list, path, line } => {
                let text = std::fs::read_to_string(testing::repository().join(path)).unwrap();
                let begin = format!("\n{list} {{\n");
                let at = text
                    .find(&begin)
                    .unwrap_or_else(|| panic!("{path} has no list `{list}`"));
                let (before, after) = text.split_at(at + begin.len());
                write(&root.join(path), [before, line, after].concat().as_bytes());
            }
        }
    }
}

/// Writes a file unless it has these bytes, so that nothing is compiled again for its date.
fn write(path: &Path, bytes: &[u8]) {
    if std::fs::read(path).is_ok_and(|found| found == bytes) {
        return;
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// All files below `folder` that cargo could need, as paths from there.
fn sources(folder: &Path) -> BTreeSet<PathBuf> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeSet<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && name != ".git" && name != "shared" {
                    walk(root, &path, found);
                }
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(folder, folder, &mut found);
    found
}

#[test]
fn blocks_of_rust_say_where_they_belong() {
    let text = "`a/b.rs`:\n\n```rust\nfn f() {}\n```\n\nOne line in `parts!` of `a/mod.rs`:\n\n```rust\n    b::B,\n```\n";
    let expected = [
        Change::File("a/b.rs".to_owned(), "fn f() {}\n".to_owned()),
        Change::Line {
            list: "parts!".to_owned(),
            path: "a/mod.rs".to_owned(),
            line: "    b::B,\n".to_owned(),
        },
    ];
    assert_eq!(changes(text), expected);
}

#[test]
#[ignore = "builds the workspace's crates a second time, some minutes; .ci/run runs it"]
fn a_loss_and_a_trunk_are_one_file_and_one_line_each() {
    let root = testing::repository();
    let text = std::fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let changes = changes(&text);
    let is_file = |change: &&Change| matches!(change, Change::File(..));
    let files = changes.iter().filter(is_file).count();
    assert_eq!((files, changes.len()), (2, 4), "{changes:#?}");

    // A copy that stays, so that a second run compiles only what has changed.
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recipe");
    let wanted = sources(root);
    let added: BTreeSet<PathBuf> = changes
        .iter()
        .map(|change| match change {
            Change::File(path, _) | Change::Line { path, .. } => path.into(),
        })
        .collect();
    if copy.exists() {
        for stale in sources(&copy).difference(&wanted) {
            if !added.contains(stale) {
                std::fs::remove_file(copy.join(stale)).unwrap();
            }
        }
    }
    for path in wanted
        .difference(&added)
        .filter(|path| *path != Path::new("Cargo.toml"))
    {
        write(&copy.join(path), &std::fs::read(root.join(path)).unwrap());
    }
    // Another version makes other names of what is built, so that the workspace's own crates stay as they are.
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (before, after) = manifest.split_once("\nversion = \"").unwrap();
    let (version, after) = after.split_once('"').unwrap();
    let manifest = format!("{before}\nversion = \"{version}-recipe\"{after}");
    write(&copy.join("Cargo.toml"), manifest.as_bytes());
    for change in &changes {
        change.make(&copy);
    }
    let test = std::fs::read(root.join("tests/recipe/train_toys.rs")).unwrap();
    write(&copy.join("crates/trainer/tests/train_toys.rs"), &test);

    // The same target directory and the same selection of packages: dependencies are not built again.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_") && text != "CARGO_HOME" {
            cargo.env_remove(&name);
        }
    }
    let output = cargo
        .current_dir(&copy)
        .args(["test", "--offline", "--workspace", "--test", "train_toys"])
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
