//! From scores to log-likelihood ratios.

mod bounds;
mod calibrator;
mod evidence;
mod regression;
mod score_line;

pub use bounds::supported_range;
pub use calibrator::{Calibrator, LabelledEvidence, Llr, NoLlr, WeightedTerm};
pub use evidence::{Evidence, Side, Term};
pub use regression::RegressionSettings;
pub use score_line::ScoreLine;
