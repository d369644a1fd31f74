//! WeSpeaker: ResNet, ECAPA-TDNN, x-vector TDNN (and CAM++: `speaker_3d`); code Apache-2.0, weights CC BY 4.0 as VoxCeleb.

use super::network::{Architecture, EcapaLayout, Family, Network, Running};
use super::view::View;

pub(super) fn recognise(view: &View<'_>) -> Option<Network> {
    ecapa(view)
        .or_else(|| xvector(view))
        .or_else(|| resnet(view))
        .or_else(|| graph(view))
}

fn ecapa(view: &View<'_>) -> Option<Network> {
    let prefix = view.prefix("layer2.se_res2block.0.conv.weight")?;
    let [channels, num_bins, _] = *view.shape(prefix, "layer1.conv.weight")? else {
        return None;
    };
    let pooled = view.size(prefix, "conv.weight", 0)?;
    // Without attention there is no layer in the pooling.
    let attention = view.shape(prefix, "pool.linear1.weight");
    let seen = attention
        .and_then(|shape| shape.get(1).copied())
        .unwrap_or(0);
    let parts = view.count(prefix, 0, |part| {
        format!("layer2.se_res2block.1.convs.{part}.weight")
    });
    let mut network = Network::new(
        Family::WeSpeaker,
        format!("ECAPA-TDNN {channels}"),
        "`layer2.se_res2block`",
    );
    network.architecture = Architecture::Ecapa {
        layout: EcapaLayout::WeSpeaker,
        channels,
        pooled,
        scale: parts + 1,
        attention: attention
            .and_then(|shape| shape.first().copied())
            .unwrap_or(0),
        global_context: seen > pooled,
    };
    network.num_bins = Some(num_bins);
    network.embedding_width = view.size(prefix, "linear.weight", 0);
    network.running = Running::Native;
    prefix.clone_into(&mut network.prefix);
    Some(network)
}

fn xvector(view: &View<'_>) -> Option<Network> {
    let prefix = view.prefix("frame_1.conv_1d.weight")?;
    let layers: Vec<(usize, usize)> = (1..)
        .map_while(|layer| {
            let name = format!("frame_{layer}.conv_1d.weight");
            Some((view.size(prefix, &name, 0)?, view.size(prefix, &name, 2)?))
        })
        .collect();
    let mut network = Network::new(Family::WeSpeaker, "x-vector TDNN", "`frame_*.conv_1d`");
    network.num_bins = view.size(prefix, "frame_1.conv_1d.weight", 1);
    let second_layer = view.has(prefix, "seg_2.weight");
    network.embedding_width = segment_width(view, prefix, second_layer);
    network.architecture = Architecture::XVector {
        layers,
        second_layer,
    };
    network.running = Running::Native;
    prefix.clone_into(&mut network.prefix);
    Some(network)
}

fn resnet(view: &View<'_>) -> Option<Network> {
    let prefix = view.prefix("layer4.0.conv1.weight")?;
    if view.has(prefix, "layer1.0.convs.0.weight") || !view.has(prefix, "seg_1.weight") {
        return None;
    }
    let channels = view.size(prefix, "conv1.weight", 0)?;
    let blocks: Vec<usize> = (1..=4)
        .map(|stage| {
            view.count(prefix, 0, |block| {
                format!("layer{stage}.{block}.conv1.weight")
            })
        })
        .collect();
    let bottleneck = view.has(prefix, "layer1.0.conv3.weight");
    let per_block = if bottleneck { 3 } else { 2 };
    let depth = 2 + per_block * blocks.iter().sum::<usize>();
    // Attention in blocks (SimAM has no weights) makes it another network.
    let simam = view.prefix("layer1.0.SimAM.weight").is_some();
    let mut network = Network::new(
        Family::WeSpeaker,
        format!("ResNet{depth}"),
        "`layer1` to `layer4` and `seg_1`",
    );
    network.or_family = Some(Family::Speaker3d);
    let second_layer = view.has(prefix, "seg_2.weight");
    network.embedding_width = segment_width(view, prefix, second_layer);
    // Mean and deviation of what three halvings leave of the bands.
    let pooled = view.size(prefix, "seg_1.weight", 1)?;
    let expansion = if bottleneck { 4 } else { 1 };
    network.num_bins = pooled
        .checked_div(2 * channels * 8 * expansion)
        .map(|bands| bands * 8);
    network.running = if bottleneck || simam {
        Running::NeedsGraph
    } else {
        Running::Native
    };
    network.architecture = Architecture::ResNet {
        channels,
        blocks,
        bottleneck,
        attention: view.has(prefix, "pool.linear1.weight"),
        second_layer,
    };
    prefix.clone_into(&mut network.prefix);
    Some(network)
}

/// Outputs of the dense layer that a network of one or two of them ends with.
fn segment_width(view: &View<'_>, prefix: &str, second_layer: bool) -> Option<usize> {
    let name = if second_layer {
        "seg_2.weight"
    } else {
        "seg_1.weight"
    };
    view.size(prefix, name, 0)
}

/// An ONNX file whose metadata or ports are WeSpeaker's.
fn graph(view: &View<'_>) -> Option<Network> {
    let (inputs, outputs) = view.ports()?;
    let said = view.says("framework") == Some("wespeaker");
    let by_ports = inputs.first() == Some(&"feats") && outputs.first() == Some(&"embs");
    if !said && !by_ports {
        return None;
    }
    let by = if said {
        "its metadata"
    } else {
        "its input `feats` and output `embs`"
    };
    let mut network = Network::new(Family::WeSpeaker, "a network of WeSpeaker", by);
    network.embedding_width = view.output_width(0);
    network.num_bins = view.input_width();
    network.running = Running::Graph;
    Some(network)
}
