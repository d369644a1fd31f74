//! pyannote.audio: who speaks when, MIT. Its embeddings are WeSpeaker's, or x-vectors on SincNet.

use super::network::{Family, Network, Running};
use super::view::View;

pub(super) fn recognise(view: &View<'_>) -> Option<Network> {
    let said = view
        .says("model_type")
        .is_some_and(|kind| kind.starts_with("pyannote-segmentation"));
    // The parameters of its filters, which only SincNet has.
    let prefix = view.prefix("sincnet.conv1d.0.filterbank.low_hz_");
    if prefix.is_none() && !said {
        return None;
    }
    let prefix = prefix.unwrap_or_default();
    if view.has(prefix, "embedding.weight") && !view.has(prefix, "classifier.weight") {
        let mut network = Network::new(
            Family::Pyannote,
            "x-vector on SincNet",
            "`sincnet` and `embedding`",
        );
        network.embedding_width = view.size(prefix, "embedding.weight", 0);
        prefix.clone_into(&mut network.prefix);
        return Some(network);
    }
    let mut network = Network::new(
        Family::Pyannote,
        "segmentation",
        if said {
            "its metadata"
        } else {
            "`sincnet` and `classifier`"
        },
    );
    prefix.clone_into(&mut network.prefix);
    network.running = Running::NoSpeakerNetwork(
        "it finds which of a few voices speak when, within ten seconds, and not who they are",
    );
    Some(network)
}
