//! Which vector instructions the loops use: the best that the processor has, or the ones that were asked for.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};

use pulp::{Scalar, Simd as Lanes, WithSimd};

/// Vector instructions that do not exist, or not on this processor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this processor has no SIMD instructions called `{name}`, expected one of {}",
    available.iter().map(|simd| simd.to_string()).collect::<Vec<_>>().join(", ")
)]
pub struct SimdError {
    /// What was asked for, by [`set_simd`], an option or the environment variable `SIAMANG_SIMD`.
    pub name: String,
    /// What there is.
    pub available: Vec<Simd>,
}

/// Environment variable that names the instructions to use instead of the best: see [`Simd`].
pub const SIMD_VARIABLE: &str = "SIAMANG_SIMD";

/// A set of vector instructions. Its name, in lower case, is what [`FromStr`] and `SIAMANG_SIMD` take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simd {
    /// What every processor of the architecture has, as the compiler sees fit; without fused multiply-add.
    Portable,
    /// 256 bit, with FMA.
    Avx2,
    /// 512 bit (the F, BW, CD, DQ and VL extensions), and their bf16 dot products where there are any. (Those are twice as
    /// fast as f32 on AMD's processors and half as fast on Intel's.)
    Avx512,
    /// [`Self::Avx512`] with Intel's matrix tiles for products of bf16.
    Amx,
    /// 128 bit, ARM.
    Neon,
}

impl Simd {
    const ALL: [Self; 5] = [
        Self::Portable,
        Self::Avx2,
        Self::Avx512,
        Self::Amx,
        Self::Neon,
    ];

    /// Those of this processor, slowest first.
    pub fn available() -> Vec<Self> {
        let mut all = Self::ALL.to_vec();
        all.retain(|simd| simd.arch().is_some());
        all
    }

    /// The fastest of this processor.
    pub fn best() -> Self {
        let best = Self::ALL.into_iter().rfind(|simd| simd.arch().is_some());
        best.unwrap_or(Self::Portable)
    }

    /// What calls without an explicit choice use: that of [`set_simd`], else that of the environment variable
    /// `SIAMANG_SIMD`, else [`Self::best`].
    ///
    /// # Errors
    /// [`SimdError`] when the variable names none of this processor.
    pub fn chosen() -> Result<Self, SimdError> {
        match Self::ALL.get(usize::from(CHOSEN.load(Ordering::Relaxed))) {
            Some(&simd) => Ok(simd),
            None => Self::from_environment(),
        }
    }

    fn from_environment() -> Result<Self, SimdError> {
        match std::env::var_os(SIMD_VARIABLE) {
            None => Ok(Self::best()),
            Some(name) => {
                let simd: Self = name.to_string_lossy().parse()?;
                simd.resolve().map(|_| simd)
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Amx => "amx",
            Self::Neon => "neon",
        }
    }

    /// Proof that the processor has these instructions.
    ///
    /// # Errors
    /// [`SimdError`] when it lacks them.
    pub fn resolve(self) -> Result<Arch, SimdError> {
        self.arch().ok_or_else(|| unavailable(self.name()))
    }

    fn arch(self) -> Option<Arch> {
        match self {
            Self::Portable => Some(Arch::Portable),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => pulp::x86::V3::try_new().map(Arch::Avx2),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => pulp::x86::V4::try_new().map(Arch::Avx512),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Amx => {
                let simd = pulp::x86::V4::try_new()?;
                crate::amx_detect::Amx::detect().map(|amx| Arch::Amx(simd, amx))
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => pulp::aarch64::Neon::try_new().map(Arch::Neon),
            _ => None,
        }
    }
}

impl fmt::Display for Simd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Simd {
    type Err = SimdError;

    fn from_str(name: &str) -> Result<Self, SimdError> {
        let named = Self::ALL.into_iter().find(|simd| simd.name() == name);
        named.ok_or_else(|| unavailable(name))
    }
}

fn unavailable(name: &str) -> SimdError {
    SimdError {
        name: name.to_owned(),
        available: Simd::available(),
    }
}

/// Index into [`Simd::ALL`]; anything else when nothing was chosen.
static CHOSEN: AtomicU8 = AtomicU8::new(u8::MAX);

/// Makes all later calls of this process use `simd`; `None` goes back to the environment variable and the best.
///
/// # Errors
/// [`SimdError`] when this processor lacks it.
pub fn set_simd(simd: Option<Simd>) -> Result<(), SimdError> {
    if let Some(simd) = simd {
        simd.resolve()?;
    }
    CHOSEN.store(simd.map_or(u8::MAX, |simd| simd as u8), Ordering::Relaxed);
    Ok(())
}

/// Instructions that the processor was seen to have.
#[derive(Clone, Copy, Debug)]
pub enum Arch {
    /// [`Simd::Portable`].
    Portable,
    /// [`Simd::Avx2`].
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    /// [`Simd::Avx512`].
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    /// [`Simd::Amx`].
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    Amx(pulp::x86::V4, crate::amx_detect::Amx),
    /// [`Simd::Neon`].
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
}

impl Arch {
    /// Runs a loop compiled for these instructions.
    pub fn dispatch<Loop: WithSimd>(self, body: Loop) -> Loop::Output {
        match self {
            Self::Portable => Lanes::vectorize(Scalar, body),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(simd) => Lanes::vectorize(simd, body),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(simd) => Lanes::vectorize(simd, body),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Amx(simd, _) => Lanes::vectorize(simd, body),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(simd) => Lanes::vectorize(simd, body),
        }
    }
}
