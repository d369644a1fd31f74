//! What a corpus of a few speakers brings about by itself is no fault of the training.

use crate::{Finding, Name, Run, Severity};

/// Speakers below which a network that is whitened by their recordings is seldom beaten by training it on them.
const FEW: usize = 30;

/// Makes notes of results that so few training speakers explain, and says so. Causes stay what they are.
pub(super) fn soften(run: &Run, findings: &mut [Finding]) {
    let Some(count) = run.facts.num_speakers.filter(|&count| count < FEW) else {
        return;
    };
    let explained = findings.iter_mut().filter(|finding| {
        matches!(
            finding.name,
            Name::WorseThanUntrained
                | Name::WorseThanStatistics
                | Name::Overfitting
                | Name::CommonOffset
                | Name::ChannelShortcut
        ) && finding.severity > Severity::Note
    });
    for finding in explained {
        finding.severity = Severity::Note;
        finding.reason = format!(
            "{count} training speakers are few to learn from, which explains it; otherwise {}",
            finding.reason
        );
        "take the model that comes with siamang, adapt it to these speakers, or record more than thirty"
            .clone_into(&mut finding.remedy);
    }
}
