//! What a model needs to know of labelled rows.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::matrix::add_outer;

/// Rows that are held at a time.
const BLOCK: usize = 4096;

/// Speakers, numbered from 0 on in the order of their labels.
pub(super) struct Speakers {
    /// The number of each row's speaker.
    of_rows: Vec<usize>,
    /// How many rows each has.
    pub(super) counts: Vec<usize>,
}

impl Speakers {
    pub(super) fn of(labels: &[usize]) -> Self {
        let mut numbers: BTreeMap<usize, usize> = labels.iter().map(|&label| (label, 0)).collect();
        for (number, place) in numbers.values_mut().enumerate() {
            *place = number;
        }
        let of_rows: Vec<usize> = labels.iter().map(|label| numbers[label]).collect();
        let mut counts = vec![0; numbers.len()];
        of_rows.iter().for_each(|&number| counts[number] += 1);
        Self { of_rows, counts }
    }

    /// Number of those with two rows or more.
    pub(super) fn num_repeated(&self) -> usize {
        self.counts.iter().filter(|&&count| count > 1).count()
    }
}

/// The means of speakers, and how their rows lie around them.
pub(super) struct SpeakerStatistics {
    pub(super) dim: usize,
    /// How many rows each speaker has.
    pub(super) counts: Vec<usize>,
    /// `[speakers, dim]`
    pub(super) means: Vec<f64>,
    /// `[dim, dim]`: the outer products of rows less their speaker's mean, summed.
    pub(super) scatter: Vec<f64>,
}

/// What makes a row, `[dim]`, of its number.
pub(super) type Row<'a> = &'a (dyn Fn(usize) -> Vec<f64> + Sync);

impl SpeakerStatistics {
    /// Of the rows that `row` makes, `[dim]` each. It is asked for each twice, so that not all need be held.
    pub(super) fn of(dim: usize, speakers: &Speakers, row: Row<'_>) -> Self {
        let counts = speakers.counts.clone();
        let mut means = vec![0.0; counts.len() * dim];
        for (numbers, rows) in blocks(speakers, row) {
            for (number, row) in numbers.iter().zip(rows.chunks_exact(dim)) {
                let sums = &mut means[number * dim..(number + 1) * dim];
                sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
            }
        }
        for (mean, &count) in means.chunks_exact_mut(dim).zip(&counts) {
            mean.iter_mut().for_each(|value| *value /= count as f64);
        }
        let mut scatter = vec![0.0; dim * dim];
        for (numbers, mut rows) in blocks(speakers, row) {
            for (number, row) in numbers.iter().zip(rows.chunks_exact_mut(dim)) {
                let mean = &means[number * dim..(number + 1) * dim];
                row.iter_mut().zip(mean).for_each(|(v, mean)| *v -= mean);
            }
            add_outer(&mut scatter, &rows, dim);
        }
        Self {
            dim,
            counts,
            means,
            scatter,
        }
    }

    /// Number of rows.
    pub(super) fn num_rows(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The mean over all rows.
    pub(super) fn mean_of_rows(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.dim];
        for (row, &count) in self.means.chunks_exact(self.dim).zip(&self.counts) {
            let share = count as f64 / self.num_rows() as f64;
            mean.iter_mut().zip(row).for_each(|(m, v)| *m += share * v);
        }
        mean
    }
}

/// Rows in their order, with their speakers, made in parallel.
fn blocks<'a>(
    speakers: &'a Speakers,
    row: Row<'a>,
) -> impl Iterator<Item = (&'a [usize], Vec<f64>)> {
    let numbers = speakers.of_rows.chunks(BLOCK).enumerate();
    numbers.map(move |(block, numbers)| {
        let rows = (0..numbers.len()).into_par_iter();
        let rows: Vec<Vec<f64>> = rows.map(|place| row(block * BLOCK + place)).collect();
        (numbers, rows.concat())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_scatter_by_hand() {
        let rows = [[1.0, 0.0], [5.0, 5.0], [3.0, 2.0], [7.0, 7.0], [9.0, 0.0]];
        let speakers = Speakers::of(&[40, 7, 40, 7, 9]);
        assert_eq!(speakers.counts, [2, 1, 2]);
        assert_eq!(speakers.num_repeated(), 2);
        let found = SpeakerStatistics::of(2, &speakers, &|at| rows[at].to_vec());
        assert_eq!(found.means, [6.0, 6.0, 9.0, 0.0, 2.0, 1.0]);
        assert_eq!(found.scatter, [4.0, 4.0, 4.0, 4.0]);
        let mean = found.mean_of_rows();
        assert!((mean[0] - 5.0).abs() < 1e-12 && (mean[1] - 2.8).abs() < 1e-12);
    }

    #[test]
    fn rows_of_many_blocks_keep_their_speakers() {
        let count = BLOCK + 9;
        let labels: Vec<usize> = (0..count).map(|at| at % 2).collect();
        let speakers = Speakers::of(&labels);
        let found = SpeakerStatistics::of(1, &speakers, &|at| vec![(at % 2) as f64]);
        assert_eq!((found.means, found.scatter), (vec![0.0, 1.0], vec![0.0]));
    }
}
