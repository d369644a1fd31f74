//! Are the recordings speech, are they different ones, and are those of the development trials others?

use crate::check::CheckVerdict::{Broken, Note, Passed, Suspect};
use crate::words::percent;
use crate::{Check, Name};

/// Some of the recordings, as a detector of speech hears them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heard {
    /// Recordings that were listened to, of half a second and more.
    pub num_recordings: usize,
    /// Those with less than 0.2 s of speech.
    pub num_without_speech: usize,
    /// Those of which a thousandth of the samples and more is cut off at full scale.
    pub num_clipped: usize,
    /// Median level of the speech, in dB of full scale; none where there is none.
    pub level_db: Option<f64>,
    /// Seconds of speech in all of them, and of sound.
    pub speech_s: f64,
    /// See `speech_s`.
    pub seconds: f64,
}

impl Heard {
    fn share(&self) -> f64 {
        self.num_without_speech as f64 / self.num_recordings.max(1) as f64
    }

    fn clipped_share(&self) -> f64 {
        self.num_clipped as f64 / self.num_recordings.max(1) as f64
    }
}

/// Level below which 16 bits hold hardly more of speech than its sign, in dB of full scale.
const TOO_QUIET_DB: f64 = -60.0;

/// Share of speech below which recordings are mostly something else.
const HARDLY_SPEECH: f64 = 0.1;

/// Judges whether recordings are cut off, too quiet, or silence for the most part.
#[must_use]
pub fn recordings_are_whole(train: Heard, dev: Heard) -> Check {
    let name = Name::DamagedRecordings;
    if train.num_recordings == 0 {
        return Check::skipped(name, "no recording of half a second was listened to");
    }
    let both = [(train, "training"), (dev, "development")];
    let clipped = both.iter().find(|(heard, _)| heard.clipped_share() > 0.2);
    let quiet = both.iter().find_map(|(heard, which)| {
        let level_db = heard.level_db.filter(|&level| level < TOO_QUIET_DB)?;
        Some((level_db, which))
    });
    let empty = both
        .iter()
        .find(|(heard, _)| heard.seconds > 0.0 && heard.speech_s < HARDLY_SPEECH * heard.seconds);
    let (measured, reason, remedy) = match (clipped, quiet, empty) {
        (Some((heard, which)), _, _) => (
            format!(
                "{} of {} {which} recordings are cut off at full scale",
                heard.num_clipped, heard.num_recordings
            ),
            "what was cut off is noise over the whole band, and is not to be had back",
            "lower the gain where they were recorded or converted: samples beyond -1 to 1 are cut off when they are written in 16 bits",
        ),
        (None, Some((level_db, which)), _) => (
            format!("speech of {which} recordings lies at {level_db:.0} dB of full scale"),
            "at such a level 16 bits hold the rounding rather than the voice",
            "see what made them so quiet, and convert them again from the originals",
        ),
        (None, None, Some((heard, which))) => (
            format!(
                "speech fills {} of the {which} recordings' time ({:.2} s a recording)",
                percent(heard.speech_s / heard.seconds),
                heard.speech_s / heard.num_recordings.max(1) as f64
            ),
            "there is hardly a voice to learn from, and what fills the rest tells the room",
            "cut recordings where somebody speaks, or look at what made so much silence",
        ),
        (None, None, None) => (
            format!(
                "{} of {} training recordings are cut off at full scale; speech fills {} of their time",
                train.num_clipped,
                train.num_recordings,
                percent(train.speech_s / train.seconds.max(f64::MIN_POSITIVE))
            ),
            "",
            "",
        ),
    };
    let is_damaged = !remedy.is_empty();
    // Where there is no speech at all, that is what is wrong.
    let is_silence = train.share().max(dev.share()) > 0.5;
    let verdict = match (is_damaged, is_silence) {
        (false, _) => Passed,
        (true, true) if clipped.is_none() => Note,
        (true, _) => Suspect,
    };
    Check::new(
        name,
        verdict,
        measured,
        "less than a fifth cut off, speech above -60 dB of full scale and in more than a tenth of the time",
        reason,
        remedy,
    )
}

/// Judges whether training and development recordings hold speech: silence, noise and music have no speaker, and a label that they
/// carry is not to blame.
#[must_use]
pub fn recordings_hold_speech(train: Heard, dev: Heard) -> Check {
    let name = Name::NoSpeech;
    if train.num_recordings == 0 {
        return Check::skipped(name, "no recording was listened to");
    }
    let worst = train.share().max(dev.share());
    let verdict = match worst {
        share if share > 0.5 => Broken,
        share if share > 0.15 => Suspect,
        share if share > 0.05 => Note,
        _ => Passed,
    };
    let of_dev = match dev.num_recordings {
        0 => String::new(),
        count => format!(
            ", and {} of {count} development recordings",
            dev.num_without_speech
        ),
    };
    Check::new(
        name,
        verdict,
        format!(
            "no speech in {} of {} training recordings{of_dev}",
            train.num_without_speech, train.num_recordings
        ),
        "speech in nearly all of them",
        "silence, noise and music have no speaker: what is learned of them is the room, or nothing",
        "listen to a few of them; channels that undo one another in their mean, a wrong channel of a conversation and files that were \
         cut in the wrong place sound so. Leave out what holds no speech",
    )
}

/// Copies among the training recordings: the same sound under several names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// Training recordings that were compared.
    pub num_recordings: usize,
    /// Those that are copies of an earlier one of the same speaker.
    pub within: usize,
    /// Those that are copies of an earlier one of another speaker.
    pub across: usize,
    /// One pair of names, if there are copies: two speakers' before one speaker's.
    pub example: Option<[String; 2]>,
}

/// Judges how many training recordings are copies of others, whatever their names, files and levels.
#[must_use]
pub fn recordings_differ(copies: &Copies) -> Check {
    let count = copies.num_recordings.max(1) as f64;
    let [within, across] = [copies.within, copies.across].map(|copies| copies as f64 / count);
    let verdict = match () {
        () if across > 0.3 || within > 0.6 => Broken,
        () if across > 0.02 || within > 0.15 => Suspect,
        () if copies.within + copies.across > 0 => Note,
        () => Passed,
    };
    let example = copies
        .example
        .as_ref()
        .map_or(String::new(), |[a, b]| format!("; {b} is {a}"));
    Check::new(
        Name::CopiedRecordings,
        verdict,
        format!(
            "of {} training recordings {} are copies of another of their speaker, {} copies of another speaker's{example}",
            copies.num_recordings, copies.within, copies.across
        ),
        "each recording once",
        "a copy is known again by anything, and teaches nothing of a voice; the same sound under two speakers teaches that a voice is not \
         itself",
        "leave copies out, and see which of two speakers a recording is of",
    )
}

/// Judges how many speakers have one recording only: all of their same-speaker pairs are of that recording, room and day.
#[must_use]
pub fn several_recordings(num_single: usize, num_speakers: usize) -> Check {
    let share = num_single as f64 / num_speakers.max(1) as f64;
    let verdict = match share {
        share if share > 0.7 => Suspect,
        share if share > 0.1 => Note,
        _ => Passed,
    };
    Check::new(
        Name::OneRecording,
        verdict,
        format!(
            "{num_single} of {num_speakers} training speakers have one recording ({})",
            percent(share)
        ),
        "two and more for nearly every speaker, of several days where that can be had",
        "two crops of one recording have the microphone, the room and the words in common, which are easier to learn than the voice",
        "give every speaker several recordings; files that are parts of one recording count as one",
    )
}

/// Development recordings whose sound is trained on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaked {
    /// Development recordings.
    pub num_recordings: usize,
    /// Those that are trained on under whatever name.
    pub num_leaked: usize,
    /// The names of one of them: of the development trials, and of the training.
    pub example: Option<[String; 2]>,
}

/// Judges whether development recordings are trained on: what is known by heart says nothing of new speakers.
#[must_use]
pub fn recordings_are_new(leaked: &Leaked) -> Check {
    let name = Name::DevInTraining;
    if leaked.num_recordings == 0 {
        return Check::skipped(name, "there are no development trials");
    }
    let share = leaked.num_leaked as f64 / leaked.num_recordings as f64;
    let verdict = match leaked.num_leaked {
        0 => Passed,
        _ if share > 0.02 => Broken,
        _ => Suspect,
    };
    let example = leaked
        .example
        .as_ref()
        .map_or(String::new(), |[dev, train]| {
            format!("; {dev} is {train} of the training")
        });
    Check::new(
        name,
        verdict,
        format!(
            "{} of {} development recordings are trained on{example}",
            leaked.num_leaked, leaked.num_recordings
        ),
        "none",
        "the network knows these by heart: its EER on them is better than on anybody else, and chooses the wrong checkpoint",
        "take development trials of other speakers, or take these recordings and their speakers out of the training",
    )
}
