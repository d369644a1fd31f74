//! What the runs of a comparison are called.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::fault::usage;

/// A name for each of `runs`, no two alike: those that were given, or the shortest ends of their paths that differ.
pub(super) fn labels(runs: &[PathBuf], given: &[String]) -> Result<Vec<String>> {
    if given.is_empty() {
        return of_paths(runs);
    }
    if given.len() != runs.len() {
        return Err(usage(
            format!(
                "`--label` is given {} times for {} runs",
                given.len(),
                runs.len()
            ),
            "give one label for each run, in the order of the runs, or none",
        ));
    }
    Ok(told_apart(given.to_vec()))
}

fn of_paths(runs: &[PathBuf]) -> Result<Vec<String>> {
    let parts = runs.iter().map(|run| parts(run));
    let parts: Vec<Vec<String>> = parts.collect::<Result<_>>()?;
    let deepest = parts.iter().map(Vec::len).max().unwrap_or(0);
    let ends = |depth: usize| -> Vec<String> {
        let parts = parts.iter();
        parts
            .map(|parts| parts[parts.len().saturating_sub(depth)..].join("/"))
            .collect()
    };
    let differ = (1..=deepest).map(ends).find(|names| {
        let mut names = names.clone();
        names.sort_unstable();
        names.windows(2).all(|pair| pair[0] != pair[1])
    });
    Ok(told_apart(differ.unwrap_or_else(|| ends(1))))
}

/// The folders of a path, from the root on.
fn parts(run: &Path) -> Result<Vec<String>> {
    let absolute = std::path::absolute(run)?;
    let folders = absolute.components().filter_map(|part| match part {
        std::path::Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    let mut folders: Vec<String> = folders.collect();
    if folders.is_empty() {
        folders.push(absolute.display().to_string());
    }
    Ok(folders)
}

/// Names that are alike get numbers.
fn told_apart(mut names: Vec<String>) -> Vec<String> {
    for place in 1..names.len() {
        let plain = names[place].clone();
        let mut number = 1;
        while names[..place].contains(&names[place]) {
            number += 1;
            names[place] = format!("{plain} ({number})");
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(runs: &[&str], given: &[&str]) -> Vec<String> {
        let runs: Vec<PathBuf> = runs.iter().map(PathBuf::from).collect();
        let given: Vec<String> = given.iter().map(|&name| name.to_owned()).collect();
        labels(&runs, &given).unwrap()
    }

    #[test]
    fn runs_are_called_by_as_much_of_their_paths_as_tells_them_apart() {
        assert_eq!(named(&["/x/a", "/x/b/"], &[]), ["a", "b"]);
        assert_eq!(named(&["/x/a/run", "/x/b/run"], &[]), ["a/run", "b/run"]);
        assert_eq!(
            named(&["/x/a/run", "/y/a/run", "/y/a/other"], &[]),
            ["x/a/run", "y/a/run", "y/a/other"]
        );
        assert_eq!(named(&["/x/run", "/x/run"], &[]), ["run", "run (2)"]);
        assert_eq!(named(&["/"], &[]), ["/"]);
    }

    #[test]
    fn labels_that_are_given_are_taken_one_for_each_run() {
        assert_eq!(named(&["a", "b"], &["slow", "quick"]), ["slow", "quick"]);
        assert_eq!(named(&["a", "b"], &["same", "same"]), ["same", "same (2)"]);
        let runs = [PathBuf::from("a"), PathBuf::from("b")];
        let error = labels(&runs, &["one".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("1 times for 2 runs"), "{error}");
    }
}
