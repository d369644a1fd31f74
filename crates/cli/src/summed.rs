//! Progress of embedding, whose warnings are summed by their kind: there may be one for each of hundreds of recordings.

use std::cell::RefCell;
use std::collections::BTreeMap;

use siamang::{Embedded, Error, Input, Progress};
use speech_data::message_kind;

use crate::console::Console;
use crate::few::Few;

/// What is said of one kind.
struct Heard {
    count: usize,
    first: String,
}

/// Tells what cannot be used as it comes, and what is odd about the rest at the end.
pub(crate) struct Summed<'a> {
    console: &'a Console,
    few: Few<'a>,
    kinds: RefCell<BTreeMap<String, Heard>>,
}

impl<'a> Summed<'a> {
    pub(crate) fn new(console: &'a Console) -> Self {
        Self {
            console,
            few: Few::new(console),
            kinds: RefCell::default(),
        }
    }
}

impl Progress for Summed<'_> {
    fn begin(&self, total: usize) {
        self.few.begin(total);
    }

    fn recording(&self, input: &Input, outcome: &Result<Embedded, Error>) {
        match outcome {
            Err(error) => self.few.skipped(&input.id, &error.explained()),
            Ok(embedded) => {
                for warning in &embedded.warnings {
                    let mut kinds = self.kinds.borrow_mut();
                    let heard = kinds.entry(message_kind(warning, &input.id));
                    let heard = heard.or_insert_with(|| Heard {
                        count: 0,
                        first: format!("{}: {warning}", input.path()),
                    });
                    heard.count += 1;
                }
            }
        }
    }

    fn advance(&self, done: usize, times_real_time: f64) {
        self.few.advance(done, times_real_time);
    }

    fn end(&self) {
        self.few.end();
        for Heard { count, first } in self.kinds.borrow().values() {
            self.console.warn(&match count {
                1 => first.clone(),
                count => format!("{count} recordings, such as {first}"),
            });
        }
    }
}
