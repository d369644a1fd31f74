//! Layers that touch each element once.

use pulp::{Simd as Lanes, WithSimd};
use register_tiles::Simd;

use crate::epilogue::{After, LANES, Normalise, load, store};
use crate::{Activation, BatchNorm, ConvError, Grid, View, ViewMut};

/// A batch norm and an activation by themselves, as where they stand before a convolution (CAM++'s pre-activation).
#[derive(Debug)]
pub struct Norm {
    channels: usize,
    factors: Vec<[f32; LANES]>,
    after: After,
}

impl Norm {
    /// Of so many channels.
    ///
    /// # Errors
    /// No channels, or slices of other lengths.
    pub fn new(
        channels: usize,
        norm: &BatchNorm<'_>,
        activation: Activation,
    ) -> Result<Self, ConvError> {
        ConvError::not_zero("channels", channels)?;
        let (factors, after) = After::of_norm(norm, channels, activation)?;
        Ok(Self {
            channels,
            factors,
            after,
        })
    }

    /// Factors and shifts, in registers.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn affine(&self) -> (&[[f32; LANES]], &[[f32; LANES]]) {
        (&self.factors, &self.after.bias)
    }

    /// `out = activation(norm(x))`.
    ///
    /// # Errors
    /// Views of other sizes, or instructions that the processor lacks.
    pub fn forward(&self, x: View<'_>, mut out: ViewMut<'_>) -> Result<(), ConvError> {
        ConvError::size("channels of the input", x.channels(), self.channels)?;
        same_size(x, &out)?;
        Simd::chosen()?.resolve()?.dispatch(Normalise {
            x,
            factors: &self.factors,
            after: &self.after,
            out: &mut out,
        });
        Ok(())
    }
}

pub(crate) fn same_size(x: View<'_>, out: &ViewMut<'_>) -> Result<(), ConvError> {
    ConvError::size("channels of the output", out.channels(), x.channels())?;
    ConvError::size("rows of the output", out.rows(), x.rows())
}

/// `out = x`.
///
/// # Errors
/// Views of other sizes.
pub fn copy(x: View<'_>, mut out: ViewMut<'_>) -> Result<(), ConvError> {
    same_size(x, &out)?;
    for row in 0..x.rows() {
        out.row(row).copy_from_slice(x.row(row));
    }
    Ok(())
}

/// `out = x + y`, where `y` has as many rows as `x`, or one that is added to all.
///
/// # Errors
/// Views of other sizes, or instructions that the processor lacks.
pub fn add(x: View<'_>, y: View<'_>, mut out: ViewMut<'_>) -> Result<(), ConvError> {
    same_size(x, &out)?;
    ConvError::size("channels of the second summand", y.channels(), x.channels())?;
    if y.rows() != 1 {
        ConvError::size("rows of the second summand", y.rows(), x.rows())?;
    }
    Simd::chosen()?.resolve()?.dispatch(Add {
        x,
        y,
        out: &mut out,
    });
    Ok(())
}

struct Add<'a, 'b> {
    x: View<'a>,
    y: View<'a>,
    out: &'a mut ViewMut<'b>,
}

impl WithSimd for Add<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        for row in 0..self.x.rows() {
            let other = if self.y.rows() == 1 { 0 } else { row };
            let (x, y, out) = (self.x.row(row), self.y.row(other), self.out.row(row));
            for lane in 0..x.len().div_ceil(LANES) {
                let (mut sum, y) = (load(x, lane), load(y, lane));
                for (sum, y) in sum.iter_mut().zip(y) {
                    *sum += y;
                }
                store(out, lane, &sum);
            }
        }
    }
}

/// `out = x * gates`, plus a residual where there is one: squeeze and excitation (Hu et al., 2018) and CAM++'s masks
/// (Wang et al., 2023). Row `t` of `x` is scaled by row `t / segment` of `gates`; with a segment of all rows by the only one.
///
/// # Errors
/// Views of other sizes, a segment of zero, or instructions that the processor lacks.
pub fn scale(
    x: View<'_>,
    gates: View<'_>,
    segment: usize,
    residual: Option<View<'_>>,
    mut out: ViewMut<'_>,
) -> Result<(), ConvError> {
    same_size(x, &out)?;
    ConvError::not_zero("segment", segment)?;
    ConvError::size("channels of the gates", gates.channels(), x.channels())?;
    ConvError::size(
        "rows of the gates",
        gates.rows(),
        x.rows().div_ceil(segment),
    )?;
    if let Some(residual) = residual {
        same_size(residual, &out)?;
    }
    Simd::chosen()?.resolve()?.dispatch(Scale {
        x,
        gates,
        segment,
        residual,
        out: &mut out,
    });
    Ok(())
}

struct Scale<'a, 'b> {
    x: View<'a>,
    gates: View<'a>,
    segment: usize,
    residual: Option<View<'a>>,
    out: &'a mut ViewMut<'b>,
}

impl WithSimd for Scale<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        for row in 0..self.x.rows() {
            let gates = self.gates.row(row / self.segment);
            let residual = self.residual.map_or(&[][..], |residual| residual.row(row));
            let (x, out) = (self.x.row(row), self.out.row(row));
            for lane in 0..x.len().div_ceil(LANES) {
                let (mut values, gates) = (load(x, lane), load(gates, lane));
                for (value, gate) in values.iter_mut().zip(gates) {
                    *value *= gate;
                }
                // Behind the end of none stand zeros.
                for (value, residual) in values.iter_mut().zip(load(residual, lane)) {
                    *value += residual;
                }
                store(out, lane, &values);
            }
        }
    }
}

/// `[frames, bins]` as a plane of one channel, `[bins * frames, 1]`.
///
/// # Errors
/// An output of another size.
pub fn to_grid(x: View<'_>, mut out: ViewMut<'_>) -> Result<(), ConvError> {
    ConvError::size("channels of the output", out.channels(), 1)?;
    ConvError::size("rows of the output", out.rows(), x.rows() * x.channels())?;
    for frame in 0..x.rows() {
        for (bin, &value) in x.row(frame).iter().enumerate() {
            out.row(bin * x.rows() + frame)[0] = value;
        }
    }
    Ok(())
}

/// A plane as frames, `[frames, channels * bins]`: channel `c` of bin `f` becomes `c * bins + f`, as PyTorch's `reshape`
/// of `[channels, bins, frames]` has it.
///
/// # Errors
/// Views of other sizes than the grid's.
pub fn from_grid(x: View<'_>, grid: Grid, mut out: ViewMut<'_>) -> Result<(), ConvError> {
    ConvError::size("rows of the input", x.rows(), grid.rows())?;
    let channels = ConvError::product("channels", &[x.channels(), grid.bins])?;
    ConvError::size("channels of the output", out.channels(), channels)?;
    ConvError::size("rows of the output", out.rows(), grid.frames)?;
    for frame in 0..grid.frames {
        let out = out.row(frame);
        for bin in 0..grid.bins {
            let x = x.row(bin * grid.frames + frame);
            for (channel, &value) in x.iter().enumerate() {
                out[channel * grid.bins + bin] = value;
            }
        }
    }
    Ok(())
}
