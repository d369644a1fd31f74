//! Compares what came out with what was promised.

use super::decoded::Decoded;
use super::layout::{Container, Layout, UpperBand};
use super::stream::{Link, Outcome};
use crate::error::AudioError;
use crate::mixture::Mixture;
use crate::source::Source;
use crate::warning::AudioWarning;

/// Priming of most AAC encoders, in frames: one block and a half of overlap; Apple's has 2112.
const AAC_DELAY_FRAMES: f64 = 2_112.0;

/// Encoder and decoder delay of most MP3 encoders, in frames: 576 and 529.
const MP3_DELAY_FRAMES: f64 = 1_105.0;

/// Turns the outcome into what is said of it, or into an error where nothing came out.
pub(super) fn judge(outcome: Outcome, layout: &Layout, name: &str) -> Result<Decoded, AudioError> {
    let layouts = || std::iter::once(layout).chain(&layout.rest);
    let mut faults: Vec<String> = layouts().flat_map(|one| one.damage.clone()).collect();
    faults.extend(outcome.lost.iter().cloned());
    for link in &outcome.links {
        if let Some((place, found)) = &link.stopped {
            faults.push(format!("decoding stopped {place}: {found}"));
        }
        if let Some((place, found)) = &link.first_bad {
            faults.push(format!(
                "{} of {} packets could not be decoded, the first {place}: {found}",
                link.num_bad, link.num_packets
            ));
        }
    }
    if outcome.num_frames == 0 {
        let place = outcome
            .links
            .last()
            .map_or(crate::error::Place::Header, Link::place);
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
    let rate = f64::from(outcome.sample_rate_hz);
    let read_s = outcome.num_frames as f64 / rate;
    // Of what is promised and was not decoded, over all links.
    let mut missing_s = 0.0;
    let is_whole = !outcome.is_cut_short && outcome.links.len() == layouts().count();
    for (link, layout) in outcome.links.iter().zip(layouts()).filter(|_| is_whole) {
        let promised =
            promised_frames(link, layout).filter(|promised| *promised > link.num_decoded);
        faults.extend(broken_promises(link, layout, promised, &faults));
        if let Some(promised) = promised {
            let missing = promised - link.num_decoded;
            missing_s += missing as f64 / f64::from(link.sample_rate_hz.max(1));
        }
    }
    let mut warnings = Vec::new();
    if !faults.is_empty() {
        let decoded_s: f64 = outcome
            .links
            .iter()
            .map(|link| link.num_decoded as f64 / f64::from(link.sample_rate_hz.max(1)))
            .sum();
        warnings.push(AudioWarning::PartlyReadable {
            read_s,
            expected_s: (missing_s > 0.0).then_some(decoded_s + missing_s),
            reason: faults.join("; "),
        });
    }
    for note in layouts().flat_map(|layout| &layout.notes) {
        warnings.push(AudioWarning::OddHeader {
            found: note.clone(),
        });
    }
    warnings.extend(format_changes(&outcome));
    let highest_hz = outcome.sample_rate_hz / 2;
    match layout.upper_band {
        UpperBand::Whole => {}
        UpperBand::Sbr => warnings.push(AudioWarning::UpperBandMissing { highest_hz }),
        UpperBand::Unknown => warnings.push(AudioWarning::UpperBandUnknown { highest_hz }),
    }
    let is_delay_known = layout.delay_known && outcome.links.iter().all(|link| link.delay_known);
    if !is_delay_known {
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
        source: Source {
            codec: outcome.codec,
            sample_rate_hz: outcome.sample_rate_hz,
            num_channels: outcome.num_channels,
            num_frames: outcome.num_frames,
        },
        warnings,
        is_cut_short: outcome.is_cut_short,
    })
}

/// What a link promised and did not hold.
fn broken_promises(
    link: &Link,
    layout: &Layout,
    promised: Option<u64>,
    known: &[String],
) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(place) = &link.gap {
        faults.push(format!("frames are missing or damaged {place}"));
    }
    if let Some(promised) = promised {
        faults.push(format!(
            "{promised} frames were promised, {} were decoded",
            link.num_decoded
        ));
    }
    let is_blameless = |faults: &[String]| known.is_empty() && faults.is_empty();
    if let Some(bytes) = layout
        .audio_bytes
        .filter(|bytes| *bytes > link.num_packet_bytes && is_blameless(&faults))
    {
        let lost = bytes - link.num_packet_bytes;
        faults.push(format!(
            "{lost} of {bytes} bytes of audio belong to no whole frame"
        ));
    }
    if let Some(packets) = layout
        .num_packets
        .filter(|packets| *packets > link.num_packets)
    {
        faults.push(format!(
            "{packets} packets were promised, {} were there",
            link.num_packets
        ));
    }
    if link.checksum == Some(false) && is_blameless(&faults) {
        faults.push("the checksum over all samples does not fit them".into());
    }
    faults
}

/// Where rate or channels change, the first time.
fn format_changes(outcome: &Outcome) -> Option<AudioWarning> {
    let format = |link: &Link| (link.sample_rate_hz, link.num_channels);
    let heard = || outcome.links.iter().filter(|link| link.num_channels > 0);
    let mut changes = heard()
        .zip(heard().skip(1))
        .filter(|(before, after)| format(before) != format(after));
    let (before, after) = changes.next()?;
    Some(AudioWarning::FormatChanges {
        time_s: after.start_s,
        before: format(before),
        after: format(after),
        num_changes: 1 + changes.count(),
    })
}

/// Frames that a link promises, before trimming, by the best that it says.
fn promised_frames(link: &Link, layout: &Layout) -> Option<u64> {
    if let Some((present, claimed)) = layout.bytes.filter(|(present, _)| *present > 0) {
        let scaled = u128::from(link.num_decoded) * u128::from(claimed) / u128::from(present);
        return u64::try_from(scaled).ok();
    }
    if let Some(packets) = layout.num_packets {
        let decoded = link.num_packets - link.num_bad;
        return (packets > link.num_packets && decoded > 0).then(|| {
            (u128::from(link.num_decoded) * u128::from(packets) / u128::from(decoded)) as u64
        });
    }
    match layout.container {
        // What was counted on the walk is there; what the tag counts may not be.
        Container::Mpeg => link.num_expected,
        _ => layout.num_frames,
    }
}
