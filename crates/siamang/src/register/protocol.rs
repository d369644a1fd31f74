//! How well a register would name speakers: some of them are enrolled, and all others of their recordings are looked for among them.

use std::collections::BTreeMap;

use serde::Serialize;
use speaker_eval::{BootstrapSettings, OpenSetRates, Search, open_set_rates};
use voice_register::{centre, product};

use crate::embeddings::EmbeddingSet;
use crate::error::Error;

/// Who is enrolled, by what, and how often.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IdentifyProtocol {
    /// Share of the speakers who are enrolled, above 0 and below 1.
    pub enrolled: f64,
    /// Recordings that each of them is enrolled with, of one occasion; recordings of that occasion are not looked for where the speaker has
    /// others.
    pub recordings: usize,
    /// How often speakers are drawn.
    pub draws: usize,
    /// Two works with the same seed draw the same.
    pub seed: u64,
    /// Share of false names that is asked for, 0 to 1.
    pub fpir: f64,
}

impl Default for IdentifyProtocol {
    /// Half of the speakers with three recordings each, ten times, 1 % false names.
    fn default() -> Self {
        Self {
            enrolled: 0.5,
            recordings: 3,
            draws: 10,
            seed: 0,
            fpir: 0.01,
        }
    }
}

/// How well speakers are named.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenSet {
    /// Voices of a register.
    pub num_voices: usize,
    /// Speakers who could be enrolled: they have a recording more than that takes.
    pub num_speakers: usize,
    /// Speakers who were never enrolled, since they have too few recordings.
    pub num_only_others: usize,
    /// The rates over all draws.
    pub rates: OpenSetRates,
    /// How they would be if a name were also withheld where the second voice is as near as that.
    pub margins: Vec<(f64, OpenSetRates)>,
}

/// Draws speakers, enrols them and looks for all other recordings; `sessions` runs parallel to the rows of `set`.
///
/// # Errors
/// [`Error::TooFewToIdentify`], [`Error::Measure`].
pub fn open_set(
    set: &EmbeddingSet,
    sessions: &[Option<String>],
    protocol: &IdentifyProtocol,
) -> Result<OpenSet, Error> {
    let mut speakers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, speaker) in set.speakers.iter().enumerate() {
        if let Some(speaker) = speaker {
            speakers.entry(speaker).or_default().push(row);
        }
    }
    let speakers: Vec<Vec<usize>> = speakers.into_values().collect();
    let is_rich = |rows: &Vec<usize>| rows.len() > protocol.recordings;
    let rich: Vec<usize> = (0..speakers.len())
        .filter(|&one| is_rich(&speakers[one]))
        .collect();
    let num_voices = (protocol.enrolled * rich.len() as f64).round() as usize;
    if num_voices == 0
        || num_voices >= speakers.len()
        || protocol.recordings == 0
        || protocol.draws == 0
    {
        return Err(Error::TooFewToIdentify {
            found: format!(
                "{num_voices} of {} speakers would be enrolled, of whom {} have more than {} recordings",
                speakers.len(),
                rich.len(),
                protocol.recordings
            ),
        });
    }
    let searched = Searched {
        set,
        sessions,
        speakers: &speakers,
        protocol,
    };
    let mut searches = Vec::new();
    for draw in 0..protocol.draws {
        let mut order = rich.clone();
        order.sort_by_cached_key(|&speaker| drawn(protocol.seed, draw, speaker));
        searched.draw(draw, &order[..num_voices], &mut searches);
    }
    let settings = BootstrapSettings::default();
    let rates = |margin: f64| {
        let searches = searches.iter().map(|(search, second)| {
            // Too small a margin is no name at any threshold.
            let score = if search.score - second < margin {
                -2.0
            } else {
                search.score
            };
            Search { score, ..*search }
        });
        open_set_rates(&searches.collect::<Vec<Search>>(), protocol.fpir, &settings)
    };
    let margins: Result<Vec<_>, _> = [0.02, 0.05, 0.1]
        .into_iter()
        .map(|margin| Ok((margin, rates(margin)?)))
        .collect();
    Ok(OpenSet {
        num_voices,
        num_speakers: rich.len(),
        num_only_others: speakers.len() - rich.len(),
        rates: rates(0.0)?,
        margins: margins.map_err(|error: speaker_eval::EvalError| Error::from(error))?,
    })
}

/// A number that decides who or what comes first in a draw.
fn drawn(seed: u64, draw: usize, what: usize) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for number in [seed, draw as u64, what as u64] {
        hasher.update(&number.to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}

struct Searched<'a> {
    set: &'a EmbeddingSet,
    sessions: &'a [Option<String>],
    speakers: &'a [Vec<usize>],
    protocol: &'a IdentifyProtocol,
}

impl Searched<'_> {
    /// Adds the searches of a draw, each with the score of the second voice.
    fn draw(&self, draw: usize, enrolled: &[usize], searches: &mut Vec<(Search, f64)>) {
        let mut voices: Vec<(usize, Vec<f32>)> = Vec::new();
        let mut probes: Vec<(usize, Vec<usize>)> = Vec::new();
        for (speaker, rows) in self.speakers.iter().enumerate() {
            if !enrolled.contains(&speaker) {
                probes.push((speaker, rows.clone()));
                continue;
            }
            let (enrolment, rest) = self.divided(draw, rows);
            let vectors = enrolment
                .iter()
                .map(|&row| (None, self.set.matrix.row(row)));
            voices.push((speaker, centre(vectors)));
            probes.push((speaker, rest));
        }
        for (speaker, rows) in probes {
            for row in rows {
                let vector = self.set.matrix.row(row);
                let mut best = [(f64::NEG_INFINITY, usize::MAX); 2];
                for (voice, centre) in &voices {
                    let score = product(centre, vector);
                    if score > best[0].0 {
                        best = [(score, *voice), best[0]];
                    } else if score > best[1].0 {
                        best[1] = (score, *voice);
                    }
                }
                let is_right = enrolled.contains(&speaker).then_some(best[0].1 == speaker);
                searches.push((
                    Search {
                        score: best[0].0,
                        speaker,
                        is_right,
                    },
                    best[1].0,
                ));
            }
        }
    }

    /// A speaker's recordings that are enrolled, and those that are looked for.
    fn divided(&self, draw: usize, rows: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let mut order = rows.to_vec();
        order.sort_by_cached_key(|&row| drawn(self.protocol.seed, draw, row));
        let session = |row: usize| self.sessions.get(row).and_then(Option::as_deref);
        let first = session(order[0]);
        let (same, other): (Vec<usize>, Vec<usize>) =
            order.iter().partition(|row| session(**row) == first);
        match other.is_empty() {
            true => {
                let (enrolment, rest) = order.split_at(self.protocol.recordings);
                (enrolment.to_vec(), rest.to_vec())
            }
            false => {
                let count = self.protocol.recordings.min(same.len());
                (same[..count].to_vec(), other)
            }
        }
    }
}
