//! What is below folders and is not among their recordings, counted.

use std::collections::BTreeMap;

use serde::Serialize;

/// What is below folders and is not among their recordings: numbers of files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// Sound that folders are not looked through for, by its ending (`.opus`), or by its first bytes where these tell it.
    pub sound: BTreeMap<String, usize>,
    /// Texts, pictures and the like, by ending.
    pub others: BTreeMap<String, usize>,
    /// What cannot be read: links that lead nowhere or in a circle, pipes and devices, folders too deep.
    pub left_out: BTreeMap<String, usize>,
    /// Hidden files (`._1.wav`, `.DS_Store`).
    pub hidden_files: usize,
    /// Hidden folders, which are not looked into.
    pub hidden_folders: usize,
}

impl PassedOver {
    /// Adds what another folder holds.
    pub fn add(&mut self, other: &Self) {
        let sums = [
            (&mut self.sound, &other.sound),
            (&mut self.others, &other.others),
            (&mut self.left_out, &other.left_out),
        ];
        for (sum, counts) in sums {
            for (name, count) in counts {
                *sum.entry(name.clone()).or_default() += count;
            }
        }
        self.hidden_files += other.hidden_files;
        self.hidden_folders += other.hidden_folders;
    }

    /// Whether there is nothing but recordings.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
