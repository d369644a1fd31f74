//! Is what the network hears alive, and what it was made for?

use crate::check::CheckVerdict::{Failed, Passed, Warning};
use crate::words::{number, percent};
use crate::{Check, Name};

/// Looks at features `[frames, num_bins]`, row-major, of many recordings together: constant bands, values that pile up
/// at one end (clipping, or silence at the floor), values that are no numbers.
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
        () if bad > 0 || dead_share > 0.5 || at_low > 0.9 || at_high > 0.5 => Failed,
        () if dead_share > 0.1 || at_low > 0.5 || at_high > 0.05 => Warning,
        () => Passed,
    };
    Check::new(
        name,
        verdict,
        format!(
            "values {} to {}; {constant} of {num_bins} bands constant, {} of the values at the floor, {} at the top, {bad} no numbers",
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

/// A setting in which the front ends of data and model differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontEndDifference {
    /// The setting.
    pub field: String,
    /// Its value for the data.
    pub data: String,
    /// Its value for the model.
    pub model: String,
}

/// Judges the settings in which the front ends differ, and the root mean square of the network's input, which should be
/// of the order of 1.
#[must_use]
pub fn front_ends_agree(differences: &[FrontEndDifference], input_rms: f64) -> Check {
    let verdict = match () {
        () if !differences.is_empty() || !input_rms.is_finite() => Failed,
        () if !(0.05..=20.0).contains(&input_rms) => Warning,
        () => Passed,
    };
    let listed: Vec<String> = differences
        .iter()
        .map(|d| {
            format!(
                "{}: {} for the data, {} for the model",
                d.field, d.data, d.model
            )
        })
        .collect();
    let measured = match listed.as_slice() {
        [] => format!(
            "the same front end; the network's input has a root mean square of {}",
            number(input_rms)
        ),
        _ => format!(
            "{}; root mean square of the input {}",
            listed.join("; "),
            number(input_rms)
        ),
    };
    Check::new(
        Name::FrontEndMismatch,
        verdict,
        measured,
        "the same settings, and a root mean square of 0.05 to 20",
        "a network understands the features that it was made for only; larger ones saturate its gates from the first step",
        "take the features from the model's bundle, or set `model.encoder.input_scale` or a normalisation",
    )
}
