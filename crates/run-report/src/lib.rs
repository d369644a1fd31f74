//! What a person wants to look at: the journal of a run and what its model makes of development recordings, as one HTML file that needs
//! no network; and scalars for TensorBoard.
//!
//! ```
//! use diagnosis::journal::Journal;
//! use run_report::{RunReport, compare_runs, report_page};
//!
//! let journal = Journal::parse(br#"{"event":"steps","step":10,"loss":3.1,"when_alike":4.8}"#);
//! let run = RunReport { name: "first try".to_owned(), journal, ..RunReport::default() };
//! let page = report_page(&run)?;
//! assert!(page.contains("first try") && page.contains("id=\"loss\""));
//! assert!(compare_runs(&[run.clone(), run]).contains("Runs compared"));
//! # Ok::<(), run_report::ReportError>(())
//! ```
#![allow(
    clippy::cast_precision_loss,
    reason = "counts of trials, speakers and recordings are far below 2^52"
)]

mod band;
mod breakdown;
mod calibration;
mod chart;
mod clusters;
mod development;
mod drawable;
mod error;
mod examination;
mod interval;
mod map;
mod page;
mod sound;
mod tensorboard;
mod terms;
mod tippett;
mod verification;
mod worst;
mod zoo;

pub use band::{Band, Range, TermRange};
pub use development::{Decision, DevList, DevTrial, DevUtterance, Development};
pub use drawable::drawable_journal;
pub use error::ReportError;
pub use examination::Examination;
pub use map::MapSettings;
pub use page::{RunReport, compare_runs, report_page};
pub use sound::{Audio, Sound, Spectrogram};
pub use tensorboard::ScalarWriter;
