//! The learning rate as a pure function of the step.

use serde::{Deserialize, Serialize};

/// How the learning rate runs over a training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Steps over which the rate rises linearly from 0.
    #[serde(default)]
    pub warmup_steps: u64,
    /// What follows.
    #[serde(default)]
    pub decay: Decay,
}

/// What follows the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// The same rate to the end.
    #[default]
    Constant,
    /// Half a cosine down to this share of the highest rate at the last step (Loshchilov & Hutter 2017).
    Cosine(f64),
    /// The same rate until this share of the steps is left, then a straight line down to 0 after the last.
    LinearTail(f64),
}

impl Schedule {
    /// The share of the highest learning rate at `step` (from 0) of `max_steps`.
    #[must_use]
    pub fn factor(&self, step: u64, max_steps: u64) -> f64 {
        if step < self.warmup_steps {
            return (step + 1) as f64 / self.warmup_steps as f64;
        }
        match self.decay {
            Decay::Constant => 1.0,
            Decay::Cosine(last) => {
                let length = max_steps.saturating_sub(self.warmup_steps).max(1);
                let done = ((step - self.warmup_steps) as f64 / length as f64).min(1.0);
                last + (1.0 - last) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
            }
            Decay::LinearTail(share) => {
                let left = max_steps.saturating_sub(step) as f64 / max_steps.max(1) as f64;
                (left / share).min(1.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warmup_rises_to_one_and_cosine_falls_to_its_last_share() {
        let schedule = Schedule {
            warmup_steps: 10,
            decay: Decay::Cosine(0.1),
        };
        assert!((schedule.factor(0, 110) - 0.1).abs() < 1e-12);
        assert!((schedule.factor(9, 110) - 1.0).abs() < 1e-12);
        assert!((schedule.factor(10, 110) - 1.0).abs() < 1e-12);
        assert!((schedule.factor(60, 110) - 0.55).abs() < 1e-12);
        assert!((schedule.factor(110, 110) - 0.1).abs() < 1e-12);
        let tail = Schedule {
            warmup_steps: 0,
            decay: Decay::LinearTail(0.25),
        };
        assert!((tail.factor(74, 100) - 1.0).abs() < 1e-12);
        assert!((tail.factor(90, 100) - 0.4).abs() < 1e-12);
        assert!((tail.factor(99, 100) - 0.04).abs() < 1e-12);
        assert!((Schedule::default().factor(12_345, 10) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_warm_up_longer_than_the_run_never_ends_and_a_tail_over_all_steps_falls_from_the_first() {
        let schedule = Schedule {
            warmup_steps: 100,
            decay: Decay::Cosine(0.0),
        };
        assert!((schedule.factor(9, 10) - 0.1).abs() < 1e-12);
        let tail = Schedule {
            warmup_steps: 0,
            decay: Decay::LinearTail(1.0),
        };
        assert!((tail.factor(0, 4) - 1.0).abs() < 1e-12);
        assert!((tail.factor(1, 4) - 0.75).abs() < 1e-12);
        // Steps past the end, as where a run goes on beyond them, have no rate below 0.
        assert!(tail.factor(9, 4).abs() < 1e-12);
        let cosine = Schedule {
            warmup_steps: 0,
            decay: Decay::Cosine(0.1),
        };
        assert!((cosine.factor(99, 10) - 0.1).abs() < 1e-12);
    }
}
