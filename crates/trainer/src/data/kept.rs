//! What stays in memory where it cannot be kept on disk.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that stay in memory of each kind of data. A corpus that fits is decoded once; of a larger one, what came first stays,
/// and the rest is decoded whenever it is needed.
pub(crate) const KEPT_BYTES: usize = 1 << 30;

/// Bytes that may still be kept.
pub(crate) struct Room(AtomicUsize);

impl Room {
    pub(crate) fn of(bytes: usize) -> Self {
        Self(AtomicUsize::new(bytes))
    }

    /// Whether so many bytes are left.
    pub(crate) fn has(&self, bytes: usize) -> bool {
        bytes <= self.0.load(Ordering::Relaxed)
    }

    /// Takes the room of `values`, if there is as much left.
    pub(crate) fn take<T>(&self, values: &[T]) -> bool {
        let order = Ordering::Relaxed;
        let bytes = size_of_val(values);
        let taken = self
            .0
            .fetch_update(order, order, |room| room.checked_sub(bytes));
        taken.is_ok()
    }
}
