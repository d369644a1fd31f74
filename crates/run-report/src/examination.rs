//! Everything that a report shows of the development recordings, measured.

use std::collections::BTreeSet;

use crate::ReportError;
use crate::breakdown::{Breakdown, breakdowns};
use crate::calibration::Reliability;
use crate::clusters::{Clusters, MAX_SPEAKERS};
use crate::development::Development;
use crate::map::{Map, MapSettings};
use crate::verification::Verification;
use crate::worst::{WorstTrials, worst_trials};
use crate::zoo::{SpeakerErrors, speaker_errors};

/// What is drawn of the development recordings. Made once; after that the recordings of [`Examination::wanted_sounds`] can be fetched.
#[derive(Clone, Debug)]
pub struct Examination {
    pub(crate) development: Development,
    pub(crate) verifications: Vec<Verification>,
    pub(crate) map: Option<Map>,
    pub(crate) clusters: Option<Clusters>,
    pub(crate) worst: WorstTrials,
    pub(crate) speakers: Vec<SpeakerErrors>,
    pub(crate) breakdowns: Vec<Breakdown>,
    pub(crate) reliability: Option<Reliability>,
}

impl Examination {
    /// Scores every list, parts its errors by what is known of the recordings, asks what its scores promise, lays the recordings out
    /// on a map, clusters them and looks for the worst trials and speakers.
    ///
    /// # Errors
    /// [`ReportError::Invalid`] where utterances and embeddings do not agree in number, [`ReportError::Eval`] for a list without trials of either kind, or
    /// trials of recordings that are not there.
    pub fn new(development: Development, map: MapSettings) -> Result<Self, ReportError> {
        development.check()?;
        let (_, speakers) = development.speakers();
        let decision = development.decision.as_ref();
        let verifications = development
            .lists
            .iter()
            .map(|list| Verification::new(list, development.scores(list)?, &speakers, decision))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            map: Map::new(&development, map),
            clusters: Clusters::new(&development, MAX_SPEAKERS)?,
            worst: worst_trials(&development, &verifications),
            speakers: speaker_errors(&development, &verifications),
            breakdowns: breakdowns(&development, &verifications),
            reliability: Reliability::new(&development, &verifications)?,
            verifications,
            development,
        })
    }

    /// Indices of the utterances that the report lets one hear and see, the worst first.
    #[must_use]
    pub fn wanted_sounds(&self) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        let trials = self
            .worst
            .misses
            .iter()
            .zip(&self.worst.false_alarms)
            .flat_map(|(a, b)| [a, b]);
        let all = trials
            .chain(&self.worst.misses)
            .chain(&self.worst.false_alarms);
        all.flat_map(|worst| [worst.trial.first, worst.trial.second])
            .filter(|&index| seen.insert(index))
            .collect()
    }
}
