//! The network.

use fused_lstm::Precision;
use rayon::prelude::*;

use crate::SegmentError;
use crate::frames::{FILTER_STEP, SAMPLE_RATE, check_window, num_frames};
use crate::head::Head;
use crate::posteriors::{CLASSES, Posteriors};
use crate::recurrent::Recurrent;
use crate::sincnet::{CHANNELS, SincNet};
use crate::tensors::{Tensor, Tensors};
use crate::window_settings::WindowSettings;

/// Largest magnitude of a sample. Those of sound are at most 1, or 32768 where they are whole numbers.
const LOUDEST: f32 = 1e6;
/// Samples that the filters hear at once, about, where several windows share them.
const HEARD: usize = 64 * SAMPLE_RATE;

/// pyannote's segmentation network PyanNet, as segmentation-3.0 has it: filters on samples, two convolutions, four LSTM layers
/// of 128 units in both directions, two dense layers of 128, seven classes.
#[derive(Debug)]
pub struct Segmenter {
    sincnet: SincNet,
    recurrent: Recurrent,
    head: Head,
    precision: Precision,
}

impl Segmenter {
    /// From the tensors of a state dict of PyTorch, which `tensors` finds by name. The two buffers of the filters,
    /// `window_` and `n_`, are not read: they are always the same.
    ///
    /// # Errors
    /// A tensor that is absent, has other sizes, or holds what is not finite.
    pub fn load<'a>(tensors: impl Fn(&str) -> Option<Tensor<'a>>) -> Result<Self, SegmentError> {
        let tensors = Tensors(tensors);
        Ok(Self {
            sincnet: SincNet::load(&tensors)?,
            recurrent: Recurrent::load(&tensors)?,
            head: Head::load(&tensors)?,
            precision: Precision::F32,
        })
    }

    /// The same with LSTM layers that multiply in another precision: bf16 is faster where the processor has instructions for
    /// it, and less exact.
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// Log probabilities `[frames, classes]` of one window of samples at 16 kHz, which was trained on 10 s: 589 frames.
    ///
    /// # Errors
    /// Fewer samples than a frame reads, more than 60 s, or a sample that is not a number; and, of weights that were never
    /// trained, an answer that is none.
    pub fn window(&self, samples: &[f32]) -> Result<Posteriors, SegmentError> {
        check_window(samples.len())?;
        check_samples(samples, 0)?;
        let settings = WindowSettings {
            window: samples.len(),
            step: samples.len(),
        };
        let mut answers = self.batch(samples, 1, settings)?;
        answers.pop().ok_or(SegmentError::Answer { frame: 0 })
    }

    /// The answers for `count` whole windows, the first of which begins where `samples` do.
    pub(crate) fn batch(
        &self,
        samples: &[f32],
        count: usize,
        WindowSettings { window, step }: WindowSettings,
    ) -> Result<Vec<Posteriors>, SegmentError> {
        let frames = num_frames(window);
        // Windows that begin between two values of the filters cannot share them.
        let group = match step % FILTER_STEP {
            0 => 1 + HEARD.saturating_sub(window) / step,
            _ => 1,
        };
        let mut heard_windows = Vec::with_capacity(count);
        for first in (0..count).step_by(group) {
            let of_group = group.min(count - first);
            let end = (first + of_group - 1) * step + window;
            let heard = self.sincnet.hear(samples[first * step..end].to_vec())?;
            (0..of_group)
                .into_par_iter()
                .map(|index| self.sincnet.window(&heard, index * step, window))
                .collect::<Result<Vec<_>, _>>()
                .map(|windows| heard_windows.extend(windows))?;
        }
        let mut x = vec![0.0; frames * count * CHANNELS];
        for (index, window) in heard_windows.iter().enumerate() {
            let to = x.chunks_exact_mut(count * CHANNELS);
            for (to, from) in to.zip(window.chunks_exact(CHANNELS)) {
                to[index * CHANNELS..][..CHANNELS].copy_from_slice(from);
            }
        }
        let x = self.recurrent.forward(x, [frames, count], self.precision)?;
        let answers = self.head.forward(&x)?;
        fused_lstm::recycle(x);
        let (rows, _) = answers.as_chunks::<CLASSES>();
        let of_window = |index| rows.iter().skip(index).step_by(count).copied().collect();
        (0..count)
            .map(|index| Posteriors::new(of_window(index)))
            .collect::<Result<_, _>>()
            .map_err(|frame| SegmentError::Answer { frame })
    }
}

/// Holds that samples are numbers of sound; the first is sample `first` of the recording.
pub(crate) fn check_samples(samples: &[f32], first: usize) -> Result<(), SegmentError> {
    let fits = |sample: &f32| (-LOUDEST..=LOUDEST).contains(sample);
    match samples.iter().position(|sample| !fits(sample)) {
        None => Ok(()),
        Some(index) => Err(SegmentError::Sample {
            index: first.saturating_add(index),
            found: samples[index],
        }),
    }
}
