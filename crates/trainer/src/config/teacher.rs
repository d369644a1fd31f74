//! What a training makes of its teacher's embeddings.

use serde::{Deserialize, Serialize};

use crate::TrainError;

/// `[teacher]` of a configuration; which model the teacher is, is no part of the recipe.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeacherConfig {
    /// Which vector a segment is compared with.
    #[serde(default)]
    pub vectors: Vectors,
    /// Whether the mean over the training speakers is subtracted from its vectors: what all voices have in common tells none apart, and
    /// a loss on classes that learns beside it has to undo it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub centre: bool,
    /// Whether the class centres of the losses that have some begin where the teacher has their speakers. Else they are drawn, and
    /// where a class comes by once in a hundred steps they take thousands to be found, while they draw embeddings elsewhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub class_centres: bool,
    /// Share of a batch that recordings without labels are, where a training has some.
    #[serde(default = "default_share")]
    pub unlabelled_share: f64,
}

fn default_share() -> f64 {
    0.25
}

impl Default for TeacherConfig {
    fn default() -> Self {
        Self {
            vectors: Vectors::default(),
            centre: false,
            class_centres: false,
            unlabelled_share: default_share(),
        }
    }
}

/// Which of a teacher's vectors a segment is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vectors {
    /// That of the recording that it was cut out of.
    #[default]
    Recording,
    /// The mean over its speaker's recordings, at the same speed: a speaker's recordings differ in what the student is not to hear.
    Speaker,
    /// That of the recording, mixed with this share (0 to 1) of the mean over its speaker's.
    SpeakerShare(f64),
}

impl Vectors {
    /// How much of the mean over the speaker's recordings there is in a vector.
    pub(crate) fn speaker_share(self) -> f64 {
        match self {
            Self::Recording => 0.0,
            Self::Speaker => 1.0,
            Self::SpeakerShare(share) => share,
        }
    }
}

impl TeacherConfig {
    /// # Errors
    /// [`TrainError::OutOfRange`] for a share that is none.
    pub(super) fn validate(&self) -> Result<(), TrainError> {
        let unlabelled = self.unlabelled_share;
        if !(unlabelled > 0.0 && unlabelled < 1.0) {
            return Err(TrainError::OutOfRange {
                field: "teacher.unlabelled_share",
                found: unlabelled,
                expected: "a share above 0 and below 1",
            });
        }
        let share = self.vectors.speaker_share();
        match (0.0..=1.0).contains(&share) {
            true => Ok(()),
            false => Err(TrainError::OutOfRange {
                field: "teacher.vectors.speaker_share",
                found: share,
                expected: "a share from 0 to 1",
            }),
        }
    }
}
