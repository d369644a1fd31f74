//! The left operand of a product, block by block of its inner dimension.

/// Elements of a block.
pub const DEPTH: usize = 64;
/// Columns of a panel, where nothing else is said.
pub const WIDTH: usize = 64;
/// Elements of a panel's part that stays in the first-level cache while all rows pass by.
pub const PART: usize = 128 * WIDTH;
/// Rows of the tallest tile.
pub const TALLEST: usize = 6;

/// Some rows, the left operand of a product.
pub trait Left: Copy {
    /// What a tile of `HEIGHT` rows reads of one block.
    type Tile<const HEIGHT: usize>;

    /// Rows.
    fn count(self) -> usize;

    /// Elements of a row, those that only fill blocks included.
    fn inner(self) -> usize;

    /// Blocks that are taken together before the next tile is, for panels of so many columns.
    #[inline(always)]
    fn blocks_at_once(self, width: usize) -> usize {
        PART / DEPTH / width
    }

    /// The block's part of the rows from `row` on.
    fn tile<const HEIGHT: usize>(self, row: usize, block: usize) -> Self::Tile<HEIGHT>;

    /// An element of a row, which is counted from the tile's first.
    fn element<const HEIGHT: usize>(tile: &Self::Tile<HEIGHT>, row: usize, inner: usize) -> f32;

    /// Elements of a block: the last may have fewer than 64.
    #[inline(always)]
    fn depth(self, block: usize) -> usize {
        DEPTH.min(self.inner() - block * DEPTH)
    }
}

/// Rows of `inner` elements in blocks, each contiguous.
///
/// Plain row-major data and the panels `[inner / 64, rows, 64]` that gates are kept in both are such rows.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    data: &'a [f32],
    count: usize,
    inner: usize,
    row_stride: usize,
    block_stride: usize,
}

impl<'a> Rows<'a> {
    /// `[count, inner]`, row-major.
    pub fn plain(data: &'a [f32], inner: usize) -> Self {
        Self {
            data,
            count: data.len() / inner,
            inner,
            row_stride: inner,
            block_stride: DEPTH,
        }
    }

    /// Rows `first..first + count` of panels `[panels, rows, 64]`.
    pub fn panels(panels: &'a [f32], rows: usize, first: usize, count: usize) -> Self {
        Self {
            data: &panels[first * DEPTH..],
            count,
            inner: panels.len() / rows,
            row_stride: DEPTH,
            block_stride: rows * DEPTH,
        }
    }

    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    /// All data of plain rows, and the elements from one row to the next.
    pub fn lines(self) -> (&'a [f32], usize) {
        (self.data, self.row_stride)
    }

    /// One block of one row.
    #[inline(always)]
    pub fn block(self, row: usize, block: usize) -> &'a [f32] {
        &self.data[block * self.block_stride + row * self.row_stride..][..self.depth(block)]
    }
}

impl<'a> Left for Rows<'a> {
    type Tile<const HEIGHT: usize> = [&'a [f32]; HEIGHT];

    #[inline(always)]
    fn count(self) -> usize {
        self.count
    }

    #[inline(always)]
    fn inner(self) -> usize {
        self.inner
    }

    #[inline(always)]
    fn tile<const HEIGHT: usize>(self, row: usize, block: usize) -> [&'a [f32]; HEIGHT] {
        let mut tile: [&[f32]; HEIGHT] = [&[]; HEIGHT];
        for (offset, part) in tile.iter_mut().enumerate() {
            *part = self.block(row + offset, block);
        }
        tile
    }

    #[inline(always)]
    fn element<const HEIGHT: usize>(tile: &[&[f32]; HEIGHT], row: usize, inner: usize) -> f32 {
        tile[row][inner]
    }
}

/// Rows side by side, `[count / 24 (rounded up), inner, 24]`, as a transposed operand is copied fastest.
#[derive(Clone, Copy)]
pub struct Strips<'a> {
    data: &'a [f32],
    count: usize,
    inner: usize,
}

impl<'a> Strips<'a> {
    /// Rows of a strip: a few of the tallest tiles.
    pub const WIDTH: usize = 4 * TALLEST;

    /// Elements of the data; tiles read (but do not use) some behind the last strip.
    pub fn len(count: usize, inner: usize) -> usize {
        (count.div_ceil(Self::WIDTH) * inner + 1) * Self::WIDTH
    }

    /// `count` must be a multiple of a tallest tile's rows.
    pub fn new(data: &'a [f32], count: usize, inner: usize) -> Self {
        debug_assert!(count.is_multiple_of(TALLEST));
        Self { data, count, inner }
    }
}

impl<'a> Left for Strips<'a> {
    /// Begins at the tile's first row.
    type Tile<const HEIGHT: usize> = &'a [[f32; Strips::WIDTH]];

    #[inline(always)]
    fn count(self) -> usize {
        self.count
    }

    #[inline(always)]
    fn inner(self) -> usize {
        self.inner
    }

    #[inline(always)]
    fn tile<const HEIGHT: usize>(self, row: usize, block: usize) -> Self::Tile<HEIGHT> {
        let strip = row / Self::WIDTH * self.inner + block * DEPTH;
        let part = &self.data[strip * Self::WIDTH + row % Self::WIDTH..];
        part[..self.depth(block) * Self::WIDTH].as_chunks().0
    }

    #[inline(always)]
    fn element<const HEIGHT: usize>(tile: &Self::Tile<HEIGHT>, row: usize, inner: usize) -> f32 {
        tile[inner][row]
    }
}
