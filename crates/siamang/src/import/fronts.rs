//! The same network behind other front ends: what a wrong one does to its embeddings.

use audio_features::{FeatureConfig, FrontEnd, Normalisation, WindowShape};
use serde::Serialize;
use speaker_model::{Bundle, Embedder, EmbeddingModel};
use speaker_scoring::Scorer;

use super::line::over_a_thin_line;
use super::voices;
use crate::error::Error;

/// What one change of the front end does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrontTrial {
    /// What was changed, in words.
    pub change: String,
    /// Mean cosine of a sound's embedding to that by the right front end.
    pub cosine: f64,
    /// Mean cosine of recordings of one speaker.
    pub same: f64,
    /// Mean cosine of recordings of different speakers.
    pub different: f64,
    /// Mean cosine of recordings of one speaker, one of which came over a thin line.
    pub same_across_lines: f64,
    /// Mean cosine of recordings of different speakers that came over the same thin line.
    pub different_on_one_line: f64,
    /// How often two of the latter are at least as alike as two of the former, 0 to 1: the line was heard, not the voice.
    pub mistaken: f64,
}

impl FrontTrial {
    /// What this front end breaks beside the `right` one, in words; nothing where it does little.
    #[must_use]
    pub fn harm(&self, right: &Self) -> Option<String> {
        let percent = |share: f64| format!("{:.0} %", 100.0 * share);
        if self.mistaken > right.mistaken + HARM {
            return Some(format!(
                "{}: strangers on one line are taken for more alike than one speaker on two in {} of comparisons, {} with the right front end",
                self.change,
                percent(self.mistaken),
                percent(right.mistaken)
            ));
        }
        (self.cosine < OTHERS).then(|| {
            format!(
                "{}: its embeddings are others ({:.2}), and must not meet those of the right front end",
                self.change, self.cosine
            )
        })
    }
}

/// So many mistakes more are worth a word.
const HARM: f64 = 0.05;
/// Embeddings further than that from the right ones are others.
const OTHERS: f64 = 0.95;

/// Embeds made signals and two recordings of some of the voices that are built in, as they are and over a thin line, by the
/// bundle's front end and by wrong ones. The first entry is of the right one.
///
/// # Errors
/// [`Error::Model`] where nothing can be embedded.
pub fn compare_fronts(bundle: &Bundle) -> Result<Vec<FrontTrial>, Error> {
    let right = bundle.embedder();
    let rate = right.front_end().config().sample_rate_hz;
    let signals = speaker_model::made_signals(rate);
    let speakers: Vec<[Vec<f32>; 3]> = voices::pairs(rate)?
        .into_iter()
        .map(|[a, b]| {
            let thin = over_a_thin_line(&b, rate);
            [a, b, thin]
        })
        .collect();
    let (signals, speakers) = (signals.as_slice(), speakers.as_slice());
    let expected = embed(right, signals, speakers)?;
    let mut trials = vec![trial("none".to_owned(), &expected, &expected)];
    for (change, features) in changes(right.front_end().config()) {
        if features.validate().is_err() {
            continue;
        }
        let front_end = FrontEnd::new(features, None).map_err(speaker_model::ModelError::from)?;
        let wrong = right.clone().with_front_end(front_end)?;
        trials.push(trial(change, &expected, &embed(&wrong, signals, speakers)?));
    }
    Ok(trials)
}

/// Mistakes that are made with front ends.
fn changes(right: &FeatureConfig) -> Vec<(String, FeatureConfig)> {
    let mut changes = Vec::new();
    let mut add = |what: &str, change: &dyn Fn(&mut FeatureConfig)| {
        let mut features = right.clone();
        change(&mut features);
        if features != *right {
            changes.push((what.to_owned(), features));
        }
    };
    add("no mean subtracted", &|features| {
        features.normalisation = Normalisation::None;
    });
    add("quiet recordings not made louder", &|features| {
        features.least_level_dbfs = None;
    });
    add("no zeros behind the last window", &|features| {
        features.whole_windows = None;
    });
    for (name, window) in [
        ("Hann window", WindowShape::Hann),
        ("Hamming window", WindowShape::Hamming),
        ("Povey window", WindowShape::Povey),
    ] {
        add(name, &|features| features.window = window);
    }
    add("samples of 16-bit integers", &|features| {
        features.sample_scale = 32_768.0;
    });
    add("samples from -1 to 1", &|features| {
        features.sample_scale = 1.0
    });
    add("no pre-emphasis", &|features| features.preemphasis = 0.0);
    changes
}

/// Embeddings of the signals, and of each speaker's two recordings and the second over a thin line.
type Embeddings = (Vec<Vec<f32>>, Vec<[Vec<f32>; 3]>);

fn embed(
    embedder: &Embedder,
    signals: &[Vec<f32>],
    speakers: &[[Vec<f32>; 3]],
) -> Result<Embeddings, Error> {
    let signals = signals.iter().map(|signal| embedder.embed(signal));
    let signals = signals.collect::<Result<_, _>>()?;
    let mut of_speakers = Vec::with_capacity(speakers.len());
    for [a, b, thin] in speakers {
        of_speakers.push([
            embedder.embed(a)?,
            embedder.embed(b)?,
            embedder.embed(thin)?,
        ]);
    }
    Ok((signals, of_speakers))
}

fn trial(change: String, expected: &Embeddings, found: &Embeddings) -> FrontTrial {
    // Without those over the line: a front end is judged by what it is used for.
    let all = |(signals, speakers): &Embeddings| -> Vec<Vec<f32>> {
        let of_speakers = speakers.iter().flat_map(|of_one| &of_one[..2]);
        signals.iter().chain(of_speakers).cloned().collect()
    };
    let cosines = all(expected)
        .iter()
        .zip(all(found))
        .map(|(a, b)| cosine(a, &b))
        .collect::<Vec<_>>();
    let speakers = &found.1;
    let [mut same, mut across] = [Vec::new(), Vec::new()];
    let [mut different, mut on_one_line] = [Vec::new(), Vec::new()];
    for (index, [a, b, thin]) in speakers.iter().enumerate() {
        same.push(cosine(a, b));
        across.push(cosine(a, thin));
        for [_, other, other_thin] in &speakers[index + 1..] {
            different.push(cosine(a, other));
            on_one_line.push(cosine(thin, other_thin));
        }
    }
    let pairs = across
        .iter()
        .flat_map(|one| on_one_line.iter().map(move |other| (one, other)));
    let mistakes: Vec<f64> = pairs
        .map(|(one, other)| f64::from(u8::from(other >= one)))
        .collect();
    FrontTrial {
        change,
        cosine: mean(&cosines),
        same: mean(&same),
        different: mean(&different),
        same_across_lines: mean(&across),
        different_on_one_line: mean(&on_one_line),
        mistaken: mean(&mistakes),
    }
}

/// As scores are made everywhere.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    f64::from(Scorer::default().score(a, b))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
