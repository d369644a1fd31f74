//! Is what the network hears alive, and what it was made for?

use crate::check::CheckVerdict::{Broken, Note, Passed, Suspect};
use crate::words::{number, percent};
use crate::{Check, Name};

/// Looks at features `[frames, num_bins]`, row-major, of many recordings together: constant bands, values that pile up
/// at one end (clipping, or silence at the floor), values that are NaN or infinite.
#[must_use]
pub fn features_alive(values: &[f32], num_bins: usize) -> Check {
    let name = Name::DeadFeatures;
    if values.is_empty() || num_bins == 0 {
        return Check::skipped(name, "there are no features to look at");
    }
    let count = values.len() as f64;
    let bad = values.iter().filter(|v| !v.is_finite()).count();
    let (low, high) = values
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| {
            (low.min(v), high.max(v))
        });
    let at = |end: f32| {
        values
            .iter()
            .filter(|&&v| (v - end).abs() <= f32::EPSILON * end.abs())
            .count() as f64
            / count
    };
    let (at_low, at_high) = (at(low), at(high));
    let constant = (0..num_bins)
        .filter(|&bin| {
            let mut column = values.iter().skip(bin).step_by(num_bins);
            let first = column.next();
            column.all(|v| Some(v) == first)
        })
        .count();
    let dead_share = constant as f64 / num_bins as f64;
    let verdict = match () {
        () if bad > 0 || dead_share > 0.5 || at_low > 0.9 || at_high > 0.5 => Broken,
        () if dead_share > 0.1 || at_low > 0.5 || at_high > 0.05 => Suspect,
        () => Passed,
    };
    Check::new(
        name,
        verdict,
        format!(
            "values {} to {}; {constant} of {num_bins} bands constant, {} of the values at the floor, {} at the top, {bad} NaN or infinite",
            number(f64::from(low)),
            number(f64::from(high)),
            percent(at_low),
            percent(at_high)
        ),
        "bands that change, few values at either end",
        "what does not change carries nothing, and what is clipped has lost what it carried",
        "listen to a few recordings; look at their level, at the front end's frequencies, and at what made the features",
    )
}

/// How far up the spectrum of some recordings reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bandwidth {
    /// Recordings that were looked at.
    pub num_recordings: usize,
    /// Those without sound in the uppermost bands of the model's front end: a tenth of the bands and more.
    pub num_narrow: usize,
    /// Where the spectrum of these ends (their median, Hz).
    pub narrow_hz: f64,
}

impl Bandwidth {
    fn share(&self) -> f64 {
        self.num_narrow as f64 / self.num_recordings.max(1) as f64
    }
}

/// What the model's front end makes of the recordings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrontEnds {
    /// Training recordings; none where it is not known.
    pub train: Bandwidth,
    /// Development recordings; none where there are none.
    pub dev: Bandwidth,
    /// Where the uppermost band of the model's front end ends (Hz).
    pub high_hz: f64,
    /// Root mean square of the network's input.
    pub input_rms: f64,
    /// The highest frequency with sound (Hz) in training recordings as they are, and in development recordings: their medians.
    pub sound_hz: Option<[f64; 2]>,
    /// How well mean and deviation of the log-mel bands, or the embeddings of a ready model, tell training from development recordings,
    /// of other speakers than it was found out by: 0.5 to 1. None of few.
    pub told_apart: Option<f64>,
}

/// Ratio of two bands of which one is a telephone's.
const OTHER_BAND: f64 = 1.6;

/// How well training and development recordings are told apart where they come from different worlds.
const OTHER_WORLD: f64 = 0.93;

/// Judges whether training and development recordings are of one kind, whether they fill the bands that the network hears, and the
/// root mean square of the network's input, which should be of the order of 1.
#[must_use]
pub fn front_ends_agree(found: &FrontEnds) -> Check {
    of_two_worlds(found).unwrap_or_else(|| bands_are_filled(found))
}

/// Training and development recordings that differ in more than who speaks.
fn of_two_worlds(found: &FrontEnds) -> Option<Check> {
    let bands = found
        .sound_hz
        .filter(|[train, dev]| train.max(*dev) > OTHER_BAND * train.min(*dev));
    let told = found.told_apart.filter(|&told| told > OTHER_WORLD);
    let measured = match (bands, told) {
        (Some([train, dev]), _) => format!(
            "sound reaches to {} kHz in training recordings and to {} kHz in development recordings (medians)",
            number(train / 1000.0),
            number(dev / 1000.0)
        ),
        (None, Some(told)) => format!(
            "a training recording is told from a development recording in {} of pairs, of speakers that this was not found out by",
            percent(told)
        ),
        (None, None) => return None,
    };
    Some(Check::new(
        Name::FrontEndMismatch,
        Suspect,
        measured,
        "recordings of one kind: devices, bands and rates are in training as in development",
        "a network understands what it was trained with: of recordings through a telephone, of another device or at a rate that their \
         headers misstate it hears the difference and not the voice",
        "look at sample rates and devices of both; train on recordings like those that the model is for, or change a part of them likewise \
         (the telephones of `[samples]`), and judge on the same kind",
    ))
}

fn bands_are_filled(found: &FrontEnds) -> Check {
    let [train, dev] = [found.train, found.dev];
    let apart = train.num_recordings > 0
        && dev.num_recordings > 0
        && (train.share() - dev.share()).abs() > 0.5;
    let narrow = train.share() > 0.9;
    let rms = found.input_rms;
    let verdict = match () {
        () if !rms.is_finite() => Broken,
        () if !(0.05..=20.0).contains(&rms) || apart || narrow => Suspect,
        () if train.share().max(dev.share()) > 0.05 => Note,
        () => Passed,
    };
    let rms = format!(
        "the network's input has a root mean square of {}",
        number(rms)
    );
    let narrowest = [train, dev].into_iter().filter(|some| some.num_narrow > 0);
    let ends_hz = narrowest.map(|some| some.narrow_hz).reduce(f64::min);
    let measured = match ends_hz {
        None => rms,
        Some(ends_hz) => format!(
            "{} recordings end at {} of the {} kHz that the bands reach to; {rms}",
            [(train, "training"), (dev, "development")]
                .into_iter()
                .filter(|(some, _)| some.num_recordings > 0)
                .map(|(some, name)| format!("{} of the {name}", percent(some.share())))
                .collect::<Vec<_>>()
                .join(" and "),
            number(ends_hz / 1000.0),
            number(found.high_hz / 1000.0)
        ),
    };
    let (reason, remedy) = match ends_hz {
        Some(ends_hz) if apart || narrow || verdict == Note => (
            "a network understands only the bands that it was trained with: what a telephone cut away in training is noise to it \
             later, and where some recordings lack it, bandwidth tells them apart before the voice does",
            format!(
                "set `features.high_hz` to {:.0} or less, or train and judge on recordings of the same kind",
                ends_hz
            ),
        ),
        _ => (
            "a network understands only the features that it was made for; larger ones saturate its gates from the first step",
            "set `model.encoder.input_scale` or a normalisation".to_owned(),
        ),
    };
    Check::new(
        Name::FrontEndMismatch,
        verdict,
        measured,
        "recordings that fill all bands, in training as in development, and a root mean square of 0.05 to 20",
        reason,
        remedy,
    )
}
