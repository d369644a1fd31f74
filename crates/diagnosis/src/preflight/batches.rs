//! What the sampler will draw.

use crate::check::CheckVerdict::{Broken, Note, Passed, Suspect};
use crate::words::{number, percent};
use crate::{Check, Name};

/// A share of same-speaker pairs up to which a batch has too few; the paper's own batches of 100 segments of 100
/// speakers have 1 %.
const FEW: f64 = 0.0101;

/// Judges the expected share of same-speaker pairs in a batch of `num_segments` segments of `num_speakers` training
/// speakers.
#[must_use]
pub fn few_same_pairs(share: f64, num_segments: usize, num_speakers: usize) -> Check {
    let pairs = num_segments * num_segments.saturating_sub(1) / 2;
    let (p, k) = ((num_segments / 4).clamp(2, num_speakers.max(2)), 4);
    let mended = (k - 1) as f64 / (p * k - 1) as f64;
    if share > 1.0 - FEW {
        return Check::new(
            Name::FewPairs,
            Broken,
            format!("{} of a batch's pairs are of one speaker", percent(share)),
            "most of them of two speakers",
            "nothing in the loss keeps speakers apart: it is least where all outputs are alike",
            format!("draw P × K batches, {p} speakers with {k} segments each"),
        );
    }
    Check::new(
        Name::FewSamePairs,
        match share {
            0.0 => Broken,
            share if share <= FEW => Suspect,
            _ => Passed,
        },
        format!("{} of a batch's pairs are of one speaker", percent(share)),
        "more than 1 %",
        format!(
            "of the {pairs} pairs that {num_segments} segments make, {:.0} are of one speaker: the loss hears almost only that \
             speakers should be apart, and drives everything apart first",
            share * pairs as f64
        ),
        format!(
            "draw P × K batches, {p} speakers with {k} segments each, which have {}",
            percent(mended)
        ),
    )
}

/// Judges how many of the training speakers no batch can contain.
#[must_use]
pub fn unreachable_speakers(num_unreachable: usize, num_speakers: usize) -> Check {
    let share = num_unreachable as f64 / num_speakers.max(1) as f64;
    let verdict = match num_unreachable {
        0 => Passed,
        _ if share > 0.5 => Broken,
        _ => Suspect,
    };
    Check::new(
        Name::UnreachableSpeakers,
        verdict,
        format!("{num_unreachable} of {num_speakers} speakers can be in no batch"),
        "none",
        "the sampler's rules leave them out: groups of weight 0, or no partner of the same gender or in another session",
        "relax the sampler's rules, or remove these speakers so that the figures say what was trained on",
    )
}

/// Same-speaker pairs of some batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sessions {
    /// Pairs of two crops of one recording.
    pub same_recording: usize,
    /// Pairs of two recordings of one known session.
    pub same_session: usize,
    /// Pairs of two known sessions.
    pub across: usize,
    /// Pairs of which a session is not known.
    pub unknown: usize,
}

/// Judges whether same-speaker pairs cross sessions: those that do not can be told by the channel.
#[must_use]
pub fn same_session_positives(sessions: &Sessions) -> Check {
    let name = Name::SameSessionPositives;
    let known = sessions.same_recording + sessions.same_session + sessions.across;
    let total = known + sessions.unknown;
    if total == 0 {
        return Check::skipped(name, "the batches have no same-speaker pairs");
    }
    let share = (sessions.same_recording + sessions.same_session) as f64 / known.max(1) as f64;
    let known_share = known as f64 / total as f64;
    if sessions.same_session + sessions.across == 0 {
        return Check::new(
            name,
            Note,
            format!(
                "the sessions of {} of the same-speaker pairs are not known",
                percent(1.0 - known_share)
            ),
            "sessions that are known",
            "whether the channel gives same-speaker pairs away cannot be said",
            "give the manifest a `session` column where the recordings' sessions are known",
        );
    }
    let verdict = match share {
        share if share > 0.1 => Note,
        _ => Passed,
    };
    Check::new(
        name,
        verdict,
        format!(
            "{} of the same-speaker pairs are of one session ({} of one recording); sessions are known for {}",
            percent(share),
            percent(sessions.same_recording as f64 / known.max(1) as f64),
            percent(known_share)
        ),
        "hardly any where speakers have several sessions",
        "within a session microphone and room are the same, and easier to learn than the voice",
        "use the pair sampler with `across_sessions = true`, record speakers in several sessions, or augment the channel",
    )
}

/// Judges the share of crops that are mostly silence; `is_random` says whether they start at random places, `drops_silence` whether
/// the front end leaves silence out.
#[must_use]
pub fn silent_crops(share: f64, num_crops: usize, is_random: bool, drops_silence: bool) -> Check {
    let verdict = match share {
        share if share > 0.7 => Broken,
        share if share > 0.4 => Suspect,
        share if share > 0.2 => Note,
        _ => Passed,
    };
    Check::new(
        Name::SilentCrops,
        verdict,
        format!(
            "{} of {num_crops} crops are mostly more than 30 dB below their recording's speech",
            percent(share)
        ),
        "at most 20 %",
        "a crop of silence tells the room and the microphone, not the speaker",
        match (is_random, drops_silence) {
            (false, _) => "draw crops at random places: `crop = { kind = \"random\" }`",
            (true, false) => "drop silence with `features.speech_activity`, or make crops longer",
            (true, true) => {
                "lower `features.speech_activity.threshold_db`, and leave out recordings that are mostly silent"
            }
        },
    )
}

/// Judges whether a crop of `crop_s` seconds can hold a voice.
#[must_use]
pub fn short_crops(crop_s: f64) -> Check {
    Check::new(
        Name::ShortCrops,
        match crop_s {
            crop_s if crop_s < 0.08 => Broken,
            crop_s if crop_s < 0.2 => Suspect,
            _ => Passed,
        },
        format!("a crop has {} s", number(crop_s)),
        "0.4 s and more; 2 s are usual",
        "a syllable takes 0.2 s: what is shorter tells a sound of speech, not who speaks",
        "set `crop_frames` to 40 and more, 200 if the recordings are long enough",
    )
}

/// Says whether every recording always gives the same crop.
#[must_use]
pub fn crops_vary(fixed_start_s: Option<f64>, crop_s: f64, mean_recording_s: f64) -> Check {
    let (verdict, measured) = match fixed_start_s {
        None => (Passed, "crops start at random places".to_owned()),
        Some(start) => (
            Note,
            format!(
                "every recording always gives the same crop of {crop_s:.2} s, from {start:.2} s on"
            ),
        ),
    };
    Check::new(
        Name::FixedCrops,
        verdict,
        measured,
        "crops at random places",
        format!(
            "of recordings that last {mean_recording_s:.1} s on average only {} is ever heard, and it can be learned by heart",
            percent((crop_s / mean_recording_s.max(crop_s)).min(1.0))
        ),
        "draw crops at random places: `crop = { kind = \"random\" }`",
    )
}

/// Looks at crops of `crop_s` seconds beside the recordings that they are cut from: `share_shorter` of them are shorter, half
/// are shorter than `median_s`, and those that are too short are repeated to fill a crop, or not.
#[must_use]
pub fn crops_fit(crop_s: f64, share_shorter: f64, median_s: f64, are_repeated: bool) -> Check {
    let rest = match are_repeated {
        true => "it is repeated to fill what is missing",
        false => "what is missing is filled up with nothing",
    };
    Check::new(
        Name::LongCrops,
        match (share_shorter > 0.5, are_repeated) {
            (false, _) => Passed,
            // Said again it costs time, and teaches no silence.
            (true, true) => Note,
            (true, false) => Suspect,
        },
        format!(
            "a crop has {} s, half of the recordings have {} s or more, {} are shorter than a crop",
            number(crop_s),
            number(median_s),
            percent(share_shorter)
        ),
        "crops that most recordings are longer than",
        format!(
            "a recording that is shorter than a crop gives one and the same crop every time, and {rest}, which takes memory and \
             time all the same"
        ),
        format!(
            "set `crop_frames` to less than the {} s of half of the recordings",
            number(median_s)
        ),
    )
}
