//! The threads that all crates share.

use std::num::NonZeroUsize;

use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};

use crate::flushing_denormals;

/// Makes the thread pool that every crate shares, one thread a core where `count` is not given. Its threads flush denormal
/// numbers to zero; the calling thread does where it is told to, by [`flushing_denormals`].
///
/// # Errors
/// No threads to be had, or a pool that is there already.
pub fn start_threads(count: Option<NonZeroUsize>) -> Result<(), ThreadPoolBuildError> {
    let mut pool = ThreadPoolBuilder::new();
    if let Some(count) = count {
        pool = pool.num_threads(count.get());
    }
    pool.spawn_handler(|thread| {
        std::thread::Builder::new()
            .spawn(|| flushing_denormals(|| thread.run()))
            .map(drop)
    })
    .build_global()
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn the_threads_of_the_pool_flush_denormals_and_there_is_one_pool() {
        start_threads(NonZeroUsize::new(3)).unwrap();
        assert_eq!(rayon::current_num_threads(), 3);
        let halves = rayon::broadcast(|_| black_box(f32::MIN_POSITIVE) * black_box(0.5));
        if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
            assert_eq!(halves, [0.0; 3]);
        }
        assert!(start_threads(None).is_err());
    }
}
