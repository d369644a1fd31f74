//! Large buffers that outlive a call: fresh memory costs a page fault for every 4 KiB, a reused buffer nothing.

use std::sync::{Mutex, PoisonError};

/// Free buffers for each thread; more than a deep network's step needs are given back to the allocator, oldest first.
const MAX_FREE: usize = 256;

static FREE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// A buffer of `len` elements with any content: from the pool, if it has one that is not more than twice as large.
pub fn take(len: usize) -> Vec<f32> {
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |buffer: &Vec<f32>| (len..=len.saturating_mul(2)).contains(&buffer.capacity());
    let best = (0..free.len())
        .filter(|&index| fits(&free[index]))
        .min_by_key(|&index| free[index].capacity());
    let found = best.map(|index| free.remove(index));
    drop(free);
    match found {
        Some(mut buffer) => {
            buffer.resize(len, 0.0);
            buffer
        }
        None => vec![0.0; len],
    }
}

/// Gives a buffer to the pool, for [`take`] to hand out again.
///
/// Layers return vectors that the caller owns; one who is done with such a vector of many elements may give it back here
/// instead of dropping it.
pub fn recycle(buffer: Vec<f32>) {
    if buffer.capacity() == 0 {
        return;
    }
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    if free.len() >= MAX_FREE * rayon::current_num_threads() {
        free.remove(0);
    }
    free.push(buffer);
}

/// Elements of a cache line: vector loads that cross two lines cost twice.
pub const LINE: usize = 64 / size_of::<f32>();

/// A pool buffer that begins at a cache line and returns by itself.
#[derive(Debug)]
pub struct Buffer {
    whole: Vec<f32>,
    begin: usize,
    len: usize,
}

impl Buffer {
    /// `len` elements with any content.
    pub fn new(len: usize) -> Self {
        let whole = take(len + LINE - 1);
        // Where the address is unknown (under Miri) the buffer begins anywhere.
        let begin = whole.as_ptr().align_offset(64).min(LINE - 1);
        Self { whole, begin, len }
    }

    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::new(len);
        buffer.fill(0.0);
        buffer
    }
}

impl std::ops::Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.whole[self.begin..][..self.len]
    }
}

impl std::ops::DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.whole[self.begin..][..self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        recycle(std::mem::take(&mut self.whole));
    }
}
