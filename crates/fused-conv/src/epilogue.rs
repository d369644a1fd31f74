//! What follows a product while its sums are in the first-level cache: bias, residual, activation, factor and shift.

use pulp::{Simd, WithSimd};
use register_tiles::{multiply_add, sigmoid, tanh};

use crate::{BatchNorm, ConvError, View, ViewMut};

/// Elements that are taken together.
pub(crate) const LANES: usize = 16;

/// A function of each element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// The element itself.
    #[default]
    None,
    /// `max(0, x)`; NaN stays NaN.
    Relu,
    /// The same with a hundredth of `x` below 0, as PyTorch's `LeakyReLU` has it.
    LeakyRelu,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
}

/// Calls with the function that an [`Activation`] is, for one set of instructions.
macro_rules! with_activation {
    ($simd:ty, $activation:expr, |$function:ident| $call:expr) => {
        match (<$simd>::IS_SCALAR, $activation) {
            (_, $crate::Activation::None) => {
                let $function = |x: f32| x;
                $call
            }
            (_, $crate::Activation::Relu) => {
                let $function = $crate::epilogue::relu;
                $call
            }
            (_, $crate::Activation::LeakyRelu) => {
                let $function = $crate::epilogue::leaky_relu;
                $call
            }
            (true, $crate::Activation::Tanh) => {
                let $function = register_tiles::tanh::<false>;
                $call
            }
            (false, $crate::Activation::Tanh) => {
                let $function = register_tiles::tanh::<true>;
                $call
            }
            (true, $crate::Activation::Sigmoid) => {
                let $function = register_tiles::sigmoid::<false>;
                $call
            }
            (false, $crate::Activation::Sigmoid) => {
                let $function = register_tiles::sigmoid::<true>;
                $call
            }
        }
    };
}
pub(crate) use with_activation;

/// What a layer does behind its product, in this order: `norm` and `bias` (the norm is folded into the weights), the
/// residual that a call brings, `activation`, `norm_behind`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epilogue<'a> {
    /// One element an output channel, added to the product (before `norm`).
    pub bias: Option<&'a [f32]>,
    /// A batch norm directly behind the product and its bias.
    pub norm: Option<BatchNorm<'a>>,
    /// Behind the norm and the residual.
    pub activation: Activation,
    /// A batch norm behind the activation.
    pub norm_behind: Option<BatchNorm<'a>>,
}

impl Epilogue<'_> {
    /// The factor of each output's weights, and what remains to be done.
    pub(crate) fn build(&self, outputs: usize) -> Result<(Vec<f64>, After), ConvError> {
        if let Some(bias) = self.bias {
            ConvError::size("elements of the bias", bias.len(), outputs)?;
        }
        let mut factors = vec![1.0; outputs];
        let mut shifts: Vec<f64> = match self.bias {
            Some(bias) => bias.iter().copied().map(f64::from).collect(),
            None => vec![0.0; outputs],
        };
        if let Some(norm) = &self.norm {
            let affine = norm.affine(outputs)?;
            for ((shift, into), (factor, behind)) in shifts.iter_mut().zip(&mut factors).zip(affine)
            {
                *into = factor;
                *shift = *shift * factor + behind;
            }
        }
        let affine = match &self.norm_behind {
            Some(norm) => {
                let affine = norm.affine(outputs)?;
                let factors = lanes(affine.iter().map(|&(factor, _)| factor as f32));
                Some((
                    factors,
                    lanes(affine.iter().map(|&(_, shift)| shift as f32)),
                ))
            }
            None => None,
        };
        let after = After {
            bias: lanes(shifts.iter().map(|&shift| shift as f32)),
            activation: self.activation,
            affine,
        };
        Ok((factors, after))
    }
}

/// Values in lanes, the last filled with zeros.
fn lanes(values: impl Iterator<Item = f32>) -> Vec<[f32; LANES]> {
    let mut flat: Vec<f32> = values.collect();
    flat.resize(flat.len().next_multiple_of(LANES), 0.0);
    flat.as_chunks().0.to_vec()
}

/// A number a channel, in registers.
type PerChannel = Vec<[f32; LANES]>;

/// An [`Epilogue`] as it is computed.
#[derive(Debug, Clone)]
pub(crate) struct After {
    pub(crate) bias: PerChannel,
    pub(crate) activation: Activation,
    affine: Option<(PerChannel, PerChannel)>,
}

impl After {
    /// A norm and an activation alone.
    pub(crate) fn of_norm(
        norm: &BatchNorm<'_>,
        channels: usize,
        activation: Activation,
    ) -> Result<(PerChannel, Self), ConvError> {
        let affine = norm.affine(channels)?;
        let after = Self {
            bias: lanes(affine.iter().map(|&(_, shift)| shift as f32)),
            activation,
            affine: None,
        };
        Ok((
            lanes(affine.iter().map(|&(factor, _)| factor as f32)),
            after,
        ))
    }
}

impl After {
    /// What follows the sums of a register of channels, the first of which is `channel`.
    #[inline(always)]
    pub(crate) fn finish<'a, S: Simd>(
        &self,
        _: S,
        channel: usize,
        residual: Residual<'a>,
    ) -> FinishRegister<'a, S> {
        let of = |channels: &PerChannel| {
            S::as_simd_f32s(&channels.as_flattened()[channel..][..S::F32_LANES]).0[0]
        };
        FinishRegister {
            channel,
            bias: of(&self.bias),
            affine: self
                .affine
                .as_ref()
                .map(|(factors, shifts)| (of(factors), of(shifts))),
            residual,
        }
    }
}

/// [`After`] for a register of channels.
pub(crate) struct FinishRegister<'a, S: Simd> {
    channel: usize,
    bias: S::f32s,
    affine: Option<(S::f32s, S::f32s)>,
    residual: Residual<'a>,
}

impl<S: Simd> FinishRegister<'_, S> {
    /// Writes what becomes of a sum to its place in a row of the output.
    #[inline(always)]
    pub(crate) fn write(
        &self,
        simd: S,
        sum: S::f32s,
        activation: impl Fn(f32) -> f32,
        row: usize,
        out: &mut ViewMut<'_>,
    ) {
        let mut value = simd.add_f32s(sum, self.bias);
        let residual = self.residual.row(row);
        if !residual.is_empty() {
            let part = residual.get(self.channel..).unwrap_or(&[]);
            let residual = match part.get(..S::F32_LANES) {
                Some(whole) => S::as_simd_f32s(whole).0[0],
                None => simd.partial_load_f32s(part),
            };
            value = simd.add_f32s(value, residual);
        }
        for value in pulp::bytemuck::cast_slice_mut(std::slice::from_mut(&mut value)) {
            *value = activation(*value);
        }
        if let Some((factor, shift)) = self.affine {
            value = simd.mul_add_e_f32s(value, factor, shift);
        }
        let part = out.row(row).get_mut(self.channel..).unwrap_or(&mut []);
        match part.get_mut(..S::F32_LANES) {
            Some(whole) => S::as_mut_simd_f32s(whole).0[0] = value,
            None => simd.partial_store_f32s(part, value),
        }
    }
}

/// The residual of a call: as many rows as the output, or one that is added to all.
#[derive(Clone, Copy)]
pub(crate) struct Residual<'a>(pub(crate) Option<View<'a>>);

impl<'a> Residual<'a> {
    /// Holds that input, output and residual fit a convolution of these channels.
    pub(crate) fn check(
        self,
        x: View<'_>,
        out: &ViewMut<'_>,
        [inputs, outputs]: [usize; 2],
    ) -> Result<(), ConvError> {
        ConvError::size("channels of the input", x.channels(), inputs)?;
        ConvError::size("channels of the output", out.channels(), outputs)?;
        let Some(view) = self.0 else {
            return Ok(());
        };
        ConvError::size("channels of the residual", view.channels(), outputs)?;
        if view.rows() != 1 {
            ConvError::size("rows of the residual", view.rows(), out.rows())?;
        }
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn row(self, row: usize) -> &'a [f32] {
        match self.0 {
            Some(view) if view.rows() == 1 => view.row(0),
            Some(view) => view.row(row),
            None => &[],
        }
    }
}

/// Sums `[rows, width]` become rows from `first_row` on and channels from `first_channel` on of the output.
pub(crate) struct Finish<'a, 'b> {
    pub(crate) sums: &'a [f32],
    pub(crate) width: usize,
    pub(crate) first_row: usize,
    /// A multiple of the lanes.
    pub(crate) first_channel: usize,
    pub(crate) after: &'a After,
    pub(crate) residual: Residual<'a>,
    pub(crate) out: &'a mut ViewMut<'b>,
}

impl WithSimd for Finish<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        with_activation!(S, self.after.activation, |activation| self.run(activation));
    }
}

#[inline(always)]
pub(crate) fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// What [`Activation::LeakyRelu`] leaves of what lies below 0.
pub(crate) const LEAK: f32 = 0.01;

#[inline(always)]
pub(crate) fn leaky_relu(x: f32) -> f32 {
    if x < 0.0 { LEAK * x } else { x }
}

/// The elements from a lane's begin on, with zeros behind the end.
#[inline(always)]
pub(crate) fn load(from: &[f32], lane: usize) -> [f32; LANES] {
    let part = from.get(lane * LANES..).unwrap_or(&[]);
    if let Some(whole) = part.first_chunk::<LANES>() {
        return *whole;
    }
    let mut lanes = [0.0; LANES];
    lanes[..part.len()].copy_from_slice(part);
    lanes
}

/// Those of the lanes for which there is room.
#[inline(always)]
pub(crate) fn store(to: &mut [f32], lane: usize, lanes: &[f32; LANES]) {
    let part = to.get_mut(lane * LANES..).unwrap_or(&mut []);
    if let Some(whole) = part.first_chunk_mut::<LANES>() {
        *whole = *lanes;
        return;
    }
    let len = part.len();
    part.copy_from_slice(&lanes[..len]);
}

impl Finish<'_, '_> {
    #[inline(always)]
    fn run(self, activation: impl Fn(f32) -> f32 + Copy) {
        let channels = self.out.channels().min(self.first_channel + self.width);
        let used = (channels - self.first_channel).div_ceil(LANES);
        let first_lane = self.first_channel / LANES;
        let bias = &self.after.bias[first_lane..][..used];
        for (row, sums) in self.sums.chunks_exact(self.width).enumerate() {
            let (sums, _) = sums.as_chunks::<LANES>();
            let residual = self.residual.row(self.first_row + row);
            let out = &mut self.out.row(self.first_row + row)[..channels];
            for (number, (sums, bias)) in sums.iter().zip(bias).enumerate() {
                let lane = first_lane + number;
                let mut values = *sums;
                for (value, bias) in values.iter_mut().zip(bias) {
                    *value += bias;
                }
                if !residual.is_empty() {
                    let residual = load(residual, lane);
                    for (value, residual) in values.iter_mut().zip(residual) {
                        *value += residual;
                    }
                }
                for value in &mut values {
                    *value = activation(*value);
                }
                if let Some((factors, shifts)) = &self.after.affine {
                    let (factors, shifts) = (&factors[lane], &shifts[lane]);
                    for index in 0..LANES {
                        values[index] = values[index] * factors[index] + shifts[index];
                    }
                }
                store(out, lane, &values);
            }
        }
    }
}

/// `activation(x * factor + shift)` of every element.
pub(crate) struct Normalise<'a, 'b> {
    pub(crate) x: View<'a>,
    pub(crate) factors: &'a [[f32; LANES]],
    pub(crate) after: &'a After,
    pub(crate) out: &'a mut ViewMut<'b>,
}

impl WithSimd for Normalise<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        match (S::IS_SCALAR, self.after.activation) {
            (true, Activation::None) => self.run::<false>(|x| x),
            (false, Activation::None) => self.run::<true>(|x| x),
            (true, Activation::Relu) => self.run::<false>(relu),
            (false, Activation::Relu) => self.run::<true>(relu),
            (true, Activation::LeakyRelu) => self.run::<false>(leaky_relu),
            (false, Activation::LeakyRelu) => self.run::<true>(leaky_relu),
            (true, Activation::Tanh) => self.run::<false>(tanh::<false>),
            (false, Activation::Tanh) => self.run::<true>(tanh::<true>),
            (true, Activation::Sigmoid) => self.run::<false>(sigmoid::<false>),
            (false, Activation::Sigmoid) => self.run::<true>(sigmoid::<true>),
        }
    }
}

impl Normalise<'_, '_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self, activation: impl Fn(f32) -> f32 + Copy) {
        for row in 0..self.x.rows() {
            let (x, out) = (self.x.row(row), self.out.row(row));
            for (lane, (factors, shifts)) in self.factors.iter().zip(&self.after.bias).enumerate() {
                let mut values = load(x, lane);
                for index in 0..LANES {
                    let value = multiply_add::<FUSED>(values[index], factors[index], shifts[index]);
                    values[index] = activation(value);
                }
                store(out, lane, &values);
            }
        }
    }
}
