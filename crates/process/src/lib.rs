//! What a program settles for its whole process before it works: its allocator, its threads and its vector instructions.
//!
//! Programs link this crate, libraries do not: who links it has its allocator.
//!
//! ```
//! process::keep_freed_memory();
//! process::use_instructions(None)?;
//! process::start_threads(None)?;
//! let smallest = process::flushing_denormals(|| rayon::current_num_threads());
//! assert!(smallest > 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod allocator;
mod denormals;
mod instructions;
mod threads;

pub use allocator::keep_freed_memory;
pub use denormals::flushing_denormals;
pub use instructions::{INSTRUCTIONS_VARIABLE, use_instructions};
pub use threads::start_threads;
