//! Files to write, `-` and `/dev/stdout` being standard output.

use std::path::Path;

use anyhow::Result;

use crate::atomic;
use crate::console::is_standard_output;
use crate::fault::output_error;

/// Writes a whole file, and tells whether it was standard output, beside which nothing else may be printed.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<bool> {
    if !is_standard_output(path) {
        atomic::write(path, bytes)?;
        return Ok(false);
    }
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(output_error)?;
    Ok(true)
}
