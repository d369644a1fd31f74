//! Colours and shapes that stay apart for those who see colours otherwise: Okabe and Ito's eight colours, eight shapes.

/// Number of colours, which the style sheet defines as `--c0` to `--c7` for a light and a dark page.
pub(crate) const NUM_COLOURS: usize = 8;

/// SVG paths in a square of 10: circle, square, triangles, diamond, plus, cross, star.
const SHAPES: [&str; 8] = [
    "M5 0A5 5 0 1 1 5 10A5 5 0 1 1 5 0Z",
    "M0 0H10V10H0Z",
    "M5 0L10 10H0Z",
    "M5 0L10 5L5 10L0 5Z",
    "M0 0H10L5 10Z",
    "M3.5 0H6.5V3.5H10V6.5H6.5V10H3.5V6.5H0V3.5H3.5Z",
    "M0 2L2 0L5 3L8 0L10 2L7 5L10 8L8 10L5 7L2 10L0 8L3 5Z",
    "M5 0L6.5 3.5L10 3.8L7.3 6.2L8.1 10L5 8L1.9 10L2.7 6.2L0 3.8L3.5 3.5Z",
];

/// How one thing looks everywhere on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Below [`NUM_COLOURS`].
    pub(crate) colour: usize,
    shape: usize,
}

impl Mark {
    /// The look of the `index`-th thing: 64 differ, and neighbours differ in both colour and shape.
    pub(crate) const fn of(index: usize) -> Self {
        let (row, colour) = (index / NUM_COLOURS, index % NUM_COLOURS);
        Self {
            colour,
            shape: (row + colour) % SHAPES.len(),
        }
    }

    /// As ECharts names a colour.
    pub(crate) fn css(self) -> String {
        format!("var(--c{})", self.colour)
    }

    /// As an SVG path in a square of 10.
    pub(crate) fn path(self) -> &'static str {
        SHAPES[self.shape]
    }

    /// As ECharts names a shape.
    pub(crate) fn symbol(self) -> String {
        format!("path://{}", self.path())
    }
}

/// A line of a figure's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) label: String,
    pub(crate) look: Look,
}

/// What stands before its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Line(Mark),
    Dashed(Mark),
    Mark(Mark),
    Area,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_looks_differ() {
        let looks: std::collections::HashSet<(usize, usize)> = (0..64)
            .map(|i| (Mark::of(i).colour, Mark::of(i).shape))
            .collect();
        assert_eq!(looks.len(), 64);
    }
}
