//! What an ONNX file says of its front end, by the keys that sherpa-onnx reads.

use std::collections::BTreeMap;

use audio_features::{FeatureConfig, Normalisation, WindowShape};
use foreign_weights::families::Family;

/// The family that a file says it is of.
pub(super) fn family(metadata: &BTreeMap<String, String>) -> Option<Family> {
    Family::of_name(said(metadata, "framework")?)
}

/// A family's front end as the file's metadata changes it, and the changes in words.
///
/// # Errors
/// What the file wants and a family's front end cannot be, in words.
pub(super) fn applied(
    metadata: &BTreeMap<String, String>,
    mut features: FeatureConfig,
) -> Result<(FeatureConfig, Vec<String>), String> {
    let mut notes = Vec::new();
    let per_s = f64::from(features.sample_rate_hz);
    let sizes = [
        ("sample_rate", per_s),
        (
            "window_size_ms",
            1000.0 * features.window_samples as f64 / per_s,
        ),
        (
            "window_stride_ms",
            1000.0 * features.hop_samples as f64 / per_s,
        ),
    ];
    for (key, ours) in sizes {
        let theirs = said(metadata, key).and_then(|text| text.parse::<f64>().ok());
        if let Some(theirs) = theirs.filter(|theirs| (theirs - ours).abs() > 1e-6) {
            return Err(format!(
                "says `{key}` {theirs} in its metadata, its family's front end has {ours}"
            ));
        }
    }
    match said(metadata, "normalize_samples") {
        None => {}
        Some(text @ ("0" | "1")) => {
            let (scale, words) = match text {
                "0" => (32_768.0, "samples of 16-bit integers"),
                _ => (1.0, "samples from -1 to 1"),
            };
            if features.sample_scale != scale {
                features.sample_scale = scale;
                notes.push(format!(
                    "its metadata wants {words}: `normalize_samples` is {text}"
                ));
            }
        }
        Some(other) => return Err(unknown("normalize_samples", other)),
    }
    let normalisation = match said(metadata, "feature_normalize_type") {
        None => features.normalisation,
        // Sherpa's name for the mean of the recording.
        Some("global-mean") => Normalisation::Utterance,
        Some("per_feature") => Normalisation::UtteranceDeviation,
        Some(other) => return Err(unknown("feature_normalize_type", other)),
    };
    if normalisation != features.normalisation {
        features.normalisation = normalisation;
        notes.push(format!(
            "its metadata wants the normalisation {:?}",
            said(metadata, "feature_normalize_type").unwrap_or_default()
        ));
    }
    let window = match said(metadata, "window_type") {
        None => features.window,
        Some("hann" | "hanning") => match features.window {
            own @ (WindowShape::Hann | WindowShape::HannSymmetric) => own,
            _ => WindowShape::Hann,
        },
        Some("hamming") => match features.window {
            own @ (WindowShape::Hamming | WindowShape::HammingPeriodic) => own,
            _ => WindowShape::Hamming,
        },
        Some("povey") => WindowShape::Povey,
        Some(other) => return Err(unknown("window_type", other)),
    };
    if window != features.window {
        features.window = window;
        notes.push(format!("its metadata wants the window {window:?}"));
    }
    Ok((features, notes))
}

fn unknown(key: &str, found: &str) -> String {
    format!("says `{key}` {found:?} in its metadata, which is not understood")
}

/// The value of a key, where there is one.
fn said<'m>(metadata: &'m BTreeMap<String, String>, key: &str) -> Option<&'m str> {
    let value = metadata.get(key)?.trim();
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        let entries = entries.iter();
        entries
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn what_a_file_says_of_its_samples_is_believed() {
        let plain = of(&[
            ("framework", "wespeaker"),
            ("sample_rate", "16000"),
            ("normalize_samples", "0"),
        ]);
        assert_eq!(family(&plain), Some(Family::WeSpeaker));
        let own = FeatureConfig::wespeaker();
        assert_eq!(applied(&plain, own.clone()), Ok((own.clone(), vec![])));
        let small = of(&[("normalize_samples", "1"), ("window_type", "povey")]);
        let (changed, notes) = applied(&small, own.clone()).unwrap();
        assert_eq!(
            (changed.sample_scale, changed.window),
            (1.0, WindowShape::Povey)
        );
        assert_eq!(notes.len(), 2, "{notes:?}");
        for (key, value) in [
            ("sample_rate", "8000"),
            ("feature_normalize_type", "global"),
            ("window_stride_ms", "20"),
        ] {
            let error = applied(&of(&[(key, value)]), own.clone()).unwrap_err();
            assert!(error.contains(key), "{error}");
        }
    }

    /// The keys of sherpa-onnx's scripts for each family name the family's own front end.
    #[test]
    fn sherpas_keys_of_each_family_change_nothing() {
        for (features, entries) in [
            (
                FeatureConfig::speaker_3d(),
                of(&[
                    ("normalize_samples", "1"),
                    ("feature_normalize_type", "global-mean"),
                ]),
            ),
            (
                FeatureConfig::nemo(),
                of(&[
                    ("normalize_samples", "1"),
                    ("feature_normalize_type", "per_feature"),
                    ("window_type", "hann"),
                    ("window_size_ms", "25"),
                    ("window_stride_ms", "10"),
                ]),
            ),
        ] {
            assert_eq!(applied(&entries, features.clone()), Ok((features, vec![])));
        }
    }
}
