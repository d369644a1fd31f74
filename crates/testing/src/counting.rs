//! An allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes from which on an allocation counts as large.
const LARGE: usize = 16 * 1024;

/// The system's allocator, which counts the bytes in use, the most that ever were, and large allocations.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: testing::Counting = testing::Counting::new();
///
/// let (text, most) = ALLOCATOR.most_of(|| "0123456789".repeat(100));
/// assert_eq!(text.len(), 1_000);
/// assert!((1_000..10_000).contains(&most));
/// ```
#[derive(Debug)]
pub struct Counting {
    now: AtomicUsize,
    most: AtomicUsize,
    large: AtomicUsize,
}

impl Counting {
    /// One that has counted nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            large: AtomicUsize::new(0),
        }
    }

    /// Allocations of 16 KiB and more so far.
    pub fn num_large(&self) -> usize {
        self.large.load(Ordering::Relaxed)
    }

    /// What `work` gives, and the most bytes that were in use at one time of it beyond those before. All threads count: no other
    /// test may run meanwhile.
    pub fn most_of<R>(&self, work: impl FnOnce() -> R) -> (R, usize) {
        let before = self.now.load(Ordering::Relaxed);
        self.most.store(before, Ordering::Relaxed);
        let result = work();
        let most = self.most.load(Ordering::Relaxed);
        (result, most.saturating_sub(before))
    }
}

impl Default for Counting {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: every call goes to the system's allocator unchanged; the counters touch no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = self.now.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        self.most.fetch_max(now, Ordering::Relaxed);
        let is_large = layout.size() >= LARGE;
        self.large
            .fetch_add(usize::from(is_large), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is passed on as it is.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.now.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the pointer came from `System.alloc` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}
