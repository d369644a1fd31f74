//! The recordings themselves: undecodable, silent, clipped, cut, short, of another rate or band, twice there.

use std::collections::{BTreeMap, HashMap};

use audio_features::{QualityGauge, SpeechDetector};
use rayon::prelude::*;
use speech_data::{Manifest, Utterance, VoxcelebName};

use super::data::CheckedData;
use super::finding::Finding;
use super::probe::Probe;
use super::report::CheckReport;

/// Rate that recordings are brought to, in Hz, which every model's front end so far has.
const SAMPLE_RATE_HZ: u32 = 16_000;

/// A band that ends below this, in Hz, is a telephone's.
const TELEPHONE_HZ: f64 = 4_700.0;

/// A table may state a length this far from the truth: the larger of a share and a number of seconds.
const LENGTH_TOLERANCE: (f64, f64) = (0.02, 0.1);

/// Recordings that are decoded before the progress is told.
const CHUNK: usize = 64;

/// Decodes every row.
pub(super) fn check(
    data: &CheckedData,
    rows: &Manifest,
    min_seconds: f64,
    report: &mut CheckReport,
    progress: &mut dyn FnMut(usize, usize),
) {
    let gauge = QualityGauge::new(SAMPLE_RATE_HZ, SpeechDetector::Energy);
    let total = rows.utterances.len();
    let mut probes: Vec<(&Utterance, Probe)> = Vec::with_capacity(total);
    // In pieces, so that the display moves; the results keep the table's order.
    for utterances in rows.utterances.chunks(CHUNK) {
        let probed: Vec<Result<Probe, String>> = utterances
            .par_iter()
            .map(|utterance| {
                let recording = data.reader.read(&utterance.location, SAMPLE_RATE_HZ);
                let recording = recording.map_err(|error| error.explained())?;
                Ok(Probe::of(&recording, &gauge))
            })
            .collect();
        for (utterance, outcome) in utterances.iter().zip(probed) {
            match outcome {
                Ok(probe) => probes.push((utterance, probe)),
                Err(reason) => {
                    report
                        .errors
                        .push(Finding::new("UndecodableFile", &utterance.id, reason));
                }
            }
        }
        progress(utterances.len(), total);
    }
    report.audio_seconds = Some(probes.iter().map(|(_, probe)| probe.seconds).sum());
    for (utterance, probe) in &probes {
        one(utterance, probe, min_seconds, report);
    }
    rates(&probes, report);
    bands(&probes, report);
    duplicates(&probes, report);
}

/// What is odd about a recording by itself.
fn one(utterance: &Utterance, probe: &Probe, min_seconds: f64, report: &mut CheckReport) {
    let mut warn = |kind: &str, message: String| {
        report
            .warnings
            .push(Finding::new(kind, &utterance.id, message));
    };
    for (kind, message) in &probe.oddities {
        warn(kind, message.clone());
    }
    if probe.seconds < min_seconds {
        warn(
            "TooShort",
            format!(
                "{:.3} s long, expected at least {min_seconds} s",
                probe.seconds
            ),
        );
    }
    let (share, seconds) = LENGTH_TOLERANCE;
    if let Some(stated) = utterance.seconds()
        && (stated - probe.seconds).abs() > seconds.max(share * stated)
    {
        warn(
            "LengthDisagrees",
            format!(
                "{:.3} s long, but its table says {stated} s: was it cut or replaced?",
                probe.seconds
            ),
        );
    }
    let is_vox1 = VoxcelebName::parse(&utterance.id).is_some_and(|name| name.speaker > "id10000");
    if is_vox1 && probe.rate_hz == SAMPLE_RATE_HZ && probe.num_frames % 640 != 1 {
        warn(
            "Truncated",
            format!(
                "{} samples long; every recording of VoxCeleb1 has a multiple of 640 plus one: it was cut or converted",
                probe.num_frames
            ),
        );
    }
}

/// Recordings of another rate than most, and those below the models' rate.
fn rates(probes: &[(&Utterance, Probe)], report: &mut CheckReport) {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for (_, probe) in probes {
        *counts.entry(probe.rate_hz).or_default() += 1;
    }
    let Some((&usual, &number)) = counts.iter().max_by_key(|(_, count)| **count) else {
        return;
    };
    for (utterance, probe) in probes.iter().filter(|(_, probe)| probe.rate_hz != usual) {
        let message = format!(
            "{} Hz, where {number} of {} recordings have {usual} Hz",
            probe.rate_hz,
            probes.len()
        );
        report
            .warnings
            .push(Finding::new("OddRate", &utterance.id, message));
    }
    if usual < SAMPLE_RATE_HZ {
        let message = format!(
            "{number} recordings have {usual} Hz; models use frequencies up to 8,000 Hz, which take a rate of {SAMPLE_RATE_HZ} Hz"
        );
        report.warnings.push(Finding::of_all("LowRate", message));
    }
}

/// Telephone recordings among others: a network learns the band before it learns the voice.
fn bands(probes: &[(&Utterance, Probe)], report: &mut CheckReport) {
    let measured = || {
        probes
            .iter()
            .filter_map(|(utterance, probe)| Some((utterance, probe.bandwidth_hz?)))
    };
    let narrow: Vec<_> = measured().filter(|(_, hz)| *hz < TELEPHONE_HZ).collect();
    let wide = measured().count() - narrow.len();
    if narrow.is_empty() {
        return;
    }
    // Where they are the most, it is the corpus that is so.
    if narrow.len() > wide {
        let message = format!(
            "{} of {} recordings end below {TELEPHONE_HZ} Hz: telephone speech",
            narrow.len(),
            narrow.len() + wide
        );
        report
            .warnings
            .push(Finding::of_all("BandLimited", message));
        return;
    }
    for (utterance, hz) in narrow {
        let message = format!(
            "the sound ends at {hz:.0} Hz, as of a telephone, where {wide} recordings reach higher"
        );
        report
            .warnings
            .push(Finding::new("BandLimited", &utterance.id, message));
    }
}

/// Recordings with the same samples. Under two speakers, or in two splits, that is an error.
fn duplicates(probes: &[(&Utterance, Probe)], report: &mut CheckReport) {
    let mut first_of: HashMap<blake3::Hash, &Utterance> = HashMap::new();
    for (utterance, probe) in probes.iter().filter(|(_, probe)| !probe.is_silent) {
        let first = *first_of.entry(probe.content).or_insert(utterance);
        if std::ptr::eq(first, *utterance) || first.id == utterance.id {
            continue;
        }
        let finding = |what: String| {
            Finding::new(
                "DuplicateContent",
                &utterance.id,
                format!("the same audio as `{}`{what}", first.id),
            )
        };
        let split = |utterance: &Utterance| utterance.split.clone().unwrap_or_default();
        if first.speaker != utterance.speaker {
            let what = format!(
                ", but the speakers are `{}` and `{}`",
                utterance.speaker, first.speaker
            );
            report.errors.push(finding(what));
        } else if split(first) != split(utterance) {
            let what = format!(
                ", but the splits are `{}` and `{}`",
                split(utterance),
                split(first)
            );
            report.errors.push(finding(what));
        } else {
            report.warnings.push(finding(String::new()));
        }
    }
}
