//! What another finding explains as well is not claimed.

use crate::{Finding, Name, Severity};

/// Findings, and what else would explain each of them.
const RIVALS: &[(&[Name], &[Name])] = &[
    // Recordings that hold no voice, or trials that are wrong, look like labels that are.
    (
        &[
            Name::LabelsWrong,
            Name::MislabelledSome,
            Name::SplitSpeakers,
            Name::NamesTheSpeaker,
        ],
        &[
            Name::NoSpeech,
            Name::DeadFeatures,
            Name::DevTrials,
            Name::CopiedRecordings,
            Name::DamagedRecordings,
            Name::SilentCrops,
            Name::ShortCrops,
            Name::LongCrops,
            Name::PoorFrontEnd,
            Name::FrontEndMismatch,
        ],
    ),
    // The call or the file that is taken for a speaker is what tells such speakers apart.
    (&[Name::NamesTheSpeaker], &[Name::SplitSpeakers]),
    // All labels wrong are some wrong, too.
    (
        &[
            Name::MislabelledSome,
            Name::SplitSpeakers,
            Name::NamesTheSpeaker,
        ],
        &[Name::LabelsWrong],
    ),
    // Features of crops that hold nothing are at the floor, whatever is to be heard elsewhere in the recordings.
    (&[Name::DeadFeatures], &[Name::SilentCrops]),
    // No crop of silence holds speech.
    (&[Name::SilentCrops], &[Name::NoSpeech, Name::DeadFeatures]),
    // By trials that are wrong nothing can be judged that goes by their EER.
    (
        &[
            Name::WorseThanUntrained,
            Name::WorseThanStatistics,
            Name::Overfitting,
            Name::CommonOffset,
            Name::ChannelShortcut,
            Name::WeakTeacher,
            Name::Forgetting,
            Name::StoppedTooEarly,
        ],
        &[Name::DevTrials],
    ),
];

/// The same where the other is such that nothing can come of the training: silence and noise have no bands, while some speech at a
/// wrong rate may sound like none.
const GRAVE_RIVALS: &[(&[Name], &[Name])] = &[
    (
        &[Name::FrontEndMismatch],
        &[Name::NoSpeech, Name::DeadFeatures],
    ),
    // Tones and noises sound like one another.
    (
        &[Name::CopiedRecordings, Name::DevTrials, Name::DevInTraining],
        &[Name::NoSpeech],
    ),
];

/// Makes notes of findings that another, which is no note, explains as well, and says which.
pub(super) fn exclude(findings: &mut [Finding]) {
    let rows = RIVALS.iter().map(|row| (row, Severity::Suspect));
    let grave = GRAVE_RIVALS.iter().map(|row| (row, Severity::Broken));
    for ((names, rivals), least) in grave.chain(rows) {
        let rival = findings
            .iter()
            .filter(|finding| finding.severity >= least)
            .map(|finding| finding.name)
            .find(|name| rivals.contains(name));
        let Some(rival) = rival else {
            continue;
        };
        let explained = findings
            .iter_mut()
            .filter(|finding| finding.severity > Severity::Note && names.contains(&finding.name));
        for finding in explained {
            finding.severity = Severity::Note;
            finding.reason = format!(
                "`{rival}` explains it as well; otherwise {}",
                finding.reason
            );
        }
    }
}
