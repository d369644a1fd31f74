//! `siamang models`: networks of others that can be imported.

use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;
use siamang::{KNOWN, KnownNetwork, UNKNOWN};

use crate::console::{print_json, print_text};
use crate::context::Context;
use crate::fault::ExitStatus;

const EXAMPLES: &str = "\
Examples:
  siamang models
  siamang models --json

None of them comes with Siamang, and nothing is downloaded: the table says where their authors give
them out. `siamang import FILE --out DIR` makes a bundle of one: of its weights where it is run
natively, and of an ONNX file of any.";

/// List the networks of others that are known: family, size, licence, where they are given out.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

#[derive(Serialize)]
struct Row {
    family: &'static str,
    name: &'static str,
    /// None where it is not known.
    millions_of_parameters: Option<f32>,
    embedding_width: usize,
    licence: &'static str,
    given_out_by: &'static str,
    file: &'static str,
    native: bool,
}

impl From<&KnownNetwork> for Row {
    fn from(known: &KnownNetwork) -> Self {
        Self {
            family: known.family.name(),
            name: known.name,
            millions_of_parameters: known.millions,
            embedding_width: known.embedding_width,
            licence: known.licence,
            given_out_by: known.given_out_by,
            file: known.file,
            native: known.native,
        }
    }
}

pub(crate) fn run(_: &Args, context: &Context) -> Result<ExitStatus> {
    let rows: Vec<Row> = KNOWN.iter().map(Row::from).collect();
    if context.json {
        print_json(&rows)?;
        return Ok(ExitStatus::Done);
    }
    let mut text = format!(
        "{:12} {:20} {:>10} {:>6}  {:10} {:6} {}\n",
        "family", "network", "parameters", "width", "licence", "native", "given out by"
    );
    for row in &rows {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:12} {:20} {:>10} {:6}  {:10} {:6} {}: {}",
            row.family,
            row.name,
            row.millions_of_parameters
                .map_or_else(|| UNKNOWN.to_owned(), |millions| format!("{millions:.1} M")),
            row.embedding_width,
            row.licence,
            if row.native { "yes" } else { "no" },
            row.given_out_by,
            row.file
        );
    }
    print_text(&text)?;
    Ok(ExitStatus::Done)
}
