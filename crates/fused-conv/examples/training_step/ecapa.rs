//! ECAPA-TDNN: convolutions in groups of channels, gates, attentive statistics with context.

use fused_conv::training::{
    BatchNorm, BatchStatistics, Relu, add, attend, copy, gate_gradient, means, scale,
    scale_gradient,
};
use fused_conv::{Activation, Activations, ConvError, View, ViewMut};

use crate::block::{Block, Dense, embed, random};
use crate::{BINS, EMBEDDING, Step};

const SCALE: usize = 8;
const SQUEEZED: usize = 128;
const ATTENTION: usize = 128;

struct Layer {
    enter: Block,
    groups: Vec<Block>,
    leave: Block,
    narrow: Dense,
    wide: Dense,
}

/// What a layer made.
struct Made {
    entered: Activations,
    /// What each group but the first and second read.
    inputs: Vec<Activations>,
    grouped: Activations,
    left: Activations,
    mean: Activations,
    squeezed: Activations,
    gates: Activations,
}

pub(crate) struct Ecapa {
    channels: usize,
    frames: usize,
    x: Vec<f32>,
    of_embeddings: Vec<f32>,
    enter: Block,
    layers: Vec<Layer>,
    gather: Block,
    /// The attention's first layer, in two parts: of the frames, and of what all frames share.
    attend: Dense,
    of_context: Dense,
    weigh: Dense,
    dense: Dense,
}

impl Ecapa {
    pub(crate) fn new(channels: usize, batch: usize, frames: usize) -> Result<Self, ConvError> {
        let c = channels;
        let layers = [2, 3, 4].into_iter().map(|dilation| {
            let group = |_| Block::frames(c / SCALE, c / SCALE, 3, dilation, frames);
            Ok(Layer {
                enter: Block::frames(c, c, 1, 1, frames)?,
                groups: (1..SCALE).map(group).collect::<Result<_, _>>()?,
                leave: Block::frames(c, c, 1, 1, frames)?,
                narrow: Dense::new(c, SQUEEZED, 1, Activation::Relu)?,
                wide: Dense::new(SQUEEZED, c, 1, Activation::Sigmoid)?,
            })
        });
        Ok(Self {
            channels,
            frames,
            x: random(3, batch * frames * BINS),
            of_embeddings: random(4, batch * EMBEDDING),
            enter: Block::frames(BINS, c, 5, 1, frames)?,
            layers: layers.collect::<Result<_, ConvError>>()?,
            gather: Block::frames(3 * c, 3 * c, 1, 1, frames)?,
            attend: Dense::new(3 * c, ATTENTION, frames, Activation::Tanh)?,
            of_context: Dense::new(6 * c, ATTENTION, 1, Activation::None)?,
            weigh: Dense::new(ATTENTION, 3 * c, frames, Activation::None)?,
            dense: Dense::new(6 * c, EMBEDDING, 1, Activation::None)?,
        })
    }
}

impl Layer {
    fn forward(&mut self, x: View<'_>, frames: usize, out: ViewMut<'_>) -> Result<Made, ConvError> {
        let (rows, c) = (x.rows(), x.channels());
        let (batch, width) = (rows / frames, c / SCALE);
        let new = |channels| Activations::new(rows, channels);
        let mut entered = new(c)?;
        self.enter.forward(x, None, entered.view_mut())?;
        let mut grouped = new(c)?;
        let group = |index: usize| index * width..(index + 1) * width;
        let first = entered.view().channel_range(group(0))?;
        copy(first, grouped.view_mut().channel_range(group(0))?)?;
        let mut inputs = Vec::new();
        for (index, block) in (1..).zip(&mut self.groups) {
            let mut input = new(width)?;
            let own = entered.view().channel_range(group(index))?;
            match index {
                1 => copy(own, input.view_mut())?,
                _ => add(
                    own,
                    grouped.view().channel_range(group(index - 1))?,
                    input.view_mut(),
                )?,
            }
            block.forward(
                input.view(),
                None,
                grouped.view_mut().channel_range(group(index))?,
            )?;
            inputs.push(input);
        }
        let mut left = new(c)?;
        self.leave.forward(grouped.view(), None, left.view_mut())?;
        let mut mean = Activations::new(batch, c)?;
        let mut squeezed = Activations::new(batch, SQUEEZED)?;
        let mut gates = Activations::new(batch, c)?;
        means(left.view(), frames, mean.view_mut())?;
        self.narrow
            .forward(mean.view(), None, squeezed.view_mut())?;
        self.wide.forward(squeezed.view(), None, gates.view_mut())?;
        scale(left.view(), frames, gates.view(), Some(x), out)?;
        Ok(Made {
            entered,
            inputs,
            grouped,
            left,
            mean,
            squeezed,
            gates,
        })
    }

    /// Adds the gradient of `x` to `dx`, which holds that of the output as the residual has it.
    fn backward(
        &mut self,
        made: Made,
        x: View<'_>,
        frames: usize,
        dy: View<'_>,
        mut dx: ViewMut<'_>,
    ) -> Result<(), ConvError> {
        let (rows, c) = (x.rows(), x.channels());
        let (batch, width) = (rows / frames, c / SCALE);
        let mut of_gates = Activations::new(batch, c)?;
        let mut of_squeezed = Activations::new(batch, SQUEEZED)?;
        let mut of_mean = Activations::new(batch, c)?;
        gate_gradient(made.left.view(), dy, frames, of_gates.view_mut())?;
        self.wide.backward(
            made.squeezed.view(),
            made.gates.view(),
            of_gates.view(),
            of_squeezed.view_mut(),
            false,
        )?;
        self.narrow.backward(
            made.mean.view(),
            made.squeezed.view(),
            of_squeezed.view(),
            of_mean.view_mut(),
            false,
        )?;
        let mut of_left = Activations::new(rows, c)?;
        scale_gradient(
            dy,
            frames,
            made.gates.view(),
            of_mean.view(),
            of_left.view_mut(),
        )?;
        let mut of_grouped = Activations::new(rows, c)?;
        let to = Some((of_grouped.view_mut(), false));
        let (grouped, left) = (made.grouped.view(), made.left.view());
        self.leave
            .backward(grouped, left, of_left.view(), None, to)?;
        let mut of_entered = Activations::new(rows, c)?;
        let group = |index: usize| index * width..(index + 1) * width;
        let mut dy = Activations::new(rows, width)?;
        for (index, block) in (1..SCALE).zip(&mut self.groups).rev() {
            // What a group gave is read by the layer behind and by the next group.
            let own = of_grouped.view().channel_range(group(index))?;
            match index + 1 {
                SCALE => copy(own, dy.view_mut())?,
                next => {
                    let of_next = of_entered.view().channel_range(group(next))?;
                    add(own, of_next, dy.view_mut())?;
                }
            }
            let y = made.grouped.view().channel_range(group(index))?;
            let to = Some((of_entered.view_mut().channel_range(group(index))?, false));
            block.backward(made.inputs[index - 1].view(), y, dy.view(), None, to)?;
        }
        let first = of_grouped.view().channel_range(group(0))?;
        copy(first, of_entered.view_mut().channel_range(group(0))?)?;
        let to = Some((dx.reborrow(), true));
        self.enter
            .backward(x, made.entered.view(), of_entered.view(), None, to)
    }
}

impl Step for Ecapa {
    #[allow(
        clippy::too_many_lines,
        reason = "the network from its first layer to its last and back"
    )]
    fn step(&mut self) -> Result<f32, ConvError> {
        let (c, frames) = (self.channels, self.frames);
        let x = View::new(&self.x, BINS)?;
        let (rows, batch) = (x.rows(), x.rows() / frames);
        let mut entered = Activations::new(rows, c)?;
        self.enter.forward(x, None, entered.view_mut())?;
        // The layers write side by side what the last one reads.
        let mut side = Activations::new(rows, 3 * c)?;
        let part = |index: usize| index * c..(index + 1) * c;
        let mut made = Vec::new();
        for (index, layer) in self.layers.iter_mut().enumerate() {
            let mut out = Activations::new(rows, c)?;
            let x = match index {
                0 => entered.view(),
                _ => side.view().channel_range(part(index - 1))?,
            };
            made.push(layer.forward(x, frames, out.view_mut())?);
            copy(out.view(), side.view_mut().channel_range(part(index))?)?;
        }
        let mut all = Activations::new(rows, 3 * c)?;
        self.gather.forward(side.view(), None, all.view_mut())?;
        let all = all.view();
        let mut shared = Activations::new(batch, 6 * c)?;
        let [mut mean, mut deviation] = [
            Activations::new(batch, 3 * c)?,
            Activations::new(batch, 3 * c)?,
        ];
        let plain = attend(
            all,
            None,
            frames,
            1e-7,
            mean.view_mut(),
            deviation.view_mut(),
        )?;
        let halves = [0..3 * c, 3 * c..6 * c];
        copy(
            mean.view(),
            shared.view_mut().channel_range(halves[0].clone())?,
        )?;
        copy(
            deviation.view(),
            shared.view_mut().channel_range(halves[1].clone())?,
        )?;
        let mut context = Activations::new(batch, ATTENTION)?;
        self.of_context
            .forward(shared.view(), None, context.view_mut())?;
        let mut attention = Activations::new(rows, ATTENTION)?;
        self.attend
            .forward(all, Some(context.view()), attention.view_mut())?;
        let mut scores = Activations::new(rows, 3 * c)?;
        self.weigh
            .forward(attention.view(), None, scores.view_mut())?;
        let kept = attend(
            all,
            Some(scores.view()),
            frames,
            1e-7,
            mean.view_mut(),
            deviation.view_mut(),
        )?;
        let mut pooled = Activations::new(batch, 6 * c)?;
        copy(
            mean.view(),
            pooled.view_mut().channel_range(halves[0].clone())?,
        )?;
        copy(
            deviation.view(),
            pooled.view_mut().channel_range(halves[1].clone())?,
        )?;
        let (gamma, beta) = (vec![1.0; 6 * c], vec![0.0; 6 * c]);
        let norm = BatchNorm {
            weight: &gamma,
            bias: &beta,
            eps: 1e-5,
        };
        let statistics = BatchStatistics::of(pooled.view())?;
        let mut normed = Activations::new(batch, 6 * c)?;
        norm.forward(pooled.view(), &statistics, None, false, normed.view_mut())?;
        let mut of_normed = Activations::new(batch, 6 * c)?;
        let sum = embed(
            &mut self.dense,
            normed.view(),
            of_normed.view_mut(),
            &self.of_embeddings,
        )?;

        let mut of_pooled = Activations::new(batch, 6 * c)?;
        norm.backward(
            pooled.view(),
            &statistics,
            Relu::None,
            of_normed.view(),
            None,
            of_pooled.view_mut(),
        )?;
        let of_pooled = of_pooled.view();
        let mut of_all = Activations::new(rows, 3 * c)?;
        let mut of_scores = Activations::new(rows, 3 * c)?;
        kept.backward(
            all,
            Some(scores.view()),
            frames,
            of_pooled.channel_range(halves[0].clone())?,
            of_pooled.channel_range(halves[1].clone())?,
            of_all.view_mut(),
            Some(of_scores.view_mut()),
        )?;
        let mut of_attention = Activations::new(rows, ATTENTION)?;
        self.weigh.backward(
            attention.view(),
            scores.view(),
            of_scores.view(),
            of_attention.view_mut(),
            false,
        )?;
        drop((scores, of_scores));
        let before = self.attend.backward(
            all,
            attention.view(),
            of_attention.view(),
            of_all.view_mut(),
            true,
        )?;
        let mut of_context = Activations::new(batch, ATTENTION)?;
        // The sum over frames: the mean times their number.
        means(before.view(), frames, of_context.view_mut())?;
        for item in 0..batch {
            of_context
                .view_mut()
                .row(item)
                .iter_mut()
                .for_each(|value| *value *= frames as f32);
        }
        let mut of_shared = Activations::new(batch, 6 * c)?;
        self.of_context.backward(
            shared.view(),
            context.view(),
            of_context.view(),
            of_shared.view_mut(),
            false,
        )?;
        let of_shared = of_shared.view();
        let mut of_plain = Activations::new(rows, 3 * c)?;
        plain.backward(
            all,
            None,
            frames,
            of_shared.channel_range(halves[0].clone())?,
            of_shared.channel_range(halves[1].clone())?,
            of_plain.view_mut(),
            None,
        )?;
        let mut of_both = Activations::new(rows, 3 * c)?;
        add(of_all.view(), of_plain.view(), of_both.view_mut())?;
        let mut of_side = Activations::new(rows, 3 * c)?;
        let to = Some((of_side.view_mut(), false));
        self.gather
            .backward(side.view(), all, of_both.view(), None, to)?;
        let mut dy = Activations::new(rows, c)?;
        copy(of_side.view().channel_range(part(2))?, dy.view_mut())?;
        for (index, layer) in self.layers.iter_mut().enumerate().rev() {
            let Some(made) = made.pop() else { break };
            let mut dx = Activations::new(rows, c)?;
            let x = match index {
                0 => {
                    copy(dy.view(), dx.view_mut())?;
                    entered.view()
                }
                _ => {
                    let beside = of_side.view().channel_range(part(index - 1))?;
                    add(dy.view(), beside, dx.view_mut())?;
                    side.view().channel_range(part(index - 1))?
                }
            };
            layer.backward(made, x, frames, dy.view(), dx.view_mut())?;
            dy = dx;
        }
        self.enter
            .backward(x, entered.view(), dy.view(), None, None)?;
        Ok(sum)
    }
}
