//! Whether the memory that the machine has left will hold a training step.

use speaker_model::{Direction, LossChoice, LstmConfig};
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
    let trunk = config.encoder.trunk.downcast_ref::<LstmConfig>();
    let units = trunk.map_or(0, |lstm| {
        let directions = match lstm.direction {
            Direction::Forward => 1,
            Direction::Bidirectional => 2,
        };
        lstm.num_layers * directions * lstm.hidden
    });
    let values = copies * config.features.num_bins + VALUES_A_UNIT * units;
    frames.saturating_mul((values * size_of::<f32>()) as u64)
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
    of_machine.min(of_container.filter(|&bytes| bytes > 0).unwrap_or(u64::MAX))
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
