//! Whether the memory that the machine has left will hold a training step.

use speaker_model::{
    CamPlusPlusConfig, Direction, EcapaConfig, LossChoice, LstmConfig, ResNetConfig,
    ResidualTdnnConfig, TdnnConfig, TrunkConfig,
};
use sysinfo::System;

use super::unlabelled::num_unlabelled;
use crate::TrainError;
use crate::config::TrainConfig;
use crate::error::bytes;
use crate::facts::batch_segments;

/// Batches that a worker has at most: two in its queue and one in its hands.
const BATCHES_A_WORKER: usize = 3;

/// Copies of a batch in a step: the batch itself, and as a tensor, scaled, and without its mean.
const COPIES_IN_STEP: usize = 4;

/// Numbers that a recurrent unit keeps for a frame, forward and backward: four gates, cell and output with their gradients, and
/// what dropout and the next layer make of the output.
const VALUES_A_UNIT: usize = 14;

/// Numbers that a channel of a convolution keeps for a frame, forward and backward: the sum, what norm and rectifier make of it, and
/// the gradients of these.
const VALUES_A_CHANNEL: usize = 7;

/// Share of the free memory above which a step is warned of.
const MUCH: f64 = 0.5;

/// Compares what a step of a training with `config` takes, by and large, with the memory that is free: gives a warning where it is
/// more than half of it.
///
/// # Errors
/// [`TrainError::Memory`] where it is more than all of it.
pub(crate) fn check_room<L: LossChoice>(
    config: &TrainConfig<L>,
    has_unlabelled: bool,
    num_workers: usize,
) -> Result<Option<String>, TrainError> {
    let share = config.teacher.unwrap_or_default().unlabelled_share;
    // Of the largest batch that any stage has.
    let sizes = config.all_stages().into_iter();
    let sizes = sizes.map(|stage| {
        let labelled = batch_segments(stage.sampler);
        let others = match has_unlabelled {
            true => num_unlabelled(labelled, share),
            false => 0,
        };
        [labelled.saturating_add(others), stage.crop_frames.most()]
    });
    let largest = sizes.max_by_key(|[segments, frames]| segments.saturating_mul(*frames));
    let size = largest.unwrap_or_default();
    let needed = step_bytes(config, size, num_workers);
    room(size, needed, free_bytes())
}

/// What is told before anything is computed of crops of which the longest recording is only a small part: each is that
/// recording and nothing, or the same over and over. Crops that are longer than some recordings are looked at later, among the
/// other checks.
pub(crate) fn long_crops<L>(config: &TrainConfig<L>, lengths: &[usize]) -> Option<String> {
    let crop_frames = config.longest_crop();
    let longest = lengths.iter().copied().max()?;
    if crop_frames <= longest {
        return None;
    }
    let hop_s = config.features.hop_s();
    let [crop_s, longest_s] = [crop_frames, longest].map(|frames| frames as f64 * hop_s);
    let filled = match config.encoder.wants_equal_lengths() {
        true => "repeated to that length",
        false => "filled up with nothing",
    };
    Some(format!(
        "a crop has {crop_frames} frames ({crop_s:.1} s), and the longest of {} recordings {longest} ({longest_s:.1} s): every one is \
         {filled}, which takes time and memory and teaches nothing",
        lengths.len()
    ))
}

fn room(
    [num_segments, crop_frames]: [usize; 2],
    needed: u64,
    free: u64,
) -> Result<Option<String>, TrainError> {
    if needed > free {
        return Err(TrainError::Memory {
            needed,
            free,
            num_segments,
            crop_frames,
        });
    }
    let much = needed as f64 > MUCH * free as f64;
    Ok(much.then(|| {
        format!(
            "a step on {num_segments} crops of {crop_frames} frames takes about {} of memory, of {} that are free",
            bytes(needed),
            bytes(free)
        )
    }))
}

/// Bytes that a step on so many segments of so many frames takes, by and large: what grows with the frames of a batch.
fn step_bytes<L>(config: &TrainConfig<L>, size: [usize; 2], num_workers: usize) -> u64 {
    let [segments, frames] = size.map(|size| size as u64);
    let frames = frames.saturating_mul(segments);
    let copies = BATCHES_A_WORKER * num_workers + COPIES_IN_STEP;
    let bins = config.features.num_bins;
    let values = copies * bins + values_a_frame(&config.encoder.trunk, bins);
    frames.saturating_mul((values * size_of::<f32>()) as u64)
}

/// Numbers that the layers of a trunk keep for a frame of its input, by and large; none of a trunk that is not known here.
fn values_a_frame(trunk: &TrunkConfig, bins: usize) -> usize {
    if let Some(lstm) = trunk.downcast_ref::<LstmConfig>() {
        let directions = match lstm.direction {
            Direction::Forward => 1,
            Direction::Bidirectional => 2,
        };
        return VALUES_A_UNIT * lstm.num_layers * directions * lstm.hidden;
    }
    let channels = if let Some(tdnn) = trunk.downcast_ref::<TdnnConfig>() {
        tdnn.layers.iter().map(|layer| layer.channels).sum()
    } else if let Some(ecapa) = trunk.downcast_ref::<EcapaConfig>() {
        // Of a block: into it, its groups, out of it, and behind the gate.
        ecapa.channels * (1 + 4 * ecapa.dilations.len()) + ecapa.output
    } else if let Some(tdnn) = trunk.downcast_ref::<ResidualTdnnConfig>() {
        let layers = tdnn.channels * (1 + 2 * tdnn.dilations.len()) + tdnn.output;
        layers / tdnn.stride.max(1)
    } else if let Some(res_net) = trunk.downcast_ref::<ResNetConfig>() {
        // Each stage has twice the channels, half of the bands and half of the frames of the one before.
        let stages = res_net.blocks.iter().enumerate();
        let stages = stages.map(|(stage, count)| (2 * count * res_net.channels * bins) >> stage);
        res_net.channels * bins + stages.sum::<usize>()
    } else if let Some(cam) = trunk.downcast_ref::<CamPlusPlusConfig>() {
        // Images at all bands, and their blocks at half and less of them; then every other frame, of which each layer sees all before it.
        let images = cam.image_channels * bins * (1 + 2 * cam.image_blocks);
        let (mut width, mut layers) = (cam.channels, cam.channels);
        for block in &cam.blocks {
            for _ in 0..block.layers {
                layers += width + cam.bottleneck + cam.growth;
                width += cam.growth;
            }
            width /= 2;
            layers += width;
        }
        images + layers / 2
    } else {
        0
    };
    VALUES_A_CHANNEL * channels
}

/// Bytes that can be had without swapping, within the limit of the container, if there is one; as many as there can be where the
/// system does not tell.
fn free_bytes() -> u64 {
    let mut system = System::new();
    system.refresh_memory();
    let of_machine = match system.available_memory() {
        0 => u64::MAX,
        bytes => bytes,
    };
    let of_container = system.cgroup_limits().map(|limits| limits.free_memory);
    let of_machine = of_machine.min(of_container.filter(|&bytes| bytes > 0).unwrap_or(u64::MAX));
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}"));
    let of_process = read("limits").ok().zip(read("status").ok());
    let of_process = of_process.and_then(|(limits, status)| left_of_limit(&limits, &status));
    of_machine.min(of_process.unwrap_or(u64::MAX))
}

/// What is left of the address space that a process may have (`ulimit -v`), by Linux's files on its limits and on itself.
fn left_of_limit(limits: &str, status: &str) -> Option<u64> {
    let number = |text: &str, name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let limit = number(limits, "Max address space")?;
    let taken = number(status, "VmSize:").unwrap_or(0);
    Some(limit.saturating_sub(taken << 10))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use super::*;

    /// 240 crops of 3,000 frames through a BLSTM of 2 × 16 units took 3.2 GB, as the system counted it.
    #[test]
    fn the_memory_of_a_step_is_what_one_took_by_and_large() {
        let mut config = TrainConfig::paper(8);
        config.features.num_bins = 80;
        let lstm = config.encoder.trunk.downcast_mut::<LstmConfig>().unwrap();
        (lstm.num_layers, lstm.hidden) = (1, 16);
        let estimated = step_bytes(&config, [240, 3_000], 1) as f64;
        assert!((0.8..1.25).contains(&(estimated / 3.2e9)), "{estimated}");
    }

    #[test]
    fn what_is_left_of_a_limit_on_the_process_is_known_on_linux() {
        let status = "Name:\tsiamang\nVmSize:\t  1048576 kB\nVmRSS:\t 10 kB\n";
        let limits = |bytes: &str| {
            format!(
                "Limit   Soft Limit  Hard Limit  Units\nMax address space   {bytes}   unlimited   bytes\n"
            )
        };
        assert_eq!(left_of_limit(&limits("3221225472"), status), Some(2 << 30));
        assert_eq!(left_of_limit(&limits("1000"), status), Some(0));
        assert_eq!(left_of_limit(&limits("unlimited"), status), None);
        assert_eq!(left_of_limit("", ""), None);
        assert!(free_bytes() > 0);
    }

    /// Networks of the recipes on their batches, in the order of their sizes.
    #[test]
    fn wider_and_deeper_networks_take_more() {
        let of = |name: &str| {
            let path = format!("{}/../../configs/{name}.toml", env!("CARGO_MANIFEST_DIR"));
            let config = TrainConfig::read(std::path::Path::new(&path)).unwrap();
            step_bytes(&config, [64, 200], 1)
        };
        let [tdnn, small, large] = ["tdnn-distilled", "ecapa-small", "voxceleb-ecapa"].map(of);
        assert!(tdnn < large && small < large, "{tdnn} {small} {large}");
        let images = of("voxceleb-resnet34");
        assert!((1 << 30..64 << 30).contains(&images), "{images}");
        // A training of this recipe on 64 crops of 200 frames ran in 5.6 GB, with its teacher and all that is kept of recordings.
        let thinned = of("thinned") as f64;
        assert!((0.6..1.0).contains(&(thinned / 5.6e9)), "{thinned}");
    }

    #[test]
    fn crops_that_no_recording_fills_are_told_and_others_are_not() {
        let mut config = TrainConfig::paper(8);
        config.crop_frames = 3_000.into();
        let words = long_crops(&config, &[200, 210, 180]).unwrap();
        for part in [
            "3000 frames (30.0 s)",
            "the longest of 3 recordings 210 (2.1 s)",
            "filled up",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert_eq!(long_crops(&config, &[200, 3_000]), None);
        assert_eq!(long_crops(&config, &[]), None);
    }

    #[test]
    fn a_step_that_does_not_fit_is_refused_and_one_that_fills_half_is_warned_of() {
        let size = [100, 40];
        let gib = 1 << 30;
        assert!(room(size, gib, 4 * gib).unwrap().is_none());
        let warning = room(size, 3 * gib, 4 * gib).unwrap().unwrap();
        assert!(
            warning.contains("3.0 GiB of memory, of 4.0 GiB"),
            "{warning}"
        );
        let error = room(size, 5 * gib, 4 * gib).unwrap_err();
        assert!(matches!(error, TrainError::Memory { .. }), "{error}");
        let words = error.to_string();
        assert!(
            words.contains("100 crops of 40 frames") && words.contains("5.0 GiB"),
            "{words}"
        );
    }
}
