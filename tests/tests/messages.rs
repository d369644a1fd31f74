//! What the libraries say: they know neither the flags of the command line nor its commands.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources has failed"
)]

use std::path::{Path, PathBuf};

/// The command line itself, and what only tests use.
const MAY_NAME_FLAGS: [&str; 2] = ["cli", "testing"];

#[test]
fn no_library_names_a_flag_or_a_command() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut found = Vec::new();
    let mut num_literals = 0;
    for entry in std::fs::read_dir(crates).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        if MAY_NAME_FLAGS.contains(&name.as_str()) {
            continue;
        }
        for path in sources(&folder.join("src")) {
            for literal in literals(&std::fs::read_to_string(&path).unwrap()) {
                num_literals += 1;
                if names_the_command_line(&literal) {
                    found.push(format!("{}: {literal}", path.display()));
                }
            }
        }
    }
    assert!(
        num_literals > 1000,
        "only {num_literals} literals were read"
    );
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// `--flag` in a sentence, or `` `siamang command` ``. CSS has variables that begin alike, `var(--page)`, and a program
/// that is run has `--flag` as an argument of its own.
fn names_the_command_line(literal: &str) -> bool {
    let is_flag = |(at, _): (usize, &str)| {
        let before = literal[..at].chars().next_back();
        let after = literal[at + 2..].chars().next();
        before.is_some_and(|before| before != '(' && before != '-')
            && after.is_some_and(|after| after.is_ascii_lowercase())
    };
    literal.contains("`siamang ") || literal.match_indices("--").any(is_flag)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            paths.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    paths
}

/// The string literals of a source file, as they are written there; those in comments and below `#[cfg(test)]` are not
/// among them.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut literals = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '/', '\'', 'r']) {
        let (before, from) = rest.split_at(at);
        let in_a_word = before.ends_with(|before: char| before.is_alphanumeric() || before == '_');
        let skip = |by: usize| from.get(by..).unwrap_or_default();
        rest = if from.starts_with("//") {
            skip(from.find('\n').unwrap_or(from.len()))
        } else if let Some(raw) = from.strip_prefix('r').filter(|_| !in_a_word)
            && let hashes = raw.len() - raw.trim_start_matches('#').len()
            && raw[hashes..].starts_with('"')
        {
            let text = &raw[hashes + 1..];
            let end = text.find(&format!("\"{}", "#".repeat(hashes))).unwrap();
            literals.push(text[..end].to_owned());
            &text[end + 1 + hashes..]
        } else if let Some(text) = from.strip_prefix('"') {
            let end = end_of(text);
            literals.push(text[..end].to_owned());
            &text[end + 1..]
        } else if from.starts_with("'\"'") {
            skip(3)
        } else if from.starts_with("'\\") {
            // An escaped character, such as a quotation mark.
            skip(3)
        } else {
            skip(1)
        };
    }
    literals
}

/// The quotation mark that ends a literal.
fn end_of(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    text.len().saturating_sub(1)
}

#[test]
fn flags_and_commands_are_found_where_they_stand() {
    let source = r##"
        // "--comment" and an apostrophe's end
        let a = "give `--out`"; let b = '"'; let c = r#"run "`siamang train`" again"#;
        let d = "a \" quotation -- and var(--page)"; let e = "--version";
        #[cfg(test)]
mod tests { let f = "with `--flag`"; }"##;
    let found = literals(source);
    assert_eq!(found.len(), 4, "{found:?}");
    let named: Vec<bool> = found
        .iter()
        .map(|text| names_the_command_line(text))
        .collect();
    assert_eq!(named, [true, true, false, false]);
}
