//! A register of known voices: enrolling, naming who speaks, moving to another model, and how well that goes.

mod content;
mod enrol;
mod export;
mod identify;
mod owner;
mod protocol;
mod reembed;

pub use enrol::{EnrolOptions, Enrolled, Heard, LeastLike, NotEnrolled, enrol, hear};
pub use export::export_register;
pub use identify::{Decision, Identified, IdentifyRule, Named, identify};
pub use owner::{open_register, open_writer, quality_of};
pub use protocol::{IdentifyProtocol, OpenSet, open_set};
pub use reembed::{Lost, Reembedded, reembed};
