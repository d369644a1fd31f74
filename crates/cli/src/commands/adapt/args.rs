//! Flags of `siamang adapt`.

use std::path::PathBuf;

use speech_data::Filter;

use crate::tables::PipeArgs;

const EXAMPLES: &str = "\
Examples:
  siamang adapt campplus --data calls --out campplus-calls
  siamang adapt campplus --data split.tsv --filter corpus=wuw2 --out campplus-calls
  siamang adapt run/best --data mine --also trials/other.txt --root corpus --out mine-model

A linear map is put behind the model: a share of the mean of your recordings is subtracted, and the
directions are damped in which recordings of one speaker differ, across sessions where these are
known (folders <speaker>/<session>/<recording>, or a table). How much of each is chosen by speakers
held out, and what is shown before and after is measured on others, who neither chose nor are data
of the map: all of them by turns. Of each speaker two recordings are needed, better of two days and
telephones; at least 8 speakers, better 30.

The bundle is written where the interval of the difference in equal error rate lies below zero.
Else nothing is written, and the exit code is 5; `--keep-anyway` writes it all the same. `--also`
shows what is forgotten: lists of other recordings before and after. The threshold on the card of
the new bundle is that of the equal error rate of speakers held out.";

/// Adapt a model to recordings of one's own, if that helps.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The model to adapt: a training run or a model bundle [default: the built-in model].
    #[arg(value_name = "MODEL")]
    pub(super) model: Option<PathBuf>,
    /// Recordings of known speakers: a folder with one folder a speaker, a table, or a store. Of a table with splits the
    /// `train` rows are taken, unless `--filter` says which.
    #[arg(long, value_name = "DIR|TABLE|STORE")]
    pub(super) data: PathBuf,
    /// Directory of the new bundle.
    #[arg(short, long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Table with the speakers and sessions of the recordings in `--data`; its own `split.tsv` or `wav.scp` is found without
    /// it.
    #[arg(long, visible_alias = "manifest", value_name = "FILE")]
    pub(super) split: Option<PathBuf>,
    /// Rows of the table to use, such as `corpus=calls` or `split=train,dev`.
    #[arg(long = "filter", value_name = "COLUMN=VALUES")]
    pub(super) filters: Vec<Filter>,
    #[command(flatten)]
    pub(super) pipes: PipeArgs,
    /// Copies of each recording that are heard through drawn equalisers: from them the map learns what another telephone or
    /// microphone changes. 0 for none, which is quicker.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(super) equalised: usize,
    /// Trial lists of other recordings, whose equal error rate before and after is shown.
    #[arg(long, value_name = "LIST", num_args = 1..)]
    pub(super) also: Vec<PathBuf>,
    /// Folder, table or store that the paths of `--also` start from [default: `--data`].
    #[arg(long, value_name = "DIR", requires = "also")]
    pub(super) root: Option<PathBuf>,
    /// Write the bundle even if it is not shown to help.
    #[arg(long)]
    pub(super) keep_anyway: bool,
    /// Seed of what is drawn: who is held out together, trials, resamples of the intervals.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub(super) seed: u64,
    /// Resamples of the speakers for the intervals.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) resamples: u64,
}
