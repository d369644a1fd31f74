//! The misclassification rate as papers measure it, over several draws of speakers.

use std::collections::BTreeSet;
use std::path::Path;

use audio_features::SpeechDetector;
use serde::Serialize;
use speaker_eval::{Border, ListIdentity, MrProtocol, ProtocolReport, protocol_report};
use speaker_scoring::Centre;
use speech_data::{Manifest, Utterance};

use super::points::{Points, Pool};
use crate::embeddings::EmbeddingSet;
use crate::error::Error;
use crate::model::Model;
use crate::outcome::Skipped;
use crate::progress::Progress;
use crate::recordings::Input;

/// Speakers are drawn, two points are made of each, and the points clustered: complete linkage on cosine, cut at the
/// oracle's distance, at the distance chosen on other speakers, and with the number of speakers known; with and without
/// the mean subtracted.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterProtocol {
    /// Splits that speakers are drawn from.
    pub splits: Vec<String>,
    /// Split whose speakers, those drawn left out, choose the distance and give the mean that is subtracted.
    pub threshold_split: String,
    /// Speakers in a draw.
    pub num_speakers: usize,
    /// Draws, with the seeds 0, 1, 2, …
    pub num_draws: u64,
    /// Where a speaker's recordings are divided into two points.
    pub border: Border,
}

impl Default for ClusterProtocol {
    fn default() -> Self {
        Self {
            splits: vec!["dev".to_owned(), "test".to_owned()],
            threshold_split: "dev".to_owned(),
            num_speakers: 40,
            num_draws: 5,
            border: Border::Share,
        }
    }
}

/// What came of all draws.
#[derive(Debug)]
pub struct Drawn {
    /// The recordings that were drawn from.
    pub list: ListIdentity,
    /// How many these are.
    pub num_recordings: usize,
    /// Recordings that could not be used.
    pub skipped: Vec<Skipped>,
    /// One by one.
    pub draws: Vec<Draw>,
}

/// One draw.
#[derive(Debug, Serialize)]
pub struct Draw {
    /// Its seed.
    pub seed: u64,
    /// Of the embeddings as they are.
    pub as_embedded: ProtocolReport,
    /// Of the embeddings with the mean of other speakers subtracted, where there are others.
    pub centred: Option<ProtocolReport>,
}

impl ClusterProtocol {
    /// Embeds the recordings of `manifest` that it needs, and makes its draws.
    ///
    /// # Errors
    /// [`Error::UnknownSplit`], [`Error::NoneUsable`], [`Error::Measure`] for too few speakers.
    pub fn run(
        &self,
        manifest: &Manifest,
        model: &Model,
        centre: Centre,
        progress: &dyn Progress,
    ) -> Result<Drawn, Error> {
        let utterances = self.chosen(manifest)?;
        let embedder = model.embedder(centre).without_scaling();
        let inputs: Vec<Input> = utterances.iter().copied().map(Input::of).collect();
        let (mut set, skipped) =
            EmbeddingSet::embed(&embedder, &inputs, SpeechDetector::default(), progress)?;
        set.centre(centre)?;
        let pool = Pool::new(&set, utterances);
        let list = ListIdentity {
            name: place(manifest).display().to_string(),
            hash: pool.hash(),
        };
        let draws = (0..self.num_draws)
            .map(|seed| self.draw(&pool, &list, seed))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Drawn {
            num_recordings: pool.utterances.len(),
            list,
            skipped,
            draws,
        })
    }

    /// The recordings of the splits; all of them where the manifest knows no splits.
    fn chosen<'a>(&self, manifest: &'a Manifest) -> Result<Vec<&'a Utterance>, Error> {
        let splits: BTreeSet<&str> = manifest
            .utterances
            .iter()
            .filter_map(|u| u.split.as_deref())
            .collect();
        if splits.is_empty() {
            return Ok(manifest.utterances.iter().collect());
        }
        let is_unknown = |split: &&String| !splits.contains(split.as_str());
        if let Some(unknown) = self.splits.iter().find(is_unknown) {
            return Err(Error::UnknownSplit {
                path: place(manifest).to_owned(),
                unknown: unknown.clone(),
                known: splits.into_iter().map(str::to_owned).collect(),
            });
        }
        let is_chosen = |utterance: &&Utterance| {
            let split = utterance.split.as_deref().unwrap_or_default();
            split == self.threshold_split || self.splits.iter().any(|chosen| chosen == split)
        };
        Ok(manifest.utterances.iter().filter(is_chosen).collect())
    }

    /// One draw: the points of the speakers drawn, and the distance and the mean of others.
    fn draw(&self, pool: &Pool<'_>, list: &ListIdentity, seed: u64) -> Result<Draw, Error> {
        let in_splits = |utterance: &Utterance| match &utterance.split {
            Some(split) => self.splits.contains(split),
            None => true,
        };
        let protocol = MrProtocol {
            num_speakers: self.num_speakers,
            seed,
            border: self.border,
            ..MrProtocol::default()
        };
        let drawn_rows: Vec<usize> = (0..pool.utterances.len())
            .filter(|&row| in_splits(pool.utterances[row]))
            .collect();
        let drawn = pool.points(&drawn_rows, protocol)?;
        // Whoever is drawn must not choose the distance, nor be in the mean.
        let speakers: BTreeSet<&str> = drawn.speakers.iter().map(String::as_str).collect();
        let other_rows: Vec<usize> = (0..pool.utterances.len())
            .filter(|&row| {
                let utterance = pool.utterances[row];
                let is_other = utterance
                    .split
                    .as_ref()
                    .is_none_or(|split| *split == self.threshold_split);
                is_other && !speakers.contains(utterance.speaker.as_str())
            })
            .collect();
        let num_others = pool.num_dividable(&other_rows, protocol.border);
        let others = match num_others {
            0 | 1 => None,
            count => Some(pool.points(
                &other_rows,
                MrProtocol {
                    num_speakers: count.min(self.num_speakers),
                    ..protocol
                },
            )?),
        };
        let test = drawn.labelled();
        let dev = others.as_ref().map(Points::labelled);
        let mean = match other_rows.as_slice() {
            [] => None,
            rows => Some(pool.mean(rows)?),
        };
        let centred = mean
            .map(|mean| protocol_report(list.clone(), test, dev, Some(&mean)))
            .transpose()?;
        Ok(Draw {
            seed,
            as_embedded: protocol_report(list.clone(), test, dev, None)?,
            centred,
        })
    }
}

fn place(manifest: &Manifest) -> &Path {
    manifest.source.as_deref().unwrap_or(&manifest.root)
}
