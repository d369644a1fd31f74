//! Sizes of a run, and what they say of the inputs.

use std::collections::HashMap;

use crate::net::Id;
use crate::ports::{Layout, Ports};
use crate::value::{Type, Value};

/// Sizes of one run.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Size {
    pub(super) batch: usize,
    pub(super) frames: usize,
    /// The first so many frames of each item count; those behind fill up.
    pub(super) valid: usize,
}

/// Sizes of the input.
pub(super) fn shape(ports: &Ports, batch: usize, num_frames: usize) -> Vec<u64> {
    let (batch, frames, bins) = (batch as u64, num_frames as u64, ports.bins as u64);
    match ports.layout {
        Layout::FramesBins => vec![batch, frames, bins],
        Layout::BinsFrames => vec![batch, bins, frames],
        Layout::Samples => vec![batch, frames],
    }
}

/// What is known of the inputs.
pub(super) fn given(
    ports: &Ports,
    input: Id,
    length: Option<Id>,
    size: Size,
) -> HashMap<Id, Value> {
    let mut given = HashMap::new();
    let features = shape(ports, size.batch, size.frames);
    given.insert(input, Value::unknown(Type::Float, features));
    if let Some(length) = length {
        let lengths = vec![size.valid as f64; size.batch];
        let shape = vec![size.batch as u64];
        given.insert(length, Value::known(Type::Int, shape, lengths));
    }
    given
}

pub(super) fn arranged(items: &[&[f32]], num_frames: usize, ports: &Ports) -> Vec<f32> {
    if ports.layout != Layout::BinsFrames {
        return items.concat();
    }
    let mut data = Vec::with_capacity(items.len() * num_frames * ports.bins);
    for frames in items {
        for bin in 0..ports.bins {
            data.extend(frames.iter().skip(bin).step_by(ports.bins));
        }
    }
    data
}
