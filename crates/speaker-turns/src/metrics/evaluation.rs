//! Both worlds of figures for a list of recordings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    PooledScore, RecordingScore, ResampleSettings, ScoringSettings, pooled, score_recording,
};
use crate::{ScoredRegions, Turns, TurnsError};

/// A way of scoring that published figures follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum World {
    /// [`ScoringSettings::STRICT`]: no collar, overlap is scored.
    Strict,
    /// [`ScoringSettings::FORGIVING`]: 0.25 s on each side of reference boundaries and overlap are left out.
    Forgiving,
}

impl World {
    /// What is left out.
    pub fn settings(self) -> ScoringSettings {
        match self {
            Self::Strict => ScoringSettings::STRICT,
            Self::Forgiving => ScoringSettings::FORGIVING,
        }
    }
}

/// One recording in both worlds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordingEvaluation {
    /// As [`World::Strict`].
    pub strict: RecordingScore,
    /// As [`World::Forgiving`].
    pub forgiving: RecordingScore,
}

/// What a list of recordings comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// All recordings as [`World::Strict`].
    pub strict: PooledScore,
    /// All recordings as [`World::Forgiving`].
    pub forgiving: PooledScore,
    /// Each recording that was scored, in order of their names.
    pub recordings: Vec<RecordingEvaluation>,
    /// Scored recordings for which the hypothesis has no turn: all their speech is missed.
    pub without_hypothesis: Vec<String>,
    /// Recordings of the hypothesis that are not scored, since neither reference nor map has them.
    pub without_reference: Vec<String>,
    /// Recordings of reference or hypothesis that are not scored, since a map is there and does not have them.
    pub outside_map: Vec<String>,
}

/// Scores a hypothesis for several recordings in both worlds.
///
/// Scored are, with a map of regions, the recordings that it has, and without one those of the reference. A recording
/// that reference or hypothesis do not have has no turns there, since RTTM cannot say so otherwise.
///
/// # Errors
/// [`TurnsError::DuplicateRecording`], [`TurnsError::NoRecording`], and those of [`score_recording`] and [`pooled`].
pub fn evaluate(
    reference: &[Turns],
    hypothesis: &[Turns],
    map: Option<&[ScoredRegions]>,
    settings: &ResampleSettings,
) -> Result<Evaluation, TurnsError> {
    settings.check()?;
    let reference = by_name("reference", reference, Turns::recording)?;
    let hypothesis = by_name("hypothesis", hypothesis, Turns::recording)?;
    let map = map
        .map(|map| by_name("map of scored regions", map, ScoredRegions::recording))
        .transpose()?;
    let scored: Vec<&str> = match &map {
        Some(map) => map.keys().copied().collect(),
        None => reference.keys().copied().collect(),
    };
    let mut recordings = Vec::with_capacity(scored.len());
    let mut without_hypothesis = Vec::new();
    for name in scored {
        let silent = Turns::new(name, Vec::new())?;
        if !hypothesis.contains_key(name) {
            without_hypothesis.push(name.to_owned());
        }
        let [truth, answer] =
            [&reference, &hypothesis].map(|side| *side.get(name).unwrap_or(&&silent));
        let regions = map.as_ref().and_then(|map| map.get(name).copied());
        let score = |world: World| score_recording(truth, answer, regions, &world.settings());
        recordings.push(RecordingEvaluation {
            strict: score(World::Strict)?,
            forgiving: score(World::Forgiving)?,
        });
    }
    let strict: Vec<_> = recordings.iter().map(|both| both.strict.clone()).collect();
    let forgiving: Vec<_> = recordings
        .iter()
        .map(|both| both.forgiving.clone())
        .collect();
    let (mut without_reference, mut outside_map) = (Vec::new(), Vec::new());
    let mut names: Vec<&str> = reference.keys().chain(hypothesis.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        match &map {
            Some(map) if !map.contains_key(name) => outside_map.push(name.to_owned()),
            None if !reference.contains_key(name) => without_reference.push(name.to_owned()),
            _ => {}
        }
    }
    Ok(Evaluation {
        strict: pooled(&strict, settings)?,
        forgiving: pooled(&forgiving, settings)?,
        recordings,
        without_hypothesis,
        without_reference,
        outside_map,
    })
}

fn by_name<'a, T>(
    list: &'static str,
    recordings: &'a [T],
    name: impl Fn(&'a T) -> &'a str,
) -> Result<BTreeMap<&'a str, &'a T>, TurnsError> {
    let mut by_name = BTreeMap::new();
    for recording in recordings {
        if by_name.insert(name(recording), recording).is_some() {
            return Err(TurnsError::DuplicateRecording {
                list,
                recording: name(recording).to_owned(),
            });
        }
    }
    Ok(by_name)
}
