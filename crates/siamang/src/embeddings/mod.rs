//! Embeddings in memory and in files.

mod doubts;
mod engine;
mod hearing;
mod merge;
mod names;
mod note;
mod parquet_rows;
mod quality_columns;
mod reader;
mod rows;
mod set;
mod writer;

pub use engine::{DEFAULT_MEMORY_MB, embed_each};
pub use merge::{Merged, merge_embeddings};
pub use note::{LeftOut, Note, Work};
pub use reader::{read_embeddings, read_embeddings_of};
pub(crate) use reader::{read_matrix, unusable};
pub use set::EmbeddingSet;
pub use writer::{EmbeddingWriter, Format, Record, Stream};
