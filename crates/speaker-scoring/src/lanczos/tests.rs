//! Against the solver for dense matrices.

use super::*;

/// A symmetric matrix of a graph: each with its neighbours on a ring and some drawn ones, in `parts` parts that no edge joins.
fn laplacian(dim: usize, parts: usize, seed: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut matrix = vec![0.0; dim * dim];
    for from in 0..dim {
        for step in 0..6_usize {
            let to = match step {
                0 => from + parts,
                _ => from % parts + random.next_u32() as usize % (dim / parts) * parts,
            };
            if to < dim && to != from {
                for (a, b) in [(from, to), (to, from)] {
                    matrix[a * dim + a] += 0.5;
                    matrix[a * dim + b] -= 0.5;
                }
            }
        }
    }
    matrix
}

fn lowest(matrix: &[f64], known: Vec<Vec<f64>>, dim: usize, wanted: usize) -> Lowest {
    let apply = |vector: &[f64], image: &mut [f64]| {
        for (value, row) in image.iter_mut().zip(matrix.chunks_exact(dim)) {
            *value = dot(row, vector);
        }
    };
    let sums = matrix
        .chunks_exact(dim)
        .map(|row| row.iter().map(|v| v.abs()).sum());
    let operator = Operator {
        dim,
        size: sums.fold(1e-300, f64::max),
        apply: &apply,
    };
    Lowest::of(&operator, known, wanted)
}

/// Values are those of the dense solver, vectors are orthonormal, and the matrix multiplies them by their values.
fn check(matrix: &[f64], dim: usize, known: Vec<Vec<f64>>, wanted: usize, name: &str) {
    let found = lowest(matrix, known, dim, wanted);
    let full = Eigen::of(matrix.to_vec(), dim);
    assert_eq!(found.values.len(), wanted.min(dim), "{name}");
    let size = full.values[0].abs().max(full.values[dim - 1].abs());
    for (at, (value, vector)) in found.values.iter().zip(&found.vectors).enumerate() {
        let expected = full.values[dim - 1 - at];
        assert!(
            (value - expected).abs() <= 1e-10 * size,
            "{name}: value {at} is {value}, expected {expected}"
        );
        for (row, part) in matrix.chunks_exact(dim).zip(vector) {
            assert!(
                (dot(row, vector) - value * part).abs() <= 1e-6 * size,
                "{name}"
            );
        }
        for (other, second) in found.vectors.iter().enumerate() {
            let expected = f64::from(u8::from(at == other));
            assert!((dot(vector, second) - expected).abs() < 1e-10, "{name}");
        }
    }
}

#[test]
fn the_lowest_are_those_of_the_dense_solver() {
    for (dim, parts) in [(3, 1), (40, 1), (150, 1), (300, 1), (300, 3), (240, 12)] {
        let matrix = laplacian(dim, parts, dim as u64);
        for wanted in [1, 2, 9, 21] {
            check(
                &matrix,
                dim,
                Vec::new(),
                wanted,
                &format!("{dim} {parts} {wanted}"),
            );
        }
    }
}

#[test]
fn known_vectors_are_taken_as_they_are() {
    let (dim, parts) = (300, 3);
    let matrix = laplacian(dim, parts, 4);
    let known: Vec<Vec<f64>> = (0..parts)
        .map(|part| {
            let on = (parts as f64 / dim as f64).sqrt();
            let of = |at| if at % parts == part { on } else { 0.0 };
            (0..dim).map(of).collect()
        })
        .collect();
    for wanted in [2, 3, 4, 12] {
        check(&matrix, dim, known.clone(), wanted, "known");
    }
}

/// A complete graph has one value many times, a ring each but two twice, and copies of a graph all of its values.
#[test]
fn values_that_many_vectors_have_are_all_found() {
    let dim = 180;
    let complete: Vec<f64> = (0..dim * dim)
        .map(|at| match at % (dim + 1) {
            0 => (dim - 1) as f64,
            _ => -1.0,
        })
        .collect();
    check(&complete, dim, Vec::new(), 10, "complete");
    let ring: Vec<f64> = (0..dim * dim)
        .map(|at| match (at / dim + dim - at % dim) % dim {
            0 => 2.0,
            1 => -1.0,
            apart if apart == dim - 1 => -1.0,
            _ => 0.0,
        })
        .collect();
    check(&ring, dim, Vec::new(), 12, "ring");
    let (one, copies) = (laplacian(45, 1, 8), 4);
    let several: Vec<f64> = (0..dim * dim)
        .map(|at| {
            let (row, column) = (at / dim, at % dim);
            match row % copies == column % copies {
                true => one[row / copies * 45 + column / copies],
                false => 0.0,
            }
        })
        .collect();
    check(&several, dim, Vec::new(), 14, "copies");
    check(&vec![0.0; 100 * 100], 100, Vec::new(), 7, "zeros");
}

#[test]
fn nothing_depends_on_how_often_it_is_asked() {
    let matrix = laplacian(200, 1, 5);
    let [first, second] = [0, 1].map(|_| lowest(&matrix, Vec::new(), 200, 8));
    assert_eq!(first.values, second.values);
    assert_eq!(first.vectors, second.vectors);
}
