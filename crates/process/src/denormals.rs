//! Denormal numbers, of which training makes many and which processors are slow at.

/// Runs `function` on this thread with denormal results and operands taken as zero.
///
/// Gradients of a trained network and Adam's second moments underflow by the thousand, and an operation on a denormal
/// takes some processors over a hundred cycles: a training step was seen to take several times as long. Nothing of value
/// is below 1e-38. Threads that `function` starts are not changed: wrap what they run as well.
#[allow(unsafe_code)]
pub fn flushing_denormals<T>(function: impl FnOnce() -> T) -> T {
    // SAFETY: the call is unsafe because Rust promises IEEE arithmetic, denormals included, and a result computed at
    // compile time may thus differ from one computed here. No code of this workspace or its numerical dependencies
    // relies on a denormal for memory safety: it would be an index or a length made from a float below 1e-38. The mode is
    // put back when `function` returns or panics.
    unsafe { no_denormals::no_denormals(function) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn denormals_are_zero_inside_and_kept_outside() {
        let halve = || black_box(black_box(f32::MIN_POSITIVE) * black_box(0.5));
        assert!(halve() > 0.0);
        if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
            assert!(flushing_denormals(halve) == 0.0);
        }
        assert!(halve() > 0.0);
    }
}
