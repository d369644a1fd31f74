//! Recordings become a voice, or more of one; what would spoil it is left out.

use std::time::SystemTime;

use audio_features::SpeechDetector;
use serde::Serialize;
use speaker_scoring::Centre;
use voice_register::{About, Entry, Voice, Writer, centre, product, voice_name};

use super::content::content_hash;
use super::owner::Facts;
use crate::embeddings::{DEFAULT_MEMORY_MB, embed_each};
use crate::error::Error;
use crate::model::Model;
use crate::outcome::{Embedded, Skipped};
use crate::progress::Progress;
use crate::recordings::Input;

/// Voices that an addition is compared with.
const NEAREST: usize = 10;

/// A recording that is embedded and may be enrolled.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The recording.
    pub input: Input,
    /// Hash of its content.
    pub hash: String,
    /// Its embedding, and how it sounds.
    pub embedded: Embedded,
}

/// What is asked of recordings that are enrolled.
#[derive(Clone, Debug, PartialEq)]
pub struct EnrolOptions {
    /// On which occasion they were made.
    pub session: Option<String>,
    /// What the speaker agreed to, or another note.
    pub note: Option<String>,
    /// Seconds of speech that a recording needs.
    pub least_speech_s: f64,
    /// The cosine from which on recordings sound like one voice, -1 to 1; none where nothing is known: then nothing is left out for how it
    /// sounds.
    pub threshold: Option<f64>,
    /// Whether the caller knows who speaks: how recordings sound is not looked at then.
    pub trust: bool,
}

impl EnrolOptions {
    /// Half a second of speech, and the threshold on the model's card.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        Self {
            session: None,
            note: None,
            least_speech_s: 0.5,
            threshold: model.thresholds().verify(Centre::Model),
            trust: false,
        }
    }
}

/// A recording that was not enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotEnrolled {
    /// Its name.
    pub id: String,
    /// Why.
    pub reason: String,
    /// Whether it is there already, so that nothing is missing.
    pub is_known: bool,
}

/// Another voice that sounds like the one that was enrolled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeastLike {
    /// Its name.
    pub name: String,
    /// The cosine of the two, -1 to 1.
    pub score: f64,
}

/// What became of recordings that were to be enrolled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Enrolled {
    /// The voice.
    pub name: String,
    /// Whether it was not there before.
    pub is_new: bool,
    /// Names of the recordings that were enrolled.
    pub added: Vec<String>,
    /// The others.
    pub not_enrolled: Vec<NotEnrolled>,
    /// Recordings that the voice has by now.
    pub num_recordings: usize,
    /// Another voice that a new one sounds like: the same person, perhaps.
    pub sounds_like: Option<LeastLike>,
}

/// Embeds recordings that are to be enrolled. Nothing is locked meanwhile. Those that cannot be used come with the reason.
///
/// # Errors
/// [`Error::Interrupted`], [`Error::Model`].
pub fn hear(
    model: &Model,
    inputs: &[Input],
    detector: SpeechDetector,
    progress: &dyn Progress,
) -> Result<(Vec<Heard>, Vec<Skipped>), Error> {
    let (mut heard, mut skipped) = (Vec::new(), Vec::new());
    let each = |index: usize, outcome: Result<Embedded, Error>| {
        let input: &Input = &inputs[index];
        let made = outcome.and_then(|embedded| Ok((content_hash(&input.location)?, embedded)));
        match made {
            Ok((hash, embedded)) => heard.push(Heard {
                input: input.clone(),
                hash,
                embedded,
            }),
            Err(error) => skipped.push(Skipped {
                id: input.id.clone(),
                reason: error.explained(),
            }),
        }
        Ok(())
    };
    let embedder = model.bundle().embedder();
    embed_each(
        embedder,
        inputs,
        detector,
        DEFAULT_MEMORY_MB,
        progress,
        each,
    )?;
    Ok((heard, skipped))
}

/// Enrols recordings under a name: all that are what they should be, and none where there is nothing left.
///
/// Left out are recordings with too little speech; those that are there already; those that do not sound like the voice's others, or, for a
/// new voice, like each other; and those that sound more like another voice.
///
/// # Errors
/// [`Error::Register`].
pub fn enrol(
    writer: &mut Writer,
    name: &str,
    heard: Vec<Heard>,
    options: &EnrolOptions,
) -> Result<Enrolled, Error> {
    let name = voice_name(name)?;
    let row = writer.find(&name)?;
    let voice = match row {
        Some(row) => writer.register().voice(row)?.0,
        None => Voice {
            name: name.clone(),
            entries: Vec::new(),
        },
    };
    let mut gate = Gate {
        writer,
        voice: &voice,
        options,
        not_enrolled: Vec::new(),
    };
    let heard = gate.by_content(heard);
    let heard = match options.trust {
        true => heard,
        false => gate.by_sound(heard)?,
    };
    let not_enrolled = gate.not_enrolled;
    let enrolled_at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let added: Vec<String> = heard.iter().map(|heard| heard.input.id.clone()).collect();
    let entries: Vec<Entry> = heard
        .into_iter()
        .map(|heard| Entry {
            about: About {
                facts: serde_json::to_value(Facts::of(&heard.input, &heard.embedded.quality))
                    .unwrap_or_default(),
                hash: heard.hash,
                place: heard.input.path(),
                session: options.session.clone().or(heard.input.session),
                note: options.note.clone(),
                enrolled_at: enrolled_at.as_ref().map_or(0, |time| time.as_secs()),
            },
            vector: heard.embedded.embedding,
        })
        .collect();
    let num_recordings = voice.entries.len() + entries.len();
    let is_new = voice.entries.is_empty();
    let sounds_like = match is_new && !entries.is_empty() {
        true => like(writer, &entries, options)?,
        false => None,
    };
    writer.add(&name, entries)?;
    Ok(Enrolled {
        name,
        is_new: is_new && !added.is_empty(),
        added,
        not_enrolled,
        num_recordings,
        sounds_like,
    })
}

/// The voice that a new one sounds like, if there is one.
fn like(
    writer: &Writer,
    entries: &[Entry],
    options: &EnrolOptions,
) -> Result<Option<LeastLike>, Error> {
    let Some(threshold) = options.threshold else {
        return Ok(None);
    };
    let vectors = entries.iter().map(|entry| (None, entry.vector.as_slice()));
    let answer = writer.register().nearest(&[centre(vectors)], 1)?;
    let best = answer.into_iter().flat_map(|answer| answer.matches).next();
    Ok(best
        .filter(|best| best.score >= threshold)
        .map(|best| LeastLike {
            name: best.name,
            score: best.score,
        }))
}

/// What lets recordings in.
struct Gate<'a> {
    writer: &'a Writer,
    voice: &'a Voice,
    options: &'a EnrolOptions,
    not_enrolled: Vec<NotEnrolled>,
}

impl Gate<'_> {
    fn refuse(&mut self, heard: &Heard, is_known: bool, reason: String) {
        self.not_enrolled.push(NotEnrolled {
            id: heard.input.id.clone(),
            reason: format!("`{}` {reason}", heard.input.path()),
            is_known,
        });
    }

    /// Those that are new and hold enough speech.
    fn by_content(&mut self, heard: Vec<Heard>) -> Vec<Heard> {
        let mut kept: Vec<Heard> = Vec::new();
        for heard in heard {
            let entries = &self.voice.entries;
            let quality = &heard.embedded.quality;
            if entries.iter().any(|entry| entry.about.hash == heard.hash) {
                let reason = format!("is enrolled as `{}` already", self.voice.name);
                self.refuse(&heard, true, reason);
            } else if let Some(same) = kept.iter().find(|kept| kept.hash == heard.hash) {
                let reason = format!("is the same recording as `{}`", same.input.path());
                self.refuse(&heard, true, reason);
            } else if quality.speech_s < self.options.least_speech_s {
                let reason = format!(
                    "holds {:.2} s of speech in {:.2} s, at least {} s are needed",
                    quality.speech_s, quality.seconds, self.options.least_speech_s
                );
                self.refuse(&heard, false, reason);
            } else {
                kept.push(heard);
            }
        }
        kept
    }

    /// Those that sound like this voice and no other.
    fn by_sound(&mut self, heard: Vec<Heard>) -> Result<Vec<Heard>, Error> {
        let Some(threshold) = self.options.threshold else {
            return Ok(heard);
        };
        let alike = match self.voice.entries.is_empty() {
            true => self.like_each_other(heard, threshold),
            false => self.like_the_voice(heard, threshold),
        };
        let queries: Vec<Vec<f32>> = alike
            .iter()
            .map(|heard| heard.embedded.embedding.clone())
            .collect();
        let answers = self.writer.register().nearest(&queries, NEAREST)?;
        let mut kept = Vec::new();
        for (heard, answer) in alike.into_iter().zip(answers) {
            let mut own = f64::NEG_INFINITY;
            if !self.voice.entries.is_empty() {
                own = product(&self.voice.centre(), &heard.embedded.embedding);
            }
            let others = answer
                .matches
                .iter()
                .filter(|found| found.name != self.voice.name);
            let mut reason = None;
            for other in others {
                let entries = self.writer.register().voice(other.row)?.0.entries;
                if entries.iter().any(|entry| entry.about.hash == heard.hash) {
                    reason = Some(format!("is enrolled as `{}`", other.name));
                } else if own.is_finite() && other.score >= threshold && other.score > own {
                    reason.get_or_insert(format!(
                        "sounds more like `{}` (cosine {:.3}) than like `{}` ({own:.3})",
                        other.name, other.score, self.voice.name
                    ));
                }
            }
            match reason {
                Some(reason) => self.refuse(&heard, false, reason),
                None => kept.push(heard),
            }
        }
        Ok(kept)
    }

    fn like_the_voice(&mut self, heard: Vec<Heard>, threshold: f64) -> Vec<Heard> {
        let centre = self.voice.centre();
        let mut kept = Vec::new();
        for heard in heard {
            let score = product(&centre, &heard.embedded.embedding);
            if score >= threshold {
                kept.push(heard);
                continue;
            }
            let reason = format!(
                "does not sound like the other recordings of `{}`: cosine {score:.3}, from {threshold:.3} on they are of one speaker",
                self.voice.name
            );
            self.refuse(&heard, false, reason);
        }
        kept
    }

    /// Of the recordings of a new voice the one that is least like the others goes first; of two that are unlike both go.
    fn like_each_other(&mut self, mut heard: Vec<Heard>, threshold: f64) -> Vec<Heard> {
        while heard.len() > 1 {
            let scores = (0..heard.len()).map(|left_out| {
                let others = heard
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| *index != left_out);
                let vectors = others.map(|(_, other)| (None, other.embedded.embedding.as_slice()));
                (
                    product(&centre(vectors), &heard[left_out].embedded.embedding),
                    left_out,
                )
            });
            let Some((score, worst)) = scores.min_by(|a, b| a.0.total_cmp(&b.0)) else {
                break;
            };
            if score >= threshold {
                break;
            }
            let name = &self.voice.name;
            let scale =
                format!("cosine {score:.3}, from {threshold:.3} on they are of one speaker");
            if heard.len() == 2 {
                for (one, other) in [(0, 1), (1, 0)] {
                    let reason = format!(
                        "does not sound like `{}`, and which of them is `{name}` cannot be told: {scale}",
                        heard[other].input.path()
                    );
                    let one = heard[one].clone();
                    self.refuse(&one, false, reason);
                }
                return Vec::new();
            }
            let reason = format!("does not sound like the other recordings of `{name}`: {scale}");
            let worst = heard.remove(worst);
            self.refuse(&worst, false, reason);
        }
        heard
    }
}
