//! The best one-to-one matching of two kinds of things by what each pair shares.

use super::assignment::Assignment;
use super::contingency::Cell;
use crate::EvalError;

/// What a row and a column share. A pair that is not listed shares nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedWeight {
    /// Number of the row, from 0.
    pub row: usize,
    /// Number of the column, from 0.
    pub column: usize,
    /// What the two share: points, nanoseconds, or any other whole number.
    pub weight: u64,
}

/// Of each row the column that it is matched with, so that no other one-to-one matching shares more in all.
///
/// The Hungarian method on the listed pairs alone. Rows and columns are matched only where they share something. Of
/// equally good matchings the same one is given each time.
///
/// # Errors
/// [`EvalError::InvalidParameter`] for a row or column that is not below its number, and for weights whose sum, times
/// two, exceeds the range of `i64`.
pub fn best_matching(
    num_rows: usize,
    num_columns: usize,
    shared: &[SharedWeight],
) -> Result<Vec<Option<usize>>, EvalError> {
    let mut sum = 0_u64;
    for pair in shared {
        for (name, found, below) in [
            ("row", pair.row, num_rows),
            ("column", pair.column, num_columns),
        ] {
            if found >= below {
                return Err(EvalError::InvalidParameter {
                    name,
                    found: found as f64,
                    expected: "a number below that of all rows or columns",
                });
            }
        }
        sum = sum.saturating_add(pair.weight);
    }
    if sum > i64::MAX as u64 / 2 {
        return Err(EvalError::InvalidParameter {
            name: "weights",
            found: sum as f64,
            expected: "a sum of at most 4.6e18",
        });
    }
    let listed = shared.iter().filter(|pair| pair.weight > 0);
    let cells: Vec<Cell> = listed
        .map(|pair| Cell {
            speaker: pair.row,
            cluster: pair.column,
            count: pair.weight,
        })
        .collect();
    let mut assignment = Assignment::new(&cells, num_rows, num_columns);
    assignment.matched();
    Ok(assignment.clusters_of_speakers())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair(row: usize, column: usize, weight: u64) -> SharedWeight {
        SharedWeight {
            row,
            column,
            weight,
        }
    }

    #[test]
    fn the_larger_sum_wins_over_the_largest_pair() {
        let shared = [pair(0, 0, 10), pair(0, 1, 9), pair(1, 0, 8)];
        assert_eq!(
            best_matching(3, 2, &shared).unwrap(),
            [Some(1), Some(0), None]
        );
        assert_eq!(best_matching(0, 0, &[]).unwrap(), []);
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert!(best_matching(1, 1, &[pair(1, 0, 1)]).is_err());
        assert!(best_matching(1, 1, &[pair(0, 1, 1)]).is_err());
        assert!(best_matching(1, 1, &[pair(0, 0, u64::MAX)]).is_err());
    }

    proptest! {
        #[test]
        fn the_matching_shares_what_the_method_counts(
            table in prop::collection::vec(prop::collection::vec(0_u64..9, 6), 1..7),
        ) {
            let mut shared = Vec::new();
            for (row, weights) in table.iter().enumerate() {
                for (column, &weight) in weights.iter().enumerate() {
                    shared.push(pair(row, column, weight));
                }
            }
            let matching = best_matching(table.len(), 6, &shared).unwrap();
            let mut taken: Vec<usize> = matching.iter().flatten().copied().collect();
            taken.sort_unstable();
            let number = taken.len();
            taken.dedup();
            prop_assert_eq!(taken.len(), number);
            let sum: u64 = matching.iter().enumerate().filter_map(|(row, &column)| Some(table[row][column?])).sum();
            let mut size = table.len().max(6);
            let mut square = pathfinding::matrix::Matrix::new(size, size, 0_i64);
            for pair in &shared {
                square[(pair.row, pair.column)] = pair.weight as i64;
            }
            size = pathfinding::kuhn_munkres::kuhn_munkres(&square).0 as usize;
            prop_assert_eq!(sum as usize, size);
        }
    }
}
