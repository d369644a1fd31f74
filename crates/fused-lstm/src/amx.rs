//! Products of pairs of bf16 on AMX tiles: 16 x 16 sums take 32 products each in 16 cycles.
//!
//! Rust has no stable intrinsics for them yet, but its inline assembly knows the instructions.

#![allow(unsafe_code)]

use std::arch::asm;
use std::sync::OnceLock;

use crate::rows::{Left, Rows};
use crate::tile::{Product, WIDTH};

/// Rows of a tile, and elements (pairs) of one of its rows.
pub(crate) const TILE: usize = 16;
/// Rows that are multiplied at once: two tiles.
pub(crate) const TALL: usize = 2 * TILE;

/// Proof that processor and system let this process use AMX tiles of bf16.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amx(());

impl Amx {
    pub(crate) fn detect() -> Option<Self> {
        static USABLE: OnceLock<bool> = OnceLock::new();
        USABLE.get_or_init(usable).then_some(Self(()))
    }

    /// [`Product::run`] on pairs.
    ///
    /// # Panics
    /// When the rows are not whole tiles: 16 elements at a time, and readable up to a multiple of 32 rows.
    pub(crate) fn run(self, product: Product<'_, Rows<'_>>) {
        let Product {
            rows,
            panel,
            out,
            accumulate,
        } = product;
        let (left, stride) = rows.lines();
        let inner = rows.inner();
        let tall = rows.count().next_multiple_of(TALL);
        assert!(inner.is_multiple_of(TILE) && panel.len() >= inner * WIDTH);
        assert!(stride >= inner && left.len() >= (tall - 1) * stride + inner);
        assert!(out.len() >= rows.count());
        let tiles = Tiles::configure(self);
        for half in 0..2 {
            // Half a panel stays in the first-level cache from rows to rows, if it fits.
            for (number, out) in out[..rows.count()].chunks_mut(TALL).enumerate() {
                let left = &left[number * TALL * stride..];
                if out.len() == TALL {
                    multiply(&tiles, left, stride, inner, panel, out, half, accumulate);
                } else {
                    let mut whole = [[0.0; WIDTH]; TALL];
                    whole[..out.len()].copy_from_slice(out);
                    multiply(
                        &tiles, left, stride, inner, panel, &mut whole, half, accumulate,
                    );
                    out.copy_from_slice(&whole[..out.len()]);
                }
            }
        }
    }
}

/// Asks the processor for AMX-TILE and AMX-BF16 (leaf 7), then the system for leave to use tiles.
fn usable() -> bool {
    if cfg!(miri) {
        return false; // Neither `cpuid` nor the system call.
    }
    let bits = std::arch::x86_64::__cpuid_count(7, 0).edx;
    let both = 1 << 22 | 1 << 24;
    if bits & both != both || !std::arch::is_x86_feature_detected!("avx512f") {
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

/// Tiles of 16 rows of 64 bytes each, until it is dropped.
struct Tiles;

impl Tiles {
    fn configure(_: Amx) -> Self {
        #[repr(C, align(64))]
        struct Configuration([u8; 64]);
        const CONFIGURATION: Configuration = {
            let mut bytes = [0; 64];
            bytes[0] = 1; // The palette.
            let mut tile = 0;
            while tile < 8 {
                bytes[16 + 2 * tile] = 64;
                bytes[48 + tile] = 16;
                tile += 1;
            }
            Configuration(bytes)
        };
        // SAFETY: an `Amx` exists only where the instructions are there and allowed; the configuration is a valid one of
        // 64 bytes. The compiler keeps nothing in tiles.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &CONFIGURATION.0, options(nostack, readonly));
        }
        Self
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: `self` exists only where tiles may be used.
        unsafe {
            asm!("tilerelease", options(nostack, nomem));
        }
    }
}

/// The left or right 32 columns of `out` `[32, 64]` from 32 rows of `left`.
#[allow(clippy::too_many_arguments)]
fn multiply(
    _: &Tiles,
    left: &[f32],
    stride: usize,
    inner: usize,
    panel: &[f32],
    out: &mut [[f32; WIDTH]],
    half: usize,
    accumulate: bool,
) {
    assert!(half < 2 && inner >= TILE);
    assert!(left.len() >= (TALL - 1) * stride + inner && out.len() == TALL);
    assert!(panel.len() >= inner * WIDTH);
    // SAFETY: the loop runs `inner / 16` times (at least once). It reads 16 rows of 64 bytes, `stride` elements apart,
    // from row 0 and from row 16 of `left`, 64 bytes further at each turn: up to element `31 * stride + inner - 1`.
    // It reads 16 rows of the panel at a turn, two times 64 bytes of each, from column `32 * half` on: up to element
    // `inner * 64 - 1`. It reads and writes two times 64 bytes of each of the 32 rows of `out` from the same column
    // on. The assertions above hold these inside the slices, and `out` is borrowed mutably. `Tiles` exists.
    unsafe {
        let panel = panel.as_ptr().add(half * 2 * TILE);
        let left = left.as_ptr();
        let out = out.as_mut_ptr().cast::<f32>().add(half * 2 * TILE);
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "test {accumulate:e}, {accumulate:e}",
            "jz 2f",
            "tileloadd tmm0, [{out} + {width}]",
            "tileloadd tmm1, [{out} + {width} + 64]",
            "tileloadd tmm2, [{out_below} + {width}]",
            "tileloadd tmm3, [{out_below} + {width} + 64]",
            "2:",
            "tileloadd tmm4, [{left} + {stride}]",
            "tileloadd tmm6, [{panel} + {width}]",
            "tileloadd tmm7, [{panel} + {width} + 64]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{below} + {stride}]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {left}, 64",
            "add {below}, 64",
            "add {panel}, 4096",
            "dec {turns}",
            "jnz 2b",
            "tilestored [{out} + {width}], tmm0",
            "tilestored [{out} + {width} + 64], tmm1",
            "tilestored [{out_below} + {width}], tmm2",
            "tilestored [{out_below} + {width} + 64], tmm3",
            left = inout(reg) left => _,
            below = inout(reg) left.add(TILE * stride) => _,
            stride = in(reg) 4 * stride,
            panel = inout(reg) panel => _,
            width = in(reg) 4 * WIDTH,
            out = in(reg) out,
            out_below = in(reg) out.add(TILE * WIDTH),
            accumulate = in(reg) u32::from(accumulate),
            turns = inout(reg) inner / TILE => _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
