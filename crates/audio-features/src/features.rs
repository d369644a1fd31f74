//! The feature matrix of one recording.

use std::ops::Range;

/// Features of one recording or crop: a row-major `[frames, bins]` matrix of `f32`.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    data: Vec<f32>,
    num_bins: usize,
}

impl Features {
    /// Wraps row-major `data` of `num_bins` columns.
    ///
    /// Values beyond the last complete row are dropped; with `num_bins = 0` there are no frames.
    pub fn new(mut data: Vec<f32>, num_bins: usize) -> Self {
        let num_frames = data.len().checked_div(num_bins).unwrap_or(0);
        data.truncate(num_frames * num_bins);
        Self { data, num_bins }
    }

    /// Number of frames (rows).
    pub fn num_frames(&self) -> usize {
        self.data.len().checked_div(self.num_bins).unwrap_or(0)
    }

    /// Number of bins (columns), also of a matrix without frames.
    pub fn num_bins(&self) -> usize {
        self.num_bins
    }

    /// Frame `index`, a slice of `num_bins` values.
    ///
    /// # Panics
    /// If `index` is not below [`Features::num_frames`], like slice indexing.
    pub fn frame(&self, index: usize) -> &[f32] {
        &self.data[index * self.num_bins..][..self.num_bins]
    }

    /// All values, `[frames, bins]` row-major.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// All values, `[frames, bins]` row-major, to be changed in place.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// The frames of `range` as one slice `[range.len(), bins]`, row-major.
    ///
    /// The part of the range beyond the last frame is left out.
    pub fn rows(&self, range: Range<usize>) -> &[f32] {
        let end = range.end.min(self.num_frames());
        let start = range.start.min(end);
        &self.data[start * self.num_bins..end * self.num_bins]
    }

    /// Gives the values away, `[frames, bins]` row-major.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// Keeps the frames whose entry in `keep` is true, in order; missing entries count as false.
    pub(crate) fn retain_frames(&mut self, keep: &[bool]) {
        let mut kept = 0;
        for (index, _) in keep
            .iter()
            .take(self.num_frames())
            .enumerate()
            .filter(|(_, k)| **k)
        {
            let row = index * self.num_bins;
            self.data.copy_within(row..row + self.num_bins, kept);
            kept += self.num_bins;
        }
        self.data.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_frames_are_slices_of_the_matrix() {
        let features = Features::new((0..6).map(|v| v as f32).collect(), 2);
        assert_eq!((features.num_frames(), features.num_bins()), (3, 2));
        assert_eq!(features.frame(1), [2.0, 3.0]);
        assert_eq!(features.rows(1..3), [2.0, 3.0, 4.0, 5.0]);
        assert_eq!(features.rows(2..9), [4.0, 5.0]);
        assert!(features.rows(7..9).is_empty());
    }

    #[test]
    fn an_incomplete_row_is_dropped_and_no_bins_mean_no_frames() {
        assert_eq!(Features::new(vec![1.0; 5], 2).num_frames(), 2);
        let empty = Features::new(vec![1.0; 5], 0);
        assert_eq!((empty.num_frames(), empty.data().len()), (0, 0));
        assert_eq!(Features::new(Vec::new(), 80).num_bins(), 80);
    }

    #[test]
    fn kept_frames_stay_in_order() {
        let mut features = Features::new((0..8).map(|v| v as f32).collect(), 2);
        features.retain_frames(&[true, false, false, true]);
        assert_eq!(features.into_data(), [0.0, 1.0, 6.0, 7.0]);
    }
}
