//! The lowest eigenvalues of a large symmetric matrix that is known by what it does to a vector: Lanczos' method with thick restarts
//! (Wu and Simon 2000) and all vectors kept orthogonal.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::symmetric::{Eigen, dot};

/// An eigenvector is done when the matrix sends it so near to its multiple, over the size of the matrix. Its value is then good to the
/// square of that, over the gap to others.
const TOLERANCE: f64 = 1e-7;

/// What one value has to be below another by, over the size of the matrix: less is rounding.
const SLACK: f64 = 1e-9;

/// Restarts after which what there is must do.
const MAX_RESTARTS: usize = 300;

/// Directions beside those wanted that a search works with: fewer take more restarts, more take longer each.
const ROOM: usize = 48;

/// Bytes that the search for `wanted` values needs.
pub(crate) fn bytes(dim: usize, wanted: usize) -> u64 {
    let most = (2 * wanted + ROOM) as u64;
    // The basis, what is kept of it, what was found, images; the matrix on the basis with its solver's.
    let vectors = 3 * most + 4;
    vectors * 8 * dim as u64 + 4 * 8 * most * most
}

/// A symmetric matrix `[dim, dim]` by what it does.
pub(crate) struct Operator<'a> {
    pub(crate) dim: usize,
    /// No eigenvalue is farther from 0.
    pub(crate) size: f64,
    /// Writes the image of the first vector into the second.
    pub(crate) apply: &'a (dyn Fn(&[f64], &mut [f64]) + Sync),
}

impl Operator<'_> {
    /// The lowest eigenvalue; how many vectors have it does not matter.
    pub(crate) fn single_lowest(&self) -> f64 {
        let mut random = ChaCha8Rng::seed_from_u64(self.dim as u64);
        let found = search(self, &[], 1, None, &mut random);
        found.values.first().copied().unwrap_or(0.0)
    }
}

/// Eigenvalues from the lowest, and an eigenvector of length 1 for each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lowest {
    pub(crate) values: Vec<f64>,
    /// `[values][dim]`
    pub(crate) vectors: Vec<Vec<f64>>,
}

impl Lowest {
    /// The `wanted` lowest of `operator`, or all where there are fewer. `known` are orthonormal eigenvectors of the value 0, below which there is
    /// none but for rounding; without them any symmetric matrix will do.
    ///
    /// A single search sees one direction for each value, however many it has. So another search goes on in what is
    /// orthogonal to all that was found, until it meets nothing lower.
    pub(crate) fn of(operator: &Operator, mut known: Vec<Vec<f64>>, wanted: usize) -> Self {
        let wanted = wanted.min(operator.dim);
        known.truncate(wanted);
        let mut found = Self {
            values: vec![0.0; known.len()],
            vectors: known,
        };
        let mut random = ChaCha8Rng::seed_from_u64(operator.dim as u64);
        let missing = wanted - found.values.len();
        if missing > 0 {
            let more = search(operator, &found.vectors, missing, None, &mut random);
            found.values.extend(more.values);
            found.vectors.extend(more.vectors);
            found.sort();
        }
        let slack = SLACK * operator.size;
        if wanted == 0 {
            return found;
        }
        // Once all directions are taken, a search gives nothing.
        loop {
            let highest = found.values[wanted - 1] - slack;
            let more = search(operator, &found.vectors, 1, Some(highest), &mut random);
            if more.values.first().is_none_or(|&value| value >= highest) {
                break;
            }
            found.values.extend(more.values);
            found.vectors.extend(more.vectors);
            found.sort();
            found.values.truncate(wanted);
            found.vectors.truncate(wanted);
        }
        found
    }

    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.values.len()).collect();
        order.sort_by(|&a, &b| self.values[a].total_cmp(&self.values[b]));
        self.values = order.iter().map(|&at| self.values[at]).collect();
        let mut vectors = std::mem::take(&mut self.vectors);
        let sorted = order.iter().map(|&at| std::mem::take(&mut vectors[at]));
        self.vectors = sorted.collect();
    }
}

/// The `wanted` lowest in what is orthogonal to `locked`, as far as one search sees. With `bound` it ends early once nothing below that is to be
/// expected, and gives nothing.
fn search(
    operator: &Operator,
    locked: &[Vec<f64>],
    wanted: usize,
    bound: Option<f64>,
    random: &mut ChaCha8Rng,
) -> Lowest {
    let dim = operator.dim;
    let room = dim - locked.len();
    let wanted = wanted.min(room);
    if wanted == 0 {
        return Lowest::default();
    }
    let most = (2 * wanted + ROOM).min(room);
    let tolerance = TOLERANCE * operator.size;
    let mut basis = Vec::with_capacity(most);
    let mut projected = vec![0.0; most * most];
    let mut next = anywhere(dim, &[locked, &basis], random);
    for restart in 0.. {
        let mut coupling = 0.0;
        while basis.len() < most {
            let Some(vector) = next.take() else { break };
            basis.push(vector);
            let last = basis.len() - 1;
            let mut image = vec![0.0; dim];
            (operator.apply)(&basis[last], &mut image);
            orthogonalise(&mut image, &[locked, &basis], |at, share| {
                // What is locked comes first.
                let Some(at) = at.checked_sub(locked.len()) else {
                    return;
                };
                projected[last * most + at] += share;
                if at != last {
                    projected[at * most + last] += share;
                }
            });
            coupling = dot(&image, &image).sqrt();
            // Far above what rounding leaves, and far below what counts.
            if coupling > 1e-5 * tolerance {
                to_unit(&mut image);
                // The shorter it was, the more of it is rounding.
                if coupling < 1e-4 * operator.size {
                    orthogonalise(&mut image, &[locked, &basis], |_, _| ());
                    to_unit(&mut image);
                }
                next = Some(image);
            } else {
                coupling = 0.0;
                next = anywhere(dim, &[locked, &basis], random);
            }
        }
        let held = basis.len();
        let corner: Vec<f64> = (0..held)
            .flat_map(|row| projected[row * most..row * most + held].iter().copied())
            .collect();
        let eigen = Eigen::of(corner, held);
        // The lowest stand last.
        let value = |at: usize| eigen.values[held - 1 - at];
        let turn = |at: usize| &eigen.vectors[(held - 1 - at) * held..(held - at) * held];
        let left = |at: usize| coupling * turn(at)[held - 1].abs();
        let combined = |count: usize| -> Vec<Vec<f64>> {
            let turns = (0..count.min(held)).map(|at| sum(&basis, turn(at)));
            turns.collect()
        };
        let is_done = held == room || (0..wanted.min(held)).all(|at| left(at) <= tolerance);
        if bound.is_some_and(|bound| value(0) - left(0) > bound && left(0) < operator.size * 1e-3) {
            return Lowest::default();
        }
        if is_done || restart == MAX_RESTARTS {
            return Lowest {
                values: (0..wanted.min(held)).map(value).collect(),
                vectors: combined(wanted),
            };
        }
        let keep = (wanted + ROOM / 2).min(held - 1);
        let kept = combined(keep);
        projected.fill(0.0);
        (0..keep).for_each(|at| projected[at * most + at] = value(at));
        basis = kept;
    }
    Lowest::default()
}

/// Takes from `vector` its shares of the vectors of `bases`, which are orthonormal together, and tells them by number.
///
/// All are taken twice, one basis after the other each time: rounding leaves something the first time, and what one basis leaves in another would
/// grow from step to step.
fn orthogonalise(vector: &mut [f64], bases: &[&[Vec<f64>]], mut share: impl FnMut(usize, f64)) {
    for _ in 0..2 {
        for (at, direction) in bases.iter().copied().flatten().enumerate() {
            let along = dot(vector, direction);
            let values = vector.iter_mut().zip(direction);
            values.for_each(|(value, direction)| *value -= along * direction);
            share(at, along);
        }
    }
}

/// A direction drawn from those orthogonal to all of the `bases`, where there is one.
fn anywhere(dim: usize, bases: &[&[Vec<f64>]], random: &mut ChaCha8Rng) -> Option<Vec<f64>> {
    let taken: usize = bases.iter().map(|basis| basis.len()).sum();
    if taken >= dim {
        return None;
    }
    // A draw that lies among them but for rounding is as good as impossible; a second one surely is.
    for _ in 0..8 {
        let mut vector: Vec<f64> = (0..dim)
            .map(|_| f64::from(random.next_u32()) / f64::from(u32::MAX) - 0.5)
            .collect();
        let before = dot(&vector, &vector).sqrt();
        orthogonalise(&mut vector, bases, |_, _| ());
        let length = dot(&vector, &vector).sqrt();
        if length > 1e-6 * before {
            to_unit(&mut vector);
            orthogonalise(&mut vector, bases, |_, _| ());
            to_unit(&mut vector);
            return Some(vector);
        }
    }
    None
}

fn to_unit(vector: &mut [f64]) {
    let length = dot(vector, vector).sqrt();
    vector.iter_mut().for_each(|value| *value /= length);
}

fn sum(basis: &[Vec<f64>], shares: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; basis[0].len()];
    for (direction, share) in basis.iter().zip(shares) {
        sum.iter_mut()
            .zip(direction)
            .for_each(|(sum, value)| *sum += share * value);
    }
    sum
}

#[cfg(test)]
mod tests;
