//! The memory allocator, chosen by measurement (`BENCHMARKS.md`).
//!
//! A training step frees and asks again for the same hundred megabytes. An allocator that gives them back to the system in
//! between pays for every page twice: once to be handed it, once to see it cleared.

use std::ffi::c_int;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` in mimalloc's `mimalloc.h`; libmimalloc-sys has no name for it.
const PURGE_DELAY: c_int = 15;

/// From now on, memory that was freed stays with the process: its size is that of its largest moment.
#[allow(unsafe_code, reason = "mimalloc's options are set by a function of C")]
pub fn keep_freed_memory() {
    // SAFETY: the function takes any option's number and any value, from any thread.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, -1) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(unsafe_code, reason = "mimalloc's options are read by a function of C")]
    fn the_option_is_the_purge_delay() {
        // SAFETY: the function takes any option's number.
        let value = || unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        // No other option's default is a second, so that a version with other numbers fails here.
        assert_eq!(value(), 1000);
        keep_freed_memory();
        assert_eq!(value(), -1);
    }
}
