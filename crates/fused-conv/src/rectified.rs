//! A norm and a rectifier before a layer of single frames, as in densely connected blocks: what the rectifier makes zero is
//! not multiplied.
//!
//! A fifth to a half of what the rectifiers of a trained CAM++ let through are zeros. Tiles of two rows take the channels
//! where either is not, in the order in which all would be taken, so that sums have the same bits.

use register_tiles::{Arch, Simd};

use crate::epilogue::Residual;
use crate::kernel::{Geometry, Kernel};
use crate::{
    Activation, Activations, BatchNorm, Conv1dShape, ConvError, Epilogue, Norm, View, ViewMut,
};

#[cfg(target_arch = "x86_64")]
mod sparse;

/// `dense(max(0, norm(x)))` of every frame, with what follows the layer.
#[derive(Debug)]
pub struct RectifiedDense {
    norm: Norm,
    kernel: Kernel,
    shape: Conv1dShape,
}

impl RectifiedDense {
    /// From the norm of the `inputs` and the layer's `weights` `[outputs, inputs]`, as PyTorch has them.
    ///
    /// # Errors
    /// A size of zero, or slices of other lengths.
    pub fn new(
        [inputs, outputs]: [usize; 2],
        norm: &BatchNorm<'_>,
        weights: &[f32],
        epilogue: &Epilogue<'_>,
    ) -> Result<Self, ConvError> {
        Ok(Self {
            norm: Norm::new(inputs, norm, Activation::Relu)?,
            kernel: Kernel::new([outputs, inputs, 1], weights, epilogue)?,
            shape: Conv1dShape::dense(inputs, outputs),
        })
    }

    /// Its sizes.
    pub fn shape(&self) -> Conv1dShape {
        self.shape
    }

    /// `out` `[frames, outputs]` of `x` `[frames, inputs]`.
    ///
    /// # Errors
    /// Arguments that do not fit, or instructions that the processor lacks.
    pub fn forward(&self, x: View<'_>, mut out: ViewMut<'_>) -> Result<(), ConvError> {
        ConvError::size("channels of the input", x.channels(), self.shape.inputs)?;
        ConvError::size("channels of the output", out.channels(), self.shape.outputs)?;
        ConvError::size("rows of the output", out.rows(), x.rows())?;
        match Simd::chosen()?.resolve()? {
            #[cfg(target_arch = "x86_64")]
            Arch::Avx512(simd) => sparse::run(simd, &self.norm, &self.kernel, x, &mut out),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Arch::Amx(simd, _) => sparse::run(simd, &self.norm, &self.kernel, x, &mut out),
            _ => {
                let mut normed = Activations::new(x.rows(), x.channels())?;
                self.norm.forward(x, normed.view_mut())?;
                let kernel = &self.kernel;
                kernel.run(normed.view(), &EachFrame, Residual(None), &mut out)?;
            }
        }
        Ok(())
    }
}

/// An output reads the input of its own frame.
struct EachFrame;

impl Geometry for EachFrame {
    fn sources(&self, _: usize, first: usize, sources: &mut [usize]) {
        for (offset, source) in sources.iter_mut().enumerate() {
            *source = first + offset;
        }
    }
}
