//! Corpora and archives to a manifest and a store.

mod check;
mod corpora;
mod error;
mod known;
mod meta;

pub use check::{
    Balance, CheckOptions, CheckReport, CheckedData, Finding, SetCounts, SplitBalance, check,
};
pub use corpora::{Corpus, CorpusKind, read_corpus};
pub use error::PrepError;
