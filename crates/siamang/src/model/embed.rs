//! What a newcomer wants of a model.

use std::path::Path;

use audio_features::SpeechDetector;
use speaker_model::{EmbeddingModel, SegmentEmbedding};
use speaker_scoring::{Centre, Scorer};
use speech_data::Location;

use super::loaded::Model;
use crate::embeddings::{DEFAULT_MEMORY_MB, EmbeddingSet, embed_each};
use crate::error::Error;
use crate::outcome::{Embedded, Skipped};
use crate::progress::Progress;
use crate::recordings::Input;

/// Whether two recordings are of one speaker.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// The cosine of the two embeddings, -1 to 1: the larger, the more alike the voices.
    pub score: f32,
    /// The lowest score of one speaker that the model's card states, where it states one.
    pub threshold: Option<f64>,
    /// The first recording.
    pub a: Embedded,
    /// The second recording.
    pub b: Embedded,
}

impl Verification {
    /// The answer, at the card's threshold; none where the card states none, and where too little speech was heard.
    #[must_use]
    pub fn is_same_speaker(&self) -> Option<bool> {
        self.answer_at(self.threshold?)
    }

    /// The answer at another threshold; none where too little speech was heard in either recording, of which the score says
    /// nothing.
    #[must_use]
    pub fn answer_at(&self, threshold: f64) -> Option<bool> {
        let is_heard = self.a.quality.is_heard() && self.b.quality.is_heard();
        is_heard.then_some(f64::from(self.score) >= threshold)
    }
}

impl Model {
    /// The embedding of a recording in any format that [`audio_features::read_recording`] reads.
    ///
    /// # Errors
    /// [`Error::Data`] for what cannot be decoded, [`Error::TooShort`].
    pub fn embed_file(&self, path: impl AsRef<Path>) -> Result<Embedded, Error> {
        let path = path.as_ref();
        self.embed_one(Input::file(path.display().to_string(), path))
    }

    /// The embedding of a recording that is in memory, in any format; `name` stands for it in messages.
    ///
    /// # Errors
    /// As [`Self::embed_file`].
    pub fn embed_bytes(&self, name: &str, bytes: Vec<u8>) -> Result<Embedded, Error> {
        self.embed_one(Input::bytes(name, bytes))
    }

    /// The embedding of mono samples, -1 to 1, at [`Self::sample_rate_hz`].
    ///
    /// # Errors
    /// [`Error::TooShort`], [`Error::Model`].
    pub fn embed_samples(&self, samples: &[f32]) -> Result<Vec<f32>, Error> {
        let embedder = self.bundle().embedder();
        let features = embedder.front_end().features(samples);
        if features.num_frames() == 0 {
            return Err(Error::TooShort {
                path: "samples".to_owned(),
                seconds: samples.len() as f64 / f64::from(self.sample_rate_hz()),
            });
        }
        let mut embeddings = embedder.embed_features(&[features])?;
        embeddings
            .pop()
            .ok_or(Error::Defect("the model gave no embedding"))
    }

    /// The embeddings of a recording's segments with their times, in order.
    ///
    /// # Errors
    /// As [`Self::embed_file`].
    pub fn embed_segments(&self, path: impl AsRef<Path>) -> Result<Vec<SegmentEmbedding>, Error> {
        let path = path.as_ref();
        let recording = Location::from(path).read(self.sample_rate_hz())?;
        let embedder = self.bundle().embedder();
        let features = embedder.front_end().features(&recording.waveform.samples);
        if features.num_frames() == 0 {
            return Err(Error::TooShort {
                path: path.display().to_string(),
                seconds: recording.waveform.duration_s(),
            });
        }
        Ok(embedder.embed_segments(&[features])?.concat())
    }

    fn embed_one(&self, input: Input) -> Result<Embedded, Error> {
        let mut outcomes = self.embed_inputs(&[input], SpeechDetector::default())?;
        outcomes
            .pop()
            .ok_or(Error::Defect("the model gave no embedding"))
    }

    /// The embeddings of a few recordings, wherever they are, in which `detector` finds the speech: all of them, or the first error.
    ///
    /// # Errors
    /// As [`Self::embed_file`].
    pub fn embed_inputs(
        &self,
        inputs: &[Input],
        detector: SpeechDetector,
    ) -> Result<Vec<Embedded>, Error> {
        let mut few = Vec::with_capacity(inputs.len());
        let embedder = self.bundle().embedder();
        embed_each(
            embedder,
            inputs,
            detector,
            DEFAULT_MEMORY_MB,
            &(),
            |_, outcome| {
                few.push(outcome?);
                Ok(())
            },
        )?;
        Ok(few)
    }

    /// Embeds many recordings, on all cores and within bounded memory; speech is found by energy. Those that cannot be used
    /// come with the reason.
    ///
    /// # Errors
    /// [`Error::NoneUsable`], and [`Error::Interrupted`] where `progress` asks for that.
    pub fn embed(
        &self,
        inputs: &[Input],
        progress: &dyn Progress,
    ) -> Result<(EmbeddingSet, Vec<Skipped>), Error> {
        EmbeddingSet::embed(
            self.bundle().embedder(),
            inputs,
            SpeechDetector::default(),
            progress,
        )
    }

    /// Are two recordings of one speaker? Speech is found by [`SpeechDetector::Network`].
    ///
    /// # Errors
    /// As [`Self::embed_file`]: both are needed.
    pub fn verify(&self, a: impl AsRef<Path>, b: impl AsRef<Path>) -> Result<Verification, Error> {
        let input = |path: &Path| Input::file(path.display().to_string(), path);
        let inputs = [input(a.as_ref()), input(b.as_ref())];
        self.verify_inputs(&inputs, SpeechDetector::Network)
    }

    /// The same of recordings wherever they are, in which `detector` finds the speech.
    ///
    /// # Errors
    /// As [`Self::embed_file`]: both are needed.
    pub fn verify_inputs(
        &self,
        inputs: &[Input; 2],
        detector: SpeechDetector,
    ) -> Result<Verification, Error> {
        let [a, b] = <[Embedded; 2]>::try_from(self.embed_inputs(inputs, detector)?)
            .map_err(|_| Error::Defect("two recordings gave another number of embeddings"))?;
        Ok(Verification {
            score: Scorer::default().score(&a.embedding, &b.embedding),
            threshold: self.thresholds().verify(Centre::Model),
            a,
            b,
        })
    }
}
