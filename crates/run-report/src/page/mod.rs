//! The page: one HTML file that needs nothing else.

mod compare;
mod figure;
mod run;
mod shell;
mod worst;

pub use compare::compare_runs;
pub use run::{RunReport, report_page};
