//! Cosine, AS-norm and PLDA beside each other, on the embeddings of files:
//!
//! ```sh
//! siamang embed corpus/split.tsv --filter split=train --out train.parquet
//! siamang embed corpus/split.tsv --filter split=dev --out dev.parquet
//! cargo run --release -p siamang --example back_ends -- train.parquet dev.parquet corpus/trials/dev.*.txt
//! ```
//!
//! The strangers of AS-norm (the 200 nearest, one vector a speaker) and the PLDA are those of the first file, of whom none is in the lists.

#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use siamang::{EmbeddingSet, Scorer, read_embeddings};
use speaker_eval::{BootstrapSettings, bootstrap_interval, eer};
use speaker_scoring::{Cohort, EmbeddingMatrix, Plda, PldaSettings, normalised};
use speech_data::TrialList;

/// Dimensions that the linear discriminant analysis before a PLDA keeps.
const KEPT: [usize; 2] = [100, 150];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [train, judged, lists @ ..] = arguments.as_slice() else {
        return Err(
            "give a file of training embeddings, one of those that are judged, and trial lists"
                .into(),
        );
    };
    let (train, judged) = (
        read_embeddings(Path::new(train))?,
        read_embeddings(Path::new(judged))?,
    );
    let (rows, speakers) = labelled(&train)?;
    let cohort = Cohort::new(means(&rows, &speakers)?)?;
    let statistics = cohort.statistics_of(&judged.matrix, Some(200))?;
    let pldas = KEPT.map(|kept| {
        Plda::fit(
            &rows,
            &speakers,
            &PldaSettings {
                lda: Some(kept),
                ..PldaSettings::default()
            },
        )
    });
    let [first, second] = pldas;
    let (first, second) = (first?, second?);
    println!(
        "{:12} {:>22} {:>22} {:>22} {:>22}",
        "list", "cosine", "AS-norm", "PLDA 100", "PLDA 150"
    );
    for path in lists {
        let list = TrialList::read(Path::new(path))?;
        let trials = Trials::of(&list, &judged);
        let cosine = Scorer::default().scores(&judged.matrix, &trials.pairs)?;
        let pairs = cosine.iter().zip(&trials.pairs);
        let beside = pairs.map(|(&score, &(a, b))| {
            normalised(score.into(), &statistics[a], &statistics[b]) as f32
        });
        let beside: Vec<f32> = beside.collect();
        let of = |plda: &Plda| -> Result<Vec<f32>, Box<dyn Error>> {
            let scores = plda.scores(&judged.matrix, &trials.pairs)?;
            Ok(scores.into_iter().map(|score| score as f32).collect())
        };
        let columns = [cosine, beside, of(&first)?, of(&second)?];
        let columns: Vec<String> = columns
            .iter()
            .map(|scores| trials.rate(scores))
            .collect::<Result<_, _>>()?;
        let [a, b, c, d] = columns.as_slice() else {
            unreachable!("four columns")
        };
        println!("{:12} {a:>22} {b:>22} {c:>22} {d:>22}", list.name);
    }
    Ok(())
}

/// The rows whose speaker is known, and their speakers by number.
fn labelled(set: &EmbeddingSet) -> Result<(EmbeddingMatrix, Vec<usize>), Box<dyn Error>> {
    let known = set.speakers.iter().enumerate();
    let known = known.filter_map(|(row, speaker)| Some((set.matrix.row(row), speaker.as_deref()?)));
    let (rows, names): (Vec<&[f32]>, Vec<&str>) = known.unzip();
    Ok((EmbeddingMatrix::from_rows(&rows)?, siamang::numbered(names)))
}

/// One vector a speaker.
fn means(rows: &EmbeddingMatrix, speakers: &[usize]) -> Result<EmbeddingMatrix, Box<dyn Error>> {
    let mut sums: BTreeMap<usize, Vec<f32>> = BTreeMap::new();
    for (row, &speaker) in rows.rows().zip(speakers) {
        let sum = sums.entry(speaker).or_insert_with(|| vec![0.0; rows.dim()]);
        sum.iter_mut()
            .zip(row)
            .for_each(|(sum, value)| *sum += value);
    }
    let sums: Vec<Vec<f32>> = sums.into_values().collect();
    Ok(EmbeddingMatrix::from_rows(&sums)?)
}

/// The trials of a list that both have an embedding.
struct Trials {
    pairs: Vec<(usize, usize)>,
    is_target: Vec<bool>,
    speakers: [Vec<usize>; 2],
}

impl Trials {
    fn of(list: &TrialList, set: &EmbeddingSet) -> Self {
        let rows = set.index();
        let names: Vec<&str> = set
            .speakers
            .iter()
            .map(|name| name.as_deref().unwrap_or(""))
            .collect();
        let numbers = siamang::numbered(names.iter().copied());
        let mut trials = Self {
            pairs: Vec::new(),
            is_target: Vec::new(),
            speakers: [Vec::new(), Vec::new()],
        };
        for trial in &list.trials {
            let row = |id: &str| rows.get(id).copied();
            if let (Some(a), Some(b)) = (row(&trial.enrolment), row(&trial.test)) {
                trials.pairs.push((a, b));
                trials.is_target.push(trial.target);
                trials.speakers[0].push(numbers[a]);
                trials.speakers[1].push(numbers[b]);
            }
        }
        trials
    }

    /// The EER and its interval over speakers, in per cent.
    fn rate(&self, scores: &[f32]) -> Result<String, Box<dyn Error>> {
        let rate = eer(scores, &self.is_target)?.eer;
        let [a, b] = &self.speakers;
        let settings = BootstrapSettings::default();
        let found = bootstrap_interval(scores, &self.is_target, a, b, &settings)?.eer;
        Ok(format!(
            "{:.1} ({:.1} to {:.1})",
            100.0 * rate,
            100.0 * found.low,
            100.0 * found.high
        ))
    }
}
