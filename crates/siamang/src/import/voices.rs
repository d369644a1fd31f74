//! The built-in voices, as samples.

use crate::error::Error;
use crate::recordings::Input;
use crate::shipped;

/// Of so many voices one is taken: an import should not take a minute.
const ONE_OF: usize = 3;

/// Two recordings of each of some voices, at a rate.
pub(super) fn pairs(sample_rate_hz: u32) -> Result<Vec<[Vec<f32>; 2]>, Error> {
    let pairs = shipped::pairs().into_iter();
    pairs
        .step_by(ONE_OF)
        .map(|[a, b]| Ok([decoded(a, sample_rate_hz)?, decoded(b, sample_rate_hz)?]))
        .collect()
}

/// A recording of one of them.
#[cfg(feature = "onnx")]
pub(super) fn samples(sample_rate_hz: u32) -> Result<Vec<f32>, Error> {
    let pairs = shipped::pairs();
    let [first, _] = pairs.first().ok_or(Error::Defect("no voice is built in"))?;
    decoded(first, sample_rate_hz)
}

fn decoded(bytes: &[u8], sample_rate_hz: u32) -> Result<Vec<f32>, Error> {
    let location = Input::bytes("a built-in voice", bytes.to_vec()).location;
    Ok(location.read(sample_rate_hz)?.waveform.samples)
}
