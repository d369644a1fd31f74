//! Which units of a layer do nothing.

use crate::LayerUnits;

/// A unit whose outputs over a batch deviate by less than this share of the layer's mean deviation is dead.
const DEAD: f64 = 1e-4;

/// Share of a batch on which a saturated unit is at an end of its range.
const MOSTLY: f64 = 0.5;

impl LayerUnits {
    /// Counts the units of a layer by their outputs over a batch, one row `[units]` an input: dead ones give the same
    /// for every input; saturated ones are within 1 % of `limit` (1 for tanh states; none for unbounded units) for half
    /// of the inputs.
    #[must_use]
    pub fn of(layer: impl Into<String>, rows: &[Vec<f32>], limit: Option<f64>) -> Self {
        let num_units = rows.iter().map(Vec::len).min().unwrap_or(0);
        let count = rows.len().max(1) as f64;
        let column = |unit: usize| rows.iter().map(move |row| f64::from(row[unit]));
        let deviations: Vec<f64> = (0..num_units)
            .map(|unit| {
                let mean = column(unit).sum::<f64>() / count;
                (column(unit).map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt()
            })
            .collect();
        let typical = deviations.iter().sum::<f64>() / num_units.max(1) as f64;
        let is_saturated = |unit: &usize| {
            limit.is_some_and(|limit| {
                let ends = column(*unit).filter(|v| v.abs() > 0.99 * limit).count();
                ends as f64 >= MOSTLY * count
            })
        };
        Self {
            layer: layer.into(),
            num_units,
            num_dead: deviations
                .iter()
                .filter(|&&deviation| deviation <= DEAD * typical)
                .count(),
            num_saturated: (0..num_units).filter(is_saturated).count(),
        }
    }
}
