//! No file imports a file that imports it, directly or on a detour, but for the circles that ARCHITECTURE.md argues for.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A path of modules below a crate's root.
type Module = Vec<String>;

/// What a file imports and what it hands on.
#[derive(Debug, Default)]
struct File {
    imports: Vec<String>,
    exports: Vec<String>,
}

/// The imports of a source text, one path each, those of its unit tests left out.
fn parse(text: &str) -> File {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    let (mut file, mut rest) = (File::default(), String::new());
    let mut lines = lines;
    while let Some(line) = lines.next() {
        let begin = line.trim_start();
        let is_public = begin.starts_with("pub");
        let begin = match begin.strip_prefix("pub") {
            Some(after) if after.starts_with('(') => after.split_once(')').map_or("", |(_, s)| s),
            Some(after) => after,
            None => begin,
        };
        let Some(path) = begin.trim_start().strip_prefix("use ") else {
            rest += line;
            rest.push('\n');
            continue;
        };
        let mut statement = path.to_owned();
        while !statement.contains(';') {
            statement += lines.next().unwrap_or(";");
        }
        let statement: String = statement.split(';').next().unwrap().to_owned();
        let paths = expand(&statement.split_whitespace().collect::<Vec<_>>().join(" "));
        match is_public {
            true => file.exports.extend(paths),
            false => file.imports.extend(paths),
        }
    }
    for root in ["crate::", "super::"] {
        for (at, _) in rest.match_indices(root) {
            let path = &rest[at..];
            let end = path.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
            file.imports.push(
                path[..end.unwrap_or(path.len())]
                    .trim_end_matches(':')
                    .to_owned(),
            );
        }
    }
    file
}

/// `a::{b, c::{d, e as f}}` as `a::b`, `a::c::d` and `a::c::e`.
fn expand(path: &str) -> Vec<String> {
    let Some((before, group)) = path.split_once('{') else {
        let name = path.split(" as ").next().unwrap();
        return vec![name.trim().to_owned()];
    };
    let group = &group[..group.rfind('}').unwrap_or(group.len())];
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for letter in group.chars() {
        match letter {
            ',' if depth == 0 => parts.push(String::new()),
            _ => {
                depth += i32::from(letter == '{') - i32::from(letter == '}');
                parts.last_mut().unwrap().push(letter);
            }
        }
    }
    let parts = parts.iter().map(|part| part.trim());
    let parts = parts.filter(|part| !part.is_empty());
    parts
        .flat_map(|part| expand(&format!("{}{part}", before.trim())))
        .collect()
}

/// The files of a crate by their modules.
fn modules(source: &Path) -> BTreeMap<Module, File> {
    fn walk(folder: &Path, at: &Module, found: &mut BTreeMap<Module, File>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            let mut module = at.clone();
            if path.is_dir() {
                module.push(stem);
                walk(&path, &module, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") && stem != "tests"
            {
                if !["lib", "main", "mod"].contains(&stem.as_str()) {
                    module.push(stem);
                }
                found.insert(module, parse(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(source, &Vec::new(), &mut found);
    found
}

/// A path as written in `module`, from the crate's root; none for another crate's.
fn absolute(path: &str, module: &Module, files: &BTreeMap<Module, File>) -> Option<Module> {
    let mut names: Vec<String> = path.split("::").map(str::to_owned).collect();
    let mut base = module.clone();
    match names[0].as_str() {
        "crate" => base.clear(),
        "self" => {}
        "super" => {
            while names.first().is_some_and(|name| name == "super") {
                base.pop();
                names.remove(0);
            }
            names.insert(0, String::new());
        }
        child => {
            let mut below = base.clone();
            below.push(child.to_owned());
            files.get(&below)?;
            names.insert(0, String::new());
        }
    }
    base.extend(names.drain(1..));
    Some(base)
}

/// The file in which what a path names is declared: re-exports are followed.
fn declared(path: &[String], files: &BTreeMap<Module, File>, depth: usize) -> Option<Module> {
    let module = (0..=path.len())
        .rev()
        .map(|end| path[..end].to_vec())
        .find(|module| files.contains_key(module))?;
    let rest = &path[module.len()..];
    if let (Some(name), true) = (rest.first(), depth < 8) {
        let exports = files[&module].exports.iter();
        let mut targets = exports.filter(|export| export.rsplit("::").next() == Some(name));
        if let Some(target) = targets.find_map(|export| absolute(export, &module, files))
            && target != path
        {
            return declared(&[&target[..], &rest[1..]].concat(), files, depth + 1);
        }
    }
    Some(module)
}

/// Which files each file imports.
fn graph(files: &BTreeMap<Module, File>) -> BTreeMap<Module, BTreeSet<Module>> {
    let of = |(module, file): (&Module, &File)| {
        let paths = file.imports.iter();
        let targets = paths
            .filter_map(|path| absolute(path, module, files))
            .filter_map(|path| declared(&path, files, 0))
            .filter(|target| target != module);
        (module.clone(), targets.collect())
    };
    files.iter().map(of).collect()
}

/// Groups of files that reach each other.
fn circles(graph: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Vec<String>> {
    let reached = |from: &Module| {
        let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(module) = open.pop() {
            for next in &graph[module] {
                if reached.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
        reached
    };
    let reach: BTreeMap<&Module, BTreeSet<Module>> = graph
        .keys()
        .map(|module| (module, reached(module)))
        .collect();
    let shown = |module: &Module| match module.is_empty() {
        true => "lib".to_owned(),
        false => module.join("/"),
    };
    let mut circles = BTreeSet::new();
    for (module, reached) in &reach {
        if reached.contains(*module) {
            let circle = reached
                .iter()
                .filter(|other| reach[*other].contains(*module));
            circles.insert(circle.map(shown).collect());
        }
    }
    circles
}

/// Crates by the folder of their sources.
fn crates() -> Vec<(String, std::path::PathBuf)> {
    let root = testing::repository();
    let folders = std::fs::read_dir(root.join("crates")).unwrap();
    let folders = folders.map(|entry| entry.unwrap().path());
    let others = ["xtask", "ladder", "benches", "tests"].map(|name| root.join(name));
    let mut crates: Vec<_> = folders
        .chain(others)
        .map(|folder| {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            (name, folder.join("src"))
        })
        .filter(|(_, source)| source.is_dir())
        .collect();
    crates.sort();
    crates
}

#[test]
fn imports_are_found_and_followed_to_their_files() {
    let text = "use std::fs;\npub use b::{C, d::{E, F as G}};\nuse super::{x,\n    y};\nfn f() { crate::z::g() } // crate::no\n#[cfg(test)]\nmod tests { use super::q; }\n";
    let file = parse(text);
    assert_eq!(file.exports, ["b::C", "b::d::E", "b::d::F"]);
    assert_eq!(
        file.imports,
        ["std::fs", "super::x", "super::y", "crate::z::g"]
    );
    let module = |path: &str| -> Module {
        let names = path.split('/').filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    };
    let files: BTreeMap<Module, File> = [
        ("", "pub use a::A;\nmod a;\nmod b;"),
        ("a", "use crate::b::B;\npub struct A;"),
        ("b", "use crate::A;\npub struct B;"),
        ("c", "use crate::a::A;"),
    ]
    .map(|(path, text)| (module(path), parse(text)))
    .into();
    let expected: BTreeSet<Vec<String>> = [vec!["a".to_owned(), "b".to_owned()]].into();
    assert_eq!(circles(&graph(&files)), expected);
}

#[test]
fn every_circle_of_files_is_argued_for() {
    let page = std::fs::read_to_string(testing::repository().join("ARCHITECTURE.md")).unwrap();
    let (_, section) = page.split_once("## Circles that remain\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    // Rows of crate, files, reason.
    let argued: BTreeSet<(String, Vec<String>)> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let quoted = |cell: &str| -> Vec<String> {
                cell.split('`')
                    .skip(1)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect()
            };
            let cells: Vec<&str> = line.split('|').collect();
            (quoted(cells[1]).remove(0), quoted(cells[2]))
        })
        .collect();
    let mut found = BTreeSet::new();
    for (name, source) in crates() {
        for circle in circles(&graph(&modules(&source))) {
            found.insert((name.clone(), circle));
        }
    }
    assert!(
        found == argued,
        "circles that ARCHITECTURE.md does not argue for: {:#?}; circles that are gone: {:#?}",
        found.difference(&argued).collect::<Vec<_>>(),
        argued.difference(&found).collect::<Vec<_>>()
    );
}
