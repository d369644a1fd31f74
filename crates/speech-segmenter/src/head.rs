//! What the answer is made by: two dense layers with leaky ReLU, the classifier, log-softmax.

use fused_conv::{Activation, Activations, Conv1d, Conv1dShape, Epilogue, View};
use rayon::prelude::*;

use crate::SegmentError;
use crate::posteriors::CLASSES;
use crate::recurrent::WIDTH;
use crate::tensors::{Tensor, Tensors};

const HIDDEN: usize = 128;
/// Rows that one task computes.
const TOGETHER: usize = 512;

/// The dense layers.
#[derive(Debug)]
pub(crate) struct Head([Conv1d; 3]);

impl Head {
    pub(crate) fn load<'a>(
        tensors: &Tensors<impl Fn(&str) -> Option<Tensor<'a>>>,
    ) -> Result<Self, SegmentError> {
        let dense = |name: &str, inputs, outputs, activation| -> Result<Conv1d, SegmentError> {
            let weights = tensors.get(&format!("{name}.weight"), &[outputs, inputs])?;
            let epilogue = Epilogue {
                bias: Some(tensors.get(&format!("{name}.bias"), &[outputs])?),
                activation,
                ..Epilogue::default()
            };
            let shape = Conv1dShape::dense(inputs, outputs);
            Ok(Conv1d::new(shape, weights, &epilogue)?)
        };
        Ok(Self([
            dense("linear.0", WIDTH, HIDDEN, Activation::LeakyRelu)?,
            dense("linear.1", HIDDEN, HIDDEN, Activation::LeakyRelu)?,
            dense("classifier", HIDDEN, CLASSES, Activation::None)?,
        ]))
    }

    /// Log probabilities `[rows, 7]` of `x` `[rows, 256]`.
    pub(crate) fn forward(&self, x: &[f32]) -> Result<Vec<f32>, SegmentError> {
        let mut out = vec![0.0; x.len() / WIDTH * CLASSES];
        out.par_chunks_mut(TOGETHER * CLASSES)
            .zip(x.par_chunks(TOGETHER * WIDTH))
            .try_for_each(|(out, x)| -> Result<(), SegmentError> {
                let rows = x.len() / WIDTH;
                let [first, second, classifier] = &self.0;
                let mut a = Activations::new(rows, HIDDEN)?;
                let mut b = Activations::new(rows, HIDDEN)?;
                let mut logits = Activations::new(rows, CLASSES)?;
                first.forward(View::new(x, WIDTH)?, None, a.view_mut())?;
                second.forward(a.view(), None, b.view_mut())?;
                classifier.forward(b.view(), None, logits.view_mut())?;
                for (row, out) in out.chunks_exact_mut(CLASSES).enumerate() {
                    log_softmax(logits.view().row(row), out);
                }
                Ok(())
            })?;
        Ok(out)
    }
}

fn log_softmax(logits: &[f32], out: &mut [f32]) {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits
        .iter()
        .map(|&logit| f64::from(logit - largest).exp())
        .sum();
    let log_sum = sum.ln();
    for (out, &logit) in out.iter_mut().zip(logits) {
        *out = (f64::from(logit - largest) - log_sum) as f32;
    }
}
