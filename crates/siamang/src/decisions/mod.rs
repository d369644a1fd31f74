//! From scores to decisions: what a model's scores mean.

mod calibrate;
mod cuts;
mod pairs;
mod side;
mod strangers;
mod words;

pub use calibrate::{CalibrationTrials, calibrate};
pub use cuts::loud_cuts;
pub(crate) use pairs::llr_evaluation;
pub use pairs::{LlrEvaluation, WithoutLlr};
pub use side::{Enrolment, is_counted};
pub use strangers::strangers;
pub use words::{Odds, strength_in_words};
