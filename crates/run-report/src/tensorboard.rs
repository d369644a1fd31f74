//! Scalars for TensorBoard: event files, which are TFRecords of `tensorflow.Event` messages.

use std::fs::{File, create_dir_all};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use diagnosis::Measurements;
use diagnosis::journal::{self, Evaluation, StepSummary};
use prost::Message;

use crate::ReportError;

/// The fields of `tensorflow/core/util/event.proto` that scalars need.
#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
    #[prost(message, optional, tag = "7")]
    session_log: Option<SessionLog>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<ScalarValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScalarValue {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    /// 1 is START.
    #[prost(int32, tag = "1")]
    status: i32,
}

/// Appends scalars to an event file of its own.
#[derive(Debug)]
pub struct ScalarWriter {
    path: PathBuf,
    file: File,
}

impl ScalarWriter {
    /// Begins an event file in `directory`, which is made where it is missing. A run that goes on after
    /// `first_step` makes another file beside the first one; readers then drop what the first one says about later steps.
    ///
    /// # Errors
    /// [`ReportError::Io`] where the directory or file cannot be written.
    pub fn create(directory: &Path, first_step: u64) -> Result<Self, ReportError> {
        create_dir_all(directory).map_err(ReportError::io(directory))?;
        let now = wall_time();
        let name = format!(
            "events.out.tfevents.{now:017.6}.siamang.{}",
            std::process::id()
        );
        let path = directory.join(name);
        let file = File::create_new(&path).map_err(ReportError::io(&path))?;
        let mut writer = Self { path, file };
        writer.write(&Event {
            wall_time: now,
            file_version: Some("brain.Event:2".to_owned()),
            ..Event::default()
        })?;
        if first_step > 0 {
            writer.write(&Event {
                wall_time: now,
                // Readers forget this step and all after it.
                step: first_step.cast_signed() + 1,
                session_log: Some(SessionLog { status: 1 }),
                ..Event::default()
            })?;
        }
        Ok(writer)
    }

    /// Adds `scalars`, names and values, of one step.
    ///
    /// # Errors
    /// [`ReportError::Io`] where the file cannot be written.
    pub fn add(&mut self, step: u64, scalars: &[(&str, f64)]) -> Result<(), ReportError> {
        let values = scalars.iter().map(|&(tag, value)| ScalarValue {
            tag: tag.to_owned(),
            simple_value: Some(value as f32),
        });
        self.write(&Event {
            wall_time: wall_time(),
            step: step.cast_signed(),
            summary: Some(Summary {
                values: values.collect(),
            }),
            ..Event::default()
        })
    }

    /// Adds the numbers of a line of the journal, where it has any to draw.
    ///
    /// # Errors
    /// [`ReportError::Io`] where the file cannot be written.
    pub fn add_event(&mut self, event: &journal::Event) -> Result<(), ReportError> {
        let scalars = match event {
            journal::Event::Steps(summary) => of_steps(summary),
            journal::Event::Evaluation(evaluation) => of_evaluation(evaluation),
            journal::Event::Diagnosis { measurements, .. } => of_measurements(measurements),
            _ => return Ok(()),
        };
        let scalars: Vec<(&str, f64)> = scalars
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        if scalars.is_empty() {
            return Ok(());
        }
        self.add(event.step(), &scalars)
    }

    /// One record in one write, so that a reader never waits for the rest of it.
    fn write(&mut self, event: &Event) -> Result<(), ReportError> {
        let record = record(&event.encode_to_vec());
        self.file
            .write_all(&record)
            .map_err(ReportError::io(&self.path))
    }
}

fn of_steps(summary: &StepSummary) -> Vec<(String, f64)> {
    let known = [
        ("loss", Some(summary.loss)),
        ("loss/when_alike", summary.when_alike),
        ("gradient_norm", summary.gradient_norm),
        ("weight_norm", summary.weight_norm),
        ("learning_rate", summary.learning_rate),
        ("segments_per_second", summary.segments_per_second),
        ("wait_share", summary.wait_share),
    ];
    let known = known
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let terms = summary.terms.iter();
    let terms = terms.map(|term| (format!("terms/{}", term.name), term.value));
    known.chain(terms).collect()
}

/// What of the measurements is no finding's alone.
fn of_measurements(measurements: &Measurements) -> Vec<(String, f64)> {
    let teacher = measurements.teacher.unwrap_or_default();
    let known = [
        ("teacher/dev_cosine", teacher.dev),
        ("teacher/train_cosine", teacher.train),
    ];
    let known = known.into_iter();
    known
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

fn of_evaluation(evaluation: &Evaluation) -> Vec<(String, f64)> {
    let mean = evaluation
        .mean_eer
        .map(|eer| ("dev_eer/mean".to_owned(), eer));
    let lists = evaluation.lists.iter();
    let lists = lists.map(|list| (format!("dev_eer/{}", list.list), list.eer));
    mean.into_iter().chain(lists).collect()
}

fn wall_time() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |time| time.as_secs_f64())
}

/// A TFRecord: length, checksum of the length, data, checksum of the data.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked(&length), data, &masked(data)].concat()
}

/// TFRecord's checksum: CRC-32C, rotated and shifted, so that a checksum of checksums stays one.
fn masked(data: &[u8]) -> [u8; 4] {
    crc32c::crc32c(data)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
        .to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_masked_crc_32c() {
        // RFC 3720, B.4: the CRC-32C of 32 zero bytes is 0x8a9136aa, which TFRecord's mask turns into this.
        assert_eq!(masked(&[0; 32]), 0x0fd7_fffa_u32.to_le_bytes());
        let record = record(b"hello");
        assert_eq!(record.len(), 8 + 4 + 5 + 4);
        assert_eq!(record[..8], [5, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(record[12..17], *b"hello");
    }
}
