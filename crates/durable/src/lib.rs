//! Files that are there as a whole or not at all, even after the power failed.
//!
//! A file is written beside its place under a name of its own, synced, renamed to its place, and the folder synced: a
//! reader finds the old file or the new one, never a part of either. Its permissions are those of any other new file:
//! what the user's mask leaves of reading and writing for all; or its owner alone may read it, where that is asked for.
//!
//! ```
//! use std::io::Write;
//!
//! use durable::NewFile;
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("scores.txt");
//! durable::write(&path, b"old")?;
//!
//! let mut file = NewFile::create(&path)?;
//! file.write_all(b"new")?;
//! assert_eq!(std::fs::read(&path)?, b"old");
//! file.finish()?;
//! assert_eq!(std::fs::read(&path)?, b"new");
//! # Ok::<(), std::io::Error>(())
//! ```

mod new_file;

pub use new_file::{NewFile, UNFINISHED, folder_of, is_stream, sync_folder, write};
