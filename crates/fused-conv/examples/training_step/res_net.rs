//! ResNet34 over planes of bins and frames, as WeSpeaker has it, with as many channels as are asked for.

use fused_conv::training::attend;
use fused_conv::{Activation, Activations, Conv2dShape, ConvError, Grid, View, ViewMut};

use crate::block::{Block, Dense, Order, embed, random};
use crate::{BINS, EMBEDDING, Step};

struct Layer {
    first: Block,
    second: Block,
    short: Option<Block>,
    outputs: usize,
    grid: Grid,
}

/// What a layer made.
struct Made {
    middle: Activations,
    beside: Option<Activations>,
    out: Activations,
}

pub(crate) struct ResNet {
    batch: usize,
    x: Vec<f32>,
    of_embeddings: Vec<f32>,
    channels: usize,
    enter: Block,
    layers: Vec<Layer>,
    dense: Dense,
}

impl ResNet {
    pub(crate) fn new(channels: usize, batch: usize, frames: usize) -> Result<Self, ConvError> {
        let mut grid = Grid { bins: BINS, frames };
        let three = |inputs, outputs, stride| Conv2dShape::three(inputs, outputs, [stride; 2]);
        let (enter, _) = Block::planes(three(1, channels, 1), grid, Order::NormRelu)?;
        let (mut layers, mut inputs) = (Vec::new(), channels);
        for (stage, count) in [3, 4, 6, 3].into_iter().enumerate() {
            let outputs = channels << stage;
            for index in 0..count {
                let stride = if stage > 0 && index == 0 { 2 } else { 1 };
                let (first, to) =
                    Block::planes(three(inputs, outputs, stride), grid, Order::NormRelu)?;
                let (second, _) = Block::planes(three(outputs, outputs, 1), to, Order::NormRelu)?;
                let one = Conv2dShape::one(inputs, outputs, [stride; 2]);
                let short = match stride > 1 || inputs != outputs {
                    true => Some(Block::planes(one, grid, Order::Norm)?.0),
                    false => None,
                };
                (inputs, grid) = (outputs, to);
                layers.push(Layer {
                    first,
                    second,
                    short,
                    outputs,
                    grid,
                });
            }
        }
        Ok(Self {
            batch,
            x: random(3, batch * BINS * frames),
            of_embeddings: random(4, batch * EMBEDDING),
            channels,
            enter,
            layers,
            dense: Dense::new(2 * inputs * grid.bins, EMBEDDING, 1, Activation::None)?,
        })
    }
}

impl Step for ResNet {
    fn step(&mut self) -> Result<f32, ConvError> {
        let x = View::new(&self.x, 1)?;
        let mut entered = Activations::new(x.rows(), self.channels)?;
        self.enter.forward(x, None, entered.view_mut())?;
        let mut made: Vec<Made> = Vec::new();
        for layer in &mut self.layers {
            let x = made.last().map_or(entered.view(), |made| made.out.view());
            let rows = self.batch * layer.grid.rows();
            let new = || Activations::new(rows, layer.outputs);
            let (mut middle, mut out) = (new()?, new()?);
            layer.first.forward(x, None, middle.view_mut())?;
            let beside = match &mut layer.short {
                Some(short) => {
                    let mut beside = new()?;
                    short.forward(x, None, beside.view_mut())?;
                    Some(beside)
                }
                None => None,
            };
            let residual = beside.as_ref().map_or(x, Activations::view);
            layer
                .second
                .forward(middle.view(), Some(residual), out.view_mut())?;
            made.push(Made {
                middle,
                beside,
                out,
            });
        }
        let last = made.last().map_or(entered.view(), |made| made.out.view());
        let (c, grid) = (last.channels(), self.layers[self.layers.len() - 1].grid);
        // Each bin of an item is pooled by itself.
        let items = self.batch * grid.bins;
        let mut mean = Activations::new(items, c)?;
        let mut deviation = Activations::new(items, c)?;
        let kept = attend(
            last,
            None,
            grid.frames,
            1e-7,
            mean.view_mut(),
            deviation.view_mut(),
        )?;
        let (mut pooled, mut of_pooled) = (vec![0.0; items * 2 * c], vec![0.0; items * 2 * c]);
        for (half, part) in [mean.view(), deviation.view()].into_iter().enumerate() {
            let to = ViewMut::new(&mut pooled, 2 * c)?.channel_range(half * c..(half + 1) * c)?;
            fused_conv::training::copy(part, to)?;
        }
        let width = 2 * c * grid.bins;
        let sum = embed(
            &mut self.dense,
            View::new(&pooled, width)?,
            ViewMut::new(&mut of_pooled, width)?,
            &self.of_embeddings,
        )?;
        let of_pooled = View::new(&of_pooled, 2 * c)?;
        let (of_mean, of_deviation) = (
            of_pooled.channel_range(0..c)?,
            of_pooled.channel_range(c..2 * c)?,
        );
        let mut dy = Activations::new(last.rows(), c)?;
        kept.backward(
            last,
            None,
            grid.frames,
            of_mean,
            of_deviation,
            dy.view_mut(),
            None,
        )?;
        for layer in self.layers.iter_mut().rev() {
            let Some(Made {
                middle,
                beside,
                out,
            }) = made.pop()
            else {
                break;
            };
            let x = made.last().map_or(entered.view(), |made| made.out.view());
            let new = |like: View<'_>| Activations::new(like.rows(), like.channels());
            let (mut of_middle, mut of_residual) = (new(middle.view())?, new(out.view())?);
            layer.second.backward(
                middle.view(),
                out.view(),
                dy.view(),
                Some(of_residual.view_mut()),
                Some((of_middle.view_mut(), false)),
            )?;
            drop((out, dy));
            let mut dx = match (&mut layer.short, &beside) {
                (Some(short), Some(beside)) => {
                    let mut dx = new(x)?;
                    let to = Some((dx.view_mut(), false));
                    short.backward(x, beside.view(), of_residual.view(), None, to)?;
                    dx
                }
                _ => of_residual,
            };
            let to = Some((dx.view_mut(), true));
            layer
                .first
                .backward(x, middle.view(), of_middle.view(), None, to)?;
            dy = dx;
        }
        self.enter
            .backward(x, entered.view(), dy.view(), None, None)?;
        Ok(sum)
    }
}
