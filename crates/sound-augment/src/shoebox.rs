//! The impulse response of a rectangular room by the method of images (J. B. Allen and D. A. Berkley, Image method for
//! efficiently simulating small-room acoustics, JASA 65, 1979).

use crate::error::SoundError;
use crate::resample::Resampler;

/// Speed of sound at 20 °C, in metres a second.
pub const SPEED_OF_SOUND: f64 = 343.0;

/// Places within a sample at which an image can arrive: the paper rounds to whole samples, which a microphone would hear.
const FINER: usize = 4;

/// Images that are quieter than this against the direct sound, apart from their distance, are left out: 100 dB.
const QUIETEST: f64 = 1e-5;

/// A rectangular room with a source and a microphone in it, both without direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shoebox {
    /// Length, width and height, in metres.
    pub size_m: [f64; 3],
    /// Where the source is, from one corner.
    pub source_m: [f64; 3],
    /// Where the microphone is, from the same corner.
    pub microphone_m: [f64; 3],
    /// Share of the energy that each wall takes: those at 0 and at the far end of each axis.
    pub absorption: [[f64; 2]; 3],
}

/// An image along one axis.
struct Image {
    /// Square of its distance from the microphone along the axis.
    square: f64,
    /// What reflections have left of its amplitude.
    gain: f64,
}

impl Shoebox {
    /// Time in which sound falls by 60 dB, in seconds, by Sabine's formula `0.161 V / Σ S α`.
    #[must_use]
    pub fn sabine_s(&self) -> f64 {
        let [x, y, z] = self.size_m;
        let walls = [y * z, x * z, x * y];
        let absorbed = walls.iter().zip(self.absorption);
        let absorbed: f64 = absorbed.map(|(area, [a, b])| area * (a + b)).sum();
        0.161 * x * y * z / absorbed.max(1e-9)
    }

    /// The pressure that a click at the source makes at the microphone, `1 / 4πr` of each image after `r / c`; at most
    /// `longest_s` seconds of it.
    ///
    /// # Errors
    /// None for any room: what the resampler refuses is not asked of it.
    pub fn response(&self, sample_rate_hz: u32, longest_s: f64) -> Result<Vec<f32>, SoundError> {
        let rate = f64::from(sample_rate_hz) * FINER as f64;
        let len = (longest_s * f64::from(sample_rate_hz)) as usize * FINER;
        let per_metre = rate / SPEED_OF_SOUND;
        let farthest = len as f64 / per_metre;
        let mut arrivals = vec![0f32; len];
        let [xs, ys, zs] = [0, 1, 2].map(|axis| self.images(axis, farthest));
        let limit = farthest * farthest;
        for x in &xs {
            for y in &ys {
                let (plane, gain) = (x.square + y.square, x.gain * y.gain);
                if plane >= limit || gain < QUIETEST {
                    continue;
                }
                for z in &zs {
                    let square = plane + z.square;
                    let gain = gain * z.gain;
                    if square >= limit || gain < QUIETEST {
                        continue;
                    }
                    // Nobody speaks into a microphone from within.
                    let distance = square.sqrt().max(0.02);
                    let place = (distance * per_metre).round() as usize;
                    if let Some(arrival) = arrivals.get_mut(place) {
                        *arrival += (gain / (4.0 * std::f64::consts::PI * distance)) as f32;
                    }
                }
            }
        }
        let mut response = Resampler::new(1, FINER)?.whole(&arrivals);
        // A click between samples is as strong as one at a sample.
        response.iter_mut().for_each(|s| *s *= FINER as f32);
        Ok(response)
    }

    /// The images along an axis that are not farther than `farthest`.
    fn images(&self, axis: usize, farthest: f64) -> Vec<Image> {
        let (size, source, microphone) = (
            self.size_m[axis].max(0.01),
            self.source_m[axis],
            self.microphone_m[axis],
        );
        let reflected = self.absorption[axis].map(|a| (1.0 - a).clamp(0.0, 1.0).sqrt());
        let rounds = (farthest / (2.0 * size)).ceil() as i32 + 1;
        let mut images = Vec::new();
        for round in -rounds..=rounds {
            for (mirrored, near) in [(false, round), (true, round - 1)] {
                let place = if mirrored { -source } else { source };
                let offset = place + 2.0 * f64::from(round) * size - microphone;
                let near = reflected[0].powi(near.abs());
                let gain = near * reflected[1].powi(round.abs());
                if offset.abs() < farthest && gain > 0.0 {
                    images.push(Image {
                        square: offset * offset,
                        gain,
                    });
                }
            }
        }
        images
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The response at a frequency, as a complex number.
    fn at_hz(response: &[f32], hz: f64) -> (f64, f64) {
        let turn = std::f64::consts::TAU * hz / 16_000.0;
        let parts = response.iter().enumerate();
        parts.fold((0.0, 0.0), |(re, im), (n, &h)| {
            let (sin, cos) = (turn * n as f64).sin_cos();
            (re + f64::from(h) * cos, im - f64::from(h) * sin)
        })
    }

    /// The sum of `gain / 4πr · exp(−2πi f r / c)` over the paths.
    fn sum(paths: &[(f64, f64)], hz: f64) -> (f64, f64) {
        paths.iter().fold((0.0, 0.0), |(re, im), (gain, r)| {
            let amplitude = gain / (4.0 * std::f64::consts::PI * r);
            let (sin, cos) = (std::f64::consts::TAU * hz * r / SPEED_OF_SOUND).sin_cos();
            (re + amplitude * cos, im - amplitude * sin)
        })
    }

    fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
    }

    fn assert_heard(room: &Shoebox, paths: &[(f64, f64)]) {
        let response = room.response(16_000, 0.1).unwrap();
        for hz in [300.0, 1_000.0, 2_500.0] {
            let (found, expected) = (at_hz(&response, hz), sum(paths, hz));
            let error = (found.0 - expected.0).hypot(found.1 - expected.1);
            // An image comes at most half a step of its finer grid too early or too late.
            let turn = std::f64::consts::PI * hz / (16_000.0 * FINER as f64);
            let all = sum(paths, 0.0).0;
            assert!(
                error < all * (turn + 0.005),
                "{paths:?}: {found:?} {expected:?}"
            );
        }
    }

    #[test]
    fn direct_sound_and_the_echo_of_each_wall_come_when_and_as_loud_as_they_should() {
        let room = Shoebox {
            size_m: [5.0, 4.0, 3.0],
            source_m: [1.0, 1.5, 1.2],
            microphone_m: [3.1, 2.2, 1.6],
            absorption: [[1.0; 2]; 3],
        };
        let direct = distance(room.source_m, room.microphone_m);
        assert_heard(&room, &[(1.0, direct)]);
        for axis in 0..3 {
            for end in 0..2 {
                let mut room = room;
                room.absorption[axis][end] = 0.51;
                let mut image = room.source_m;
                image[axis] = [-image[axis], 2.0 * room.size_m[axis] - image[axis]][end];
                let echo = distance(image, room.microphone_m);
                assert_heard(&room, &[(1.0, direct), (0.7, echo)]);
            }
        }
    }

    /// Schroeder's integral from 5 to 25 dB below the whole. Diffuse fields are Sabine's assumption; in a rectangular room
    /// with even walls sound lives somewhat longer than that.
    #[test]
    fn reverberation_lasts_about_as_long_as_sabine_says() {
        for (size_m, absorption) in [([6.0, 5.0, 4.0], 0.15), ([4.0, 3.5, 3.0], 0.25)] {
            let room = Shoebox {
                size_m,
                source_m: size_m.map(|s| 0.3 * s),
                microphone_m: size_m.map(|s| 0.7 * s),
                absorption: [[absorption; 2]; 3],
            };
            let mut response = room.response(16_000, 0.8).unwrap();
            let high = crate::butterworth::high_pass(2, 100.0, 16_000.0);
            crate::butterworth::filter(&high, &mut response);
            let mut left: Vec<f64> = response.iter().map(|&h| f64::from(h * h)).collect();
            for n in (1..left.len()).rev() {
                left[n - 1] += left[n];
            }
            let falls = |db: f64| {
                let level = left[0] * 10f64.powf(-db / 10.0);
                left.iter().position(|&l| l < level).unwrap() as f64 / 16_000.0
            };
            let found = 3.0 * (falls(25.0) - falls(5.0));
            let ratio = found / room.sabine_s();
            assert!((0.75..1.35).contains(&ratio), "{found} {}", room.sabine_s());
        }
    }
}
