//! A margin that grows over the steps.

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// When a margin grows from 0 to its value: a network that tells few speakers apart yet learns nothing from one that none of
/// them reaches. A function of the step alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginSchedule {
    /// Step (from 0) up to which there is no margin.
    pub from_step: u64,
    /// Step from which the margin has its value.
    pub to_step: u64,
    /// How it grows in between.
    #[serde(default)]
    pub growth: Growth,
}

/// How a margin grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Growth {
    /// By as much at every step.
    #[default]
    Linear,
    /// Fast at first, as `WeSpeaker` does: what it lacks shrinks by the same factor at every step, to a thousandth.
    Exponential,
}

impl MarginSchedule {
    /// Share of the margin at `step`, 0 to 1.
    #[must_use]
    pub fn share(&self, step: u64) -> f64 {
        if step >= self.to_step {
            return 1.0;
        }
        let gone = step.saturating_sub(self.from_step) as f64;
        let whole = self.to_step.saturating_sub(self.from_step).max(1) as f64;
        match self.growth {
            Growth::Linear => gone / whole,
            Growth::Exponential => 1.0 - (gone / whole * 1e-3_f64.ln()).exp(),
        }
    }

    fn validate(&self) -> Result<(), ModelError> {
        if self.from_step <= self.to_step {
            return Ok(());
        }
        Err(ModelError::Config {
            field: "loss.margin_schedule.to_step",
            found: format!("{} after a `from_step` of {}", self.to_step, self.from_step),
            expected: "a step not before `from_step`",
        })
    }
}

/// Share of a margin at `step`: all of it where nothing is said of its growth.
pub(in crate::losses) fn share(schedule: Option<MarginSchedule>, step: u64) -> f64 {
    schedule.map_or(1.0, |schedule| schedule.share(step))
}

/// # Errors
/// [`ModelError::Config`] for a schedule that ends before it begins.
pub(in crate::losses) fn check_schedule(
    schedule: Option<MarginSchedule>,
) -> Result<(), ModelError> {
    schedule.map_or(Ok(()), |schedule| schedule.validate())
}

/// # Errors
/// [`ModelError::Config`] for a number that is not positive.
pub(in crate::losses) fn check_positive(field: &'static str, value: f64) -> Result<(), ModelError> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(ModelError::Config {
        field,
        found: value.to_string(),
        expected: "a positive number",
    })
}

/// # Errors
/// [`ModelError::Config`] for a margin outside of 0 to `most`, which `expected` says in words.
pub(in crate::losses) fn check_margin(
    field: &'static str,
    value: f64,
    most: f64,
    expected: &'static str,
) -> Result<(), ModelError> {
    if (0.0..=most).contains(&value) {
        return Ok(());
    }
    Err(ModelError::Config {
        field,
        found: value.to_string(),
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_grows_between_two_steps_and_then_stays() {
        let schedule = |growth| MarginSchedule {
            from_step: 10,
            to_step: 30,
            growth,
        };
        let linear = [0, 10, 15, 29, 30, 1_000].map(|step| schedule(Growth::Linear).share(step));
        assert_eq!(linear, [0.0, 0.0, 0.25, 0.95, 1.0, 1.0]);
        // Half way it lacks the root of a thousandth.
        let half = schedule(Growth::Exponential).share(20);
        assert!((half - (1.0 - 1e-3_f64.sqrt())).abs() < 1e-12, "{half}");
        assert_eq!(share(None, 0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(
            schedule(Growth::Exponential).share(10).to_bits(),
            0.0_f64.to_bits()
        );
    }

    #[test]
    fn a_schedule_of_no_length_is_a_jump_and_one_backwards_is_refused() {
        let at = |from_step, to_step| MarginSchedule {
            from_step,
            to_step,
            growth: Growth::Linear,
        };
        assert_eq!([4, 5].map(|step| at(5, 5).share(step)), [0.0, 1.0]);
        assert!(check_schedule(Some(at(6, 5))).is_err());
    }
}
