//! Operands brought into the format that the products of a plan take.

use pulp::{Simd as Lanes, WithSimd};
use rayon::prelude::*;

use crate::bf16::round;
use crate::precision::{Operands, Plan};
use register_tiles::{Buffer, DEPTH, Left, Product, Rows, TALLEST, WIDTH};

/// Rows that one task rounds.
const ROWS: usize = 256;

impl Plan {
    /// Rows of a product's tiles: other numbers of rows than multiples of it waste some of the last tile.
    pub(crate) fn tile_rows(self) -> usize {
        match self.operands {
            Operands::Whole | Operands::Rounded => TALLEST,
            Operands::Pairs(pairs) => pairs.tile_rows(),
        }
    }

    /// Elements that `inner` numbers along the inner dimension take.
    pub(crate) fn elements(self, inner: usize) -> usize {
        match self.operands {
            Operands::Whole | Operands::Rounded => inner,
            Operands::Pairs(pairs) => pairs.elements(inner),
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
        let elements = self.elements(rows.inner());
        let len = rows.count() * elements;
        match self.operands {
            Operands::Whole => return rows,
            Operands::Rounded => {
                let to = &mut scratch[..len];
                self.arch.dispatch(RoundRows { rows, to });
            }
            Operands::Pairs(pairs) => pairs.rows(rows, &mut scratch[..len]),
        }
        Rows::plain(&scratch[..len], elements)
    }

    /// Rows `[_, inner]` for several products: themselves, or rounded into `converted`, which has room for all of them.
    pub(crate) fn all_rows<'a>(
        self,
        rows: &'a [f32],
        inner: usize,
        converted: &'a mut [f32],
    ) -> &'a [f32] {
        if let Operands::Whole = self.operands {
            return rows;
        }
        converted
            .par_chunks_mut(ROWS * self.elements(inner))
            .zip(rows.par_chunks(ROWS * inner))
            .for_each(|(to, rows)| {
                self.rows(Rows::plain(rows, inner), to);
            });
        converted
    }

    /// A right operand, `[inner, 64]`, for formats other than f32 in `to`, which has room for `elements(inner)` rows.
    pub(crate) fn panel<'a>(self, panel: &'a [f32], to: &'a mut [f32]) -> &'a [f32] {
        let to = match self.operands {
            Operands::Whole => return panel,
            Operands::Rounded => &mut to[..panel.len()],
            Operands::Pairs(pairs) => &mut to[..pairs.elements(panel.len() / WIDTH) * WIDTH],
        };
        match self.operands {
            Operands::Pairs(pairs) => pairs.panel(panel, to),
            _ => self.arch.dispatch(RoundAll { from: panel, to }),
        }
        to
    }

    /// Panels `[_, inner, 64]` as right operands.
    pub(crate) fn panels(self, panels: Buffer, inner: usize) -> Panels {
        let stride = self.elements(inner) * WIDTH;
        if let Operands::Whole = self.operands {
            return Panels { panels, stride };
        }
        let mut operands = Buffer::new(panels.len() / inner * self.elements(inner));
        let pairs = panels.chunks_exact(inner * WIDTH);
        for (panel, to) in pairs.zip(operands.chunks_exact_mut(stride)) {
            self.panel(panel, to);
        }
        Panels {
            panels: operands,
            stride,
        }
    }

    /// `out = rows * panel` or `out += rows * panel`, of operands that this plan made.
    pub(crate) fn product(self, product: Product<'_, Rows<'_>>) {
        match self.operands {
            Operands::Whole | Operands::Rounded => product.run(self.arch),
            Operands::Pairs(pairs) => pairs.product(product),
        }
    }
}

/// Right operands.
pub(crate) struct Panels {
    panels: Buffer,
    stride: usize,
}

impl Panels {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.panels.chunks_exact(self.stride)
    }

    /// One of them.
    pub(crate) fn get(&self, number: usize) -> &[f32] {
        &self.panels[number * self.stride..][..self.stride]
    }
}

/// Rounds the rows into `to` `[rows, inner]`.
struct RoundRows<'a> {
    rows: Rows<'a>,
    to: &'a mut [f32],
}

impl WithSimd for RoundRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        for (row, to) in self.to.chunks_exact_mut(self.rows.inner()).enumerate() {
            for (block, to) in to.chunks_mut(DEPTH).enumerate() {
                for (to, &from) in to.iter_mut().zip(self.rows.block(row, block)) {
                    *to = round(from);
                }
            }
        }
    }
}

/// Rounds all of `from`.
pub(crate) struct RoundAll<'a> {
    pub(crate) from: &'a [f32],
    pub(crate) to: &'a mut [f32],
}

impl WithSimd for RoundAll<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Lanes>(self, _: S) {
        for (to, &from) in self.to.iter_mut().zip(self.from) {
            *to = round(from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Precision, Simd};

    /// Small integers are exact in bf16 and so are their sums in f32: every way of multiplying gives the same.
    fn integers(len: usize, seed: usize) -> Buffer {
        let mut buffer = Buffer::new(len);
        for (index, value) in buffer.iter_mut().enumerate() {
            *value = ((index * 7919 + seed * 104_729) % 17) as f32 - 8.0;
        }
        buffer
    }

    fn plans() -> Vec<Plan> {
        let options = Simd::available().into_iter().flat_map(|simd| {
            [Precision::F32, Precision::Bf16].map(|precision| Options {
                precision,
                simd: Some(simd),
                ..Options::default()
            })
        });
        options.filter_map(|options| options.plan().ok()).collect()
    }

    #[test]
    fn products_are_exact_on_integers() {
        for (count, inner) in [(1, 1), (5, 3), (7, 64), (32, 65), (33, 130), (50, 257)] {
            if cfg!(miri) && inner > 3 {
                continue; // It would take hours.
            }
            let (left, right) = (integers(count * inner, 1), integers(inner * WIDTH, 2));
            let expected: Vec<f32> = (0..count * WIDTH)
                .map(|index| {
                    let row = &left[index / WIDTH * inner..][..inner];
                    let column = right[index % WIDTH..].iter().step_by(WIDTH);
                    3.0 + row.iter().zip(column).map(|(a, b)| a * b).sum::<f32>()
                })
                .collect();
            for plan in plans() {
                let mut scratch = plan.scratch(count, inner);
                let rows = plan.rows(Rows::plain(&left, inner), &mut scratch);
                let mut copy = Buffer::new(right.len());
                copy.copy_from_slice(&right);
                let panels = plan.panels(copy, inner);
                let mut out = vec![[3.0; WIDTH]; count];
                for panel in panels.iter() {
                    plan.product(Product {
                        rows,
                        panel,
                        out: &mut out,
                        accumulate: true,
                    });
                }
                assert_eq!(out.as_flattened(), expected, "{plan:?} {count} x {inner}");
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "slow")]
    fn rows_of_panels_are_those_rows() {
        let panels = integers(3 * 9 * DEPTH, 3);
        for plan in plans() {
            let plain: Vec<f32> = (2..7)
                .flat_map(|row| {
                    let panels = &panels;
                    (0..3).flat_map(move |panel| &panels[(panel * 9 + row) * DEPTH..][..DEPTH])
                })
                .copied()
                .collect();
            let panel = plan.panels(integers(3 * DEPTH * WIDTH, 4), 3 * DEPTH);
            let [of_panels, of_plain] = [
                Rows::panels(&panels, 9, 2, 5),
                Rows::plain(&plain, 3 * DEPTH),
            ]
            .map(|rows| {
                let mut scratch = plan.scratch(5, 3 * DEPTH);
                let mut out = [[0.0; WIDTH]; 5];
                plan.product(Product {
                    rows: plan.rows(rows, &mut scratch),
                    panel: panel.iter().next().unwrap_or_default(),
                    out: &mut out,
                    accumulate: false,
                });
                out
            });
            assert_eq!(of_panels, of_plain, "{plan:?}");
        }
    }
}
