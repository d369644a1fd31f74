//! Draws the recordings of a base from a folder of corpora with its `split.tsv`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use audio_features::read_recording;
use rand::seq::SliceRandom;

use crate::sabotage::bases::{Base, Share};
use crate::sabotage::kit::draws;
use crate::sabotage::lists::fair_trials;
use crate::sabotage::material::{Material, Part, RATE_HZ, Recording, Sound};

/// Fewest recordings of a speaker who is drawn, unless fewer are asked for.
const FEWEST: usize = 4;

/// A row of the table.
struct Row {
    path: String,
    session: Option<String>,
    gender: Option<String>,
}

/// Recordings by corpus and split, then by speaker.
pub(crate) struct Corpora {
    root: PathBuf,
    rows: BTreeMap<(String, String), BTreeMap<String, Vec<Row>>>,
    read: Mutex<HashMap<String, Arc<Vec<f32>>>>,
}

/// What a training begins with.
pub(crate) struct Drawn {
    pub(crate) material: Material,
    /// Recordings and trials of speakers whom nothing else has.
    pub(crate) held_back: Material,
}

impl Corpora {
    /// Reads the table of `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let path = root.join("split.tsv");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let mut lines = text
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>());
        let head = lines.next().unwrap_or_default();
        let column = |name: &str| {
            let place = head.iter().position(|column| *column == name);
            place.with_context(|| format!("{} has no column `{name}`", path.display()))
        };
        let places = ["path", "speaker", "corpus", "session", "gender", "split"].map(column);
        let [path, speaker, corpus, session, gender, split] = places;
        let places = [path?, speaker?, corpus?, session?, gender?, split?];
        let mut rows: BTreeMap<_, BTreeMap<_, Vec<Row>>> = BTreeMap::new();
        for (number, line) in lines.enumerate() {
            let cell = |place: usize| line.get(place).map(|cell| (*cell).to_owned());
            let cells = places.map(cell);
            let [
                Some(path),
                Some(speaker),
                Some(corpus),
                session,
                gender,
                Some(split),
            ] = cells
            else {
                anyhow::bail!("line {} of split.tsv is too short", number + 2);
            };
            let known = |cell: Option<String>| cell.filter(|cell| cell != "-");
            let speakers = rows.entry((corpus, split)).or_default();
            speakers.entry(speaker).or_default().push(Row {
                path,
                session: known(session),
                gender: known(gender),
            });
        }
        Ok(Self {
            root: root.to_owned(),
            rows,
            read: Mutex::default(),
        })
    }

    /// The recordings of `base`; another seed draws other speakers.
    pub(crate) fn draw(&self, base: &Base, seed: u64) -> Result<Drawn> {
        let mut taken = HashSet::new();
        let mut recordings = Vec::new();
        // The model that comes with siamang listens to the labels, and was trained on speakers of `train`.
        let parts = [
            (base.train, Part::Train, ["test", "train"]),
            (base.dev, Part::Dev, ["dev", "train"]),
            (base.held_back, Part::Dev, ["train", "test"]),
        ];
        let mut of_part = Vec::new();
        for (shares, part, splits) in parts {
            let first = recordings.len();
            for share in shares {
                let drawn = self.speakers(base, share, part, splits, seed, &mut taken)?;
                recordings.extend(drawn);
            }
            of_part.push(first..recordings.len());
        }
        let has_table = !base.dev.is_empty();
        for (index, one) in recordings.iter_mut().enumerate() {
            let number = format!("r{index:04}");
            one.id = match has_table {
                true => format!("audio/{number}"),
                false => number,
            };
        }
        let held_back = recordings.split_off(of_part[2].start);
        let trials = |recordings: &[Recording], name: &str| {
            let recordings: Vec<&Recording> = recordings.iter().collect();
            fair_trials(
                &recordings,
                &mut draws(&format!("{} {name}", base.name), seed),
            )
        };
        Ok(Drawn {
            held_back: Material {
                trials: trials(&held_back, "held back"),
                recordings: held_back,
                has_table: true,
            },
            material: Material {
                trials: trials(&recordings[of_part[1].clone()], "dev"),
                recordings,
                has_table,
            },
        })
    }

    fn speakers(
        &self,
        base: &Base,
        share: &Share,
        part: Part,
        splits: [&str; 2],
        seed: u64,
        taken: &mut HashSet<String>,
    ) -> Result<Vec<Recording>> {
        let corpus = share.corpus;
        let mut draws = draws(&format!("{} {corpus} {}", base.name, splits[0]), seed);
        let fewest = share.recordings.min(FEWEST);
        let mut speakers = Vec::new();
        for split in splits {
            let Some(known) = self.rows.get(&(corpus.to_owned(), split.to_owned())) else {
                continue;
            };
            let mut found: Vec<(&String, &Vec<Row>)> = known
                .iter()
                .filter(|(speaker, rows)| rows.len() >= fewest && !taken.contains(*speaker))
                .collect();
            found.shuffle(&mut draws);
            found.truncate(share.speakers - speakers.len());
            taken.extend(found.iter().map(|(speaker, _)| (*speaker).clone()));
            speakers.extend(found);
        }
        ensure!(
            speakers.len() == share.speakers,
            "{corpus} has {} more speakers with {fewest} recordings for `{}`, which wants {}",
            speakers.len(),
            base.name,
            share.speakers
        );
        speakers.sort_by_key(|(speaker, _)| *speaker);
        let mut recordings = Vec::new();
        for (speaker, rows) in speakers {
            let mut rows: Vec<&Row> = rows.iter().collect();
            rows.shuffle(&mut draws);
            rows.truncate(share.recordings);
            rows.sort_by_key(|row| &row.path);
            for row in rows {
                recordings.push(Recording {
                    id: row.path.clone(),
                    speaker: speaker.replace('/', "-"),
                    corpus: corpus.to_owned(),
                    session: row.session.clone(),
                    gender: row.gender.clone(),
                    part,
                    sound: Sound::mono(self.samples(&row.path)?),
                });
            }
        }
        Ok(recordings)
    }

    fn samples(&self, path: &str) -> Result<Arc<Vec<f32>>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(samples) = read.get(path) {
            return Ok(Arc::clone(samples));
        }
        let file = self.root.join(path);
        let recording = read_recording(&file, RATE_HZ)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let samples = Arc::new(recording.waveform.samples);
        read.insert(path.to_owned(), Arc::clone(&samples));
        Ok(samples)
    }
}
