//! Two vectors: their dot product, distance and cosine.

/// The cosine of the angle between `a` and `b`, in [-1, 1], accumulated in `f64`.
///
/// A vector of zeros has no direction: its cosine to anything is 0. Vectors of unequal length are
/// compared over the shorter one's length; [`crate::EmbeddingMatrix`] rules that out for its rows.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let [dot, square_a, square_b] = sums(a, b, |x, y| [x * y, x * x, y * y]);
    if square_a == 0.0 || square_b == 0.0 {
        return 0.0;
    }
    (dot / (square_a * square_b).sqrt()).clamp(-1.0, 1.0) as f32
}

pub(crate) fn dot_f64(a: &[f32], b: &[f32]) -> f64 {
    let [dot] = sums(a, b, |x, y| [x * y]);
    dot
}

pub(crate) fn squared_euclidean_f64(a: &[f32], b: &[f32]) -> f64 {
    let [square] = sums(a, b, |x, y| [(x - y) * (x - y)]);
    square
}

/// Sums of `terms` over both vectors, in eight lanes, since one running sum could not use SIMD.
fn sums<const N: usize>(a: &[f32], b: &[f32], terms: impl Fn(f64, f64) -> [f64; N]) -> [f64; N] {
    const LANES: usize = 8;
    let length = a.len().min(b.len());
    let (a, b) = (&a[..length], &b[..length]);
    let mut lanes = [[0.0; LANES]; N];
    let mut add = |lane: usize, x: f32, y: f32| {
        for (sum, term) in lanes.iter_mut().zip(terms(f64::from(x), f64::from(y))) {
            sum[lane] += term;
        }
    };
    let (chunks_a, chunks_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let (rest_a, rest_b) = (chunks_a.remainder(), chunks_b.remainder());
    for (chunk_a, chunk_b) in chunks_a.zip(chunks_b) {
        for lane in 0..LANES {
            add(lane, chunk_a[lane], chunk_b[lane]);
        }
    }
    for (lane, (&x, &y)) in rest_a.iter().zip(rest_b).enumerate() {
        add(lane, x, y);
    }
    lanes.map(|lanes| lanes.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_of_known_vectors() {
        assert_eq!(cosine(&[3.0, 4.0], &[4.0, 3.0]), 0.96);
        assert_eq!(cosine(&[1.0, 0.0], &[-2.0, 0.0]), -1.0);
        assert_eq!(cosine(&[1e-30, 0.0], &[1e30, 0.0]), 1.0);
    }

    #[test]
    fn zero_vector_gives_zero() {
        assert_eq!(cosine(&[0.0, 0.0], &[1.0, 2.0]), 0.0);
        assert_eq!(cosine(&[0.0, 0.0], &[0.0, 0.0]), 0.0);
    }
}
