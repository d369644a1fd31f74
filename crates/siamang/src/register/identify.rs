//! Who speaks, of those who are known, or nobody of them.

use audio_features::LEAST_SPEECH_S;
use serde::Serialize;
use speaker_scoring::{Centre, Side};
use voice_register::{Damage, Register, Row};

use super::owner::quality_of;
use crate::decisions::Enrolment;
use crate::error::Error;
use crate::model::Model;
use crate::outcome::Embedded;

/// How a name is given or withheld.
#[derive(Clone, Copy)]
pub struct IdentifyRule<'a> {
    /// The cosine from which on a voice is named, -1 to 1.
    pub threshold: f64,
    /// How much nearer than the second voice the first must be.
    pub margin: f64,
    /// How many of the nearest voices are given, at least 1.
    pub top: usize,
    /// The model of the register, whose calibration says how many times likelier a recording is of a voice than of nobody of the register;
    /// none where that is not asked for. Ratios do not decide: so few trials are calibrated on that none is strong enough for thousands
    /// of voices.
    pub judged_by: Option<&'a Model>,
}

impl IdentifyRule<'_> {
    /// The threshold on the model's card, if it states one, no margin, the three nearest.
    #[must_use]
    pub fn of(model: &Model) -> Option<IdentifyRule<'_>> {
        Some(IdentifyRule {
            threshold: model.thresholds().verify(Centre::Model)?,
            margin: 0.0,
            top: 3,
            judged_by: Some(model),
        })
    }
}

/// A voice of the register that is near.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// The cosine, -1 to 1.
    pub score: f64,
    /// How many times likelier it is this voice than nobody of the register, as a natural logarithm; none where scores are not calibrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub llr: Option<f64>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "decision")]
pub enum Decision {
    /// The nearest voice.
    Known {
        /// Its name.
        name: String,
    },
    /// Nobody of the register, or two of them about alike.
    Unknown {
        /// Why, in words.
        reason: String,
    },
    /// Too little speech to say anything.
    NoVerdict {
        /// What is missing, in words.
        reason: String,
    },
}

/// Who speaks in a recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Identified {
    /// The answer.
    #[serde(flatten)]
    pub decision: Decision,
    /// The nearest voices, the nearest first.
    pub nearest: Vec<Named>,
    /// What of the register could not be read and might have been near.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<Damage>,
}

/// Compares recordings with all voices of a register. Many at once are quicker than one after another.
///
/// # Errors
/// [`Error::Register`].
pub fn identify(
    register: &Register,
    recordings: &[Embedded],
    rule: IdentifyRule<'_>,
) -> Result<Vec<Identified>, Error> {
    let queries: Vec<Vec<f32>> = recordings.iter().map(|one| one.embedding.clone()).collect();
    let answers = register.nearest(&queries, rule.top.max(2))?;
    let pairs = recordings.iter().zip(answers);
    Ok(pairs
        .map(|(recording, answer)| {
            let decision = decision(recording, &answer.matches, rule);
            let judge = rule.judged_by.filter(|model| model.calibration().is_some());
            let heard = judge
                .and_then(|model| Some((model, Enrolment::of(std::slice::from_ref(recording))?)));
            let nearest = answer.matches.into_iter().take(rule.top);
            Identified {
                decision,
                nearest: nearest
                    .map(|found| Named {
                        llr: heard
                            .as_ref()
                            .and_then(|(model, heard)| llr(model, register, heard, found.row)),
                        name: found.name,
                        score: found.score,
                    })
                    .collect(),
                damage: answer.damage,
            }
        })
        .collect())
}

/// How many times likelier the recording is of the voice in this row than of a stranger, as a natural logarithm; none where the voice
/// cannot be read, or too little is heard of it.
fn llr(model: &Model, register: &Register, heard: &Enrolment, row: Row) -> Option<f64> {
    let (voice, _) = register.voice(row).ok()?;
    let speech = voice.entries.iter().filter_map(|entry| {
        let quality = quality_of(&entry.about)?;
        quality.is_heard().then_some(quality.speech_s)
    });
    let speech_s: f64 = speech.sum();
    let known = Enrolment {
        embedding: voice.centre(),
        side: Side {
            speech_s,
            band_hz: None,
        },
    };
    let llr = model.llr(&known, heard)?.ok()?;
    Some(llr.value)
}

fn decision(
    recording: &Embedded,
    matches: &[voice_register::Match],
    rule: IdentifyRule<'_>,
) -> Decision {
    let quality = &recording.quality;
    if !quality.is_heard() {
        return Decision::NoVerdict {
            reason: format!(
                "{:.2} s of speech in {:.2} s, at least {LEAST_SPEECH_S} s are needed",
                quality.speech_s, quality.seconds
            ),
        };
    }
    let Some(best) = matches.first() else {
        return Decision::Unknown {
            reason: "nobody is enrolled".to_owned(),
        };
    };
    if best.score < rule.threshold {
        return Decision::Unknown {
            reason: format!(
                "the nearest voice, `{}`, has cosine {:.3}, below {:.3}",
                best.name, best.score, rule.threshold
            ),
        };
    }
    match matches.get(1) {
        Some(second) if best.score - second.score < rule.margin => Decision::Unknown {
            reason: format!(
                "`{}` ({:.3}) and `{}` ({:.3}) are nearer to each other than {:.3}",
                best.name, best.score, second.name, second.score, rule.margin
            ),
        },
        _ => Decision::Known {
            name: best.name.clone(),
        },
    }
}
