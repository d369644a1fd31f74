//! All instructions of this processor, one after the other.

use std::sync::Mutex;

use register_tiles::{Simd, set_simd};

/// The choice of instructions is the process's.
pub(crate) static CHOICE: Mutex<()> = Mutex::new(());

/// Runs `body` with each.
pub(crate) fn with_all(mut body: impl FnMut(Simd)) {
    let _guard = CHOICE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    for simd in Simd::available() {
        set_simd(Some(simd)).expect("available");
        body(simd);
    }
    set_simd(None).expect("nothing to refuse");
}
