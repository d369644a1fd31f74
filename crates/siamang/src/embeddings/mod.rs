//! Recordings to embeddings, in memory and in files.

mod engine;
mod job;
mod merge;
mod note;
mod parquet_rows;
mod reader;
mod rows;
mod set;
mod writer;

pub use engine::{DEFAULT_MEMORY_MB, Embedded, embed_each};
pub use job::{EmbeddingJob, Made};
pub use merge::{Merged, merge_embeddings};
pub use note::{LeftOut, Note, Work};
pub use reader::read_embeddings;
pub use set::{EmbeddingSet, Skipped};
pub use writer::{EmbeddingWriter, Format, Record};
