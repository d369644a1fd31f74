//! SpeechBrain: ECAPA-TDNN and x-vector; code and weights Apache-2.0. 3D-Speaker's ECAPA-TDNN has the same names.

use super::network::{Architecture, EcapaLayout, Family, Network, Running};
use super::view::View;

pub(super) fn recognise(view: &View<'_>) -> Option<Network> {
    ecapa(view).or_else(|| xvector(view))
}

fn ecapa(view: &View<'_>) -> Option<Network> {
    let prefix = view.prefix("blocks.1.tdnn1.conv.conv.weight")?;
    let [channels, num_bins, _] = *view.shape(prefix, "blocks.0.conv.conv.weight")? else {
        return None;
    };
    let pooled = view.size(prefix, "mfa.conv.conv.weight", 0)?;
    let [attention, seen, _] = *view.shape(prefix, "asp.tdnn.conv.conv.weight")? else {
        return None;
    };
    let parts = view.count(prefix, 0, |part| {
        format!("blocks.1.res2net_block.blocks.{part}.conv.conv.weight")
    });
    let mut network = Network::new(
        Family::SpeechBrain,
        format!("ECAPA-TDNN {channels}"),
        "`blocks.*.res2net_block`, `mfa` and `asp`",
    );
    network.or_family = Some(Family::Speaker3d);
    network.architecture = Architecture::Ecapa {
        layout: EcapaLayout::SpeechBrain,
        channels,
        pooled,
        scale: parts + 1,
        attention,
        global_context: seen > pooled,
    };
    network.num_bins = Some(num_bins);
    network.embedding_width = view.size(prefix, "fc.conv.weight", 0);
    network.running = Running::Native;
    prefix.clone_into(&mut network.prefix);
    Some(network)
}

fn xvector(view: &View<'_>) -> Option<Network> {
    // Every layer is a convolution, an activation and a batch norm.
    let prefix = view.prefix("blocks.2.norm.weight")?;
    let [_, num_bins, _] = *view.shape(prefix, "blocks.0.conv.weight")? else {
        return None;
    };
    let layers: Vec<(usize, usize)> = (0..)
        .map_while(|layer| {
            let name = format!("blocks.{}.conv.weight", 3 * layer);
            Some((view.size(prefix, &name, 0)?, view.size(prefix, &name, 2)?))
        })
        .collect();
    let dense = format!("blocks.{}.w.weight", 3 * layers.len() + 1);
    let mut network = Network::new(
        Family::SpeechBrain,
        "x-vector",
        "`blocks.*.conv`, `.norm` and `.w`",
    );
    network.embedding_width = view.size(prefix, &dense, 0);
    network.architecture = Architecture::XVector {
        layers,
        second_layer: false,
    };
    network.num_bins = Some(num_bins);
    network.running = Running::Native;
    prefix.clone_into(&mut network.prefix);
    Some(network)
}
