//! Power spectra of several frames at once, one frame in each lane of the vector registers.
//!
//! Within one frame an FFT has to shuffle values between lanes; across frames it never does, and every
//! frame takes the same path. The real frame of `2n` samples is transformed as `n` complex numbers,
//! whose spectrum is then taken apart (Sorensen et al. 1987, "Real-valued fast Fourier transform
//! algorithms").

use std::f64::consts::{PI, TAU};

use pulp::Simd;

/// Re and im of a complex number of every lane.
type Complex<V> = [V; 2];

/// Plan for frames of one length.
pub(crate) struct LaneFft {
    /// Twiddle factors `w^j, w^2j, w^3j` of the radix-4 passes, the longest first.
    passes: Vec<Vec<[[f32; 2]; 3]>>,
    /// Length of the transforms that the passes leave to be done, at most 4.
    last_block: usize,
    /// What the bins `k` and `n - k` of the real spectrum are made of, for `k = 1..=n / 2`.
    pairs: Vec<Pair>,
}

/// Where the complex transform left its bins `k` and `n - k`, and the rotation between them.
struct Pair {
    places: [usize; 2],
    rotation: [f32; 2],
}

impl LaneFft {
    /// Largest frame: with 16 lanes it fills 256 kB, a part of the second-level cache.
    const MAX_SIZE: usize = 4096;

    /// Plan for frames of `size` samples, if that is a power of two that fits into the cache.
    pub(crate) fn new(size: usize) -> Option<Self> {
        if !size.is_power_of_two() || !(2..=Self::MAX_SIZE).contains(&size) {
            return None;
        }
        let length = size / 2;
        let mut passes = Vec::new();
        let mut block = length;
        while block > 4 {
            let twiddle = |j, times| unit(-TAU * (j * times) as f64 / block as f64);
            passes.push(
                (0..block / 4)
                    .map(|j| [twiddle(j, 1), twiddle(j, 2), twiddle(j, 3)])
                    .collect(),
            );
            block /= 4;
        }
        let pairs = (1..=length / 2)
            .map(|k| Pair {
                places: [place(k, length), place(length - k, length)],
                rotation: unit(-PI * k as f64 / length as f64),
            })
            .collect();
        Some(Self {
            passes,
            last_block: block,
            pairs,
        })
    }

    /// Power spectrum `[size / 2 + 1]` of the frames `[size]`, which are destroyed.
    #[inline(always)]
    pub(crate) fn power<S: Simd>(&self, simd: S, frames: &mut [S::f32s], power: &mut [S::f32s]) {
        let (bins, _) = frames.as_chunks_mut::<2>();
        let part = self.passes.first().map_or(bins.len(), |longest| {
            radix_4(simd, bins, longest);
            longest.len()
        });
        // One quarter after the other: a quarter stays in the first-level cache through its passes.
        for part in bins.chunks_exact_mut(part) {
            for twiddles in self.passes.iter().skip(1) {
                for block in part.chunks_exact_mut(4 * twiddles.len()) {
                    radix_4(simd, block, twiddles);
                }
            }
            self.last_pass(simd, part);
        }
        self.take_apart(simd, bins, power);
    }

    /// The pass without factors.
    #[inline(always)]
    fn last_pass<S: Simd>(&self, simd: S, bins: &mut [Complex<S::f32s>]) {
        match self.last_block {
            4 => {
                for block in bins.as_chunks_mut::<4>().0 {
                    *block = butterfly(simd, *block);
                }
            }
            2 => {
                for [a, b] in bins.as_chunks_mut::<2>().0 {
                    (*a, *b) = (add(simd, *a, *b), sub(simd, *a, *b));
                }
            }
            _ => {}
        }
    }

    /// From the complex spectrum `z` to the power of the real one `x`:
    /// `2 x[k] = (z[k] + z*[n - k]) - i w^k (z[k] - z*[n - k])`.
    #[inline(always)]
    fn take_apart<S: Simd>(&self, simd: S, z: &[Complex<S::f32s>], power: &mut [S::f32s]) {
        let quarter = simd.splat_f32s(0.25);
        let (first, last) = (0, z.len());
        let [re, im] = z[0];
        let (sum, difference) = (simd.add_f32s(re, im), simd.sub_f32s(re, im));
        power[first] = simd.mul_f32s(sum, sum);
        power[last] = simd.mul_f32s(difference, difference);
        for (index, pair) in self.pairs.iter().enumerate() {
            let [a, b] = pair.places.map(|place| z[place]);
            let even = [simd.add_f32s(a[0], b[0]), simd.sub_f32s(a[1], b[1])];
            let odd = [simd.add_f32s(a[1], b[1]), simd.sub_f32s(b[0], a[0])];
            let odd = rotate(simd, odd, pair.rotation);
            let k = index + 1;
            power[k] = simd.mul_f32s(quarter, norm(simd, add(simd, even, odd)));
            power[last - k] = simd.mul_f32s(quarter, norm(simd, sub(simd, even, odd)));
        }
    }
}

/// Decimation in frequency, in place: the four quarters of `block` become the bins `4m`, `4m + 1`,
/// `4m + 2` and `4m + 3`, each ready for a transform of a quarter of the length.
#[inline(always)]
fn radix_4<S: Simd>(simd: S, block: &mut [Complex<S::f32s>], twiddles: &[[[f32; 2]; 3]]) {
    let (low, high) = block.split_at_mut(2 * twiddles.len());
    let (a, b) = low.split_at_mut(twiddles.len());
    let (c, d) = high.split_at_mut(twiddles.len());
    for ((((a, b), c), d), w) in a.iter_mut().zip(b).zip(c).zip(d).zip(twiddles) {
        let [zeroth, first, second, third] = butterfly(simd, [*a, *b, *c, *d]);
        *a = zeroth;
        *b = rotate(simd, first, w[0]);
        *c = rotate(simd, second, w[1]);
        *d = rotate(simd, third, w[2]);
    }
}

/// Transform of four complex numbers.
#[inline(always)]
fn butterfly<S: Simd>(simd: S, [a, b, c, d]: [Complex<S::f32s>; 4]) -> [Complex<S::f32s>; 4] {
    let (even, odd) = (add(simd, a, c), add(simd, b, d));
    let ([re, im], [turn_re, turn_im]) = (sub(simd, a, c), sub(simd, b, d));
    [
        add(simd, even, odd),
        [simd.add_f32s(re, turn_im), simd.sub_f32s(im, turn_re)],
        sub(simd, even, odd),
        [simd.sub_f32s(re, turn_im), simd.add_f32s(im, turn_re)],
    ]
}

/// Where the passes leave bin `k` of a transform of `length`.
fn place(k: usize, length: usize) -> usize {
    match length {
        1 => 0,
        2 | 4 => k,
        _ => (k % 4) * (length / 4) + place(k / 4, length / 4),
    }
}

fn unit(angle: f64) -> [f32; 2] {
    [angle.cos() as f32, angle.sin() as f32]
}

#[inline(always)]
fn add<S: Simd>(simd: S, a: Complex<S::f32s>, b: Complex<S::f32s>) -> Complex<S::f32s> {
    [simd.add_f32s(a[0], b[0]), simd.add_f32s(a[1], b[1])]
}

#[inline(always)]
fn sub<S: Simd>(simd: S, a: Complex<S::f32s>, b: Complex<S::f32s>) -> Complex<S::f32s> {
    [simd.sub_f32s(a[0], b[0]), simd.sub_f32s(a[1], b[1])]
}

/// `a * w`.
#[inline(always)]
fn rotate<S: Simd>(simd: S, a: Complex<S::f32s>, w: [f32; 2]) -> Complex<S::f32s> {
    let [cos, sin] = w.map(|w| simd.splat_f32s(w));
    [
        simd.negate_mul_add_e_f32s(a[1], sin, simd.mul_f32s(a[0], cos)),
        simd.mul_add_e_f32s(a[1], cos, simd.mul_f32s(a[0], sin)),
    ]
}

#[inline(always)]
fn norm<S: Simd>(simd: S, a: Complex<S::f32s>) -> S::f32s {
    simd.mul_add_e_f32s(a[0], a[0], simd.mul_f32s(a[1], a[1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Lanes;
    use pulp::{Arch, WithSimd};
    use realfft::RealFftPlanner;

    /// Power spectra of frames of noise, a different one in each lane, against realfft in f64.
    struct Check(usize);

    impl WithSimd for Check {
        type Output = ();

        fn with_simd<S: Simd>(self, simd: S) {
            let size = self.0;
            let sample = |i: usize, lane: usize| ((i * i * 7 + i * (lane + 3)) % 101) as f32 - 50.0;
            let mut frames = Lanes::new(size);
            let mut power = Lanes::new(size / 2 + 1);
            for (i, values) in frames.simd_mut::<S>(size).iter_mut().enumerate() {
                let values: &mut [f32] = bytemuck::cast_slice_mut(std::slice::from_mut(values));
                for (lane, value) in values.iter_mut().enumerate() {
                    *value = sample(i, lane);
                }
            }
            let power = power.simd_mut::<S>(size / 2 + 1);
            LaneFft::new(size)
                .unwrap()
                .power(simd, frames.simd_mut::<S>(size), power);
            let fft = RealFftPlanner::<f64>::new().plan_fft_forward(size);
            for lane in 0..S::F32_LANES {
                let mut input: Vec<f64> = (0..size).map(|i| sample(i, lane).into()).collect();
                let mut output = fft.make_output_vec();
                fft.process(&mut input, &mut output).unwrap();
                let loudest = output.iter().map(|bin| bin.norm()).fold(0.0, f64::max);
                for (k, (bin, power)) in output.iter().zip(&*power).enumerate() {
                    let power: &[f32] = bytemuck::cast_slice(std::slice::from_ref(power));
                    let error = (f64::from(power[lane]).sqrt() - bin.norm()).abs() / loudest;
                    assert!(error < 5e-7, "size {size}, lane {lane}, bin {k}: {error:e}");
                }
            }
        }
    }

    #[test]
    fn power_is_that_of_realfft_for_every_length() {
        for exponent in 1..=12 {
            Check(1 << exponent).with_simd(pulp::Scalar);
            Arch::new().dispatch(Check(1 << exponent));
        }
    }

    #[test]
    fn other_lengths_have_no_plan() {
        for size in [0, 1, 6, 400, 1 << 13] {
            assert!(LaneFft::new(size).is_none(), "{size}");
        }
    }
}
