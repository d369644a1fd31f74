//! A batch of sequences of unequal length.

use burn::tensor::{Device, Tensor, TensorData};

use crate::ModelError;
use crate::layers::Pass;

/// Sequences side by side, padded to the longest.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    values: Tensor<3>,
    lengths: Option<Vec<usize>>,
}

impl Sequence {
    /// `values` `[frames, batch, features]`, and the items' valid frames where they differ.
    ///
    /// # Errors
    /// [`ModelError::Shape`] without a frame, or where the lengths are not one an item or exceed the frames.
    pub(crate) fn new(values: Tensor<3>, lengths: Option<Vec<usize>>) -> Result<Self, ModelError> {
        let [frames, batch, _] = values.dims();
        let fault = |what, found: String, expected: String| {
            Err(ModelError::Shape {
                what,
                found,
                expected,
            })
        };
        if frames == 0 || batch == 0 {
            let found = format!("{frames} frames of {batch} items");
            return fault("sequences", found, "at least one of each".to_owned());
        }
        if let Some(lengths) = &lengths {
            if lengths.len() != batch {
                return fault("lengths", lengths.len().to_string(), batch.to_string());
            }
            if let Some(&length) = lengths.iter().find(|&&length| length > frames) {
                let expected = format!("at most {frames} frames");
                return fault("a length", length.to_string(), expected);
            }
        }
        Ok(Self { values, lengths })
    }

    /// `[frames, batch, features]`
    pub(crate) fn values(&self) -> &Tensor<3> {
        &self.values
    }

    /// Valid frames of each item, where they differ.
    pub(crate) fn lengths(&self) -> Option<&[usize]> {
        self.lengths.as_deref()
    }

    /// The same frames with other features: `map` keeps the number of frames and items.
    pub(crate) fn map(self, map: impl FnOnce(Tensor<3>) -> Tensor<3>) -> Self {
        Self {
            values: map(self.values),
            lengths: self.lengths,
        }
    }

    /// What `layers` make of the sequences as `[batch, frames, features]`, frames in any number. Items of unequal length go
    /// through them one by one, so that nobody's padding or neighbour is seen.
    ///
    /// # Errors
    /// Those of `layers`, and [`ModelError::Shape`] for unequal lengths where batch norms take the statistics of the batch.
    pub(crate) fn convolved(
        self,
        pass: &mut Pass<'_>,
        mut layers: impl FnMut(Tensor<3>, &mut Pass<'_>) -> Result<Tensor<3>, ModelError>,
    ) -> Result<Self, ModelError> {
        let by_item = |values: Tensor<3>| values.swap_dims(0, 1);
        let Some(lengths) = self.lengths else {
            let output = layers(by_item(self.values), pass)?;
            return Self::new(output.swap_dims(0, 1), None);
        };
        if pass.takes_statistics() {
            return Err(ModelError::Shape {
                what: "a training batch for convolutions",
                found: "items of unequal length".to_owned(),
                expected: "items of one length, over which statistics are taken".to_owned(),
            });
        }
        let mut outputs = Vec::with_capacity(lengths.len());
        for (item, &length) in lengths.iter().enumerate() {
            let values = self.values.clone().narrow(1, item, 1);
            let alone = by_item(values.narrow(0, 0, length.max(1)));
            outputs.push(layers(alone, pass)?);
        }
        let lengths: Vec<usize> = outputs.iter().map(|output| output.dims()[1]).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let padded = outputs.into_iter().map(|output| {
            let [_, frames, width] = output.dims();
            let device = output.device();
            match longest - frames {
                0 => output,
                missing => {
                    Tensor::cat(vec![output, Tensor::zeros([1, missing, width], &device)], 1)
                }
            }
        });
        let values = Tensor::cat(padded.collect(), 0).swap_dims(0, 1);
        Self::new(values, Some(lengths))
    }

    /// Refuses another number of features than `width`.
    ///
    /// # Errors
    /// [`ModelError::Shape`].
    pub(crate) fn expect_width(&self, width: usize) -> Result<(), ModelError> {
        let [_, _, found] = self.values.dims();
        if found == width {
            return Ok(());
        }
        Err(ModelError::Shape {
            what: "features of a frame",
            found: found.to_string(),
            expected: width.to_string(),
        })
    }

    /// The last valid frame of each item, `[batch, features]`.
    pub(crate) fn last_frames(&self) -> Tensor<2> {
        let [frames, batch, width] = self.values.dims();
        let of_item = |item: usize| {
            let length = self
                .lengths
                .as_ref()
                .map_or(frames, |lengths| lengths[item]);
            let last = length.max(1) - 1;
            let frame = self
                .values
                .clone()
                .slice([last..last + 1, item..item + 1, 0..width]);
            frame.reshape([1, width])
        };
        match self.lengths {
            None => {
                let last = self
                    .values
                    .clone()
                    .slice([frames - 1..frames, 0..batch, 0..width]);
                last.reshape([batch, width])
            }
            Some(_) => Tensor::cat((0..batch).map(of_item).collect(), 0),
        }
    }
}

/// `[frames, batch]`, 1 where a frame lies within its item's length and 0 beyond.
pub(crate) fn frame_mask(lengths: &[usize], frames: usize, device: &Device) -> Tensor<2> {
    let mask: Vec<f32> = (0..frames)
        .flat_map(|t| {
            lengths
                .iter()
                .map(move |&length| f32::from(u8::from(t < length)))
        })
        .collect();
    Tensor::from_data(TensorData::new(mask, [frames, lengths.len()]), device)
}

/// `[frames, batch, 1]`: each frame's weight in its item's mean; zero beyond the item's length.
pub(crate) fn frame_weights(sequence: &Sequence) -> Tensor<3> {
    let [frames, batch, _] = sequence.values.dims();
    let device = sequence.values.device();
    match sequence.lengths() {
        None => Tensor::ones([frames, batch, 1], &device) / frames as f64,
        Some(lengths) => {
            let counts: Vec<f32> = lengths.iter().map(|&n| n.max(1) as f32).collect();
            let counts = Tensor::<1>::from_floats(counts.as_slice(), &device).unsqueeze();
            (frame_mask(lengths, frames, &device) / counts).unsqueeze_dim(2)
        }
    }
}
