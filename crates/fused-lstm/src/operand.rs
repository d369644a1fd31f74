//! Operands brought into the format that the products of a plan take.

use crate::bf16::{pair, round};
use crate::pool::Buffer;
use crate::precision::{Operands, Plan};
use crate::rows::{DEPTH, Left, Rows};
use crate::tile::{Product, WIDTH};
use pulp::{Simd as Lanes, WithSimd};

impl Plan {
    /// Elements that `inner` numbers along the inner dimension take.
    pub(crate) fn elements(self, inner: usize) -> usize {
        match self.operands {
            Operands::Whole | Operands::Rounded => inner,
            Operands::Pairs(_) => inner.div_ceil(2),
        }
    }

    /// A buffer for [`Plan::rows`] of that size: empty when they need none.
    pub(crate) fn scratch(self, count: usize, inner: usize) -> Buffer {
        match self.operands {
            Operands::Whole => Buffer::new(0),
            Operands::Rounded | Operands::Pairs(_) => Buffer::new(count * self.elements(inner)),
        }
    }

    /// Rows as a left operand: as they are, or rounded into `scratch`.
    pub(crate) fn rows<'a>(self, rows: Rows<'a>, scratch: &'a mut [f32]) -> Rows<'a> {
        let pairs = match self.operands {
            Operands::Whole => return rows,
            Operands::Rounded => false,
            Operands::Pairs(_) => true,
        };
        let elements = self.elements(rows.inner());
        let scratch = &mut scratch[..rows.count() * elements];
        self.arch.dispatch(RoundRows {
            rows,
            pairs,
            to: &mut *scratch,
        });
        Rows::plain(scratch, elements)
    }

    /// Elements of a left operand whose numbers lie in different rows: `rows` is one row, which is rounded, or two, of
    /// which the first becomes pairs.
    pub(crate) fn join(self, rows: &mut [f32]) {
        match self.operands {
            Operands::Whole => {}
            Operands::Rounded => self.arch.dispatch(RoundAll(rows)),
            Operands::Pairs(_) => self.arch.dispatch(JoinRows(rows)),
        }
    }

    /// A panel `[inner, 64]` as a right operand, in place: its first `elements(inner) * 64` elements.
    pub(crate) fn panel(self, panel: &mut [f32]) {
        match self.operands {
            Operands::Whole => {}
            Operands::Rounded => self.arch.dispatch(RoundAll(panel)),
            Operands::Pairs(_) => self.arch.dispatch(JoinPanel(panel)),
        }
    }

    /// Panels `[_, inner, 64]` as right operands; each keeps its place.
    pub(crate) fn panels(self, mut panels: Buffer, inner: usize) -> Panels {
        for panel in panels.chunks_exact_mut(inner * WIDTH) {
            self.panel(panel);
        }
        Panels {
            panels,
            stride: inner * WIDTH,
            len: self.elements(inner) * WIDTH,
        }
    }

    /// `out = rows * panel` or `out += rows * panel`, of operands that this plan made.
    pub(crate) fn product(self, product: Product<'_, impl Left>) {
        match self.operands {
            Operands::Whole | Operands::Rounded => product.run(self.arch),
            Operands::Pairs(dot) => dot.run(product),
        }
    }
}

/// Right operands.
pub(crate) struct Panels {
    panels: Buffer,
    stride: usize,
    len: usize,
}

impl Panels {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.panels
            .chunks_exact(self.stride)
            .map(|panel| &panel[..self.len])
    }
}

struct RoundRows<'a> {
    rows: Rows<'a>,
    pairs: bool,
    to: &'a mut [f32],
}

impl WithSimd for RoundRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        let elements = self.to.len() / self.rows.count();
        for (row, mut to) in self.to.chunks_exact_mut(elements).enumerate() {
            for block in 0..self.rows.inner().div_ceil(DEPTH) {
                let from = self.rows.block(row, block);
                let len = if self.pairs {
                    from.len().div_ceil(2)
                } else {
                    from.len()
                };
                let (here, rest) = to.split_at_mut(len);
                to = rest;
                if self.pairs {
                    let (whole, odd) = from.as_chunks::<2>();
                    for (to, &[first, second]) in here.iter_mut().zip(whole) {
                        *to = pair(first, second);
                    }
                    if let ([odd], Some(to)) = (odd, here.last_mut()) {
                        *to = pair(*odd, 0.0);
                    }
                } else {
                    for (to, &from) in here.iter_mut().zip(from) {
                        *to = round(from);
                    }
                }
            }
        }
    }
}

struct RoundAll<'a>(&'a mut [f32]);

impl WithSimd for RoundAll<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        for value in self.0 {
            *value = round(*value);
        }
    }
}

struct JoinRows<'a>(&'a mut [f32]);

impl WithSimd for JoinRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        let (first, second) = self.0.split_at_mut(self.0.len() / 2);
        for (first, &second) in first.iter_mut().zip(&*second) {
            *first = pair(*first, second);
        }
    }
}

/// Pairs the rows of a panel; the last may be alone.
struct JoinPanel<'a>(&'a mut [f32]);

impl WithSimd for JoinPanel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        let (rows, _) = self.0.as_chunks_mut::<WIDTH>();
        for element in 0..rows.len().div_ceil(2) {
            let first = rows[2 * element];
            let second = rows.get(2 * element + 1).copied().unwrap_or([0.0; WIDTH]);
            for column in 0..WIDTH {
                rows[element][column] = pair(first[column], second[column]);
            }
        }
    }
}
