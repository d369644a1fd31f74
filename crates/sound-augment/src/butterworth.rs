//! Butterworth filters as second-order sections, by the bilinear transform: those of SciPy's `butter(…, output="sos")`.

/// A second-order section `b / a`, with `a₀ = 1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    b: [f64; 3],
    a: [f64; 2],
}

/// The sections of a high-pass filter of an even `order` with its half-power point at `hz`; none where `hz` is not below the
/// Nyquist frequency or not above 0: nothing is limited.
#[must_use]
pub fn high_pass(order: usize, hz: f64, sample_rate_hz: f64) -> Vec<Section> {
    sections(order, hz, sample_rate_hz, |_, norm| {
        [norm, -2.0 * norm, norm]
    })
}

/// The same of a low-pass filter.
#[must_use]
pub fn low_pass(order: usize, hz: f64, sample_rate_hz: f64) -> Vec<Section> {
    sections(order, hz, sample_rate_hz, |k, norm| {
        let outer = k * k * norm;
        [outer, 2.0 * outer, outer]
    })
}

fn sections(
    order: usize,
    hz: f64,
    sample_rate_hz: f64,
    b: impl Fn(f64, f64) -> [f64; 3],
) -> Vec<Section> {
    if !(hz > 0.0 && hz < sample_rate_hz * 0.499) {
        return Vec::new();
    }
    let k = (std::f64::consts::PI * hz / sample_rate_hz).tan();
    (0..order / 2)
        .map(|section| {
            let angle = std::f64::consts::PI * (2 * section + 1) as f64 / (2 * order) as f64;
            let damping = 2.0 * angle.sin();
            let norm = 1.0 / (1.0 + damping * k + k * k);
            let a = [
                2.0 * (k * k - 1.0) * norm,
                (1.0 - damping * k + k * k) * norm,
            ];
            Section { b: b(k, norm), a }
        })
        .collect()
}

/// Filters `samples` in place, at rest before the first of them.
pub fn filter(sections: &[Section], samples: &mut [f32]) {
    for section in sections {
        let mut state = [0.0; 2];
        for sample in &mut *samples {
            *sample = section.step(&mut state, f64::from(*sample)) as f32;
        }
    }
}

impl Section {
    /// The transposed direct form II.
    #[inline(always)]
    fn step(&self, state: &mut [f64; 2], x: f64) -> f64 {
        let y = self.b[0] * x + state[0];
        state[0] = self.b[1] * x - self.a[0] * y + state[1];
        state[1] = self.b[2] * x - self.a[1] * y;
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{assert_near, filters, floats};

    #[test]
    fn filters_are_those_of_scipy() {
        let golden = filters();
        for case in golden["filters"].as_array().unwrap() {
            let order = case["order"].as_u64().unwrap() as usize;
            let number = |name: &str| case[name].as_f64().unwrap();
            let sections = high_pass(order, number("hz"), number("rate"));
            assert_eq!(sections.len(), order / 2);
            let mut samples = floats(&golden["input"]);
            filter(&sections, &mut samples);
            // The samples between sections are 32 bits.
            assert_near(&samples, &floats(&case["output"]), 2e-6);
        }
        assert!(high_pass(4, 9_000.0, 16_000.0).is_empty());
        assert!(high_pass(4, 0.0, 16_000.0).is_empty());
    }
}
