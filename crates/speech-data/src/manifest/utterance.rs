//! One recording and what is known about it.

use std::collections::BTreeMap;
use std::fmt;

use crate::location::Location;
use crate::names::column;

/// The gender that a corpus states for a speaker. Corpora that know only these two are the reason for two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gender {
    /// `f` in tables.
    Female,
    /// `m` in tables.
    Male,
}

impl Gender {
    /// Reads `f`, `female`, `female_feminine`, `m`, `male`, `male_masculine` in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "f" | "female" | "female_feminine" | "woman" => Some(Self::Female),
            "m" | "male" | "male_masculine" | "man" => Some(Self::Male),
            _ => None,
        }
    }

    /// `f` or `m`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Female => "f",
            Self::Male => "m",
        }
    }
}

impl fmt::Display for Gender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One recording of one speaker: a whole audio file, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utterance {
    /// The unique name: the path relative to the manifest's root with `/` between folders, or the utterance
    /// name of a Kaldi directory. Trial lists use it.
    pub id: String,
    /// Where the audio is; paths are absolute or joined to the manifest's root.
    pub location: Location,
    /// Who speaks. Empty where that is not known, which a manifest that was read with [`Speakers::Needed`] has nowhere.
    ///
    /// [`Speakers::Needed`]: super::Speakers::Needed
    pub speaker: String,
    /// The recording session (call, day, video, chapter), where known. Utterances of one session share channel
    /// and mood, so pairs across sessions are the honest ones.
    pub session: Option<String>,
    /// The speaker's gender, where known.
    pub gender: Option<Gender>,
    /// `train`, `dev`, `test` or whatever the table calls it, where known.
    pub split: Option<String>,
    /// Every further column that has a value: `corpus`, `seconds`, ….
    pub columns: BTreeMap<String, String>,
    /// Line of the table that names this utterance, from 1; `None` for folders.
    pub line: Option<u64>,
}

impl Utterance {
    /// An utterance of which only the necessary is known.
    pub fn new(
        id: impl Into<String>,
        location: impl Into<Location>,
        speaker: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            location: location.into(),
            speaker: speaker.into(),
            session: None,
            gender: None,
            split: None,
            columns: BTreeMap::new(),
            line: None,
        }
    }

    /// Who speaks, where that is known.
    pub fn known_speaker(&self) -> Option<&str> {
        (!self.speaker.is_empty()).then_some(&self.speaker)
    }

    /// The value of a column by its name, `None` where unknown. The fixed fields answer to `id`, `path`,
    /// `speaker`, `session`, `gender` and `split`.
    pub fn column(&self, name: &str) -> Option<&str> {
        match name {
            column::ID | column::PATH => Some(&self.id),
            column::SPEAKER => self.known_speaker(),
            column::SESSION => self.session.as_deref(),
            column::GENDER => self.gender.map(Gender::as_str),
            column::SPLIT => self.split.as_deref(),
            other => self.columns.get(other).map(String::as_str),
        }
    }

    /// Length in seconds as the table states it, if it does and the value is a number.
    pub fn seconds(&self) -> Option<f64> {
        self.columns.get(column::SECONDS)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genders_are_read_as_corpora_write_them() {
        for name in ["f", "F", " female ", "female_feminine", "Woman"] {
            assert_eq!(Gender::from_name(name), Some(Gender::Female), "{name}");
        }
        assert_eq!(Gender::from_name("male_masculine"), Some(Gender::Male));
        for name in ["", "-", "x", "fm"] {
            assert_eq!(Gender::from_name(name), None, "{name}");
        }
        assert_eq!(Gender::Female.to_string(), "f");
    }

    #[test]
    fn fixed_fields_answer_to_their_names_and_further_ones_to_theirs() {
        let mut utterance = Utterance::new("ann/1", "voices/ann/1.wav", "ann");
        utterance
            .columns
            .insert(column::SECONDS.to_owned(), "2.5".to_owned());
        utterance.gender = Some(Gender::Male);
        let columns = [
            column::PATH,
            column::SPEAKER,
            column::GENDER,
            column::SECONDS,
            "mood",
        ];
        let found = columns.map(|name| utterance.column(name));
        assert_eq!(
            found,
            [Some("ann/1"), Some("ann"), Some("m"), Some("2.5"), None]
        );
        assert_eq!(utterance.seconds(), Some(2.5));
    }
}
