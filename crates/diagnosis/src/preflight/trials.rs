//! Can the development trials judge a network?

use crate::check::CheckVerdict::{Broken, Note, Passed, Suspect};
use crate::words::percent;
use crate::{Check, Name};

/// What is known of the development trials without any network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrialFacts {
    /// Trials of one speaker, and of two.
    pub num_target: usize,
    /// See `num_target`.
    pub num_nontarget: usize,
    /// Trials whose speakers a table names.
    pub num_known: usize,
    /// Those of them that say the contrary of the table.
    pub num_contradicting: usize,
    /// Trials of one speaker that compare a recording with itself, or with a copy.
    pub num_self: usize,
    /// Trials of one speaker, and of two, where one recording goes on where the other was cut off.
    pub num_continued: [usize; 2],
    /// Trials of one speaker, and of two, whose corpora a table names and that are of two corpora.
    pub num_across: [usize; 2],
    /// EERs of mean and deviation of the log-mel bands on the lists, 0 to 1, without a whitening and with several.
    pub statistics_eers: Vec<f64>,
    /// The same of training speakers.
    pub train_eer: Option<f64>,
}

/// Trials of either kind of which an EER says little.
const FEW: usize = 30;

/// Trials of either kind that choose a checkpoint by chance, where there are fewer.
const HARDLY_ANY: usize = 5;

/// Share of the trials that may contradict the table: people make mistakes.
const MISTAKES: f64 = 0.02;

/// Share of the trials of one speaker that go on in one another where recordings were cut in pieces: whole recordings seldom begin or
/// end in the middle of a sound.
const CONTINUED: f64 = 0.08;

/// Share of the trials of two speakers that are of two corpora where those of one speaker never are.
const ACROSS: f64 = 0.9;

/// Judges whether development trials are what they should be: right about who speaks, of two recordings each, and enough.
///
/// Where no table names the speakers, statistics of the recordings say it: above 50 % on all of them the labels are the wrong way
/// round, and near 50 % where training speakers are told apart they say nothing.
#[must_use]
pub fn trials_can_judge(facts: &TrialFacts) -> Check {
    let name = Name::DevTrials;
    let (same, different) = (facts.num_target, facts.num_nontarget);
    if same + different == 0 {
        return Check::skipped(name, "there are no development trials");
    }
    let least = same.min(different);
    // Three deviations of an EER of half, of so many trials that share recordings.
    let spread = 1.5 / (least.max(1) as f64).sqrt();
    let contradicting = facts.num_contradicting as f64 / facts.num_known.max(1) as f64;
    let alike = facts.num_self as f64 / same.max(1) as f64;
    let [low, high] = range(&facts.statistics_eers);
    let [continued, by_accident] = [(0, same), (1, different)]
        .map(|(kind, count)| facts.num_continued[kind] as f64 / count.max(1) as f64);
    let is_cut =
        facts.num_continued[0] >= 3 && continued > CONTINUED && continued > 4.0 * by_accident;
    let is_easy = facts.num_across[0] == 0
        && different >= FEW
        && facts.num_across[1] as f64 > ACROSS * different as f64;
    let known = facts.num_known > 0;
    let inverted = !known && low > 0.5 + spread.max(0.05);
    let random = !known
        && low > 0.5 - spread.clamp(0.05, 0.08)
        && facts.train_eer.is_some_and(|train| train < 0.38)
        && least >= FEW;
    let counted = format!("{same} trials of one speaker, {different} of two");
    let (verdict, measured, reason, remedy) = match () {
        () if contradicting > 0.5 => (
            Broken,
            format!(
                "{counted}; {} of {} whose speakers the tables name say the contrary",
                facts.num_contradicting, facts.num_known
            ),
            "an EER of inverted trials falls while the network gets worse, so that the worst checkpoint is kept",
            "exchange 0 and 1 in the list: 1 is for one speaker, 0 for two",
        ),
        () if alike > 0.2 => (
            Broken,
            format!(
                "{counted}; {} of the former compare a recording with itself or with a copy",
                facts.num_self
            ),
            "any network knows a recording again; that says nothing of a voice",
            "pair different recordings of a speaker, of different days where that can be had",
        ),
        () if is_cut => (
            Suspect,
            format!(
                "{counted}; in {} of the former one recording goes on where the other was cut off, in {} of the latter",
                facts.num_continued[0], facts.num_continued[1]
            ),
            "pieces of one recording have the microphone, the room and the sentence in common, and are told from strangers by these",
            "pair recordings of different days or files; pieces of one file count as one recording",
        ),
        () if is_easy => (
            Suspect,
            format!(
                "{counted}; {} of the latter are of two corpora, and none of the former",
                facts.num_across[1]
            ),
            "what two corpora differ in, the microphone, the language or the codec, tells such trials apart without any voice",
            "pair speakers within each corpus, of one gender where it is known",
        ),
        () if contradicting > MISTAKES => (
            if contradicting > 0.2 { Broken } else { Suspect },
            format!(
                "{counted}; {} of {} whose speakers the tables name say the contrary",
                facts.num_contradicting, facts.num_known
            ),
            "trials that are wrong hold the EER up whatever the network does, and choose a checkpoint by chance",
            "make the list anew from the table, or see which of the two is right",
        ),
        () if inverted => (
            Broken,
            format!(
                "{counted}; mean and deviation of the log-mel bands alone give EERs of {} to {}",
                percent(low),
                percent(high)
            ),
            "what tells speakers apart everywhere tells these the wrong way round: an EER above 50 % is of trials that are inverted, and the \
             worst checkpoint is kept as the best",
            "exchange 0 and 1 in the list: 1 is for one speaker, 0 for two",
        ),
        () if random => (
            Broken,
            format!(
                "{counted}; mean and deviation of the log-mel bands give {} to {} on them, and {} on training speakers",
                percent(low),
                percent(high),
                percent(facts.train_eer.unwrap_or(f64::NAN))
            ),
            "statistics that tell the training speakers apart tell nothing here, as if targets had been drawn by chance",
            "compare the list with the table of its speakers, or make it anew from that",
        ),
        () if least < FEW => (
            if least < HARDLY_ANY { Suspect } else { Note },
            counted,
            "an EER of so few trials goes up and down by several points without a cause",
            "more trials, of more speakers: every pair of recordings may be one",
        ),
        () => (Passed, counted, "", ""),
    };
    Check::new(
        name,
        verdict,
        measured,
        "trials that agree with what is known of their speakers, each of two recordings, some dozens of either kind",
        reason,
        remedy,
    )
}

/// The least and the largest; nothing that anything lies beyond where there is none.
fn range(values: &[f64]) -> [f64; 2] {
    let low = values.iter().copied().reduce(f64::min).unwrap_or(0.0);
    let high = values.iter().copied().reduce(f64::max).unwrap_or(0.0);
    [low, high]
}
