//! What the report of a run is made of.

use std::collections::BTreeMap;

use diagnosis::Diagnosis;
use diagnosis::journal::{Journal, StartData};

use crate::band::Band;
use crate::examination::Examination;
use crate::sound::Sound;

/// All that the report of a run shows. What is absent is left out of the page, and `notes` should say why.
#[derive(Clone, Debug, Default)]
pub struct RunReport {
    /// What the run is called: unlike the other runs that it is compared with.
    pub name: String,
    /// Where it lies, where that is known.
    pub path: Option<String>,
    /// What it was trained on, for a journal that does not say it.
    pub data: Option<StartData>,
    /// The journal.
    pub journal: Journal,
    /// The curves of healthy runs of the same preset.
    pub band: Option<Band>,
    /// What the best model makes of the development recordings.
    pub examination: Option<Examination>,
    /// Recordings by the index of their utterance, some of [`Examination::wanted_sounds`].
    pub sounds: BTreeMap<usize, Sound>,
    /// What a diagnosis found.
    pub diagnosis: Option<Diagnosis>,
    /// The resolved configuration, as TOML.
    pub configuration: Option<String>,
    /// What the reader should know, such as what is missing.
    pub notes: Vec<String>,
}
