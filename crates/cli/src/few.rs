//! What was left out, named for people: of each kind of reason the first ones, the others counted.

use std::cell::RefCell;
use std::collections::BTreeMap;

use siamang::{Embedded, Error, Input, Progress, Skipped};
use speech_data::message_kind;

use crate::console::Console;

/// Recordings of one kind of reason that are named; the others are counted.
const MAX_NAMED: usize = 5;

/// Progress of many recordings, of which only the first that cannot be used are named.
pub(crate) struct Few<'a> {
    console: &'a Console,
    kinds: RefCell<BTreeMap<String, usize>>,
}

impl<'a> Few<'a> {
    pub(crate) fn new(console: &'a Console) -> Self {
        Self {
            console,
            kinds: RefCell::default(),
        }
    }

    /// Names all of a list.
    pub(crate) fn name_all(console: &'a Console, skipped: &[Skipped]) {
        let few = Self::new(console);
        skipped
            .iter()
            .for_each(|one| few.skipped(&one.id, &one.reason));
        few.tell_others();
    }

    /// A recording that cannot be used.
    pub(crate) fn skipped(&self, id: &str, reason: &str) {
        let mut kinds = self.kinds.borrow_mut();
        let count = kinds.entry(message_kind(reason, id)).or_default();
        *count += 1;
        if *count <= MAX_NAMED {
            self.console.skipped(reason);
        }
    }

    /// Counts those that were not named.
    pub(crate) fn tell_others(&self) {
        for (kind, count) in self.kinds.borrow().iter() {
            if let more @ 1.. = count.saturating_sub(MAX_NAMED) {
                self.console.skipped(&format!(
                    "and {more} more of this kind, which `--json` names: {kind}"
                ));
            }
        }
    }
}

impl Progress for Few<'_> {
    fn begin(&self, total: usize) {
        Progress::begin(self.console, total);
    }

    fn recording(&self, input: &Input, outcome: &Result<Embedded, Error>) {
        match outcome {
            Err(error) => self.skipped(&input.id, &error.explained()),
            outcome => self.console.recording(input, outcome),
        }
    }

    fn advance(&self, done: usize, times_real_time: f64) {
        Progress::advance(self.console, done, times_real_time);
    }

    fn end(&self) {
        Progress::end(self.console);
        self.tell_others();
    }
}
