//! What is wrong with data, before a training finds out: everything at once.

mod audio;
mod balance;
mod counts;
mod data;
mod finding;
mod lists;
mod probe;
mod report;
mod voxceleb;

use std::path::PathBuf;

use speech_data::{DataError, Filter, ValidateOptions};

pub use counts::{Balance, SetCounts, SplitBalance};
pub use data::CheckedData;
pub use finding::Finding;
pub use report::{CheckReport, list_line};

use crate::error::PrepError;

/// What [`check`] looks at and demands.
#[derive(Debug, Clone)]
pub struct CheckOptions {
    /// Trial lists to hold against the recordings.
    pub trials: Vec<PathBuf>,
    /// Tables of speakers to hold against the labels: `vox1_meta.csv`, `vox2_meta.csv`.
    pub metadata: Vec<PathBuf>,
    /// Rows to look at. Trials may name recordings beyond them: filters say what is trained on.
    pub filters: Vec<Filter>,
    /// A speaker with fewer utterances is worth a warning.
    pub min_utterances: usize,
    /// A recording that is shorter, in s, is worth a warning.
    pub min_seconds: f64,
    /// Whether every recording is decoded.
    pub audio: bool,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            trials: Vec::new(),
            metadata: Vec::new(),
            filters: Vec::new(),
            min_utterances: ValidateOptions::default().min_utterances,
            min_seconds: 0.4,
            audio: true,
        }
    }
}

/// Checks recordings, their labels and trial lists. `progress` hears how many more of how many recordings are decoded.
///
/// # Errors
/// [`PrepError`] for what keeps the check itself from its work, such as filters of columns that do not exist. What is
/// wrong with the data is in the report.
///
/// ```
/// use corpus_prep::{CheckOptions, CheckedData, check};
///
/// # let folder = tempfile::tempdir()?;
/// # std::fs::create_dir(folder.path().join("ann"))?;
/// # std::fs::write(folder.path().join("ann/1.wav"), "no recording")?;
/// let data = CheckedData::open(folder.path(), None);
/// let report = check(data, &CheckOptions::default(), &mut |_, _| {})?;
/// assert!(report.errors.iter().any(|finding| finding.kind == "UndecodableFile"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(
    data: Result<CheckedData, PrepError>,
    options: &CheckOptions,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<CheckReport, PrepError> {
    let mut report = CheckReport::default();
    let all = match data {
        Ok(data) => data,
        Err(PrepError::Data(DataError::BadManifest { report: found, .. })) => {
            report.add_all(&found);
            return Ok(report);
        }
        Err(error) => return Err(error),
    };
    let rows = all.manifest.filter(&options.filters)?;
    report.n_utterances = rows.utterances.len();
    report.n_speakers = rows.speakers().len();
    for split in rows
        .utterances
        .iter()
        .filter_map(|utterance| utterance.split.as_deref())
    {
        *report.splits.entry(split.to_owned()).or_default() += 1;
    }
    report.add_all(&rows.validate(&ValidateOptions {
        min_utterances: options.min_utterances,
        check_files: all.store().is_none(),
        ..ValidateOptions::default()
    }));
    let faulty = rows.faulty.iter().map(Finding::from);
    report.errors.extend(faulty);
    report.passed_over = all.manifest.passed_over.clone();
    all.report_missing(&mut report);
    voxceleb::check_names(&rows, &mut report);
    let speakers = voxceleb::check_metadata(&rows, &options.metadata, &mut report)?;
    voxceleb::check_counts(&rows, &speakers, &mut report);
    balance::check(&rows, &mut report);
    for path in &options.trials {
        lists::check(path, &all, &rows, &mut report)?;
    }
    if options.audio {
        audio::check(&all, &rows, options.min_seconds, &mut report, progress);
    }
    Ok(report)
}
