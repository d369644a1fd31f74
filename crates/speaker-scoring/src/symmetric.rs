//! Eigenvalues and eigenvectors of a symmetric matrix: Householder's reflections to a tridiagonal one, then implicitly shifted QR steps
//! (Golub and Van Loan, Matrix Computations, 8.3).

/// The eigenvalues of a symmetric matrix, from the largest, and its eigenvectors.
pub(crate) struct Eigen {
    /// `[dim]`
    pub(crate) values: Vec<f64>,
    /// `[dim, dim]`: a row each, of length 1, in the order of the values.
    pub(crate) vectors: Vec<f64>,
}

/// QR steps that an eigenvalue takes at most; it takes two or three.
const MAX_STEPS: usize = 64;

impl Eigen {
    /// Of the symmetric `matrix` `[dim, dim]`, all of which is read.
    pub(crate) fn of(matrix: Vec<f64>, dim: usize) -> Self {
        let (mut diagonal, mut beside, mut vectors) = tridiagonal(matrix, dim);
        diagonalise(&mut diagonal, &mut beside, &mut vectors, dim);
        let mut order: Vec<usize> = (0..dim).collect();
        order.sort_by(|&a, &b| diagonal[b].total_cmp(&diagonal[a]));
        Self {
            values: order.iter().map(|&place| diagonal[place]).collect(),
            vectors: order
                .iter()
                .flat_map(|&place| vectors[place * dim..(place + 1) * dim].to_vec())
                .collect(),
        }
    }
}

/// Diagonal, what stands beside it, and the rows that turn a vector into the coordinates of that matrix.
fn tridiagonal(mut matrix: Vec<f64>, dim: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut turned = vec![0.0; dim * dim];
    for place in 0..dim {
        turned[place * dim + place] = 1.0;
    }
    let mut beside = vec![0.0; dim.saturating_sub(1)];
    let mut image = vec![0.0; dim];
    for step in 0..dim.saturating_sub(1) {
        let first = step + 1;
        // By symmetry the row is the column.
        let mut normal = matrix[step * dim + first..first * dim].to_vec();
        let length = dot(&normal, &normal).sqrt();
        let end = if normal[0] > 0.0 { -length } else { length };
        beside[step] = end;
        normal[0] -= end;
        let length = dot(&normal, &normal).sqrt();
        if length == 0.0 {
            continue;
        }
        normal.iter_mut().for_each(|value| *value /= length);
        // H M H for H = 1 - 2 n n', which is M - 2 n w' - 2 w n'.
        let image = &mut image[..normal.len()];
        for (row, value) in image.iter_mut().enumerate() {
            let start = (first + row) * dim;
            *value = dot(&matrix[start + first..start + dim], &normal);
        }
        let along = dot(image, &normal);
        image
            .iter_mut()
            .zip(&normal)
            .for_each(|(value, n)| *value -= along * n);
        for row in 0..normal.len() {
            let start = (first + row) * dim;
            let (n, w) = (2.0 * normal[row], 2.0 * image[row]);
            let values = matrix[start + first..start + dim].iter_mut();
            for ((value, image), normal) in values.zip(image.iter()).zip(&normal) {
                *value -= n * image + w * normal;
            }
        }
        // The rows below are reflected.
        let below = &mut turned[first * dim..];
        let mut sums = vec![0.0; dim];
        for (row, n) in below.chunks_exact(dim).zip(&normal) {
            sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += n * v);
        }
        for (row, n) in below.chunks_exact_mut(dim).zip(&normal) {
            row.iter_mut()
                .zip(&sums)
                .for_each(|(value, sum)| *value -= 2.0 * n * sum);
        }
    }
    let diagonal = (0..dim).map(|place| matrix[place * dim + place]).collect();
    (diagonal, beside, turned)
}

/// Makes the tridiagonal matrix diagonal, and turns the rows of `vectors` with it.
fn diagonalise(diagonal: &mut [f64], beside: &mut [f64], vectors: &mut [f64], dim: usize) {
    let mut last = dim.saturating_sub(1);
    let mut steps_left = MAX_STEPS * dim;
    while last > 0 && steps_left > 0 {
        for place in 0..last {
            let size = diagonal[place].abs() + diagonal[place + 1].abs();
            if beside[place].abs() <= f64::EPSILON * size {
                beside[place] = 0.0;
            }
        }
        if beside[last - 1] == 0.0 {
            last -= 1;
            continue;
        }
        let mut first = last - 1;
        while first > 0 && beside[first - 1] != 0.0 {
            first -= 1;
        }
        step(diagonal, beside, vectors, first, last, dim);
        steps_left -= 1;
    }
}

/// One QR step with Wilkinson's shift on the block from `first` to `last`.
fn step(
    diagonal: &mut [f64],
    beside: &mut [f64],
    vectors: &mut [f64],
    first: usize,
    last: usize,
    dim: usize,
) {
    let half = 0.5 * (diagonal[last - 1] - diagonal[last]);
    let corner = beside[last - 1];
    let shift = diagonal[last] - corner * corner / (half + half.hypot(corner).copysign(half));
    let (mut along, mut off) = (diagonal[first] - shift, beside[first]);
    for place in first..last {
        let length = along.hypot(off);
        let (cosine, sine) = match length > 0.0 {
            true => (along / length, off / length),
            false => (1.0, 0.0),
        };
        if place > first {
            beside[place - 1] = length;
        }
        let (upper, lower, between) = (diagonal[place], diagonal[place + 1], beside[place]);
        let mixed = 2.0 * cosine * sine * between;
        diagonal[place] = cosine * cosine * upper + mixed + sine * sine * lower;
        diagonal[place + 1] = sine * sine * upper - mixed + cosine * cosine * lower;
        beside[place] = (cosine * cosine - sine * sine) * between + cosine * sine * (lower - upper);
        along = beside[place];
        if place + 1 < last {
            off = sine * beside[place + 1];
            beside[place + 1] *= cosine;
        }
        let (above, below) = vectors[place * dim..(place + 2) * dim].split_at_mut(dim);
        for (a, b) in above.iter_mut().zip(below) {
            (*a, *b) = (cosine * *a + sine * *b, cosine * *b - sine * *a);
        }
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Four lanes, since one running sum could not use SIMD.
    let (chunks_a, chunks_b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest = chunks_a.remainder().iter().zip(chunks_b.remainder());
    let rest: f64 = rest.map(|(a, b)| a * b).sum();
    let mut lanes = [0.0; 4];
    for (a, b) in chunks_a.zip(chunks_b) {
        for lane in 0..4 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symmetric(dim: usize, seed: u32) -> Vec<f64> {
        let mut state = seed;
        let mut matrix = vec![0.0; dim * dim];
        for row in 0..dim {
            for column in 0..=row {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let value = f64::from(state >> 8) / f64::from(1 << 24) - 0.5;
                matrix[row * dim + column] = value;
                matrix[column * dim + row] = value;
            }
        }
        matrix
    }

    #[test]
    fn a_matrix_of_two_has_the_values_of_its_characteristic_polynomial() {
        let eigen = Eigen::of(vec![2.0, 1.0, 1.0, 2.0], 2);
        assert!((eigen.values[0] - 3.0).abs() < 1e-15 && (eigen.values[1] - 1.0).abs() < 1e-15);
        assert!((eigen.vectors[0] - eigen.vectors[1]).abs() < 1e-15);
    }

    /// Second differences: 2 - 2 cos(k π / (n + 1)).
    #[test]
    fn second_differences_have_their_closed_form() {
        let dim = 40;
        let mut matrix = vec![0.0; dim * dim];
        for row in 0..dim {
            matrix[row * dim + row] = 2.0;
            if row + 1 < dim {
                matrix[row * dim + row + 1] = -1.0;
                matrix[(row + 1) * dim + row] = -1.0;
            }
        }
        let eigen = Eigen::of(matrix, dim);
        for (found, k) in eigen.values.iter().zip((1..=dim).rev()) {
            let angle = k as f64 * std::f64::consts::PI / (dim + 1) as f64;
            assert!((found - (2.0 - 2.0 * angle.cos())).abs() < 1e-13, "{k}");
        }
    }

    #[test]
    fn a_matrix_is_put_together_again_from_its_parts() {
        for dim in [1, 2, 3, 5, 8, 33, 64] {
            let matrix = symmetric(dim, dim as u32);
            let Eigen { values, vectors } = Eigen::of(matrix.clone(), dim);
            assert!(values.windows(2).all(|pair| pair[0] >= pair[1]));
            let row = |k: usize| &vectors[k * dim..(k + 1) * dim];
            for i in 0..dim {
                for j in 0..dim {
                    let sum: f64 = (0..dim).map(|k| values[k] * row(k)[i] * row(k)[j]).sum();
                    assert!((sum - matrix[i * dim + j]).abs() < 1e-12, "{dim} {i} {j}");
                    let expected = f64::from(u8::from(i == j));
                    assert!((dot(row(i), row(j)) - expected).abs() < 1e-13);
                }
            }
        }
    }

    #[test]
    fn nothing_and_equal_values_are_no_trouble() {
        let eigen = Eigen::of(vec![0.0; 9], 3);
        assert_eq!(eigen.values, [0.0; 3]);
        // Of rank one: the others are 0.
        let line: Vec<f64> = (0..25)
            .map(|at| f64::from((at / 5 + 1) * (at % 5 + 1)))
            .collect();
        let eigen = Eigen::of(line, 5);
        assert!((eigen.values[0] - 55.0).abs() < 1e-12);
        assert!(eigen.values[1..].iter().all(|value| value.abs() < 1e-12));
    }
}
