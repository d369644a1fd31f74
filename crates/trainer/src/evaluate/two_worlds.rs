//! Whether training and development recordings come from one world: from like devices, at the rates that their headers state.

/// Recordings of a kind that it takes to say so.
const LEAST: usize = 24;

/// Blocks that recordings are cut into in their order; neighbours are of one speaker, as a rule.
const BLOCKS: usize = 10;

/// The share of pairs of a `train` and a `dev` row that a direction puts in the right order, 0.5 to 1: the direction between the means
/// of every other block of each, in units of the columns' deviations, asked about the other blocks, and the other way round; the
/// lesser of the two. Speakers of one world are told apart by chance: where rows are `[columns]` of recordings in the order of their
/// speakers, those who are asked about are others. None of few rows.
pub(crate) fn told_apart(train: &[Vec<f32>], dev: &[Vec<f32>]) -> Option<f64> {
    if train.len().min(dev.len()) < LEAST {
        return None;
    }
    let [train, dev] = [train, dev].map(|rows| {
        let of = |odd: usize| -> Vec<&[f32]> {
            let block = |place: usize| place * BLOCKS / rows.len();
            let some = rows.iter().enumerate();
            some.filter(|(place, _)| block(*place) % 2 == odd)
                .map(|(_, row)| row.as_slice())
                .collect()
        };
        [of(0), of(1)]
    });
    let right = |found: usize| {
        let direction = between(&train[found], &dev[found]);
        let along = |rows: &[&[f32]]| -> Vec<f64> {
            let dot = |row: &&[f32]| {
                let products = row.iter().zip(&direction);
                products
                    .map(|(value, weight)| f64::from(*value) * weight)
                    .sum()
            };
            rows.iter().map(dot).collect()
        };
        share_below(&along(&train[1 - found]), &along(&dev[1 - found]))
    };
    Some(right(0).min(right(1)).max(0.5))
}

/// From the mean of `a` to that of `b`, in units of the variance of either.
fn between(a: &[&[f32]], b: &[&[f32]]) -> Vec<f64> {
    let width = a.first().map_or(0, |row| row.len());
    let moments = |rows: &[&[f32]], column: usize| {
        let count = rows.len().max(1) as f64;
        let mean = rows.iter().map(|row| f64::from(row[column])).sum::<f64>() / count;
        let squares = rows
            .iter()
            .map(|row| (f64::from(row[column]) - mean).powi(2));
        (mean, squares.sum::<f64>() / count)
    };
    let of_column = |column| {
        let ((mean_a, variance_a), (mean_b, variance_b)) = (moments(a, column), moments(b, column));
        (mean_b - mean_a) / (variance_a + variance_b).max(1e-6)
    };
    (0..width).map(of_column).collect()
}

/// The share of the pairs in which the one of `a` is the smaller.
fn share_below(a: &[f64], b: &[f64]) -> f64 {
    let below = a
        .iter()
        .map(|a| b.iter().filter(|&b| a < b).count())
        .sum::<usize>();
    below as f64 / (a.len() * b.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of speakers with four recordings each, moved by `shift`.
    fn rows(seed: u64, speakers: usize, shift: f32) -> Vec<Vec<f32>> {
        let draw = |number: u64| {
            let mixed = (seed * 1_000_003 + number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
            (mixed >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        let row = |number: usize| {
            let speaker = (number / 4) as u64;
            (0..20)
                .map(|column| {
                    2.0 * draw(speaker * 20 + column)
                        + draw(10_000 + number as u64 * 20 + column)
                        + shift
                })
                .collect()
        };
        (0..4 * speakers).map(row).collect()
    }

    #[test]
    fn one_world_is_not_told_apart_and_two_are() {
        for seed in 0..20 {
            let train = rows(2 * seed, 30, 0.0);
            let same = told_apart(&train, &rows(2 * seed + 1, 20, 0.0)).unwrap_or_default();
            assert!(same < 0.8, "{same}");
            let moved = told_apart(&train, &rows(2 * seed + 1, 20, 0.7)).unwrap_or_default();
            assert!(moved > 0.95, "{moved}");
        }
    }

    #[test]
    fn a_handful_says_nothing() {
        assert_eq!(told_apart(&rows(1, 30, 0.0), &rows(2, 5, 9.0)), None);
    }
}
