//! A register of voices: names and the vectors of their recordings on disk, found again exactly, and really forgotten.
//!
//! One process writes at a time; any number read beside it. What was confirmed outlives a kill at any moment, and what was forgotten is in
//! none of the files any more. Files can be read by their owner alone.
//!
//! ```
//! use std::time::Duration;
//!
//! use voice_register::{About, Entry, Owner, Register, Writer};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("register");
//! let owner = Owner { model_hash: "1f3a".to_owned(), model: "small".to_owned(), dim: 2 };
//! let entry = |x: f32, y: f32| Entry {
//!     about: About {
//!         hash: format!("{x} {y}"),
//!         place: "a.wav".to_owned(),
//!         session: None,
//!         note: None,
//!         enrolled_at: 0,
//!         facts: serde_json::Value::Null,
//!     },
//!     vector: vec![x, y],
//! };
//! let mut writer = Writer::create(&path, owner, Duration::from_secs(1))?;
//! writer.add("ann", vec![entry(1.0, 0.0), entry(0.6, 0.8)])?;
//! writer.add("bob", vec![entry(0.0, -1.0)])?;
//!
//! let register = Register::open(&path)?;
//! let answer = register.nearest(&[vec![1.0, 0.0]], 10)?.remove(0);
//! assert_eq!(answer.matches[0].name, "ann");
//! writer.forget(&["ann"])?;
//! assert_eq!(Register::open(&path)?.num_voices(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(unsafe_code)]

mod error;
mod frame;
mod kernels;
mod layout;
mod lock;
mod log;
mod matrix;
mod names;
mod quantised;
mod register;
mod rewrite;
mod search;
mod voice;
mod writer;

pub use error::{Damage, RegisterError};
pub use log::Owner;
pub use register::{Answer, Match, Register, Row};
pub use voice::{About, Entry, Voice, centre, product, voice_name};
pub use writer::{Forgotten, Writer};
