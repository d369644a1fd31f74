//! NVIDIA NeMo: TitaNet, SpeakerNet and ECAPA. Weights CC BY 4.0. They are run as graphs.

use super::network::{Family, Network, Running};
use super::view::View;

pub(super) fn recognise(view: &View<'_>) -> Option<Network> {
    let mut network = if let Some(prefix) = view.prefix("encoder.encoder.0.mconv.0.conv.weight") {
        // SpeakerNet has no squeeze and excitation, nor attention.
        let name = if view
            .prefix("decoder._pooling.attention_layer.0.conv_layer.weight")
            .is_some()
        {
            "TitaNet"
        } else {
            "SpeakerNet"
        };
        let mut network = Network::new(Family::Nemo, name, "`encoder.encoder.*.mconv`");
        prefix.clone_into(&mut network.prefix);
        network.num_bins = view.size(prefix, "encoder.encoder.0.mconv.0.conv.weight", 0);
        network
    } else if let Some(prefix) = view.prefix("encoder.layers.0.conv_layer.weight") {
        let mut network = Network::new(Family::Nemo, "ECAPA-TDNN", "`encoder.layers.*.conv_layer`");
        prefix.clone_into(&mut network.prefix);
        network.num_bins = view.size(prefix, "encoder.layers.0.conv_layer.weight", 1);
        network
    } else {
        let (inputs, outputs) = view.ports()?;
        let by_ports = inputs.contains(&"audio_signal") && outputs.contains(&"embs");
        if !by_ports && view.says("framework") != Some("nemo") {
            return None;
        }
        let by = if by_ports {
            "its inputs and outputs"
        } else {
            "its metadata"
        };
        let mut network = Network::new(Family::Nemo, "TitaNet or another network of NeMo", by);
        network.embedding_width =
            view.output_width(outputs.iter().position(|name| *name == "embs").unwrap_or(1));
        network.num_bins = view
            .says("feat_dim")
            .and_then(|text| text.trim().parse().ok());
        network
    };
    if view.graph().is_some() {
        network.running = Running::Graph;
    }
    // The last layer before the classes.
    let mut last = view.file.tensors.iter().filter(|(name, tensor)| {
        name.contains("decoder.emb_layers.") && name.ends_with(".weight") && tensor.shape.len() >= 2
    });
    if let Some((_, tensor)) = last.next_back() {
        network.embedding_width = tensor.shape.first().copied();
    }
    Some(network)
}
