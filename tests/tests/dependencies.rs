//! Every dependency has a licence, a source and a name that `deny.toml` allows: a part of `cargo deny check` that needs no
//! program of its own and no network. Held for the platform that the tests run on.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::process::Command;

use serde_json::Value;

/// `deny.toml`.
fn deny() -> toml::Table {
    let path = testing::repository().join("deny.toml");
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

fn texts(list: &toml::Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|text| text.as_str().unwrap()).collect()
}

/// Every package that is built here, with all features' dependencies.
fn packages() -> Vec<Value> {
    let run = |command: &mut Command| {
        let output = command.current_dir(testing::repository()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    };
    let version = run(Command::new("rustc").arg("-vV"));
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let metadata = run(Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(["--filter-platform", host.unwrap()]));
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Whether a licence expression (SPDX; a slash is an old OR) is met by licences of a list.
struct Expression<'a> {
    words: Vec<&'a str>,
    at: usize,
    allowed: &'a [&'a str],
}

impl<'a> Expression<'a> {
    fn is_met(text: &'a str, allowed: &'a [&'a str]) -> bool {
        let mut expression = Expression {
            words: words(text),
            at: 0,
            allowed,
        };
        let met = expression.or();
        assert_eq!(
            expression.at,
            expression.words.len(),
            "cannot read `{text}`"
        );
        met
    }

    fn next_is(&mut self, word: &str) -> bool {
        let found = self.words.get(self.at) == Some(&word);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> bool {
        let mut met = self.and();
        while self.next_is("OR") || self.next_is("/") {
            met |= self.and();
        }
        met
    }

    fn and(&mut self) -> bool {
        let mut met = self.one();
        while self.next_is("AND") {
            met &= self.one();
        }
        met
    }

    fn one(&mut self) -> bool {
        if self.next_is("(") {
            let met = self.or();
            assert!(self.next_is(")"));
            return met;
        }
        let mut licence = self.words[self.at].to_owned();
        self.at += 1;
        if self.next_is("WITH") {
            licence = format!("{licence} WITH {}", self.words[self.at]);
            self.at += 1;
        }
        self.allowed.contains(&licence.as_str())
    }
}

/// Names and signs of a licence expression.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for part in text.split_whitespace() {
        let mut rest = part;
        while let Some(at) = rest.find(['(', ')', '/']) {
            let (before, after) = rest.split_at(at);
            words.extend([before, &after[..1]].iter().filter(|word| !word.is_empty()));
            rest = &after[1..];
        }
        if !rest.is_empty() {
            words.push(rest);
        }
    }
    words
}

#[test]
fn licence_expressions_are_read_as_spdx_says() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"];
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(GPL-3.0 OR ISC) AND MIT", true),
        ("GPL-3.0 AND MIT OR ISC", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
    ] {
        assert_eq!(
            Expression::is_met(expression, &allowed),
            expected,
            "{expression}"
        );
    }
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed() {
    let deny = deny();
    let allowed = texts(&deny["licenses"]["allow"]);
    let clarified = deny["licenses"]["clarify"].as_array().unwrap();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let one = clarified
            .iter()
            .find(|one| one["crate"].as_str() == Some(name));
        let expression = one
            .map(|one| one["expression"].as_str().unwrap())
            .or_else(|| package["license"].as_str())
            .unwrap_or_else(|| panic!("`{name}` names no licence: clarify it in deny.toml"));
        assert!(
            Expression::is_met(expression, &allowed),
            "the licence of `{name}`, {expression}, is not allowed by deny.toml"
        );
    }
}

#[test]
fn every_dependency_comes_from_an_allowed_registry_and_none_is_banned() {
    let deny = deny();
    let registries = texts(&deny["sources"]["allow-registry"]);
    let banned: Vec<&str> = deny["bans"]["deny"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["crate"].as_str().unwrap())
        .collect();
    let packages = packages();
    assert!(packages.len() > 100, "{}", packages.len());
    for package in packages {
        let name = package["name"].as_str().unwrap();
        assert!(!banned.contains(&name), "`{name}` is banned by deny.toml");
        // A crate of the workspace has no source.
        if let Some(source) = package["source"].as_str() {
            let registry = source.strip_prefix("registry+").unwrap_or(source);
            assert!(
                registries.contains(&registry),
                "`{name}` comes from {source}"
            );
        }
    }
}
