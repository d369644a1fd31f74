//! Checks a corpus on disk against what it says of itself.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::lists::{Row, Trial, read_split, read_trials};
use super::{DURATION_S, NUM_SESSIONS, SAMPLE_RATE_HZ};

const MIN_VOICES: usize = 32;
const MIN_UTTERANCES: usize = 12;
const MAX_BYTES: u64 = 10_000_000;

/// What [`check`] counted.
pub(crate) struct Summary {
    pub(crate) voices: BTreeMap<String, usize>,
    pub(crate) utterances: usize,
    pub(crate) trials: usize,
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
}

/// Counts, sizes, durations, splits and trials of the corpus in `root`; the first thing that is wrong is the error.
pub(crate) fn check(root: &Path) -> Result<Summary> {
    let rows = read(root, "split.tsv", read_split)?;
    let voices = check_speakers(&rows)?;
    check_files(root, &rows)?;
    let mut num_trials = 0;
    for split in ["dev", "test"] {
        let name = format!("trials/{split}.txt");
        let trials = read(root, &name, read_trials)?;
        check_trials(&rows, &trials, split).with_context(|| name.clone())?;
        num_trials += trials.len();
    }
    let mut bytes = 0;
    for entry in walkdir::WalkDir::new(root) {
        let entry = entry?;
        if entry.file_type().is_file() {
            bytes += entry.metadata()?.len();
        }
    }
    ensure!(
        bytes <= MAX_BYTES,
        "{bytes} bytes in all; expected at most {MAX_BYTES}"
    );
    Ok(Summary {
        voices,
        utterances: rows.len(),
        trials: num_trials,
        seconds: rows.iter().map(|row| row.seconds).sum(),
        bytes,
    })
}

fn read<T>(root: &Path, name: &str, parse: impl Fn(&str) -> Result<T>) -> Result<T> {
    let path = root.join(name);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| path.display().to_string())
}

/// Number of voices a split. Each voice has one split and one gender, enough utterances, and all sessions.
fn check_speakers(rows: &[Row]) -> Result<BTreeMap<String, usize>> {
    let mut speakers: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        speakers.entry(&row.speaker).or_default().push(row);
    }
    let mut voices: BTreeMap<String, usize> = BTreeMap::new();
    for (speaker, rows) in &speakers {
        let first = rows[0];
        for row in rows {
            ensure!(
                row.split == first.split && row.gender == first.gender,
                "speaker {speaker} is in split {} as {} and in split {} as {}",
                first.split,
                first.gender,
                row.split,
                row.gender
            );
            ensure!(
                row.path.starts_with(&format!("{speaker}/{}/", row.session)),
                "{}: expected to be in {speaker}/{}/",
                row.path,
                row.session
            );
        }
        ensure!(
            rows.len() >= MIN_UTTERANCES,
            "speaker {speaker} has {} utterances; expected at least {MIN_UTTERANCES}",
            rows.len()
        );
        let sessions: BTreeSet<&str> = rows.iter().map(|row| row.session.as_str()).collect();
        ensure!(
            sessions.len() == NUM_SESSIONS,
            "speaker {speaker} has {} sessions; expected {NUM_SESSIONS}",
            sessions.len()
        );
        *voices.entry(first.split.clone()).or_default() += 1;
    }
    ensure!(
        speakers.len() >= MIN_VOICES,
        "{} voices; expected at least {MIN_VOICES}",
        speakers.len()
    );
    let splits: Vec<&str> = voices.keys().map(String::as_str).collect();
    ensure!(
        splits == ["dev", "test", "train"],
        "splits {splits:?}; expected dev, test, train"
    );
    Ok(voices)
}

/// The audio files on disk are those of the list, and last as long as it says.
fn check_files(root: &Path, rows: &[Row]) -> Result<()> {
    let mut listed: HashSet<&str> = HashSet::new();
    for row in rows {
        ensure!(
            listed.insert(&row.path),
            "split.tsv lists {} twice",
            row.path
        );
        let path = root.join(&row.path);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let seconds = vorbis_seconds(&bytes).with_context(|| path.display().to_string())?;
        ensure!(
            (seconds - row.seconds).abs() < 2e-3,
            "{} lasts {seconds:.3} s; split.tsv says {:.3} s",
            row.path,
            row.seconds
        );
        ensure!(
            DURATION_S.contains(&seconds),
            "{} lasts {seconds:.3} s; expected {DURATION_S:?}",
            row.path
        );
    }
    for entry in walkdir::WalkDir::new(root) {
        let entry = entry?;
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "ogg")
        {
            let path = entry
                .path()
                .strip_prefix(root)?
                .to_string_lossy()
                .replace('\\', "/");
            ensure!(listed.contains(path.as_str()), "{path} is not in split.tsv");
        }
    }
    Ok(())
}

/// Duration of a mono Ogg Vorbis file at the corpus's rate, from its last page's granule position.
fn vorbis_seconds(bytes: &[u8]) -> Result<f64> {
    let head = bytes.get(28..45).filter(|_| bytes.starts_with(b"OggS"));
    let head = head.context("not an Ogg file")?;
    ensure!(&head[..7] == b"\x01vorbis", "no Vorbis stream");
    let rate = u32::from_le_bytes([head[12], head[13], head[14], head[15]]);
    ensure!(
        head[11] == 1 && rate == SAMPLE_RATE_HZ,
        "{} channels at {rate} Hz; expected 1 at {SAMPLE_RATE_HZ} Hz",
        head[11]
    );
    let last = bytes
        .windows(4)
        .rposition(|window| window == b"OggS")
        .unwrap_or_default();
    let granule = bytes
        .get(last + 6..last + 14)
        .context("the last page is cut")?;
    let granule: [u8; 8] = granule.try_into()?;
    Ok(u64::from_le_bytes(granule) as f64 / f64::from(rate))
}

/// Trials are of their split, labelled rightly, balanced, distinct; targets are across sessions, non-targets of one
/// gender.
fn check_trials(rows: &[Row], trials: &[Trial], split: &str) -> Result<()> {
    let by_path: HashMap<&str, &Row> = rows.iter().map(|row| (row.path.as_str(), row)).collect();
    let mut seen = HashSet::new();
    for Trial {
        target,
        left,
        right,
    } in trials
    {
        let find = |path: &str| {
            let row = by_path.get(path).filter(|row| row.split == split);
            row.with_context(|| format!("{path} is not in split {split}"))
        };
        let (a, b) = (find(left)?, find(right)?);
        ensure!(
            *target == (a.speaker == b.speaker),
            "{left} {right}: the label does not agree with the speakers"
        );
        ensure!(
            !target || a.session != b.session,
            "{left} {right}: a target within one session"
        );
        ensure!(
            *target || a.gender == b.gender,
            "{left} {right}: a non-target of two genders"
        );
        ensure!(
            seen.insert((left.min(right), left.max(right))),
            "{left} {right}: listed twice"
        );
    }
    let targets = trials.iter().filter(|trial| trial.target).count();
    ensure!(
        targets > 0 && 2 * targets == trials.len(),
        "{targets} targets among {} trials; expected half",
        trials.len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn committed() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/voices")
    }

    #[test]
    fn committed_corpus_is_sound() -> Result<()> {
        let summary = check(&committed())?;
        assert_eq!(
            summary.voices.values().sum::<usize>(),
            super::super::cast::CAST.len()
        );
        Ok(())
    }

    #[test]
    fn committed_splits_share_no_speaker() -> Result<()> {
        let rows = read(&committed(), "split.tsv", read_split)?;
        let speakers = |split: &str| -> HashSet<String> {
            let rows = rows.iter().filter(|row| row.split == split);
            rows.map(|row| row.speaker.clone()).collect()
        };
        let [train, dev, test] = ["train", "dev", "test"].map(speakers);
        assert!(train.is_disjoint(&dev) && train.is_disjoint(&test) && dev.is_disjoint(&test));
        Ok(())
    }

    #[test]
    fn faulty_trials_are_refused() -> Result<()> {
        let rows = read(&committed(), "split.tsv", read_split)?;
        let sound = read(&committed(), "trials/test.txt", read_trials)?;
        check_trials(&rows, &sound, "test")?;
        assert!(check_trials(&rows, &sound, "dev").is_err());
        assert!(check_trials(&rows, &sound[1..], "test").is_err());
        assert!(check_trials(&rows, &[], "test").is_err());
        let mut flipped = sound.clone();
        flipped[0].target = !flipped[0].target;
        assert!(check_trials(&rows, &flipped, "test").is_err());
        let twice = [&sound[..], &sound[..]].concat();
        assert!(check_trials(&rows, &twice, "test").is_err());
        Ok(())
    }

    #[test]
    fn bytes_that_are_no_vorbis_are_refused() {
        for bytes in [
            &b""[..],
            b"OggS",
            &[0; 100],
            b"RIFF....WAVEfmt .............................",
        ] {
            assert!(vorbis_seconds(bytes).is_err());
        }
    }
}
