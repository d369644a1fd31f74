//! What becomes of a schedule where a run goes on with another number of steps.

use pair_sampler::SamplerConfig;

use crate::config::{CropFrames, Stage, TrainConfig};

/// Rates that differ by less of themselves are the same to a training.
const SAME_RATE: f64 = 0.01;

/// What is another at `step`, from which a run of `planned` steps goes on as one of `config.max_steps`, a sentence each.
pub(super) fn jumps<L>(config: &TrainConfig<L>, planned: u64, step: u64) -> Vec<String> {
    let steps = config.max_steps;
    if planned == steps || step >= steps {
        return Vec::new();
    }
    let optimiser = &config.optimiser;
    let rate = |step, steps| optimiser.learning_rate * optimiser.schedule.factor(step, steps);
    let [as_planned, now] = [rate(step, planned), rate(step, steps)];
    let mut words = Vec::new();
    if (as_planned - now).abs() > SAME_RATE * as_planned.max(now) {
        let last = rate(step.saturating_sub(1), planned);
        words.push(format!(
            "the learning rate jumps from {} (step {step}) to {} (step {}): its schedule runs over {steps} steps now, {planned} before",
            short(last),
            short(now),
            step + 1
        ));
    }
    let [before, after] = [planned, steps].map(|steps| stage(config, steps, step));
    let moved = [
        (before.crop_frames != after.crop_frames).then(|| {
            let [before, after] = [before.crop_frames, after.crop_frames].map(crops);
            format!("crops have {after}, {before} before")
        }),
        (before.sampler != after.sampler).then(|| {
            let [before, after] = [before.sampler, after.sampler].map(batch);
            format!("a batch is {after}, {before} before")
        }),
        (before.is_changed != after.is_changed).then(|| match after.is_changed {
            true => "recordings are changed".to_owned(),
            false => "recordings are no longer changed".to_owned(),
        }),
    ];
    let moved: Vec<String> = moved.into_iter().flatten().collect();
    if !moved.is_empty() {
        words.push(format!(
            "stages that begin at a share of the steps begin elsewhere in {steps} steps than in {planned}; from step {} {}",
            step + 1,
            moved.join(", ")
        ));
    }
    words
}

/// The stage of the batch of `step` in a run of so many steps.
fn stage<L>(config: &TrainConfig<L>, steps: u64, step: u64) -> Stage {
    let stages = config.stages_over(steps);
    let begun = stages.partition_point(|stage| stage.from <= step);
    stages[begun.max(1) - 1]
}

fn crops(crop: CropFrames) -> String {
    match crop {
        CropFrames::Fixed(frames) => format!("{frames} frames"),
        CropFrames::Between([least, most]) => format!("{least} to {most} frames"),
    }
}

fn batch(sampler: SamplerConfig) -> String {
    match sampler {
        SamplerConfig::Uniform { segments } => format!("{segments} segments"),
        SamplerConfig::Pk { speakers, segments } => format!("{speakers} × {segments} segments"),
        SamplerConfig::Pairs { pairs, .. } => format!("{pairs} pairs"),
    }
}

/// A rate in three digits.
fn short(rate: f64) -> String {
    format!("{rate:.2e}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Decay, Schedule, StageConfig, StageStart};

    fn config(decay: Decay, max_steps: u64) -> TrainConfig {
        let mut config = TrainConfig::paper(8);
        config.max_steps = max_steps;
        config.optimiser.learning_rate = 0.001;
        config.optimiser.schedule = Schedule {
            warmup_steps: 10,
            decay,
        };
        config
    }

    #[test]
    fn a_rate_that_jumps_is_told_with_both_values() {
        let words = jumps(&config(Decay::Cosine(0.0), 200), 100, 100);
        assert_eq!(words.len(), 1, "{words:?}");
        // 0.0005 (1 + cos(π 89/90)) at the last step, and 0.0005 (1 + cos(π 90/190)) at the next.
        for part in [
            "3.05e-7 (step 100)",
            "5.41e-4 (step 101)",
            "200 steps now, 100 before",
        ] {
            assert!(words[0].contains(part), "{part}: {words:?}");
        }
        let tail = jumps(&config(Decay::LinearTail(0.5), 200), 100, 80);
        assert!(tail[0].contains("4.20e-4 (step 80) to 1.00e-3"), "{tail:?}");
        // Nothing jumps: a constant rate, before the tail, during the warm-up, the same end, the end itself.
        for (decay, steps, planned, step) in [
            (Decay::Constant, 200, 100, 100),
            (Decay::LinearTail(0.1), 200, 100, 50),
            (Decay::Cosine(0.0), 200, 100, 5),
            (Decay::Cosine(0.0), 100, 100, 50),
            (Decay::Cosine(0.0), 50, 100, 50),
        ] {
            let words = jumps(&config(decay, steps), planned, step);
            assert!(words.is_empty(), "{words:?}");
        }
    }

    #[test]
    fn stages_that_begin_again_are_told() {
        let stage = |from| StageConfig {
            from,
            crop_frames: Some(CropFrames::Between([200, 300])),
            speakers: None,
            segments: Some(40),
            augment: Some(false),
        };
        let mut config = config(Decay::Constant, 200);
        config.stages = vec![stage(StageStart::Share(0.8))];
        let words = jumps(&config, 100, 90);
        assert_eq!(words.len(), 1, "{words:?}");
        for part in [
            "from step 91",
            "crops have 40 frames, 200 to 300 frames before",
            "100 segments, 40 segments before",
            "recordings are changed",
        ] {
            assert!(words[0].contains(part), "{part}: {words:?}");
        }
        config.stages = vec![stage(StageStart::Step(80))];
        assert!(jumps(&config, 100, 90).is_empty());
    }
}
