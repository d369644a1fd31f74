//! What is wrong with a training, in plain words.
//!
//! Checks before the first step ([`preflight`]) and judgements of what was measured during it ([`judge`]); plain data in,
//! findings out. Nothing here knows a network: a loss is a closure, an embedding a row of numbers.
//!
//! ```
//! use diagnosis::journal::{EndReason, PairFacts, StepSummary};
//! use diagnosis::{End, Facts, Name, Run, Verdict, judge};
//!
//! // All outputs have become alike: the loss stands at margin / 2 and nothing moves.
//! let point = |step, loss, distance, gradient| StepSummary {
//!     step,
//!     loss,
//!     when_alike: Some(0.5),
//!     pairs: Some(PairFacts {
//!         same_distance: Some(distance),
//!         different_distance: Some(distance),
//!         ..PairFacts::default()
//!     }),
//!     gradient_norm: Some(gradient),
//!     ..StepSummary::default()
//! };
//! let run = Run {
//!     facts: Facts { margin: Some(1.0), ..Facts::default() },
//!     trace: vec![point(10, 0.61, 0.9, 0.3), point(400, 0.5, 0.0, 0.0)],
//!     end: Some(End { step: 400, reason: EndReason::MaxSteps }),
//!     ..Run::default()
//! };
//! let diagnosis = judge(&run);
//! assert_eq!(diagnosis.verdict, Verdict::Broken);
//! assert_eq!(diagnosis.findings[0].name, Name::Collapse);
//! ```
#![allow(
    clippy::cast_precision_loss,
    reason = "counts of pairs, units and steps are far below 2^52"
)]

mod check;
mod finding;
mod histogram;
pub mod journal;
mod measurements;
mod name;
pub mod preflight;
mod rules;
mod run;
mod spread;
mod units;
mod words;

pub use check::{Check, CheckVerdict};
pub use finding::{Diagnosis, Finding, Severity, Verdict};
pub use histogram::TwoHistograms;
pub use measurements::{
    LayerGradient, LayerUnits, ListRate, Measurements, Metric, TeacherAgreement,
};
pub use name::Name;
pub use rules::judge;
pub use run::{End, Facts, Run};
pub use spread::Spread;
