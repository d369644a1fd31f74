//! A figure with its key, and tables.

use maud::{Markup, html};

use crate::chart::mark::{Key, Look, Mark};
use crate::chart::{Figure, Table};

pub(crate) fn figure(figure: &Figure) -> Markup {
    let caption_id = format!("{}-caption", figure.id);
    html! {
        figure {
            h3 { (figure.title) }
            @if !figure.keys.is_empty() {
                ul.keys { @for key in &figure.keys { li { (look(key)) (key.label) } } }
            }
            div.chart #(figure.id) tabindex="0" role="group" aria-roledescription="chart" aria-label=(figure.title)
                aria-describedby=(caption_id) data-height=(figure.height) {}
            figcaption #(caption_id) { (figure.caption) }
            (folded("Numbers", &figure.table))
        }
    }
}

/// A table behind a line that opens it.
pub(crate) fn folded(label: &str, numbers: &Table) -> Markup {
    html! {
        @if !numbers.rows.is_empty() {
            details { summary { (label) } (table(numbers)) }
        }
    }
}

/// A table that scrolls sideways where it is wider than the page.
pub(crate) fn table(table: &Table) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="table" {
            table {
                thead { tr { @for cell in &table.head { th scope="col" { (cell) } } } }
                tbody {
                    @for row in &table.rows {
                        tr {
                            @for (index, cell) in row.iter().enumerate() {
                                @if index == 0 { th scope="row" { (cell) } } @else { td class=(kind(cell)) { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Whether a cell is a figure, which is not broken, or text.
fn kind(cell: &str) -> &'static str {
    let is_figure = cell.len() < 32
        && cell.starts_with(|first: char| first.is_ascii_digit() || "-–+".contains(first))
        || cell.starts_with("about ");
    if is_figure { "figure" } else { "text" }
}

/// The sign before a key's label.
fn look(key: &Key) -> Markup {
    let stroke = |mark: Mark| format!("s{}", mark.colour);
    let fill = |mark: Mark| format!("f{}", mark.colour);
    html! {
        svg.sign viewBox="0 0 24 10" aria-hidden="true" {
            @match key.look {
                Look::Line(mark) => path class=(stroke(mark)) d="M0 5H24" {},
                Look::Dashed(mark) => path class={ (stroke(mark)) " dashed" } d="M0 5H24" {},
                Look::Mark(mark) => path class=(fill(mark)) transform="translate(7 0)" d=(mark.path()) {},
                Look::Area => rect.band width="24" height="10" {},
            }
        }
    }
}
