//! From names to rows, in four bytes a voice.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::matrix::Matrix;

/// The last row of each name, by the names' hashes.
#[derive(Debug)]
pub(crate) struct Names {
    /// Rows in the order of their hashes.
    sorted: Vec<u32>,
    /// Those that came since.
    recent: HashMap<u64, u32>,
}

impl Names {
    pub(crate) fn of(matrix: &Matrix) -> Self {
        let mut sorted: Vec<u32> = matrix.live().map(|row| row as u32).collect();
        sorted.par_sort_unstable_by_key(|&row| matrix.head(row as usize).name_hash);
        Self {
            sorted,
            recent: HashMap::new(),
        }
    }

    pub(crate) fn get(&self, matrix: &Matrix, hash: u64) -> Option<u32> {
        let known = || {
            let key = |row: &u32| matrix.head(*row as usize).name_hash;
            let found = self.sorted.binary_search_by_key(&hash, key).ok()?;
            self.sorted.get(found).copied()
        };
        self.recent.get(&hash).copied().or_else(known)
    }

    pub(crate) fn insert(&mut self, hash: u64, row: u32) {
        self.recent.insert(hash, row);
    }
}
