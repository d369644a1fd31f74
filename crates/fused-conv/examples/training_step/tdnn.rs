//! An x-vector's layers, all padded, and statistics.

use fused_conv::training::attend;
use fused_conv::{Activation, Activations, ConvError, View, ViewMut};

use crate::block::{Block, Dense, embed, random};
use crate::{BINS, EMBEDDING, Step};

pub(crate) struct Tdnn {
    frames: usize,
    x: Vec<f32>,
    of_embeddings: Vec<f32>,
    /// With their outputs' channels.
    layers: Vec<(Block, usize)>,
    dense: Dense,
}

impl Tdnn {
    pub(crate) fn new(channels: usize, batch: usize, frames: usize) -> Result<Self, ConvError> {
        let c = channels;
        let layers = [
            (BINS, c, 5, 1),
            (c, c, 3, 2),
            (c, c, 3, 3),
            (c, c, 1, 1),
            (c, 3 * c, 1, 1),
        ];
        let layers = layers
            .into_iter()
            .map(|(inputs, outputs, kernel, dilation)| {
                Ok((
                    Block::frames(inputs, outputs, kernel, dilation, frames)?,
                    outputs,
                ))
            });
        Ok(Self {
            frames,
            x: random(3, batch * frames * BINS),
            of_embeddings: random(4, batch * EMBEDDING),
            layers: layers.collect::<Result<_, ConvError>>()?,
            dense: Dense::new(6 * c, EMBEDDING, 1, Activation::None)?,
        })
    }
}

impl Step for Tdnn {
    fn step(&mut self) -> Result<f32, ConvError> {
        let x = View::new(&self.x, BINS)?;
        let mut outputs: Vec<Activations> = Vec::new();
        for (layer, channels) in &mut self.layers {
            let mut out = Activations::new(x.rows(), *channels)?;
            layer.forward(
                outputs.last().map_or(x, Activations::view),
                None,
                out.view_mut(),
            )?;
            outputs.push(out);
        }
        let batch = x.rows() / self.frames;
        let last = outputs.last().map_or(x, Activations::view);
        let c = last.channels();
        let (mut pooled, mut of_pooled) = (vec![0.0; batch * 2 * c], vec![0.0; batch * 2 * c]);
        let mut mean = Activations::new(batch, c)?;
        let mut deviation = Activations::new(batch, c)?;
        let kept = attend(
            last,
            None,
            self.frames,
            1e-7,
            mean.view_mut(),
            deviation.view_mut(),
        )?;
        let halves = [mean.view(), deviation.view()].into_iter().enumerate();
        for (half, part) in halves {
            let to = ViewMut::new(&mut pooled, 2 * c)?.channel_range(half * c..(half + 1) * c)?;
            fused_conv::training::copy(part, to)?;
        }
        let sum = embed(
            &mut self.dense,
            View::new(&pooled, 2 * c)?,
            ViewMut::new(&mut of_pooled, 2 * c)?,
            &self.of_embeddings,
        )?;
        let of_pooled = View::new(&of_pooled, 2 * c)?;
        let mut dy = Activations::new(x.rows(), c)?;
        let (of_mean, of_deviation) = (
            of_pooled.channel_range(0..c)?,
            of_pooled.channel_range(c..2 * c)?,
        );
        kept.backward(
            last,
            None,
            self.frames,
            of_mean,
            of_deviation,
            dy.view_mut(),
            None,
        )?;
        for (index, (layer, _)) in self.layers.iter_mut().enumerate().rev() {
            let y = outputs[index].view();
            let Some(before) = index.checked_sub(1) else {
                layer.backward(x, y, dy.view(), None, None)?;
                break;
            };
            let input = outputs[before].view();
            let mut dx = Activations::new(x.rows(), input.channels())?;
            layer.backward(input, y, dy.view(), None, Some((dx.view_mut(), false)))?;
            dy = dx;
            outputs.truncate(index);
        }
        Ok(sum)
    }
}
