//! Sums of groups of rows for panels of outputs: what gradients of weights are put together of.
//!
//! What a group is depends on the sizes alone, and the groups' sums are added in their order: the result has the same bits for
//! any number of threads.

use rayon::prelude::*;
use register_tiles::Buffer;

use super::packed::{WIDE, panels};

/// Tasks that there should be at least.
const TASKS: usize = 16;
/// Elements of the sums of a task: they stay in the second-level cache, or nearly so.
const MOST_SUMS: usize = 1 << 18;

/// What all groups gave for all panels.
pub(super) struct Sums {
    /// The first column and the width of each panel.
    panels: Vec<(usize, usize)>,
    /// Panels of a task.
    together: usize,
    groups: usize,
    /// Of each task, whose number is that of its panels times the groups, and that of its group.
    parts: Vec<Vec<Part>>,
}

impl Sums {
    /// So many rows of sums for each panel of `outputs`, over at least `least` and at most `most` groups. `add_up` adds what group
    /// number `.0` of `.1` has to some panels.
    pub(super) fn of(
        outputs: usize,
        rows: usize,
        [least, most]: [usize; 2],
        add_up: impl Fn([usize; 2], &mut [Part]) + Sync,
    ) -> Self {
        let panels = panels(outputs);
        let together = (MOST_SUMS / (rows * WIDE)).clamp(1, panels.len());
        let chunks: Vec<&[(usize, usize)]> = panels.chunks(together).collect();
        let groups = TASKS.div_ceil(chunks.len()).max(least).min(most);
        let tasks = (0..chunks.len() * groups).into_par_iter();
        let parts = tasks
            .map(|task| {
                let (chunk, group) = (task / groups, task % groups);
                let mut parts: Vec<Part> = chunks[chunk]
                    .iter()
                    .map(|&(first, width)| Part::new(first, width, rows))
                    .collect();
                add_up([group, groups], &mut parts);
                parts
            })
            .collect();
        Self {
            together,
            groups,
            parts,
            panels,
        }
    }

    /// What each group gave for a panel, in their order.
    pub(super) fn of_panel(&self, panel: usize) -> impl Iterator<Item = &Part> {
        let (chunk, within) = (panel / self.together, panel % self.together);
        let parts = &self.parts[chunk * self.groups..][..self.groups];
        parts.iter().map(move |parts| &parts[within])
    }

    /// Writes the gradient of the bias.
    pub(super) fn write_bias(&self, bias: &mut [f32]) {
        for (panel, bias) in self.by_panel(bias, 1).into_iter().enumerate() {
            for (column, bias) in bias.iter_mut().enumerate() {
                *bias = self
                    .of_panel(panel)
                    .map(|part| part.bias[column])
                    .sum::<f64>() as f32;
            }
        }
    }

    /// Lets `write` make the gradients of each panel's outputs, `each` elements an output, of the panel's number and width.
    pub(super) fn write_weights(
        &self,
        weights: &mut [f32],
        each: usize,
        write: impl Fn(usize, usize, &mut [f32]) + Sync,
    ) {
        let weights = self.by_panel(weights, each);
        weights.into_par_iter().enumerate().for_each(|(panel, to)| {
            write(panel, self.panels[panel].1, to);
        });
    }

    /// What belongs to the outputs of each panel, `each` elements an output.
    fn by_panel<'a>(&self, mut all: &'a mut [f32], each: usize) -> Vec<&'a mut [f32]> {
        let mut parts = Vec::with_capacity(self.panels.len());
        for &(_, width) in &self.panels {
            let len = (width * each).min(all.len());
            let (part, rest) = all.split_at_mut(len);
            parts.push(part);
            all = rest;
        }
        parts
    }
}

/// What a group of rows gave for a panel of outputs.
pub(super) struct Part {
    pub(super) first: usize,
    pub(super) width: usize,
    /// `[taps (or parts of tiles), height, width]`.
    pub(super) sums: Buffer,
    pub(super) bias: Vec<f64>,
}

impl Part {
    /// Zeros, so many rows of sums.
    fn new(first: usize, width: usize, rows: usize) -> Self {
        Self {
            first,
            width,
            sums: Buffer::zeros(rows * width),
            bias: vec![0.0; width],
        }
    }
}
