//! Which network is it? By the names and sizes of its tensors, or what an ONNX file says of itself.
//!
//! One file a family: how its networks are recognised, how their sizes follow from their tensors, and what one has to know to
//! run them right.

mod nemo;
mod network;
mod others;
mod pyannote;
mod resemblyzer;
mod silero;
mod speaker_3d;
mod speechbrain;
mod table;
mod view;
mod wespeaker;

pub use network::{Architecture, EcapaLayout, Family, Network, Running};
pub use table::{KNOWN, KnownNetwork, UNKNOWN};

use crate::file::ForeignFile;
use view::View;

/// The network that a file holds, if it is one that is known.
pub fn recognise(file: &ForeignFile) -> Option<Network> {
    let view = View::new(file);
    // What is no speaker network first: its layers' names are the most particular.
    let families: [fn(&View<'_>) -> Option<Network>; 8] = [
        silero::recognise,
        pyannote::recognise,
        nemo::recognise,
        resemblyzer::recognise,
        speaker_3d::recognise,
        speechbrain::recognise,
        wespeaker::recognise,
        others::recognise,
    ];
    families.iter().find_map(|recognise| recognise(&view))
}
