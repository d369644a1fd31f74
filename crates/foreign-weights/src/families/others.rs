//! Networks that are known by name alone, so that one is told what it is.

use super::network::{Family, Network};
use super::view::View;

pub(super) fn recognise(view: &View<'_>) -> Option<Network> {
    // WeSpeaker trains both.
    let prefix = view.prefix("backbone.stem.0.weight");
    if let Some(prefix) = prefix.filter(|prefix| {
        view.prefix(&format!("{prefix}pool.linear1.weight"))
            .is_some()
    }) {
        let mut network = Network::new(Family::WeSpeaker, "ReDimNet", "`backbone.stem`");
        network.embedding_width = view.size(prefix, "seg_1.weight", 0);
        prefix.clone_into(&mut network.prefix);
        return Some(network);
    }
    let prefix = view.prefix("layer1.0.convs.0.weight")?;
    let mut network = Network::new(Family::WeSpeaker, "Res2Net", "`layer1.*.convs`");
    network.or_family = Some(Family::Speaker3d);
    network.embedding_width = view.size(prefix, "seg_1.weight", 0);
    prefix.clone_into(&mut network.prefix);
    Some(network)
}
