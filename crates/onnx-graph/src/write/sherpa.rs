//! The keys of `metadata_props` by which sherpa-onnx's speaker embedding extractor takes a model, and when they may be there at all.
//!
//! sherpa-onnx has one front end for such models (`sherpa-onnx/csrc/features.h`): 80 bins of Kaldi's mel, windows of 25 ms every 10 ms with
//! Povey's window, pre-emphasis of 0.97, the offset removed, no dither, 20 to 7600 Hz, and mirrored edges (`snip_edges` false). A model with
//! another front end would be loaded and fed wrongly without a word, so its file must lack the keys.

use super::builder::Builder;

/// What of a front end matters to sherpa-onnx.
#[derive(Clone, Debug, PartialEq)]
pub struct SherpaFront {
    /// Samples a second.
    pub sample_rate_hz: u32,
    /// Bins of a frame.
    pub bins: usize,
    /// Whether window, mel scale, pre-emphasis and the removal of the offset are Kaldi's defaults, with Povey's window and a natural logarithm.
    pub kaldi: bool,
    /// Window in seconds.
    pub window_s: f64,
    /// From one frame to the next, in seconds.
    pub hop_s: f64,
    /// Lower end of the bands.
    pub low_hz: f64,
    /// Upper end of the bands.
    pub high_hz: f64,
    /// Whether a recording is mirrored at its ends (`snip_edges` false), which makes (samples + hop / 2) / hop frames.
    pub mirrored: bool,
    /// Largest sample that the features expect: 1 for samples in ±1, 32768 for 16-bit values.
    pub full_scale: f64,
    /// Whether the front end, not the graph, subtracts an utterance's mean.
    pub subtracts_own_mean: bool,
    /// Whether frames of silence are dropped before the network, or features changed in another way that sherpa-onnx knows nothing of.
    pub otherwise_changed: bool,
}

/// Why sherpa-onnx would feed a model wrongly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SherpaLack {
    /// What differs, with what sherpa-onnx does.
    pub differences: Vec<String>,
}

impl std::fmt::Display for SherpaLack {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "sherpa-onnx would feed this model other features than it was trained on: {}",
            self.differences.join("; ")
        )
    }
}

impl std::error::Error for SherpaLack {}

/// The keys for sherpa-onnx, in its order, for a network whose output has `output_dim` numbers.
///
/// # Errors
/// What of the front end sherpa-onnx cannot do. The file should then say so, for a reader, and have none of the keys.
pub fn sherpa_metadata(
    front: &SherpaFront,
    output_dim: usize,
    language: &str,
) -> Result<Vec<(String, String)>, SherpaLack> {
    let mut differences = Vec::new();
    let mut differs = |wrong: bool, text: String| {
        if wrong {
            differences.push(text);
        }
    };
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b;
    differs(
        front.sample_rate_hz != 16_000,
        format!("{} samples a second, there 16000", front.sample_rate_hz),
    );
    differs(front.bins != 80, format!("{} bins, there 80", front.bins));
    differs(
        !front.kaldi,
        "a filter bank or window that is not Kaldi's with Povey's window".to_owned(),
    );
    differs(
        !near(front.window_s, 0.025) || !near(front.hop_s, 0.010),
        format!(
            "windows of {} s every {} s, there 0.025 and 0.01",
            front.window_s, front.hop_s
        ),
    );
    differs(
        !near(front.low_hz, 20.0) || !near(front.high_hz, 7600.0),
        format!(
            "bands from {} to {} Hz, there 20 to 7600",
            front.low_hz, front.high_hz
        ),
    );
    differs(
        !front.mirrored,
        "other frames at the edges, there mirrored ones".to_owned(),
    );
    differs(
        !near(front.full_scale, 1.0) && !near(front.full_scale, 32768.0),
        format!("samples up to {}, there 1 or 32768", front.full_scale),
    );
    differs(
        front.otherwise_changed,
        "frames that are dropped or changed before the network".to_owned(),
    );
    if !differences.is_empty() {
        return Err(SherpaLack { differences });
    }
    let normalised = if near(front.full_scale, 1.0) {
        "1"
    } else {
        "0"
    };
    // It aborts the process on any framework but two, and on any empty key.
    let language = if language.is_empty() {
        "unknown"
    } else {
        language
    };
    let mut keys = vec![
        ("framework", "wespeaker".to_owned()),
        ("language", language.to_owned()),
        ("url", "siamang".to_owned()),
        ("comment", "written by siamang".to_owned()),
        ("sample_rate", front.sample_rate_hz.to_string()),
        ("output_dim", output_dim.to_string()),
        ("normalize_samples", normalised.to_owned()),
    ];
    if front.subtracts_own_mean {
        // Its name for the mean over the utterance.
        keys.push(("feature_normalize_type", "global-mean".to_owned()));
    }
    Ok(keys
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect())
}

impl Builder {
    /// Adds keys to `metadata_props`.
    pub fn all_metadata(&mut self, keys: &[(String, String)]) {
        for (key, value) in keys {
            self.metadata(key, value);
        }
    }
}
