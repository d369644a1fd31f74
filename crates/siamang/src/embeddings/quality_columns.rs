//! How recordings sound, as columns of a Parquet file beside their embeddings.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field};
use audio_features::{Quality, SpeechDetector};

/// A number of a recording, by the name of its column.
type Number = (&'static str, fn(&Quality) -> Option<f64>);

const NUMBERS: [Number; 7] = [
    ("seconds", |quality| Some(quality.seconds)),
    ("speech_s", |quality| Some(quality.speech_s)),
    ("speech_share", |quality| Some(quality.speech_share)),
    ("band_hz", |quality| quality.band_hz),
    ("level_db", |quality| quality.level_db),
    ("snr_db", |quality| quality.snr_db),
    ("clipped_share", |quality| Some(quality.clipped_share)),
];

const SPEECH_BY: &str = "speech_by";
const CHANNELS_CANCEL: &str = "channels_cancel";

const DETECTORS: [(SpeechDetector, &str); 3] = [
    (SpeechDetector::Energy, "energy"),
    (SpeechDetector::Network, "network"),
    (SpeechDetector::Off, "none"),
];

/// The columns. All may be null: files of other programs are merged as well.
pub(super) fn fields() -> Vec<Field> {
    let numbers = NUMBERS.map(|(name, _)| Field::new(name, DataType::Float64, true));
    let mut fields = Vec::from(numbers);
    fields.push(Field::new(SPEECH_BY, DataType::Utf8, true));
    fields.push(Field::new(CHANNELS_CANCEL, DataType::Boolean, true));
    fields
}

/// The values of these rows.
pub(super) fn columns<'a>(
    rows: impl Iterator<Item = Option<&'a Quality>> + Clone,
) -> Vec<ArrayRef> {
    let number = |(_, get): Number| -> ArrayRef {
        let values = rows.clone().map(|quality| quality.and_then(get));
        Arc::new(values.collect::<Float64Array>())
    };
    let mut columns = Vec::from(NUMBERS.map(number));
    let name = |quality: &Quality| {
        let known = DETECTORS
            .iter()
            .find(|(detector, _)| *detector == quality.speech_by);
        known.map(|(_, name)| *name)
    };
    let detectors = rows.clone().map(|quality| quality.and_then(name));
    columns.push(Arc::new(detectors.collect::<StringArray>()));
    let cancel = rows.map(|quality| quality.map(|quality| quality.channels_cancel));
    columns.push(Arc::new(cancel.collect::<BooleanArray>()));
    columns
}

/// What a row of a file of ours says; none where the columns are missing or empty.
pub(super) fn read(batch: &RecordBatch, row: usize) -> Option<Quality> {
    let value = |name: &str| {
        let column = batch.column_by_name(name)?;
        let column = column.as_primitive_opt::<Float64Type>()?;
        (!column.is_null(row)).then(|| column.value(row))
    };
    let detector = batch.column_by_name(SPEECH_BY)?.as_string_opt::<i32>()?;
    let detector = (!detector.is_null(row)).then(|| detector.value(row))?;
    let (speech_by, _) = DETECTORS.iter().find(|(_, name)| *name == detector)?;
    let cancel = batch.column_by_name(CHANNELS_CANCEL)?.as_boolean_opt()?;
    Some(Quality {
        seconds: value("seconds")?,
        speech_s: value("speech_s")?,
        speech_share: value("speech_share")?,
        speech_by: *speech_by,
        band_hz: value("band_hz"),
        level_db: value("level_db"),
        snr_db: value("snr_db"),
        clipped_share: value("clipped_share")?,
        channels_cancel: cancel.is_valid(row) && cancel.value(row),
    })
}
