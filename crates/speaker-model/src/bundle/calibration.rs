//! What a model's scores mean: a bundle's `calibration.json` and `cohort.safetensors`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use speaker_scoring::{Calibrator, Centre, Cohort, EmbeddingMatrix};

use super::files::BundleFiles;
use super::weights::{self, NamedTensor, WeightType};
use crate::ModelError;

const CALIBRATION_FILE: &str = "calibration.json";
const COHORT_FILE: &str = "cohort.safetensors";
const COHORT: &str = "cohort";

/// The format that this version writes, and the newest that it reads.
const FORMAT_VERSION: u32 = 1;

/// From the scores of a model to log-likelihood ratios.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCalibration {
    /// The map.
    pub calibrator: Calibrator,
    /// The strangers beside whom a score is seen, and how many of them, the nearest; none where the map does without.
    pub cohort: Option<(Cohort, usize)>,
    /// What it was fitted on.
    pub fitted_on: CalibratedOn,
}

/// The trials of a calibration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibratedOn {
    /// Lists, each with the copy of the recordings that it was scored on; all count alike.
    pub groups: Vec<CalibrationGroup>,
    /// Prior at which the ratios are to be most exact.
    pub prior: f64,
    /// Errors at some thresholds, from the lowest, the means over the groups of whole recordings.
    pub errors: Vec<ErrorsAt>,
}

/// A list, as it was scored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationGroup {
    /// Name of the list.
    pub list: String,
    /// Which recordings: as they are, or which copy of them.
    pub recordings: String,
    /// Trials of one speaker.
    pub num_target: usize,
    /// Trials of two speakers.
    pub num_nontarget: usize,
    /// Trials that could not be used, such as those of recordings without speech.
    pub num_left_out: usize,
    /// Cost of the ratios, in bits.
    pub cllr: f64,
    /// The least cost that the order of the scores allows.
    pub min_cllr: f64,
    /// The same of a map that was fitted without this list and its copies, where there are others: what is to be expected elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cllr_left_out: Option<f64>,
    /// What that map lost by calibration: its cost less the least that it could have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_left_out: Option<f64>,
}

/// Errors of decisions at a log-likelihood ratio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorsAt {
    /// From this ratio on, natural logarithm, two recordings were taken for one speaker's.
    pub llr: f64,
    /// Share of strangers taken for one, 0 to 1.
    pub false_alarms: f64,
    /// Share of recordings of one speaker not taken for it, 0 to 1.
    pub misses: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format_version: u32,
    /// Hash of the weights whose scores it is for.
    model: String,
    /// The centre of the embeddings.
    centre: Centre,
    /// How many of the cohort count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cohort_top: Option<usize>,
    calibrator: Calibrator,
    fitted_on: CalibratedOn,
}

impl ModelCalibration {
    /// That of the bundle of `files`, whose weights have the hash `weights` and whose embeddings have `dim` values; none where it has
    /// none.
    pub(super) fn read(
        files: &BundleFiles<'_>,
        dim: usize,
        weights: impl FnOnce() -> Result<String, ModelError>,
    ) -> Result<Option<Self>, ModelError> {
        let text = match files.read_text(CALIBRATION_FILE) {
            Err(ModelError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                return Ok(None);
            }
            other => other?,
        };
        let fault = |field: &str, found: String, expected: String| ModelError::Bundle {
            path: files.path(CALIBRATION_FILE),
            field: field.to_owned(),
            found,
            expected,
            remedy: "calibrate the model again, or remove the file: scores mean something for one model alone",
        };
        let version: Version = serde_json::from_str(&text).map_err(|error| {
            let expected = format!("a calibration in format {FORMAT_VERSION}");
            fault("format_version", error.to_string(), expected)
        })?;
        if version.format_version != FORMAT_VERSION {
            let found = version.format_version.to_string();
            return Err(fault("format_version", found, FORMAT_VERSION.to_string()));
        }
        let file: File = serde_json::from_str(&text).map_err(|error| {
            let expected = "a map, its terms and what it was fitted on".to_owned();
            fault("calibration", error.to_string(), expected)
        })?;
        if let Err((field, expected)) = file.calibrator.check() {
            let found = "something else".to_owned();
            return Err(fault(field, found, expected.to_owned()));
        }
        let weights = weights()?;
        if file.model != weights {
            return Err(fault("model", file.model, weights));
        }
        let cohort = match file.cohort_top {
            Some(top) => Some((read_cohort(files, dim)?, top)),
            None if file.calibrator.needs_cohort() => {
                let expected = "how many of the cohort count, which the map needs".to_owned();
                return Err(fault("cohort_top", "nothing".to_owned(), expected));
            }
            None => None,
        };
        Ok(Some(Self {
            calibrator: file.calibrator,
            cohort,
            fitted_on: file.fitted_on,
        }))
    }

    /// Writes it for the model whose weights have this hash; where there is none, removes the one that is there.
    pub(super) fn write(
        calibration: Option<&Self>,
        directory: &Path,
        weights: &str,
    ) -> Result<(), ModelError> {
        let [path, cohort_path] = [CALIBRATION_FILE, COHORT_FILE].map(|name| directory.join(name));
        let cohort = calibration.and_then(|one| one.cohort.as_ref());
        match cohort {
            Some((cohort, _)) => write_cohort(cohort, &cohort_path)?,
            None => remove(&cohort_path)?,
        }
        let Some(calibration) = calibration else {
            return remove(&path);
        };
        let file = File {
            format_version: FORMAT_VERSION,
            model: weights.to_owned(),
            centre: Centre::Model,
            cohort_top: cohort.map(|(_, top)| *top),
            calibrator: calibration.calibrator.clone(),
            fitted_on: calibration.fitted_on.clone(),
        };
        let mut json = serde_json::to_vec_pretty(&file)
            .map_err(|error| ModelError::io(&path)(error.into()))?;
        json.push(b'\n');
        durable::write(&path, &json).map_err(ModelError::io(&path))
    }
}

/// What of the file is read first.
#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

fn read_cohort(files: &BundleFiles<'_>, dim: usize) -> Result<Cohort, ModelError> {
    let path = files.path(COHORT_FILE);
    let mut tensors = weights::parse(&files.read(COHORT_FILE)?, &path)?;
    let fault = |found: String| ModelError::Bundle {
        path: path.clone(),
        field: COHORT.to_owned(),
        found,
        expected: format!("two or more vectors of {dim} numbers"),
        remedy: "calibrate the model again",
    };
    let tensor = tensors.remove(COHORT);
    let tensor = tensor.ok_or_else(|| fault("nothing".to_owned()))?;
    if tensor.shape.len() != 2 || tensor.shape[1] != dim || dim == 0 {
        return Err(fault(format!("a tensor of shape {:?}", tensor.shape)));
    }
    let rows: Vec<&[f32]> = tensor.values.chunks_exact(dim).collect();
    let matrix = EmbeddingMatrix::from_rows(&rows);
    matrix
        .and_then(Cohort::new)
        .map_err(|error| fault(error.to_string()))
}

fn write_cohort(cohort: &Cohort, path: &Path) -> Result<(), ModelError> {
    let matrix = cohort.embeddings();
    let tensor = NamedTensor {
        shape: vec![matrix.len(), matrix.dim()],
        values: matrix.rows().flatten().copied().collect(),
    };
    let tensors = BTreeMap::from([(COHORT.to_owned(), tensor)]);
    weights::write(path, &tensors, WeightType::F16)
}

fn remove(path: &Path) -> Result<(), ModelError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ModelError::io(path)(error)),
        _ => Ok(()),
    }
}
