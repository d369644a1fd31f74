//! What the documents say of the tree is what the tree holds.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use end_to_end::siamang;

fn read(path: &str) -> String {
    let path = testing::repository().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Files below `folder` with this ending, as paths from the repository's root.
fn files(folder: &str, ending: &str) -> BTreeSet<String> {
    fn walk(folder: &Path, ending: &str, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                // Build outputs, git's files, the shared data.
                if name != "target" && !name.starts_with('.') && name != "shared" {
                    walk(&path, ending, found);
                }
            } else if name.ends_with(ending) {
                let path = path.strip_prefix(testing::repository()).unwrap();
                found.insert(path.to_string_lossy().into_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&testing::repository().join(folder), ending, &mut found);
    assert!(!found.is_empty(), "`{folder}` has no {ending}");
    found
}

/// The words between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn expanded(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else {
        return vec![path.to_owned()];
    };
    let (choices, after) = rest.split_once('}').unwrap();
    let choices = choices.split(',');
    choices
        .map(|choice| format!("{before}{choice}{after}"))
        .collect()
}

/// The files of integration tests: `tests/NAME.rs` or `tests/NAME/main.rs` of a package.
fn test_files() -> BTreeSet<String> {
    let mut files = files(".", ".rs");
    files.retain(|path| {
        let parts: Vec<&str> = path.rsplit('/').collect();
        matches!(parts[..], [_, "tests", ..] | ["main.rs", _, "tests", ..])
    });
    // A unit test's module, not a file of its own.
    files.retain(|path| !path.contains("/src/"));
    files
}

/// The first paragraph of a file's documentation.
fn described(path: &str) -> String {
    let text = read(path);
    let lines = text
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .take_while(|line| !line.is_empty());
    let lines: Vec<&str> = lines.collect();
    assert!(
        !lines.is_empty(),
        "{path} does not begin with what it tests"
    );
    lines.join(" ")
}

#[test]
fn the_page_of_tests_lists_every_test_file() {
    const BEGIN: &str = "<!-- test files: begin -->\n";
    const END: &str = "<!-- test files: end -->";
    let mut list = "| file | what |\n|---|---|\n".to_owned();
    for path in test_files() {
        let shown = path.strip_prefix("crates/").unwrap_or(&path);
        list += &format!("| `{shown}` | {} |\n", described(&path));
    }
    let page = read("docs/tests.md");
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    if std::env::var_os("SIAMANG_UPDATE_DOCS").is_some() {
        let page = [before, BEGIN, &list, END, after].concat();
        std::fs::write(testing::repository().join("docs/tests.md"), page).unwrap();
        return;
    }
    let lines = |text: &str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
    let (expected, found) = (lines(&list), lines(found));
    assert!(
        expected == found,
        "docs/tests.md lacks {:#?} and has {:#?}; write it with SIAMANG_UPDATE_DOCS=1",
        expected.difference(&found).collect::<Vec<_>>(),
        found.difference(&expected).collect::<Vec<_>>()
    );
}

#[test]
fn the_page_of_tests_names_no_file_that_does_not_exist() {
    let page = read("docs/tests.md");
    let named = quoted(&page).filter(|word| word.ends_with(".rs"));
    for name in named.flat_map(expanded) {
        let root = testing::repository();
        let exists = [format!("crates/{name}"), name.clone()]
            .iter()
            .any(|place| root.join(place).is_file());
        assert!(exists, "docs/tests.md names `{name}`, which is no file");
    }
}

/// The commands that `siamang --help` lists.
fn commands() -> BTreeSet<String> {
    let output = siamang(Path::new(".")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let lines = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    // Long descriptions go on in lines that are indented further.
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names
        .filter(|name| !name.is_empty() && *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn readme_shows_every_command_and_none_that_does_not_exist() {
    let readme = read("README.md");
    let shown: BTreeSet<String> = readme
        .lines()
        .flat_map(|line| line.split("siamang ").skip(1))
        .filter_map(|rest| rest.split_whitespace().next())
        .map(|word| word.trim_matches(['`', ';', ',', '.']).to_owned())
        .filter(|word| {
            word.chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '-')
                && !word.is_empty()
        })
        .collect();
    let commands = commands();
    assert!(commands.len() > 10, "{commands:?}");
    let missing: Vec<&String> = commands.difference(&shown).collect();
    assert!(missing.is_empty(), "README.md does not show {missing:?}");
    // What README writes as a command begins a line of a block or stands between backticks.
    for line in readme.lines() {
        let written = line.strip_prefix("siamang ").into_iter();
        let written = written.chain(quoted(line).filter_map(|word| word.strip_prefix("siamang ")));
        for rest in written {
            let name = rest.split([' ', '`']).next().unwrap();
            assert!(
                commands.contains(name) || name == "COMMAND" || name.starts_with('-'),
                "README.md shows `siamang {name}`, which does not exist"
            );
        }
    }
}

/// Words of the command lines that README.md shows, without comments.
fn shown_lines() -> Vec<Vec<String>> {
    let readme = read("README.md");
    let lines = readme.lines().filter(|line| line.starts_with("siamang "));
    let lines = lines.map(|line| line.split('#').next().unwrap_or_default());
    lines
        .map(|line| line.split_whitespace().skip(1).map(str::to_owned).collect())
        .collect()
}

#[test]
fn readme_uses_flags_that_its_commands_have() {
    let lines = shown_lines();
    assert!(lines.len() > 10, "{lines:?}");
    for words in lines {
        // `prepare` and `trials` have commands of their own.
        let named = match words[0].as_str() {
            "prepare" | "trials" => 2,
            _ => 1,
        };
        let mut command = siamang(Path::new("."));
        let output = command.args(&words[..named]).arg("--help").output();
        let help = String::from_utf8(output.unwrap().stdout).unwrap();
        for flag in words.iter().filter(|word| word.starts_with("--")) {
            let has = |end| help.contains(&format!("{flag}{end}"));
            assert!(
                has(' ') || has('\n') || has('['),
                "README.md gives `siamang {}` the flag {flag}, which it does not have",
                words[..named].join(" ")
            );
        }
    }
}

#[test]
fn every_library_begins_with_an_example_that_is_compiled() {
    for path in lib_files() {
        let text = read(&path);
        let docs: Vec<&str> = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .map(|line| line.trim_start_matches("//!").trim())
            .collect();
        let fence = docs.iter().find(|line| line.starts_with("```"));
        let fence = fence.unwrap_or_else(|| panic!("{path} shows no example in its first lines"));
        assert!(
            ["```", "```rust", "```no_run"].contains(fence),
            "{path}: the example begins with {fence}, which is not compiled"
        );
    }
}

/// `lib.rs` of every library crate.
fn lib_files() -> Vec<String> {
    let mut crates = files("crates", "lib.rs");
    crates.retain(|path| path.ends_with("/src/lib.rs"));
    crates.into_iter().collect()
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    for path in files(".", ".md") {
        let text = read(&path);
        let folder = PathBuf::from(&path);
        let folder = testing::repository().join(folder.parent().unwrap());
        for target in text.split("](").skip(1) {
            let target = target.split([')', '#']).next().unwrap();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            assert!(
                folder.join(target).exists(),
                "{path} links to {target}, which does not exist"
            );
        }
    }
}

/// Sections and claims of a text that is not here have been cited as `method 1.2` and `P12`.
#[test]
fn comments_cite_nothing_that_is_not_in_the_repository() {
    let cites = |comment: &str| {
        let words: Vec<&str> = comment
            .split(|letter: char| !letter.is_alphanumeric())
            .collect();
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let claim = |word: &&str| word.strip_prefix('P').is_some_and(is_number);
        let section = |pair: &[&str]| pair[0].eq_ignore_ascii_case("method") && is_number(pair[1]);
        words.iter().any(claim) || words.windows(2).any(section)
    };
    assert!(cites("the paper's batches (method 1.1.6)") && cites("P12: 2m"));
    for path in files(".", ".rs") {
        if path.ends_with("tests/documented.rs") {
            continue;
        }
        for (line, number) in read(&path).lines().zip(1..) {
            if let Some((_, comment)) = line.split_once("//") {
                assert!(
                    !cites(comment),
                    "{path}:{number} cites what is not here: {line}"
                );
            }
        }
    }
}
