//! The clustering protocol: which recordings become which points.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use speaker_scoring::{EmbeddingMatrix, ScoringError};

use crate::EvalError;

/// One recording of a list; its place in the list is the row of its embedding.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedUtterance {
    /// Its id, unique within the speaker; recordings are ordered by it.
    pub id: String,
    /// Who speaks.
    pub speaker: String,
    /// The session (chapter, call, video) it comes from, where known.
    pub session: Option<String>,
    /// Its duration in seconds: the weight of its embedding in a point's mean.
    pub seconds: f64,
}

/// Where a speaker's recordings are divided into two points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Border {
    /// At the share alone, as in the papers: both points may come from one session.
    #[default]
    Share,
    /// At the change of session nearest to the share, recordings ordered by session first, so that
    /// the microphone and the room give nothing away. Speakers of one session are passed over.
    Session,
}

/// The draw of speakers and the division of their recordings (Lukic et al.; 10 sentences a speaker
/// there, 8 for the first point and 2 for the second).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MrProtocol {
    /// Speakers drawn. With one seed, the draw of fewer speakers is the beginning of the draw of more.
    pub num_speakers: usize,
    /// Seed of the draw.
    pub seed: u64,
    /// Share of a speaker's recordings in the first point, rounded to the nearest number that
    /// leaves at least one for either point.
    pub first_share: f64,
    /// Where the recordings are divided.
    pub border: Border,
}

impl Default for MrProtocol {
    /// 40 speakers, seed 0, 80 %, wherever that falls.
    fn default() -> Self {
        Self {
            num_speakers: 40,
            seed: 0,
            first_share: 0.8,
            border: Border::Share,
        }
    }
}

/// One point to cluster: some recordings of one speaker.
#[derive(Debug, Clone, PartialEq)]
pub struct MrPoint {
    /// Index of the speaker in [`MrPoints::speakers`].
    pub speaker: usize,
    /// Places of its recordings in the list, in order of their ids.
    pub members: Vec<usize>,
    /// Duration of each of them, in seconds.
    pub seconds: Vec<f64>,
}

/// The points of one draw, two a speaker: first and second, speaker by speaker.
#[derive(Debug, Clone, PartialEq)]
pub struct MrPoints {
    /// The speakers in the order they were drawn.
    pub speakers: Vec<String>,
    /// Twice as many points.
    pub points: Vec<MrPoint>,
}

impl MrPoints {
    /// The speaker of each point.
    pub fn labels(&self) -> Vec<usize> {
        self.points.iter().map(|point| point.speaker).collect()
    }

    /// The mean embedding of each point's recordings, weighted by their durations, `[points, dim]`; `embeddings` has
    /// one row for each recording of the list. With rows that are means over segments and have not been brought to
    /// unit length, that is the mean over all segments of the point, as in the papers.
    ///
    /// # Errors
    /// A recording that has no row.
    pub fn embeddings(
        &self,
        embeddings: &EmbeddingMatrix,
    ) -> Result<EmbeddingMatrix, ScoringError> {
        let mut means = Vec::with_capacity(self.points.len() * embeddings.dim());
        for point in &self.points {
            means.extend(embeddings.weighted_mean(&point.members, &point.seconds)?);
        }
        EmbeddingMatrix::from_flat(means, embeddings.dim())
    }
}

impl MrProtocol {
    /// Draws the speakers and divides their recordings. The order of `utterances` is of no account.
    ///
    /// # Errors
    /// Fewer speakers with two recordings (or two sessions, if the border asks for it) than wanted;
    /// no speaker wanted; a share outside (0, 1); an id listed twice for one speaker.
    pub fn points(&self, utterances: &[ListedUtterance]) -> Result<MrPoints, EvalError> {
        self.check()?;
        let mut by_speaker: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (row, utterance) in utterances.iter().enumerate() {
            by_speaker.entry(&utterance.speaker).or_default().push(row);
        }
        let mut divided = Vec::with_capacity(by_speaker.len());
        for (speaker, mut rows) in by_speaker {
            rows.sort_by_key(|&row| &utterances[row].id);
            refuse_duplicate(utterances, &rows)?;
            if let Some(halves) = self.divide(utterances, rows) {
                divided.push((speaker, halves));
            }
        }
        if divided.len() < self.num_speakers {
            return Err(EvalError::NotEnoughSpeakers {
                found: divided.len(),
                expected: self.num_speakers,
            });
        }
        // The first steps of a Fisher-Yates shuffle, so that a longer draw begins with a shorter one.
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        for place in 0..self.num_speakers {
            let chosen = rng.random_range(place..divided.len());
            divided.swap(place, chosen);
        }
        let drawn = divided.into_iter().take(self.num_speakers);
        let (mut speakers, mut points) = (Vec::new(), Vec::new());
        for (speaker, halves) in drawn {
            points.extend(halves.into_iter().map(|members| MrPoint {
                speaker: speakers.len(),
                seconds: members.iter().map(|&row| utterances[row].seconds).collect(),
                members,
            }));
            speakers.push(speaker.to_owned());
        }
        Ok(MrPoints { speakers, points })
    }

    fn check(&self) -> Result<(), EvalError> {
        if self.num_speakers == 0 {
            return Err(EvalError::InvalidParameter {
                name: "num_speakers",
                found: 0.0,
                expected: "at least 1",
            });
        }
        if !(self.first_share > 0.0 && self.first_share < 1.0) {
            return Err(EvalError::InvalidParameter {
                name: "first_share",
                found: self.first_share,
                expected: "a share above 0 and below 1",
            });
        }
        Ok(())
    }

    /// The rows of both points, or nothing where the speaker cannot be divided.
    fn divide(
        &self,
        utterances: &[ListedUtterance],
        mut rows: Vec<usize>,
    ) -> Option<[Vec<usize>; 2]> {
        let wanted = rows.len() as f64 * self.first_share;
        let border = match self.border {
            Border::Share => {
                let last = rows.len().checked_sub(1).filter(|&last| last > 0)?;
                (wanted.round() as usize).clamp(1, last)
            }
            Border::Session => {
                let session = |row: usize| utterances[row].session.as_deref();
                rows.sort_by_key(|&row| session(row));
                (1..rows.len())
                    .filter(|&at| session(rows[at - 1]) != session(rows[at]))
                    .min_by(|&a, &b| {
                        let distance = |at: usize| (at as f64 - wanted).abs();
                        distance(a).total_cmp(&distance(b))
                    })?
            }
        };
        let second = rows.split_off(border);
        Some([rows, second])
    }
}

fn refuse_duplicate(utterances: &[ListedUtterance], rows: &[usize]) -> Result<(), EvalError> {
    for pair in rows.windows(2) {
        let [first, second] = [&utterances[pair[0]], &utterances[pair[1]]];
        if first.id == second.id {
            return Err(EvalError::DuplicateUtterance {
                speaker: first.speaker.clone(),
                utterance: first.id.clone(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utterance(speaker: &str, id: &str, session: Option<&str>) -> ListedUtterance {
        ListedUtterance {
            id: id.to_owned(),
            speaker: speaker.to_owned(),
            session: session.map(str::to_owned),
            seconds: 1.0,
        }
    }

    /// `counts[s]` recordings of speaker `s`, ids descending, so that sorting matters.
    fn list(counts: &[usize]) -> Vec<ListedUtterance> {
        let speakers = counts.iter().enumerate();
        speakers
            .flat_map(|(speaker, &count)| {
                (0..count)
                    .rev()
                    .map(move |i| utterance(&format!("s{speaker:02}"), &format!("u{i:02}"), None))
            })
            .collect()
    }

    fn draw(num_speakers: usize, seed: u64) -> MrProtocol {
        MrProtocol {
            num_speakers,
            seed,
            ..Default::default()
        }
    }

    #[test]
    fn eight_sentences_and_two() {
        let points = draw(1, 0).points(&list(&[10])).unwrap();
        assert_eq!(points.speakers, ["s00"]);
        assert_eq!(points.labels(), [0, 0]);
        assert_eq!(points.points[0].members, [9, 8, 7, 6, 5, 4, 3, 2]);
        assert_eq!(points.points[1].members, [1, 0]);
    }

    #[test]
    fn both_points_have_a_recording() {
        let points = draw(2, 0).points(&list(&[2, 1, 3])).unwrap();
        let mut sizes: Vec<_> = points.points.iter().map(|p| p.members.len()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 1, 1, 2]);
        assert!(matches!(
            draw(3, 0).points(&list(&[2, 1, 3])),
            Err(EvalError::NotEnoughSpeakers {
                found: 2,
                expected: 3
            })
        ));
    }

    #[test]
    fn draws_are_nested_seeded_and_free_of_list_order() {
        let utterances = list(&[5; 30]);
        let forty = |seed, count| draw(count, seed).points(&utterances).unwrap().speakers;
        assert_eq!(forty(3, 20)[..8], forty(3, 8));
        assert_ne!(forty(3, 20), forty(4, 20));
        let mut reversed = utterances.clone();
        reversed.reverse();
        assert_eq!(
            draw(20, 3).points(&reversed).unwrap().speakers,
            forty(3, 20)
        );
        let mut distinct = forty(3, 30);
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), 30);
    }

    #[test]
    fn the_border_can_be_a_change_of_session() {
        // By share the border is after 8 of 10; sessions change after 3 and after 7.
        let utterances: Vec<_> = (0..10)
            .map(|i| {
                let session = if i < 3 {
                    "a"
                } else if i < 7 {
                    "b"
                } else {
                    "c"
                };
                utterance("s", &format!("u{i}"), Some(session))
            })
            .chain((0..4).map(|i| utterance("one-session", &format!("u{i}"), Some("a"))))
            .collect();
        let protocol = MrProtocol {
            border: Border::Session,
            ..draw(1, 0)
        };
        let points = protocol.points(&utterances).unwrap();
        assert_eq!(points.speakers, ["s"]);
        assert_eq!(points.points[1].members, [7, 8, 9]);
    }

    #[test]
    fn a_point_is_the_mean_of_its_recordings() {
        let utterances = list(&[5]);
        let rows: Vec<[f32; 1]> = (0..5).map(|row| [row as f32]).collect();
        let embeddings = EmbeddingMatrix::from_rows(&rows).unwrap();
        let points = draw(1, 0).points(&utterances).unwrap();
        assert_eq!(
            points.embeddings(&embeddings).unwrap().as_flat(),
            [2.5, 0.0]
        );
        let mut uneven = utterances;
        // Ids descend over the list: row 4 is the first utterance, row 0 the second point's only one.
        uneven[4].seconds = 3.0;
        let points = draw(1, 0).points(&uneven).unwrap();
        assert_eq!(
            points.embeddings(&embeddings).unwrap().as_flat(),
            [(3.0 * 4.0 + 3.0 + 2.0 + 1.0) / 6.0, 0.0]
        );
        let short = embeddings.select(&[0, 1]).unwrap();
        assert!(matches!(
            points.embeddings(&short),
            Err(ScoringError::RowOutOfRange { num_rows: 2, .. })
        ));
    }

    #[test]
    fn mistakes_are_refused() {
        let twice = [utterance("a", "x", None), utterance("a", "x", None)];
        assert!(matches!(
            draw(1, 0).points(&twice),
            Err(EvalError::DuplicateUtterance { .. })
        ));
        assert!(draw(0, 0).points(&list(&[2])).is_err());
        let share = MrProtocol {
            first_share: 1.0,
            ..draw(1, 0)
        };
        assert!(share.points(&list(&[2])).is_err());
    }
}
