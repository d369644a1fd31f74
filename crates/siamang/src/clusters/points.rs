//! Recordings with their embeddings, and the points that the clustering protocol makes of them.

use std::collections::{BTreeMap, BTreeSet};

use speaker_eval::{Border, LabelledPoints, ListedUtterance, MrProtocol};
use speaker_scoring::EmbeddingMatrix;
use speech_data::Utterance;

use crate::embeddings::EmbeddingSet;
use crate::error::Error;

/// Recordings of known speakers with their embeddings, which should have kept their length: a point is the mean over all
/// segments of its recordings.
#[derive(Debug)]
pub struct Pool<'a> {
    /// The recordings, in order.
    pub utterances: Vec<&'a Utterance>,
    listed: Vec<ListedUtterance>,
    matrix: &'a EmbeddingMatrix,
}

/// The points of the speakers drawn.
#[derive(Debug)]
pub struct Points {
    /// Who was drawn.
    pub speakers: Vec<String>,
    embeddings: EmbeddingMatrix,
    labels: Vec<usize>,
}

impl<'a> Pool<'a> {
    /// The recordings of `set` among `utterances`, from which `set` was made in this order.
    #[must_use]
    pub fn new(set: &'a EmbeddingSet, utterances: Vec<&'a Utterance>) -> Self {
        let rows = set.index();
        let utterances: Vec<&Utterance> = utterances
            .into_iter()
            .filter(|utterance| rows.contains_key(utterance.id.as_str()))
            .collect();
        let listed = utterances
            .iter()
            .zip(&set.seconds)
            .map(|(utterance, &seconds)| ListedUtterance {
                id: utterance.id.clone(),
                speaker: utterance.speaker.clone(),
                session: utterance.session.clone(),
                seconds: seconds.unwrap_or(1.0),
            })
            .collect();
        Self {
            utterances,
            listed,
            matrix: &set.matrix,
        }
    }

    /// BLAKE3 of the names of the recordings, which tells whether two results are of the same ones.
    #[must_use]
    pub fn hash(&self) -> String {
        let ids: Vec<&str> = self
            .listed
            .iter()
            .map(|listed| listed.id.as_str())
            .collect();
        blake3::hash(ids.join("\n").as_bytes()).to_hex().to_string()
    }

    /// The mean embedding of the recordings at `rows`.
    ///
    /// # Errors
    /// [`Error::Scoring`] for a row that is not there.
    pub fn mean(&self, rows: &[usize]) -> Result<Vec<f32>, Error> {
        Ok(self.matrix.select(rows)?.mean())
    }

    /// Draws speakers among the recordings at `rows` and makes their points.
    ///
    /// # Errors
    /// [`Error::Measure`] where there are fewer speakers than are drawn.
    pub fn points(&self, rows: &[usize], protocol: MrProtocol) -> Result<Points, Error> {
        let listed: Vec<ListedUtterance> =
            rows.iter().map(|&row| self.listed[row].clone()).collect();
        let points = protocol.points(&listed)?;
        Ok(Points {
            embeddings: points.embeddings(&self.matrix.select(rows)?)?,
            labels: points.labels(),
            speakers: points.speakers,
        })
    }

    /// Number of speakers among `rows` whose recordings can be divided into two points.
    #[must_use]
    pub fn num_dividable(&self, rows: &[usize], border: Border) -> usize {
        let mut dividable = BTreeSet::new();
        let mut first: BTreeMap<&str, &ListedUtterance> = BTreeMap::new();
        for &row in rows {
            let utterance = &self.listed[row];
            let before = first.entry(&utterance.speaker).or_insert(utterance);
            let is_apart = match border {
                Border::Share => before.id != utterance.id,
                Border::Session => before.session != utterance.session,
            };
            if is_apart {
                dividable.insert(utterance.speaker.as_str());
            }
        }
        dividable.len()
    }
}

impl Points {
    /// The points with a number for each one's speaker.
    #[must_use]
    pub fn labelled(&self) -> LabelledPoints<'_> {
        LabelledPoints {
            embeddings: &self.embeddings,
            speakers: &self.labels,
        }
    }
}
