//! Whether any number of frames becomes a vector of as many numbers.

use super::size::{Size, given};
use crate::OnnxError;
use crate::estimate;
use crate::limits::Limits;
use crate::net::{self, Id, Net};
use crate::ports::{Layout, Ports};

/// Numbers of the vector, of which a dynamic time axis must make the same for any number of frames.
pub(super) fn probe(
    net: &Net,
    ports: &Ports,
    input: Id,
    length: Option<Id>,
    output: Id,
    limits: &Limits,
) -> Result<usize, OnnxError> {
    let scale = if ports.layout == Layout::Samples {
        160
    } else {
        1
    };
    let dim = |frames: usize| {
        let size = Size {
            batch: 1,
            frames: frames * scale,
            valid: frames * scale,
        };
        let inputs = given(ports, input, length, size);
        let (_, value) = estimate::follow(net, &inputs, output, limits)?;
        let Some(value) = value else {
            return Ok(None);
        };
        let dim = value.len();
        // One axis of numbers, all others single.
        if value.rank() == 0 || dim < 2 || !value.shape.contains(&dim) || !value.kind.is_float() {
            return Err(OnnxError::interface(
                format!(
                    "the output `{}` of sizes {:?}",
                    crate::error::shown(&ports.output),
                    value.shape
                ),
                "one vector, [1, numbers]",
            ));
        }
        Ok(Some(dim as usize))
    };
    const FRAMES: [usize; 2] = [300, 211];
    match FRAMES.map(dim) {
        [Ok(Some(one)), Ok(Some(other))] if one == other => Ok(one),
        [Ok(Some(one)), Ok(Some(other))] => Err(OnnxError::interface(
            format!(
                "an output of {one} numbers for {} frames and {other} for {}",
                FRAMES[0], FRAMES[1]
            ),
            "as many for any number of frames",
        )),
        [Ok(Some(_)), Err(error)] => Err(baked(FRAMES[0], FRAMES[1], &error)),
        [Err(error), Ok(Some(_))] => Err(baked(FRAMES[1], FRAMES[0], &error)),
        [Err(error), _] | [_, Err(error)] => {
            // Sizes of the recording that was traced, perhaps.
            if matches!(error, OnnxError::Node { .. }) {
                for works in [100, 200, 400, 500, 1000, 98, 198, 298, 398] {
                    if matches!(dim(works), Ok(Some(_))) {
                        return Err(baked(works, FRAMES[1], &error));
                    }
                }
            }
            Err(error)
        }
        _ => {
            // Not followed, and that is allowed: what the file says must do.
            let port = net.outputs.iter().find(|port| port.name == ports.output);
            let axes = port.and_then(|port| port.axes.as_ref());
            match axes.and_then(|axes| axes.last()) {
                Some(net::Axis::Fixed(dim)) if *dim > 1 && *dim < 1 << 24 => Ok(*dim as usize),
                _ => Err(OnnxError::interface(
                    format!(
                        "the output `{}` does not say its size",
                        crate::error::shown(&ports.output)
                    ),
                    "a fixed last axis",
                )),
            }
        }
    }
}

fn baked(works: usize, fails: usize, error: &OnnxError) -> OnnxError {
    OnnxError::BakedTime {
        works,
        fails,
        found: error.to_string(),
    }
}
