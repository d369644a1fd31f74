//! Batch normalisation of a trained network: a factor and a shift for each channel.

use crate::ConvError;

/// Parameters of a batch normalisation, one element a channel (Ioffe and Szegedy, 2015; names as in PyTorch).
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm<'a> {
    /// Gamma; 1 where there is none.
    pub weight: Option<&'a [f32]>,
    /// Beta; 0 where there is none.
    pub bias: Option<&'a [f32]>,
    /// Running mean.
    pub mean: &'a [f32],
    /// Running variance.
    pub variance: &'a [f32],
    /// What is added to the variance: 1e-5 in PyTorch.
    pub eps: f64,
}

impl BatchNorm<'_> {
    /// Factor and shift of each channel.
    pub(crate) fn affine(&self, channels: usize) -> Result<Vec<(f64, f64)>, ConvError> {
        let check = |what, slice: Option<&[f32]>| {
            ConvError::size(what, slice.map_or(channels, <[f32]>::len), channels)
        };
        check("elements of the norm's weight", self.weight)?;
        check("elements of the norm's bias", self.bias)?;
        check("elements of the norm's mean", Some(self.mean))?;
        check("elements of the norm's variance", Some(self.variance))?;
        let at = |slice: Option<&[f32]>, channel: usize, default| {
            slice.map_or(default, |slice| f64::from(slice[channel]))
        };
        let affine = (0..channels).map(|channel| {
            let deviation = (f64::from(self.variance[channel]) + self.eps).sqrt();
            let factor = at(self.weight, channel, 1.0) / deviation;
            let mean = f64::from(self.mean[channel]);
            (factor, at(self.bias, channel, 0.0) - mean * factor)
        });
        Ok(affine.collect())
    }
}
