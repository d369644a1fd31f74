//! Which vector instructions the recurrent layers use.

use fused_lstm::{LstmError, Simd, set_simd};

/// The environment variable that names them where the program is not told.
pub const INSTRUCTIONS_VARIABLE: &str = fused_lstm::SIMD_VARIABLE;

/// Settles which vector instructions the recurrent layers use: those of this `name`, else those that the environment
/// names, else the best of the processor.
///
/// # Errors
/// A name that is not known, or instructions that the processor does not have.
pub fn use_instructions(name: Option<&str>) -> Result<(), LstmError> {
    match name {
        Some(name) => set_simd(Some(name.parse()?)),
        None => Simd::chosen().map(drop),
    }
}
