//! A convolution over both dimensions of a batch: what those over frames and those over planes share.

use super::after::{After, Finish};
use super::packed::{Packed, Side, Weights};
use super::product::run;
use super::reads::{Reads, Sizes, batch_of};
use super::tiled_product;
use super::tiled_weights;
use super::tiling::Tiling;
use super::weights::weight_gradient;
use crate::{ConvError, Grid, View, ViewMut};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    inputs: usize,
    outputs: usize,
    /// Over bins and over frames.
    axes: [Sizes; 2],
}

impl Layer {
    pub(crate) fn new([inputs, outputs]: [usize; 2], axes: [Sizes; 2]) -> Result<Self, ConvError> {
        ConvError::not_zero("inputs", inputs)?;
        ConvError::not_zero("outputs", outputs)?;
        let [bins, frames] = axes;
        ConvError::product("weights", &[inputs, outputs, bins.kernel, frames.kernel])?;
        ConvError::product("rows of an item", &[bins.from, frames.from])?;
        ConvError::product("rows of an item", &[bins.to, frames.to])?;
        Ok(Self {
            inputs,
            outputs,
            axes,
        })
    }

    pub(crate) fn from(&self) -> Grid {
        let [bins, frames] = self.axes.map(|sizes| sizes.from);
        Grid { bins, frames }
    }

    pub(crate) fn to(&self) -> Grid {
        let [bins, frames] = self.axes.map(|sizes| sizes.to);
        Grid { bins, frames }
    }

    fn taps(&self) -> usize {
        self.axes[0].kernel * self.axes[1].kernel
    }

    fn weights<'a>(&self, values: &'a [f32]) -> Result<Weights<'a>, ConvError> {
        let Self {
            inputs, outputs, ..
        } = *self;
        let taps = self.taps();
        let all = inputs * outputs * taps;
        ConvError::size("elements of the weights", values.len(), all)?;
        Ok(Weights {
            outputs,
            inputs,
            taps,
            values,
        })
    }

    /// Holds that input and output fit each other, and gives the items.
    fn batch(&self, [x, y]: [(usize, usize); 2]) -> Result<usize, ConvError> {
        ConvError::size("channels of the input", x.1, self.inputs)?;
        ConvError::size("channels of the output", y.1, self.outputs)?;
        let batch = batch_of(x.0, self.from())?;
        let rows = ConvError::product("rows of the output", &[batch, self.to().rows()])?;
        ConvError::size("rows of the output", y.0, rows)?;
        Ok(batch)
    }

    pub(crate) fn forward(
        &self,
        x: View<'_>,
        weights: &[f32],
        after: After<'_>,
        out: ViewMut<'_>,
    ) -> Result<(), ConvError> {
        let batch = self.batch([size(x), size(out.view())])?;
        let weights = self.weights(weights)?;
        if let Some(bias) = after.bias {
            ConvError::size("elements of the bias", bias.len(), self.outputs)?;
        }
        if let Some(context) = after.context {
            ConvError::size("channels of the context", context.channels(), self.outputs)?;
            ConvError::size("rows of the context", context.rows(), batch)?;
        }
        let finish = Finish {
            after,
            accumulate: false,
        };
        let reads = Reads::forward(batch, self.axes);
        if let Some(tiling) = Tiling::of(&reads, [self.inputs, self.outputs]) {
            return tiled_product::run(x, &tiling, weights, Side::Forward, finish, out);
        }
        let packed = Packed::new(weights, Side::Forward, &reads.taps());
        run(x, &[(reads, packed)], finish, out)
    }

    pub(crate) fn input_gradient(
        &self,
        dy: View<'_>,
        weights: &[f32],
        accumulate: bool,
        out: ViewMut<'_>,
    ) -> Result<(), ConvError> {
        let batch = self.batch([size(out.view()), size(dy)])?;
        let weights = self.weights(weights)?;
        let finish = Finish {
            accumulate,
            ..Finish::default()
        };
        let phases = Reads::backward(batch, self.axes);
        if let [whole] = &phases[..]
            && let Some(tiling) = Tiling::of(whole, [self.inputs, self.outputs])
        {
            return tiled_product::run(dy, &tiling, weights, Side::Backward, finish, out);
        }
        let phases: Vec<(Reads, Packed)> = phases
            .into_iter()
            .map(|reads| {
                let packed = Packed::new(weights, Side::Backward, &reads.taps());
                (reads, packed)
            })
            .collect();
        run(dy, &phases, finish, out)
    }

    pub(crate) fn weight_gradient(
        &self,
        x: View<'_>,
        dy: View<'_>,
        weights: &mut [f32],
        bias: Option<&mut [f32]>,
    ) -> Result<(), ConvError> {
        let batch = self.batch([size(x), size(dy)])?;
        self.weights(weights)?;
        if let Some(bias) = &bias {
            ConvError::size("elements of the bias", bias.len(), self.outputs)?;
        }
        let reads = Reads::forward(batch, self.axes);
        match Tiling::of(&reads, [self.inputs, self.outputs]) {
            Some(tiling) => tiled_weights::weight_gradient(&tiling, x, dy, weights, bias),
            None => weight_gradient(&reads, x, dy, weights, bias),
        }
    }
}

fn size(view: View<'_>) -> (usize, usize) {
    (view.rows(), view.channels())
}
