//! Whether this process may use AMX tiles of bf16.

#![allow(unsafe_code)]

use std::arch::asm;
use std::sync::OnceLock;

/// Proof that processor and system let this process use AMX tiles of bf16.
#[derive(Clone, Copy, Debug)]
pub struct Amx(());

impl Amx {
    /// Asks processor and system, once.
    pub fn detect() -> Option<Self> {
        static USABLE: OnceLock<bool> = OnceLock::new();
        USABLE.get_or_init(usable).then_some(Self(()))
    }
}

/// Asks the processor for AMX-TILE and AMX-BF16 (leaf 7), then the system for leave to use tiles.
fn usable() -> bool {
    if cfg!(miri) {
        return false; // Neither `cpuid` nor the system call.
    }
    let bits = std::arch::x86_64::__cpuid_count(7, 0).edx;
    let both = 1 << 22 | 1 << 24;
    // Numbers become bf16 by instructions of AVX512-BF16.
    if bits & both != both || !std::arch::is_x86_feature_detected!("avx512bf16") {
        return false;
    }
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: i64 = 0x1023;
    const XFEATURE_XTILEDATA: i64 = 18;
    let result: i64;
    // SAFETY: the system call `arch_prctl` with these arguments reads and writes no memory of the process; a system that
    // does not know the request answers with an error. The call changes the three registers named.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILEDATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}
