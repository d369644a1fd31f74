//! Attentive statistics pooling on slices.

use fused_conv::{
    Activations, Conv1d, Deviation, Eps, Norm, View, attentive_statistics, mean_deviation,
};

use crate::ModelError;
use crate::layers::PreparedFrameConv;
use crate::poolings::prepared::{PreparedPooling, halves};
use crate::trunks::States;

/// The small network in parts, and which deviations are meant.
pub(super) struct PreparedAttentive {
    /// Of a frame alone, up to its norm or its tanh.
    pub(super) enter: Conv1d,
    /// What mean and deviation add to that, the same for all frames.
    pub(super) context: Option<Conv1d>,
    /// Where one comes before the tanh.
    pub(super) norm: Option<Norm>,
    pub(super) weigh: PreparedFrameConv,
    pub(super) context_deviation: Deviation,
    pub(super) floor: Eps,
}

impl PreparedPooling for PreparedAttentive {
    fn pooled(&self, states: States) -> Result<Vec<f32>, ModelError> {
        let states = states.into_frames()?;
        let x = states.view();
        let context = self.context.as_ref();
        let context = context.map(|conv| self.context(conv, x)).transpose()?;
        let mut entered = Activations::new(x.rows(), self.enter.shape().outputs)?;
        let beside = context.as_ref().map(Activations::view);
        self.enter.forward(x, beside, entered.view_mut())?;
        if let Some(norm) = &self.norm {
            let mut normed = Activations::new(x.rows(), entered.channels())?;
            norm.forward(entered.view(), normed.view_mut())?;
            entered = normed;
        }
        let scores = self.weigh.forward(entered.view())?;
        halves(x.channels(), |mean, deviation| {
            attentive_statistics(x, scores.view(), self.floor, mean, deviation)
        })
    }
}

impl PreparedAttentive {
    fn context(&self, conv: &Conv1d, x: View<'_>) -> Result<Activations, ModelError> {
        // One frame has no deviation, where the formula would divide by zero.
        let deviation = Deviation {
            unbiased: self.context_deviation.unbiased && x.rows() > 1,
            ..self.context_deviation
        };
        let statistics = halves(x.channels(), |mean, out| {
            mean_deviation(x, deviation, mean, out)
        })?;
        let mut context = Activations::new(1, conv.shape().outputs)?;
        let statistics = View::new(&statistics, 2 * x.channels())?;
        conv.forward(statistics, None, context.view_mut())?;
        Ok(context)
    }
}
