//! The page: one HTML file that needs nothing else.

mod compare;
mod facts;
mod figure;
mod findings;
mod lists;
mod making;
mod report;
mod run;
mod shell;
mod worst;

pub use compare::compare_runs;
pub use report::RunReport;
pub use run::report_page;
