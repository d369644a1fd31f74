//! Products of pairs of bf16 on AMX tiles: 16 x 16 sums take 32 products each in 16 cycles.
//!
//! Rust has no stable intrinsics for them yet, but its inline assembly knows the instructions.

#![allow(unsafe_code)]

use std::arch::asm;

use register_tiles::{Amx, Left, Product, Rows, WIDTH};

/// Rows of a tile, and elements (pairs) of one of its rows.
pub(crate) const TILE: usize = 16;
/// Rows that are multiplied at once: two tiles.
pub(crate) const TALL: usize = 2 * TILE;

/// [`Product::run`] on pairs.
///
/// # Panics
/// When the rows are not whole tiles along their inner dimension: 16 elements at a time.
pub(crate) fn run(amx: Amx, product: Product<'_, Rows<'_>>) {
    let Product {
        rows,
        panel,
        out,
        accumulate,
    } = product;
    let (left, stride) = rows.lines();
    let inner = rows.inner();
    let count = rows.count();
    assert!(inner.is_multiple_of(TILE) && inner >= TILE && panel.len() >= inner * WIDTH);
    assert!(stride >= inner && left.len() >= (count - 1) * stride + inner);
    let (whole, rest) = out[..count].split_at_mut(count / TALL * TALL);
    let begin_of_rest = whole.len() * stride;
    let multiply = |tiles: &Tiles, left: &[f32], out: &mut [[f32; WIDTH]], half| {
        tiles.multiply(Block {
            left,
            stride,
            inner,
            panel,
            out,
            half,
            accumulate,
        });
    };
    if !whole.is_empty() {
        let tiles = Tiles::configure(amx, TALL);
        for half in 0..2 {
            // Half a panel stays in the first-level cache from rows to rows, if it fits.
            for (number, out) in whole.chunks_exact_mut(TALL).enumerate() {
                multiply(&tiles, &left[number * TALL * stride..], out, half);
            }
        }
    }
    if !rest.is_empty() {
        let tiles = Tiles::configure(amx, rest.len());
        for half in 0..2 {
            multiply(&tiles, &left[begin_of_rest..], rest, half);
        }
    }
}

/// Tiles of 64 bytes a row, until it is dropped: 0, 1 and 4 of the upper rows, 2, 3 and 5 of the lower, 6 and 7 of a panel.
struct Tiles {
    upper: usize,
    /// 0 where the upper tiles suffice; the lower ones have a row then that is not used.
    lower: usize,
}

impl Tiles {
    /// For products of so many rows, up to 32.
    fn configure(_: Amx, rows: usize) -> Self {
        #[repr(C, align(64))]
        struct Configuration([u8; 64]);
        assert!((1..=TALL).contains(&rows));
        let upper = rows.min(TILE);
        let lower = rows - upper;
        let mut configuration = Configuration([0; 64]);
        configuration.0[0] = 1; // The palette.
        for tile in 0..8 {
            configuration.0[16 + 2 * tile] = 64;
            configuration.0[48 + tile] = match tile {
                0 | 1 | 4 => upper as u8,
                2 | 3 | 5 => lower.max(1) as u8,
                _ => TILE as u8,
            };
        }
        // SAFETY: an `Amx` exists only where the instructions are there and allowed; the configuration is a valid one of
        // 64 bytes. The compiler keeps nothing in tiles.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &configuration.0, options(nostack, readonly));
        }
        Self { upper, lower }
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

/// The left or right 32 columns of `out` from rows of `left`, `stride` apart.
struct Block<'a> {
    left: &'a [f32],
    stride: usize,
    inner: usize,
    panel: &'a [f32],
    out: &'a mut [[f32; WIDTH]],
    half: usize,
    accumulate: bool,
}

impl Tiles {
    fn multiply(&self, block: Block<'_>) {
        let Block {
            left,
            stride,
            inner,
            panel,
            out,
            half,
            accumulate,
        } = block;
        let Self { upper, lower } = *self;
        assert!(half < 2 && inner >= TILE && panel.len() >= inner * WIDTH);
        assert!(left.len() >= (upper + lower - 1) * stride + inner && out.len() == upper + lower);
        let mut unused = [0.0_f32; WIDTH];
        let left = left.as_ptr();
        let (below, out, out_below) = if lower > 0 {
            let out = out.as_mut_ptr().cast::<f32>();
            // SAFETY: row `upper` of `left` and of `out` are inside the slices, as asserted.
            unsafe { (left.add(upper * stride), out, out.add(upper * WIDTH)) }
        } else {
            (left, out.as_mut_ptr().cast::<f32>(), unused.as_mut_ptr())
        };
        // SAFETY: the loop runs `inner / 16` times (at least once). It reads `upper` rows of 64 bytes, `stride` elements
        // apart, from `left`, and `lower` rows (or one) from `below`, 64 bytes further at each turn: up to element
        // `inner - 1` of each row. It reads 16 rows of the panel at a turn, two times 64 bytes of each, from column
        // `32 * half` on: up to element `inner * 64 - 1`. It reads and writes two times 64 bytes of as many rows of `out`
        // and of `out_below` from the same column on. The assertions above hold these inside the slices, `out` is borrowed
        // mutably, and `unused` is a row. `Tiles` exists, so that the tiles have these sizes.
        unsafe {
            let panel = panel.as_ptr().add(half * 2 * TILE);
            let out = out.add(half * 2 * TILE);
            let out_below = out_below.add(half * 2 * TILE);
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
                below = inout(reg) below => _,
                stride = in(reg) 4 * stride,
                panel = inout(reg) panel => _,
                width = in(reg) 4 * WIDTH,
                out = in(reg) out,
                out_below = in(reg) out_below,
                accumulate = in(reg) u32::from(accumulate),
                turns = inout(reg) inner / TILE => _,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}
