//! Silero VAD: finds speech, MIT.

use super::network::{Family, Network, Running};
use super::view::View;

pub(super) fn recognise(view: &View<'_>) -> Option<Network> {
    let by_ports = view.ports().is_some_and(|(inputs, outputs)| {
        inputs.first() == Some(&"input")
            && (outputs.contains(&"stateN") || outputs.contains(&"speech_probs"))
    });
    let by_tensors =
        view.prefix("stft_conv.weight").is_some() && view.prefix("lstm_cell.weight_ih").is_some();
    if !by_ports && !by_tensors {
        return None;
    }
    let by = if by_ports {
        "its outputs"
    } else {
        "`stft_conv` and `lstm_cell`"
    };
    let mut network = Network::new(Family::Silero, "Silero VAD", by);
    network.running = Running::NoSpeakerNetwork("it finds where somebody speaks, and not who");
    Some(network)
}
