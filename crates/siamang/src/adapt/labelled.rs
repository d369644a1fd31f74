//! Embeddings with speakers and sessions, as a map is estimated from.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use audio_features::LEAST_SPEECH_S;
use speaker_scoring::{EmbeddingMatrix, SpeakerSpread};
use speech_data::{Manifest, Utterance};

use crate::embeddings::EmbeddingSet;
use crate::error::Error;
use crate::outcome::Skipped;
use crate::trials::numbered;

/// Speakers with two recordings or more, or two sessions, that are needed to say anything of others.
pub const LEAST_TO_ADAPT: usize = 8;

/// Embeddings of known speakers, of length 1.
#[derive(Clone, Debug)]
pub struct LabelledSet {
    pub(super) matrix: EmbeddingMatrix,
    /// The same rows, as other channels would have made them.
    pub(super) copies: Vec<EmbeddingMatrix>,
    /// Of each row; a manifest of some of them makes trials.
    pub(super) utterances: Vec<Utterance>,
    pub(super) manifest: Manifest,
    /// Number of the speaker of each row.
    pub(super) speakers: Vec<usize>,
    sessions: Vec<Option<usize>>,
    /// Names of speakers, by their numbers.
    pub(super) names: Vec<String>,
    /// Whether trials of one speaker are of two sessions.
    across_sessions: bool,
    /// Numbers of the speakers that have such trials.
    pub(super) tried: BTreeSet<usize>,
    /// Speakers with two recordings or more.
    num_with_two: usize,
}

impl LabelledSet {
    /// Of the recordings of `manifest` that `set` has embeddings of. Those that teach nothing are left out and given back with the
    /// reason: too little speech, an embedding of zeros, a copy of another recording.
    ///
    /// # Errors
    /// [`Error::TooFewToAdapt`] with how many speakers were found and are needed.
    pub fn new(mut set: EmbeddingSet, manifest: &Manifest) -> Result<(Self, Vec<Skipped>), Error> {
        let mut skipped = Vec::new();
        let mut seen: HashMap<Vec<u32>, String> = HashMap::new();
        let keep: Vec<bool> = (0..set.ids.len())
            .map(|row| {
                let reason = unusable(&set, row, manifest, &mut seen);
                let is_kept = reason.is_none();
                skipped.extend(reason.map(|reason| Skipped {
                    id: set.ids[row].clone(),
                    reason,
                }));
                is_kept
            })
            .collect();
        if keep.iter().all(|kept| !kept) {
            return Err(Error::NoneUsable { skipped });
        }
        set.retain(&keep)?;
        let utterances: Vec<Utterance> = set
            .ids
            .iter()
            .filter_map(|id| Some(manifest.utterances[manifest.find(id)?].clone()))
            .collect();
        let speakers = numbered(utterances.iter().map(|one| one.speaker.as_str()));
        let mut names = Vec::new();
        for (utterance, &number) in utterances.iter().zip(&speakers) {
            if number == names.len() {
                names.push(utterance.speaker.clone());
            }
        }
        let sessions = sessions(&utterances);
        let mut matrix = set.matrix;
        matrix.l2_normalise();
        let mut labelled = Self {
            matrix,
            copies: Vec::new(),
            manifest: manifest.clone(),
            utterances,
            speakers,
            sessions,
            names,
            across_sessions: true,
            tried: BTreeSet::new(),
            num_with_two: 0,
        };
        labelled.settle_trials(&skipped)?;
        Ok((labelled, skipped))
    }

    /// Trials are across sessions where enough speakers have two.
    fn settle_trials(&mut self, left_out: &[Skipped]) -> Result<(), Error> {
        let mut recordings: BTreeMap<usize, usize> = BTreeMap::new();
        let mut of_speakers: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (row, &speaker) in self.speakers.iter().enumerate() {
            *recordings.entry(speaker).or_default() += 1;
            let known = of_speakers.entry(speaker).or_default();
            known.extend(self.sessions[row]);
        }
        let of = |is_meant: &dyn Fn(&usize) -> bool| -> BTreeSet<usize> {
            (0..self.names.len()).filter(is_meant).collect()
        };
        let with_two = of(&|speaker| recordings[speaker] >= 2);
        let with_sessions = of(&|speaker| of_speakers[speaker].len() >= 2);
        self.num_with_two = with_two.len();
        self.across_sessions = with_sessions.len() >= LEAST_TO_ADAPT;
        self.tried = match self.across_sessions {
            true => with_sessions,
            false => with_two,
        };
        if self.tried.len() < LEAST_TO_ADAPT {
            return Err(Error::TooFewToAdapt {
                num_recordings: self.speakers.len(),
                num_speakers: self.names.len(),
                num_with_two: self.num_with_two,
                expected: LEAST_TO_ADAPT,
                left_out: left_out.to_vec(),
            });
        }
        Ok(())
    }

    /// Number of recordings.
    #[must_use]
    pub fn num_recordings(&self) -> usize {
        self.speakers.len()
    }

    /// Number of speakers.
    #[must_use]
    pub fn num_speakers(&self) -> usize {
        self.names.len()
    }

    /// Speakers with two sessions, where trials are across sessions; with two recordings, where they are not.
    #[must_use]
    pub fn num_tried(&self) -> usize {
        self.tried.len()
    }

    /// Whether trials of one speaker are of two sessions, as in real use. Else too few speakers have two of them, and the
    /// microphone helps.
    #[must_use]
    pub fn is_across_sessions(&self) -> bool {
        self.across_sessions
    }

    /// Copies of each recording through other channels.
    #[must_use]
    pub fn num_copies(&self) -> usize {
        self.copies.len()
    }

    /// Whether sessions are known.
    #[must_use]
    pub fn knows_sessions(&self) -> bool {
        self.sessions.iter().any(Option::is_some)
    }

    /// Names of the speakers.
    #[must_use]
    pub fn speakers(&self) -> &[String] {
        &self.names
    }

    /// The rows of these speakers.
    pub(super) fn rows_of(&self, speakers: &BTreeSet<usize>) -> Vec<usize> {
        let rows = 0..self.speakers.len();
        rows.filter(|&row| speakers.contains(&self.speakers[row]))
            .collect()
    }

    /// How the embeddings of these rows lie.
    pub(super) fn spread(&self, rows: &[usize]) -> Result<SpeakerSpread, Error> {
        let of = |row: &usize| self.speakers[*row];
        let speakers: Vec<usize> = rows.iter().map(of).collect();
        let sessions: Vec<Option<usize>> = rows.iter().map(|&row| self.sessions[row]).collect();
        let copies = self.copies.iter().map(|copy| copy.select(rows));
        let copies: Vec<EmbeddingMatrix> = copies.collect::<Result<_, _>>()?;
        Ok(SpeakerSpread::of(
            &self.matrix.select(rows)?,
            &speakers,
            &sessions,
            &copies,
        )?)
    }
}

/// Why a row teaches nothing, where it does not.
fn unusable(
    set: &EmbeddingSet,
    row: usize,
    manifest: &Manifest,
    seen: &mut HashMap<Vec<u32>, String>,
) -> Option<String> {
    let id = &set.ids[row];
    let known = manifest.find(id).map(|place| &manifest.utterances[place]);
    if known.and_then(Utterance::known_speaker).is_none() {
        return Some(format!("`{id}`: its speaker is not known"));
    }
    if let Some(quality) = &set.quality[row]
        && !quality.is_heard()
    {
        return Some(format!(
            "`{id}` holds {:.2} s of speech, at least {LEAST_SPEECH_S} s are needed",
            quality.speech_s
        ));
    }
    let values = set.matrix.row(row);
    if values.iter().all(|&value| value == 0.0) {
        return Some(format!("`{id}` has an embedding of zeros"));
    }
    let bits = values.iter().map(|value| value.to_bits()).collect();
    match seen.get(&bits) {
        Some(first) => Some(format!(
            "`{id}` is a copy of `{first}`: it has the same embedding"
        )),
        None => {
            seen.insert(bits, id.clone());
            None
        }
    }
}

/// Numbers of the sessions, where they are known; sessions of two speakers are two.
fn sessions(utterances: &[Utterance]) -> Vec<Option<usize>> {
    let mut numbers: HashMap<(&str, &str), usize> = HashMap::new();
    utterances
        .iter()
        .map(|one| {
            let next = numbers.len();
            let session = one.session.as_deref()?;
            Some(*numbers.entry((&one.speaker, session)).or_insert(next))
        })
        .collect()
}
