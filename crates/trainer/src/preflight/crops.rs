//! What crops and development recordings hold.

use audio_features::SpeechActivityConfig;
use diagnosis::Check;
use diagnosis::preflight::{
    Bandwidth, FrontEnds, crops_fit, crops_vary, features_alive, front_ends_agree, silent_crops,
};
use pair_sampler::{Crop, CropConfig};
use speaker_model::LossChoice;

use super::bandwidth::{bandwidth, reach};
use crate::TrainError;
use crate::evenly::evenly;
use crate::material::Material;

/// Crops that are listened to, and development recordings.
const MOST_CROPS: usize = 200;

/// The golden ratio's fraction, whose multiples are spread evenly over 0 to 1.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// What crops of recordings hold that are spread over the whole training, whatever batches come first. `sound_hz` and `told_apart`:
/// see [`FrontEnds`].
pub(super) fn crop_checks<C: LossChoice>(
    material: &Material<'_, C>,
    sound_hz: Option<[f64; 2]>,
    told_apart: Option<f64>,
) -> Result<Vec<Check>, TrainError> {
    let config = &material.config.features;
    // The longest are what recordings can be too short for, and what is silent in part.
    let crop_frames = material.config.longest_crop();
    let scale = material.config.encoder.input.scale;
    let activity = SpeechActivityConfig {
        hangover_s: 0.0,
        ..SpeechActivityConfig::default()
    };
    let mut raw = Vec::new();
    let mut reaches = Vec::new();
    let (mut num_crops, mut num_silent, mut num_frames) = (0_usize, 0_usize, 0_usize);
    let (mut squares, mut num_values) = (0.0_f64, 0_usize);
    let utterances = &material.manifest.utterances;
    for (place, number) in evenly(utterances.len(), MOST_CROPS).enumerate() {
        let location = &utterances[number].location;
        let mut recording = material.bank.log_mel(location)?.into_features();
        reaches.push(reach(&recording, config));
        material.front_end.shape(&mut recording);
        let frames = recording.num_frames();
        let crop = match material.config.crop {
            CropConfig::Random => Crop::Position((place as f64 * GOLDEN).fract()),
            CropConfig::Fixed { start_s } => Crop::StartS(start_s),
        };
        let start = crop.start_frame(frames, crop_frames, config.hop_s());
        let end = frames.min(start + crop_frames);
        let speech = activity.speech_frames(config, &recording);
        let spoken = speech[start..end].iter().filter(|&&speech| speech).count();
        num_crops += 1;
        num_silent += usize::from(2 * spoken < end - start);
        num_frames += frames;
        raw.extend_from_slice(recording.rows(start..end));
        material.front_end.normalise(&mut recording);
        let heard = recording.rows(start..end);
        squares += heard
            .iter()
            .map(|&v| (f64::from(v) * scale).powi(2))
            .sum::<f64>();
        num_values += heard.len();
    }
    let start_s = match material.config.crop {
        CropConfig::Random => None,
        CropConfig::Fixed { start_s } => Some(start_s),
    };
    let crop_s = crop_frames as f64 * config.hop_s();
    let mean_s = num_frames as f64 / num_crops.max(1) as f64 * config.hop_s();
    let rms = (squares / num_values.max(1) as f64).sqrt();
    Ok(vec![
        silent_crops(
            num_silent as f64 / num_crops.max(1) as f64,
            num_crops,
            start_s.is_none(),
            config.speech_activity.is_some(),
        ),
        lengths_check(material, crop_frames),
        crops_vary(start_s, crop_s, mean_s),
        features_alive(&raw, config.num_bins),
        front_ends_agree(&FrontEnds {
            train: bandwidth(reaches.into_iter(), config),
            dev: dev_bandwidth(material),
            high_hz: config.high_hz,
            input_rms: rms,
            sound_hz,
            told_apart,
        }),
    ])
}

/// Crops of `crop_frames` beside the recordings.
fn lengths_check<C: LossChoice>(material: &Material<'_, C>, crop_frames: usize) -> Check {
    let mut lengths = material.lengths.clone();
    lengths.sort_unstable();
    let shorter = lengths.partition_point(|&frames| frames < crop_frames);
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    let share = shorter as f64 / lengths.len().max(1) as f64;
    let hop_s = material.config.features.hop_s();
    let are_repeated = material.config.encoder.wants_equal_lengths();
    let [crop_s, median_s] = [crop_frames, median].map(|frames| frames as f64 * hop_s);
    crops_fit(crop_s, share, median_s, are_repeated)
}

/// How far up development recordings reach.
fn dev_bandwidth<C: LossChoice>(material: &Material<'_, C>) -> Bandwidth {
    let dev = &material.dev;
    let stride = dev.names().len().div_ceil(MOST_CROPS).max(1);
    let config = &material.config.features;
    let some = (0..dev.names().len()).step_by(stride);
    let features = some.filter_map(|index| dev.features(index).ok());
    bandwidth(features.map(|recording| reach(&recording, config)), config)
}
