//! What of a front end is inside the graph, and what sherpa-onnx would have to do before it.

use audio_features::{
    Compression, DEVIATION_GUARD, FeatureConfig, Framing, FrontEnd, MelScale, Normalisation,
    PreemphasisOver, WindowShape,
};
use onnx_graph::write::{Attribute, Builder, Deviation, Handle, SherpaFront};

use crate::ModelError;

/// What [`FrontEnd::finish`] does to `features` `[items, frames, bins]` after [`FrontEnd::shape`].
pub(super) fn write(
    front_end: &FrontEnd,
    builder: &mut Builder,
    mut features: Handle,
) -> Result<Handle, ModelError> {
    let config = front_end.config();
    if let Some(top_db) = config.top_db {
        let axes = [
            ("axes", Attribute::Ints(&[1, 2])),
            ("keepdims", Attribute::Int(1)),
        ];
        let highest = builder.node("ReduceMax", &[&features], &axes);
        let range = builder.float(top_db as f32);
        let floor = builder.node("Sub", &[&highest, &range], &[]);
        features = builder.node("Max", &[&features, &floor], &[]);
    }
    Ok(match config.normalisation {
        Normalisation::None => features,
        Normalisation::GlobalMean => {
            let mean = front_end.global_mean().unwrap_or_default();
            builder.subtract(&features, mean)?
        }
        Normalisation::Utterance => builder.subtract_own_mean(&features),
        Normalisation::UtteranceDeviation => {
            let of_sample = Deviation {
                unbiased: true,
                epsilon: 0.0,
                floor: 0.0,
            };
            let (mean, deviation) = builder.statistics(&features, 1, of_sample, true);
            let offset = builder.node("Sub", &[&features, &mean], &[]);
            let guard = builder.float(DEVIATION_GUARD as f32);
            let deviation = builder.add(&deviation, &guard);
            builder.node("Div", &[&offset, &deviation], &[])
        }
    })
}

/// What of it matters to sherpa-onnx. Every field is looked at: one that is added must be judged here.
pub(super) fn seen_by_sherpa(config: &FeatureConfig) -> SherpaFront {
    let FeatureConfig {
        sample_rate_hz,
        window_samples,
        hop_samples,
        fft_size,
        num_bins,
        mel_scale,
        low_hz,
        high_hz,
        framing,
        window,
        preemphasis,
        preemphasis_over,
        remove_dc,
        compression,
        sample_scale,
        least_level_dbfs,
        whole_windows,
        // In the graph.
        top_db: _,
        normalisation: _,
        speech_activity,
        relative_level,
    } = config;
    let rate_hz = f64::from(*sample_rate_hz);
    SherpaFront {
        sample_rate_hz: *sample_rate_hz,
        bins: *num_bins,
        kaldi: *mel_scale == MelScale::Kaldi
            && *window == WindowShape::Povey
            && *compression == Compression::Ln
            && *preemphasis_over == PreemphasisOver::Frame
            && (preemphasis - 0.97).abs() < 1e-9
            && *remove_dc
            && *fft_size == window_samples.next_power_of_two(),
        window_s: *window_samples as f64 / rate_hz,
        hop_s: *hop_samples as f64 / rate_hz,
        low_hz: *low_hz,
        high_hz: *high_hz,
        mirrored: *framing == Framing::KaldiMirrored,
        full_scale: *sample_scale,
        subtracts_own_mean: false,
        otherwise_changed: speech_activity.is_some()
            || relative_level.is_some()
            || least_level_dbfs.is_some()
            || whole_windows.is_some(),
    }
}
