//! Who speaks, from the names of recordings.

use std::collections::{BTreeSet, HashMap};

use speech_data::Trial;

/// The speaker that a recording's own path suggests: its first folder, or for a path that starts outside of
/// a corpus (`/data/ann/1.wav`, `../ann/1.wav`) the folder that it is in.
#[must_use]
pub fn of_id(id: &str) -> Option<&str> {
    let mut folders = id.split('/').collect::<Vec<_>>();
    folders.pop();
    let outside = matches!(folders.first(), Some(&("" | "." | "..")));
    let name = if outside {
        folders.last()
    } else {
        folders.first()
    };
    name.copied()
        .filter(|name| !matches!(*name, "" | "." | ".."))
}

/// Speakers of recordings that were named one by one: their folders, if there are two or more of them.
#[must_use]
pub fn of_folders(ids: &[String]) -> Vec<Option<String>> {
    let folder = |id: &String| id.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let folders: Vec<Option<String>> = ids.iter().map(folder).collect();
    match folders.iter().flatten().collect::<BTreeSet<_>>().len() {
        0 | 1 => vec![None; ids.len()],
        _ => folders,
    }
}

/// Numbers for names, in order of first appearance.
#[must_use]
pub fn numbered<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<usize> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    names
        .into_iter()
        .map(|name| {
            let next = numbers.len();
            *numbers.entry(name).or_insert(next)
        })
        .collect()
}

/// How many folders of a recording's name make the speaker, where one number agrees with every trial: the
/// same speaker in all targets, another in all non-targets.
pub(crate) fn folder_level(trials: &[Trial]) -> Option<usize> {
    let deepest = trials
        .iter()
        .map(|trial| trial.test.matches('/').count())
        .min()?;
    (1..=deepest).find(|&level| {
        trials.iter().all(|trial| {
            trial.target == (prefix(&trial.enrolment, level) == prefix(&trial.test, level))
        })
    })
}

/// The first `level` folders of a name.
pub(crate) fn prefix(id: &str, level: usize) -> &str {
    match id.match_indices('/').nth(level.saturating_sub(1)) {
        Some((end, _)) => &id[..end],
        None => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_name_speakers() {
        assert_eq!(of_id("ann/day/1.wav"), Some("ann"));
        assert_eq!(of_id("/data/ann/1.wav"), Some("ann"));
        assert_eq!(of_id("../1.wav"), None);
        assert_eq!(of_id("1.wav"), None);
        let ids = ["x/ann/1.wav", "x/bob/1.wav"].map(str::to_owned);
        assert_eq!(
            of_folders(&ids),
            [Some("x/ann".to_owned()), Some("x/bob".to_owned())]
        );
        assert_eq!(of_folders(&ids[..1]), [None]);
    }

    #[test]
    fn the_level_that_agrees_with_every_trial_is_found() {
        let trial = |target, a: &str, b: &str| Trial {
            enrolment: a.to_owned(),
            test: b.to_owned(),
            target,
        };
        let trials = [
            trial(true, "sc/ann/1/x.wav", "sc/ann/2/y.wav"),
            trial(false, "sc/ann/1/x.wav", "sc/bob/1/z.wav"),
        ];
        assert_eq!(folder_level(&trials), Some(2));
        assert_eq!(prefix("sc/ann/1/x.wav", 2), "sc/ann");
        assert_eq!(folder_level(&[trial(true, "a/1", "b/1")]), None);
    }
}
