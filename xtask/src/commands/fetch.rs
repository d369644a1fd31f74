//! `cargo xtask fetch`: an openly licensed corpus from a mirror.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::fetch::{CORPORA, Download, download, find};

/// Download a corpus that may be passed on: mini-librispeech, speech-commands or vctk.
///
/// An interrupted download goes on where it was; a file counts only when its published sum is right.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask fetch mini-librispeech --out corpora
  cargo xtask fetch vctk --out corpora --base-url https://mirror.example.org/vctk
  cargo xtask fetch --list")]
pub(crate) struct Fetch {
    /// The corpus.
    #[arg(value_name = "NAME", required_unless_present = "list")]
    name: Option<String>,
    /// Folder for the files.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Where the files are; their names are put after it.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Name the corpora and their licences, and stop.
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(command: &Fetch) -> Result<()> {
    let tell = |line: &str| {
        // A closed standard error leaves nobody to tell.
        let _ = writeln!(std::io::stderr(), "{line}");
    };
    let Some(name) = command.name.as_deref().filter(|_| !command.list) else {
        for corpus in &CORPORA {
            tell(&format!(
                "{}: {} from {}",
                corpus.name, corpus.licence, corpus.base_url
            ));
        }
        return Ok(());
    };
    let corpus = find(name)?;
    let base_url = command
        .base_url
        .as_deref()
        .unwrap_or(corpus.base_url)
        .trim_end_matches('/');
    std::fs::create_dir_all(&command.out)
        .with_context(|| format!("cannot make `{}`", command.out.display()))?;
    for file in corpus.files {
        download(&Download {
            url: format!("{base_url}/{}", file.name),
            path: command.out.join(file.name),
            sum: file.sum,
            most_bytes: file.most_bytes,
            pause: Duration::from_secs(1),
            tell: &tell,
        })?;
        tell(&format!(
            "{}: complete, its {} is right",
            command.out.join(file.name).display(),
            file.sum.kind()
        ));
    }
    tell(&format!(
        "{} is under {}; next, in `{}`: {}",
        corpus.name,
        corpus.licence,
        command.out.display(),
        corpus.next
    ));
    Ok(())
}
