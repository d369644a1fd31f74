//! 3D-Speaker: CAM++, ERes2Net and ERes2NetV2; code and weights Apache-2.0.

use super::network::{Architecture, Family, Network, Running};
use super::view::View;

pub(super) fn recognise(view: &View<'_>) -> Option<Network> {
    camplusplus(view)
        .or_else(|| eres2net(view))
        .or_else(|| graph(view))
}

/// CAM++, which WeSpeaker trains with the same names.
fn camplusplus(view: &View<'_>) -> Option<Network> {
    let prefix = view.prefix("xvector.tdnn.linear.weight")?;
    let channels = view.size(prefix, "head.conv1.weight", 0)?;
    let [initial, flattened, _] = *view.shape(prefix, "xvector.tdnn.linear.weight")? else {
        return None;
    };
    let layers: Vec<usize> = (1..)
        .map(|block| {
            view.count(prefix, 1, |layer| {
                format!("xvector.block{block}.tdnnd{layer}.linear1.weight")
            })
        })
        .take_while(|layers| *layers > 0)
        .collect();
    let width = view.size(prefix, "xvector.dense.linear.weight", 0);
    // WeSpeaker keeps its classes beside the network.
    let family = if view.prefix("projection.weight").is_some() {
        Family::WeSpeaker
    } else {
        Family::Speaker3d
    };
    let mut network = Network::new(
        family,
        "CAM++",
        "`head` and `xvector.block*.tdnnd*.cam_layer`",
    );
    // Its own models of 192 values are 3D-Speaker's; both have some of 512.
    if family == Family::Speaker3d && width != Some(192) {
        network.or_family = Some(Family::WeSpeaker);
    }
    network.architecture = Architecture::CamPlusPlus {
        channels,
        initial,
        growth: view.size(
            prefix,
            "xvector.block1.tdnnd1.cam_layer.linear_local.weight",
            0,
        )?,
        layers,
    };
    // Three layers halve the bands.
    network.num_bins = flattened.checked_div(channels).map(|bands| bands * 8);
    network.embedding_width = width;
    network.running = Running::Native;
    prefix.clone_into(&mut network.prefix);
    Some(network)
}

fn eres2net(view: &View<'_>) -> Option<Network> {
    let prefix = view.prefix("layer1.0.convs.0.weight")?;
    let second = view.has(prefix, "layer3_ds.weight");
    if !second
        && !view
            .file
            .tensors
            .keys()
            .any(|name| name.contains("fuse_mode"))
    {
        return None;
    }
    let name = if second { "ERes2NetV2" } else { "ERes2Net" };
    let mut network = Network::new(
        Family::Speaker3d,
        name,
        "`layer1.*.convs` and its fusion of stages",
    );
    network.embedding_width = view.size(prefix, "seg_1.weight", 0);
    prefix.clone_into(&mut network.prefix);
    Some(network)
}

/// An ONNX file whose metadata or ports are 3D-Speaker's.
fn graph(view: &View<'_>) -> Option<Network> {
    let (_, outputs) = view.ports()?;
    let said = view.says("framework") == Some("3d-speaker");
    if !said && outputs.first() != Some(&"embedding") {
        return None;
    }
    let mut network = Network::new(
        Family::Speaker3d,
        "a network of 3D-Speaker",
        if said {
            "its metadata"
        } else {
            "its output `embedding`"
        },
    );
    network.embedding_width = view.output_width(0);
    network.num_bins = view.input_width();
    network.running = Running::Graph;
    Some(network)
}
