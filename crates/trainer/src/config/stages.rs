//! What of a training changes from a step on: the length of its crops, the size of its batches, whether recordings are changed.

use pair_sampler::SamplerConfig;
use serde::{Deserialize, Serialize};

use crate::TrainError;

/// Frames of the segments of a batch: in TOML a number, or `[least, most]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a number of frames, or the least and the most, as in [100, 200]"
)]
pub enum CropFrames {
    /// Always as many.
    Fixed(usize),
    /// From the least to the most in steps of ten, drawn for each batch; all segments of a batch are alike.
    Between([usize; 2]),
}

/// Between two lengths that are drawn lie so many frames: few lengths of batches, whose buffers can be used again.
const STEP_FRAMES: usize = 10;

impl From<usize> for CropFrames {
    fn from(frames: usize) -> Self {
        Self::Fixed(frames)
    }
}

impl CropFrames {
    /// The fewest frames that a segment has.
    #[must_use]
    pub fn least(self) -> usize {
        match self {
            Self::Fixed(frames) | Self::Between([frames, _]) => frames,
        }
    }

    /// The most frames that a segment has.
    #[must_use]
    pub fn most(self) -> usize {
        match self {
            Self::Fixed(frames) | Self::Between([_, frames]) => frames,
        }
    }

    /// Frames of the segments of `step`: a function of its arguments alone.
    #[must_use]
    pub fn of_step(self, seed: u64, step: u64) -> usize {
        let Self::Between([least, most]) = self else {
            return self.least();
        };
        let mut hasher = blake3::Hasher::new_derive_key("siamang trainer v1 crop frames");
        hasher.update(&seed.to_le_bytes());
        hasher.update(&step.to_le_bytes());
        let mut bits = [0; 8];
        bits.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        // So few lengths that the remainder favours none by more than 2⁻⁴⁰.
        let num_lengths = (most.saturating_sub(least) / STEP_FRAMES + 1) as u64;
        least + STEP_FRAMES * (u64::from_le_bytes(bits) % num_lengths) as usize
    }
}

/// What is another from a step on; what it leaves out stays as it was before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageConfig {
    /// When it begins.
    pub from: StageStart,
    /// Frames of a training segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop_frames: Option<CropFrames>,
    /// Speakers of a batch of the `pk` sampler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speakers: Option<usize>,
    /// Segments: of each speaker of the `pk` sampler, of a batch of the `uniform` one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<usize>,
    /// Whether recordings are changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<bool>,
}

/// When a stage begins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a step, as in 2400, or a share of `max_steps`, as in 0.8"
)]
pub enum StageStart {
    /// At this step, from 0.
    Step(u64),
    /// Where this share of `max_steps` has been taken.
    Share(f64),
}

impl StageStart {
    fn step(self, max_steps: u64) -> u64 {
        match self {
            Self::Step(step) => step,
            Self::Share(share) => (share * max_steps as f64).round() as u64,
        }
    }
}

/// A part of a training over which these stay the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stage {
    /// Its first step.
    pub(crate) from: u64,
    pub(crate) crop_frames: CropFrames,
    pub(crate) sampler: SamplerConfig,
    pub(crate) is_changed: bool,
}

/// The parts of a training of `max_steps` that begins with this length of crops and this sampler, the first of them at step 0.
pub(super) fn parts(
    crop_frames: CropFrames,
    sampler: SamplerConfig,
    stages: &[StageConfig],
    max_steps: u64,
) -> Vec<Stage> {
    let first = Stage {
        from: 0,
        crop_frames,
        sampler,
        is_changed: true,
    };
    let later = stages.iter().scan(first, |now, stage| {
        *now = Stage {
            from: stage.from.step(max_steps),
            crop_frames: stage.crop_frames.unwrap_or(now.crop_frames),
            sampler: resized(now.sampler, stage),
            is_changed: stage.augment.unwrap_or(now.is_changed),
        };
        Some(*now)
    });
    std::iter::once(first).chain(later).collect()
}

fn resized(sampler: SamplerConfig, stage: &StageConfig) -> SamplerConfig {
    match sampler {
        SamplerConfig::Pk { speakers, segments } => SamplerConfig::Pk {
            speakers: stage.speakers.unwrap_or(speakers),
            segments: stage.segments.unwrap_or(segments),
        },
        SamplerConfig::Uniform { segments } => SamplerConfig::Uniform {
            segments: stage.segments.unwrap_or(segments),
        },
        pairs @ SamplerConfig::Pairs { .. } => pairs,
    }
}

/// Refuses stages that no training of `max_steps` with this sampler can have.
pub(super) fn check_stages(
    stages: &[StageConfig],
    sampler: SamplerConfig,
    max_steps: u64,
) -> Result<(), TrainError> {
    let mut before = 0;
    for (index, stage) in stages.iter().enumerate() {
        let place = |field: &str| format!("stages[{index}].{field}");
        let fault = |field: &str, found: String, remedy| TrainError::Config {
            place: place(field),
            found,
            remedy,
        };
        let begins = stage.from.step(max_steps);
        if let StageStart::Share(share) = stage.from
            && !(share > 0.0 && share < 1.0)
        {
            let found = format!("{share} is no share of the steps");
            return Err(fault(
                "from",
                found,
                "write a number between 0 and 1, or a step as a whole number",
            ));
        }
        if stage.from == StageStart::Step(0) {
            let found = "begins with step 0, as the training does".to_owned();
            return Err(fault(
                "from",
                found,
                "write what is so from the beginning outside of the stages",
            ));
        }
        // Of a short training several shares may be one step.
        if begins < before {
            let found = format!("begins with step {begins}, and the stage above it with {before}");
            return Err(fault(
                "from",
                found,
                "put the stages in the order of their steps",
            ));
        }
        before = begins;
        if let Some(crop) = stage.crop_frames {
            check_crop(&place("crop_frames"), crop)?;
        }
        let sizes = [
            (
                "speakers",
                stage.speakers,
                matches!(sampler, SamplerConfig::Pk { .. }),
            ),
            (
                "segments",
                stage.segments,
                !matches!(sampler, SamplerConfig::Pairs { .. }),
            ),
        ];
        for (field, size, belongs) in sizes {
            if let Some(size) = size.filter(|_| !belongs) {
                let found = format!("{size}, and the sampler has no such size");
                return Err(fault(
                    field,
                    found,
                    "leave it out, or set `sampler.kind` to `pk`",
                ));
            }
        }
    }
    Ok(())
}

pub(super) fn check_crop(place: &str, crop: CropFrames) -> Result<(), TrainError> {
    if (1..=crop.most()).contains(&crop.least()) {
        return Ok(());
    }
    let found = match crop {
        CropFrames::Fixed(frames) => format!("{frames} frames"),
        CropFrames::Between([least, most]) => format!("from {least} to {most} frames"),
    };
    Err(TrainError::Config {
        place: place.to_owned(),
        found: format!("{found} are no length of a crop"),
        remedy: "write a number of at least 1, or the least and the most, as in [100, 200]",
    })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use super::*;
    use crate::TrainConfig;

    fn config(stages: &str) -> Result<TrainConfig, TrainError> {
        let plain = TrainConfig {
            max_steps: 1000,
            sampler: SamplerConfig::Pk {
                speakers: 8,
                segments: 4,
            },
            ..TrainConfig::paper(8)
        };
        TrainConfig::parse(&(toml::to_string(&plain).unwrap() + stages), "mine.toml")
    }

    #[test]
    fn a_stage_replaces_what_it_names_and_keeps_the_rest() {
        let config = config(
            "[[stages]]\nfrom = 0.5\ncrop_frames = [200, 300]\naugment = false\n[[stages]]\nfrom = 900\nspeakers = 16\nsegments = 2\n",
        )
        .unwrap();
        let stages = config.all_stages();
        let pk = |speakers, segments| SamplerConfig::Pk { speakers, segments };
        let long = CropFrames::Between([200, 300]);
        let expected = [
            (0, CropFrames::Fixed(40), pk(8, 4), true),
            (500, long, pk(8, 4), false),
            (900, long, pk(16, 2), false),
        ];
        let expected = expected.map(|(from, crop_frames, sampler, is_changed)| Stage {
            from,
            crop_frames,
            sampler,
            is_changed,
        });
        assert_eq!(stages, expected);
        assert_eq!(config.longest_crop(), 300);
        let again = TrainConfig::parse(&toml::to_string(&config).unwrap(), "again").unwrap();
        assert_eq!(again, config);
    }

    #[test]
    fn lengths_are_drawn_in_tens_from_the_least_to_the_most_and_depend_on_seed_and_step_alone() {
        let crop = CropFrames::Between([100, 200]);
        let draw =
            |seed: u64| -> Vec<usize> { (0..2200).map(|step| crop.of_step(seed, step)).collect() };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        for frames in (100..=200).step_by(10) {
            let count = draw(1).iter().filter(|&&drawn| drawn == frames).count();
            // 200 of each are expected, give or take 13.
            assert!((140..260).contains(&count), "{frames}: {count}");
        }
        assert!(draw(1).iter().all(|frames| frames % 10 == 0));
        assert_eq!(CropFrames::Between([95, 95]).of_step(1, 1), 95);
        assert_eq!(CropFrames::Between([95, 104]).of_step(1, 7), 95);
        assert_eq!(CropFrames::Fixed(96).of_step(1, 7), 96);
    }

    #[test]
    fn stages_that_no_training_can_have_are_refused_by_their_place() {
        for (stages, place, found) in [
            ("[[stages]]\nfrom = 1.5\n", "stages[0].from", "1.5"),
            ("[[stages]]\nfrom = 0\n", "stages[0].from", "step 0"),
            (
                "[[stages]]\nfrom = 0.5\n[[stages]]\nfrom = 400\n",
                "stages[1].from",
                "400",
            ),
            (
                "[[stages]]\nfrom = 0.5\ncrop_frames = [30, 20]\n",
                "stages[0].crop_frames",
                "30",
            ),
            (
                "[[stages]]\nfrom = 0.5\ncrop_frames = 0\n",
                "stages[0].crop_frames",
                "0",
            ),
            ("[[stages]]\nfrom = 0.5\nspeakers = 1\n", "speakers", "1"),
            (
                "[[stages]]\nfrom = 0.5\nspeeds = 1\n",
                "mine.toml",
                "speeds",
            ),
            (
                "[[stages]]\nfrom = 0.5\ncrop_frames = \"long\"\n",
                "mine.toml",
                "[100, 200]",
            ),
        ] {
            let error = config(stages).unwrap_err().to_string();
            assert!(
                error.contains(place) && error.contains(found),
                "{stages}: {error}"
            );
        }
        let mut uniform = config("[[stages]]\nfrom = 0.5\nspeakers = 4\n").unwrap();
        uniform.sampler = SamplerConfig::Uniform { segments: 9 };
        let error = uniform.validate().unwrap_err().to_string();
        assert!(error.contains("stages[0].speakers"), "{error}");
    }
}
