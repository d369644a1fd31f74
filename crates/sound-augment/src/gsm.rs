//! What a mobile telephone leaves of speech, by and large: linear prediction and a residual of a few coarse pulses.
//!
//! As GSM 06.10 does it: frames of 20 ms, eight coefficients, of the residual every third sample of the strongest of three
//! grids in 3 bits against the largest of 5 ms. Pitch prediction and the coding of the coefficients are left out.

/// Samples of a frame, at 8 kHz.
const FRAME: usize = 160;
/// Samples of a part of the residual.
const PART: usize = 40;
/// Coefficients of the prediction.
const ORDER: usize = 8;
/// Pulses of a part: every third sample.
const SPACING: usize = 3;
/// Largest step of a pulse of 3 bits.
const LARGEST: f32 = 3.5;

/// Passes `samples` at 8 kHz through it, in place.
pub(crate) fn pass(samples: &mut [f32]) {
    // What the predictor has heard, and what the other end has made, before this frame.
    let (mut heard, mut made) = ([0.0; ORDER], [0.0; ORDER]);
    for frame in samples.chunks_mut(FRAME) {
        let coefficients = predictor(frame);
        let mut residual = [0.0f32; FRAME];
        for (place, residual) in residual.iter_mut().enumerate().take(frame.len()) {
            *residual = frame[place] - predicted(&coefficients, &heard);
            push(&mut heard, frame[place]);
        }
        residual.chunks_mut(PART).for_each(pulses);
        for (sample, residual) in frame.iter_mut().zip(residual) {
            *sample = residual + predicted(&coefficients, &made);
            push(&mut made, *sample);
        }
    }
}

fn predicted(coefficients: &[f32; ORDER], past: &[f32; ORDER]) -> f32 {
    coefficients.iter().zip(past).map(|(c, p)| c * p).sum()
}

fn push(past: &mut [f32; ORDER], sample: f32) {
    past.rotate_right(1);
    past[0] = sample;
}

/// Coefficients of the linear prediction of a frame (Levinson and Durbin), the latest sample's first; zeros of silence.
fn predictor(frame: &[f32]) -> [f32; ORDER] {
    let mut correlations = [0.0f64; ORDER + 1];
    for (lag, correlation) in correlations.iter_mut().enumerate() {
        let pairs = frame.iter().zip(frame.iter().skip(lag));
        *correlation = pairs.map(|(a, b)| f64::from(a * b)).sum();
    }
    // A little white noise, so that the filter of the other end stays stable.
    let mut error = correlations[0] * 1.000_1;
    let mut coefficients = [0.0f64; ORDER];
    if error <= 1e-12 {
        return [0.0; ORDER];
    }
    for order in 0..ORDER {
        let known = (0..order).map(|i| coefficients[i] * correlations[order - i]);
        let reflection = (correlations[order + 1] - known.sum::<f64>()) / error;
        let before = coefficients;
        for i in 0..order {
            coefficients[i] = before[i] - reflection * before[order - 1 - i];
        }
        coefficients[order] = reflection;
        error *= 1.0 - reflection * reflection;
    }
    coefficients.map(|c| c as f32)
}

/// Keeps the strongest of the three grids, in seven steps, and nothing between its samples.
fn pulses(part: &mut [f32]) {
    let energy = |grid: usize| -> f32 {
        let samples = part.iter().skip(grid).step_by(SPACING);
        samples.map(|s| s * s).sum()
    };
    let energies = [0, 1, 2].map(energy);
    let strongest = (0..SPACING).fold(0, |best, grid| {
        if energies[grid] > energies[best] {
            grid
        } else {
            best
        }
    });
    let samples = part.iter().skip(strongest).step_by(SPACING);
    let largest = samples.fold(0f32, |largest, s| largest.max(s.abs()));
    let step = largest / LARGEST;
    // Fewer pulses carry the energy of all samples.
    let all: f32 = energies.iter().sum();
    let boost = (all / energies[strongest].max(f32::MIN_POSITIVE)).sqrt();
    for (place, sample) in part.iter_mut().enumerate() {
        *sample = match place % SPACING == strongest && step > 0.0 {
            // Steps lie at odd multiples of a half.
            true => ((*sample / step).floor() + 0.5).clamp(-LARGEST, LARGEST) * step * boost,
            false => 0.0,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::mean_power;

    #[test]
    fn level_and_spectrum_stay_by_and_large_and_silence_stays_silent() {
        // Noise with one resonance, as a vowel has.
        let mut noise = vec![0.0; 16_000];
        audio_features::augment::Draws::when(5, 1u64, 1.0)
            .unwrap()
            .normals(&mut noise);
        let (mut a, mut b) = (0.0, 0.0);
        for sample in &mut noise {
            let y = 0.01 * *sample + 1.6 * a - 0.8 * b;
            (a, b) = (y, a);
            *sample = y;
        }
        let before = noise.clone();
        pass(&mut noise);
        let ratio = mean_power(&noise) / mean_power(&before);
        assert!((0.3..3.0).contains(&ratio), "{ratio}");
        let correlation = |s: &[f32]| -> f64 {
            let pairs = s.iter().zip(&s[1..]);
            pairs.map(|(a, b)| f64::from(a * b)).sum::<f64>() / mean_power(s) / s.len() as f64
        };
        assert!((correlation(&noise) - correlation(&before)).abs() < 0.1);
        assert_ne!(noise, before);
        let mut silence = vec![0.0; 400];
        pass(&mut silence);
        assert_eq!(silence, vec![0.0; 400]);
    }
}
