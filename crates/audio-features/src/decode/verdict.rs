//! Compares what came out with what was promised.

use super::decoded::Decoded;
use super::layout::{Container, Layout, UpperBand};
use super::stream::Outcome;
use crate::error::AudioError;
use crate::mixture::Mixture;
use crate::source::Source;
use crate::warning::AudioWarning;

/// Priming of most AAC encoders, in frames: one block and a half of overlap; Apple's has 2112.
const AAC_DELAY_FRAMES: f64 = 2_112.0;

/// Encoder and decoder delay of most MP3 encoders, in frames: 576 and 529.
const MP3_DELAY_FRAMES: f64 = 1_105.0;

/// Turns the outcome into samples with warnings, or into an error where nothing came out.
pub(super) fn judge(outcome: Outcome, layout: Layout, name: &str) -> Result<Decoded, AudioError> {
    let place = outcome.place();
    let mut faults = layout.damage.clone();
    if let Some((place, found)) = &outcome.stopped {
        faults.push(format!("decoding stopped {place}: {found}"));
    }
    if let Some((place, found)) = &outcome.first_bad {
        faults.push(format!(
            "{} of {} packets could not be decoded, the first {place}: {found}",
            outcome.num_bad, outcome.num_packets
        ));
    }
    if outcome.num_frames == 0 {
        let found = if faults.is_empty() {
            "no frame came out".to_owned()
        } else {
            faults.join("; ")
        };
        return Err(AudioError::NoAudio {
            file: name.to_owned(),
            place,
            found,
        });
    }
    if let Some(place) = &outcome.gap {
        faults.push(format!("frames are missing or damaged {place}"));
    }
    let num_promised = promised_frames(&outcome, &layout);
    if let Some(promised) = num_promised.filter(|promised| *promised > outcome.num_decoded) {
        faults.push(format!(
            "{promised} frames were promised, {} were decoded",
            outcome.num_decoded
        ));
    }
    if let Some(bytes) = layout
        .audio_bytes
        .filter(|bytes| *bytes > outcome.num_packet_bytes && faults.is_empty())
    {
        let lost = bytes - outcome.num_packet_bytes;
        faults.push(format!(
            "{lost} of {bytes} bytes of audio belong to no whole frame"
        ));
    }
    if let Some(packets) = layout
        .num_packets
        .filter(|packets| *packets > outcome.num_packets)
    {
        faults.push(format!(
            "{packets} packets were promised, {} were there",
            outcome.num_packets
        ));
    }
    if outcome.checksum == Some(false) && faults.is_empty() {
        faults.push("the checksum over all samples does not fit them".into());
    }

    let rate = f64::from(outcome.sample_rate_hz);
    let mut warnings = Vec::new();
    if !faults.is_empty() {
        let expected_s = num_promised
            .filter(|promised| *promised > outcome.num_decoded)
            .map(|promised| promised as f64 / rate);
        warnings.push(AudioWarning::PartlyReadable {
            read_s: outcome.num_frames as f64 / rate,
            expected_s,
            reason: faults.join("; "),
        });
    }
    let highest_hz = outcome.sample_rate_hz / 2;
    match layout.upper_band {
        UpperBand::Whole => {}
        UpperBand::Sbr => warnings.push(AudioWarning::UpperBandMissing { highest_hz }),
        UpperBand::Unknown => warnings.push(AudioWarning::UpperBandUnknown { highest_hz }),
    }
    if !layout.delay_known || !outcome.delay_known {
        let frames = if layout.container == Container::Mpeg {
            MP3_DELAY_FRAMES
        } else {
            AAC_DELAY_FRAMES
        };
        warnings.push(AudioWarning::DelayUnknown {
            codec: outcome.codec.clone(),
            usual_s: frames / rate,
        });
    }
    if let Mixture::Cancels(_, warning) | Mixture::Differs(warning) = outcome.mixture {
        warnings.push(warning);
    }
    warnings.extend(outcome.meter.warnings(outcome.sample_rate_hz));
    Ok(Decoded {
        samples: outcome.samples,
        source: Source {
            codec: outcome.codec,
            sample_rate_hz: outcome.sample_rate_hz,
            num_channels: outcome.num_channels,
            num_frames: outcome.num_frames,
        },
        warnings,
    })
}

/// Frames that the file promises, before trimming, by the best that it says.
fn promised_frames(outcome: &Outcome, layout: &Layout) -> Option<u64> {
    if let Some((present, claimed)) = layout.bytes.filter(|(present, _)| *present > 0) {
        let scaled = u128::from(outcome.num_decoded) * u128::from(claimed) / u128::from(present);
        return u64::try_from(scaled).ok();
    }
    if let Some(packets) = layout.num_packets {
        let decoded = outcome.num_packets - outcome.num_bad;
        return (packets > outcome.num_packets && decoded > 0).then(|| {
            (u128::from(outcome.num_decoded) * u128::from(packets) / u128::from(decoded)) as u64
        });
    }
    match layout.container {
        // What was counted on the walk is there; what the tag counts may not be.
        Container::Mpeg => outcome.num_expected,
        _ => layout.num_frames,
    }
}
