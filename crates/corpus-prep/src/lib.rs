//! Corpora and archives to a manifest and a store.

mod corpora;
mod error;

pub use corpora::{Corpus, CorpusKind, read_corpus};
pub use error::PrepError;
