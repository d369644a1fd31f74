//! From boundary to boundary through a recording: who speaks, and with whom.

use std::collections::BTreeMap;

use crate::spans::Spans;

/// How long every state of a recording lasts (ns), summed over all moments that are scored.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// Speaker time of each speaker of the reference.
    pub(super) reference: Vec<i128>,
    /// Speaker time of each speaker of the hypothesis.
    pub(super) hypothesis: Vec<i128>,
    /// How long a speaker of the reference and one of the hypothesis speak at once.
    pub(super) shared: BTreeMap<(usize, usize), i64>,
    pub(super) missed: i128,
    pub(super) false_alarm: i128,
    /// Speech for which the hypothesis has a speaker, right or wrong.
    pub(super) found: i128,
}

const REFERENCE: usize = 0;
const HYPOTHESIS: usize = 1;

/// Sums over spans that are cut to what is scored.
pub(super) fn sweep(reference: &[Spans], hypothesis: &[Spans]) -> Sums {
    let totals = |side: &[Spans]| side.iter().map(Spans::total).collect();
    let mut sums = Sums {
        reference: totals(reference),
        hypothesis: totals(hypothesis),
        ..Sums::default()
    };
    // Time, whether it begins, side, speaker.
    let mut events: Vec<(i64, bool, usize, usize)> = Vec::new();
    for (side, speakers) in [reference, hypothesis].into_iter().enumerate() {
        for (speaker, spans) in speakers.iter().enumerate() {
            for (start, end) in spans.iter() {
                events.extend([(start, true, side, speaker), (end, false, side, speaker)]);
            }
        }
    }
    events.sort_unstable();
    // Who speaks, on each side.
    let mut active: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
    let mut since = 0;
    for (at, begins, side, speaker) in events {
        sums.add(&active, at - since);
        since = at;
        match begins {
            true => active[side].push(speaker),
            false => active[side].retain(|&other| other != speaker),
        }
    }
    sums
}

impl Sums {
    fn add(&mut self, active: &[Vec<usize>; 2], length: i64) {
        let [reference, hypothesis] = [&active[REFERENCE], &active[HYPOTHESIS]];
        let (num_reference, num_hypothesis) = (reference.len(), hypothesis.len());
        if length == 0 || num_reference + num_hypothesis == 0 {
            return;
        }
        let speaker_time = |number: usize| number as i128 * i128::from(length);
        self.missed += speaker_time(num_reference.saturating_sub(num_hypothesis));
        self.false_alarm += speaker_time(num_hypothesis.saturating_sub(num_reference));
        self.found += speaker_time(num_reference.min(num_hypothesis));
        for &speaker in reference {
            for &other in hypothesis {
                *self.shared.entry((speaker, other)).or_default() += length;
            }
        }
    }
}
