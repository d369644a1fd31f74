//! Which recordings are there, of whom, and where do their bytes lie?
//!
//! A [`Manifest`] lists utterances: from folders, tables, JSON lines, Kaldi directories or a split file. It is
//! validated as a whole and filtered by its columns. The [`Location`] of each says where its audio is, and reads it: a
//! file, a part or a channel of one, an utterance of a store, bytes in memory. A [`TrialList`] holds verification trials. A [`store`] packs a
//! corpus into a few memory-mapped files.
//!
//! ```
//! use speech_data::{Manifest, Trial, TrialList, TrialSummary, Utterance};
//!
//! let utterances = ["ann/1", "ann/2", "bob/1"]
//!     .map(|id| Utterance::new(id, format!("voices/{id}.wav"), &id[..3]));
//! let manifest = Manifest::new("voices", utterances.to_vec());
//! let bob = manifest.filter(&["speaker=bob".parse()?])?;
//! assert_eq!(bob.utterances.len(), 1);
//!
//! let trial = Trial { enrolment: "ann/1".into(), test: "bob/1".into(), target: false };
//! let summary = TrialSummary::of(&TrialList::new("mine", vec![trial]), Some(&manifest));
//! assert_eq!((summary.n_nontargets, summary.n_speakers), (1, Some(2)));
//! # Ok::<(), speech_data::DataError>(())
//! ```

mod error;
mod location;
mod manifest;
mod names;
mod problem;
pub mod store;
pub mod text;
mod trials;
mod voxceleb;
mod walk;

pub use error::DataError;
pub use location::{ByteRange, Cell, Command, Cut, Holder, Location, Member, Reader, Root};
pub use manifest::{
    FaultyRows, Filter, Gender, Manifest, Pipes, ReadOptions, Speakers, Utterance, ValidateOptions,
    is_table, looks_like_table, one_folder_above, speaker_and_session,
};
pub use names::{column, split};
pub use problem::{Problem, ProblemKind, ValidationReport, grouped, message_kind, name_list};
pub use trials::{
    Contradiction, KNOWN_LISTS, KnownList, NameMatches, PairCounts, RecognisedBy, Spelling, Trial,
    TrialList, TrialParts, TrialSummary, VOX1_O_REMOVED, label, line_fields, nearest_name,
    same_session,
};
pub use voxceleb::VoxcelebName;
pub use walk::{AudioFile, AudioFiles, PassedOver, escaped, slashed, walk};
