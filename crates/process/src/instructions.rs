//! Which vector instructions the layers use.

use register_tiles::{Simd, SimdError, set_simd};

/// The environment variable that names them where the program is not told.
pub const INSTRUCTIONS_VARIABLE: &str = register_tiles::SIMD_VARIABLE;

/// Settles which vector instructions the layers use: those of this `name`, else those that the environment
/// names, else the best of the processor.
///
/// # Errors
/// A name that is not known, or instructions that the processor does not have.
pub fn use_instructions(name: Option<&str>) -> Result<(), SimdError> {
    match name {
        Some(name) => set_simd(Some(name.parse()?)),
        None => Simd::chosen().map(drop),
    }
}
