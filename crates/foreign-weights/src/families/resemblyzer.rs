//! Resemblyzer (and what it comes from, Real-Time-Voice-Cloning's encoder): three LSTM layers, MIT or Apache-2.0 as the package
//! says.

use super::network::{Architecture, Family, Network, Running};
use super::view::View;

pub(super) fn recognise(view: &View<'_>) -> Option<Network> {
    let prefix = view.prefix("lstm.weight_ih_l0")?;
    let [gates, num_bins] = *view.shape(prefix, "lstm.weight_ih_l0")? else {
        return None;
    };
    let [width, hidden] = *view.shape(prefix, "linear.weight")? else {
        return None;
    };
    let layers = view.count(prefix, 0, |layer| format!("lstm.weight_hh_l{layer}"));
    // Both directions, or a dense layer of another place, is somebody else's.
    if gates != 4 * hidden
        || view.has(prefix, "lstm.weight_ih_l0_reverse")
        || view.has(prefix, "classifier.weight")
    {
        return None;
    }
    let mut network = Network::new(Family::Resemblyzer, "GE2E LSTM", "`lstm` and `linear`");
    network.architecture = Architecture::Lstm { hidden, layers };
    network.num_bins = Some(num_bins);
    network.embedding_width = Some(width);
    network.running = Running::Native;
    prefix.clone_into(&mut network.prefix);
    Some(network)
}
