//! The nearest voices, exactly: bytes say which voices may be among them, their vectors say which are.

use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicI32, Ordering};

use rayon::prelude::*;
use register_tiles::{Arch, Simd};

use crate::error::RegisterError;
use crate::layout::ROW_HEAD;
use crate::matrix::Matrix;
use crate::quantised::{Block, Query, ROWS, Scale, Sums};

/// Rows that one thread passes over in one go.
const PIECE: usize = 4096;

/// A row that may be among the nearest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) row: usize,
    /// The most that its product can be.
    pub(crate) most: f32,
}

/// Of each query the rows that may be among the `count` nearest, those that may be nearest first.
pub(crate) fn candidates(
    matrix: &Matrix,
    queries: &[Vec<f32>],
    count: usize,
) -> Result<Vec<Vec<Candidate>>, RegisterError> {
    let arch = Simd::chosen()?.resolve()?;
    let queries: Vec<Query> = queries.iter().map(|query| Query::new(query)).collect();
    let floors: Vec<Floor> = queries.iter().map(|_| Floor::default()).collect();
    let starts: Vec<usize> = (0..matrix.num_rows()).step_by(PIECE).collect();
    let search = Search {
        matrix,
        arch,
        queries: &queries,
        floors: &floors,
        count,
    };
    let kept = starts.par_iter().map(|&start| search.piece(start)).reduce(
        || vec![Kept::default(); queries.len()],
        |a, b| joined(a, b, count),
    );
    Ok(kept.into_iter().map(Kept::finish).collect())
}

struct Search<'a> {
    matrix: &'a Matrix,
    arch: Arch,
    queries: &'a [Query],
    floors: &'a [Floor],
    count: usize,
}

impl Search<'_> {
    /// What is kept of the rows from `start` on.
    fn piece(&self, start: usize) -> Vec<Kept> {
        let mut kept = vec![Kept::default(); self.queries.len()];
        let end = (start + PIECE).min(self.matrix.num_rows());
        let mut sums = vec![Sums::ZERO; self.queries.len()];
        let mut scales = [Scale {
            step: 0.0,
            error: 0.0,
        }; ROWS];
        let mut first = start;
        while first < end {
            let rows = self.matrix.rows(first, ROWS.min(end - first));
            let count = rows.len() / self.matrix.stride();
            for (offset, scale) in scales[..count].iter_mut().enumerate() {
                *scale = self.matrix.scale(first + offset);
            }
            let block = Block {
                rows: &rows[ROW_HEAD..],
                stride: self.matrix.stride(),
                scales: &scales[..count],
                queries: self.queries,
                out: &mut sums,
            };
            block.run(self.arch);
            for (query, kept) in kept.iter_mut().enumerate() {
                if sums[query].most >= self.floors[query].get() {
                    self.look(query, first, &scales[..count], &sums[query], kept);
                }
            }
            first += count;
        }
        kept
    }

    /// Keeps of a block what may be among the nearest.
    fn look(&self, query: usize, first: usize, scales: &[Scale], sums: &Sums, kept: &mut Kept) {
        for (offset, (scale, &sum)) in scales.iter().zip(&sums.sums).enumerate() {
            let (about, off) = self.queries[query].bounds(sum, *scale);
            let row = first + offset;
            if about + off < self.floors[query].get() || self.matrix.is_replaced(row) {
                continue;
            }
            let most = about + off;
            kept.add(Candidate { row, most }, about - off, self.count);
            if kept.least.len() == self.count {
                self.floors[query].raise(kept.floor());
            }
        }
    }
}

/// The product that the last of the nearest has at least, as far as it is known.
struct Floor(AtomicI32);

impl Default for Floor {
    fn default() -> Self {
        Self(AtomicI32::new(ordered(f32::NEG_INFINITY)))
    }
}

impl Floor {
    fn get(&self) -> f32 {
        let ordered = self.0.load(Ordering::Relaxed);
        f32::from_bits((ordered ^ ((ordered >> 31) & i32::MAX)) as u32)
    }

    fn raise(&self, value: f32) {
        self.0.fetch_max(ordered(value), Ordering::Relaxed);
    }
}

/// An integer that is larger for larger numbers.
fn ordered(value: f32) -> i32 {
    let bits = value.to_bits() as i32;
    bits ^ ((bits >> 31) & i32::MAX)
}

/// A number in an order of all numbers, the smallest on top of a heap.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Smallest(f32);

impl Eq for Smallest {}

impl Ord for Smallest {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.0.total_cmp(&self.0)
    }
}

impl PartialOrd for Smallest {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What is kept for a query.
#[derive(Clone, Debug, Default)]
struct Kept {
    /// The largest of what rows have at least.
    least: BinaryHeap<Smallest>,
    candidates: Vec<Candidate>,
    /// Candidates after the last time that they were sorted out.
    num_sorted: usize,
}

impl Kept {
    fn floor(&self) -> f32 {
        self.least.peek().map_or(f32::NEG_INFINITY, |least| least.0)
    }

    fn add(&mut self, candidate: Candidate, least: f32, count: usize) {
        if self.least.len() == count {
            if candidate.most < self.floor() {
                return;
            }
            if least > self.floor() {
                self.least.pop();
                self.least.push(Smallest(least));
            }
        } else {
            self.least.push(Smallest(least));
        }
        self.candidates.push(candidate);
        if self.candidates.len() > 2 * self.num_sorted + 64 {
            self.sort_out(count);
        }
    }

    /// Leaves out what cannot be among the nearest any more.
    fn sort_out(&mut self, count: usize) {
        if self.least.len() == count {
            let floor = self.floor();
            self.candidates.retain(|candidate| candidate.most >= floor);
        }
        self.num_sorted = self.candidates.len();
    }

    fn finish(mut self) -> Vec<Candidate> {
        self.candidates
            .sort_by(|a, b| b.most.total_cmp(&a.most).then(a.row.cmp(&b.row)));
        self.candidates
    }
}

fn joined(a: Vec<Kept>, b: Vec<Kept>, count: usize) -> Vec<Kept> {
    a.into_iter()
        .zip(b)
        .map(|(mut a, b)| {
            a.least.extend(b.least);
            while a.least.len() > count {
                a.least.pop();
            }
            a.candidates.extend(b.candidates);
            a.sort_out(count);
            a
        })
        .collect()
}
