//! MPEG audio (MP3) and ADTS AAC: bare frames, one after the other.
//!
//! There is no header for the whole, so the frames themselves are followed from sync word to sync
//! word: what does not belong to one is junk, and the last may be cut.

use super::layout::{Container, Layout, UpperBand, array};

/// A chance sync word in other bytes must not count as audio: so many frames in a row, or frames
/// that fill half of the file.
const FRAMES_IN_A_ROW: usize = 3;

#[derive(Clone, Copy, Debug)]
struct Frame {
    len: usize,
    /// What may not change from frame to frame: version, layer, sample rate.
    kind: u32,
    rate_hz: u32,
    /// Samples per channel that it decodes to.
    num_samples: u64,
}

/// Follows the frames; none where the bytes are not such a stream.
pub(super) fn inspect(bytes: &[u8], start: usize) -> Option<Layout> {
    let end = tags_start(bytes, start);
    let mpeg = follow(bytes, start, end, mpeg_frame);
    let adts = follow(bytes, start, end, adts_frame);
    let (container, walk) = if adts.num_bytes > mpeg.num_bytes {
        (Container::Adts, adts)
    } else {
        (Container::Mpeg, mpeg)
    };
    let is_audio = walk.longest_row >= FRAMES_IN_A_ROW && 4 * walk.num_bytes >= end - start
        || walk.num_frames > 0 && 2 * walk.num_bytes >= end - start;
    if !is_audio {
        return None;
    }
    let mut layout = Layout::new(container, walk.first..walk.end);
    if walk.junk > 0 {
        layout.damage.push(format!(
            "{} bytes belong to no frame, the first at byte {}",
            walk.junk, walk.first_junk
        ));
    }
    if let Some((at, len)) = walk.cut {
        layout.damage.push(format!(
            "the file ends at byte {end} inside the frame of {len} bytes at byte {at}"
        ));
    }
    if container == Container::Mpeg {
        layout.num_frames = Some(walk.num_samples);
    } else {
        layout.delay_known = false;
        layout.num_packets = Some(walk.num_frames as u64);
        if walk.rate_hz <= 24_000 {
            layout.upper_band = UpperBand::Unknown;
        }
    }
    Some(layout)
}

#[derive(Debug, Default)]
struct Walk {
    first: usize,
    end: usize,
    num_frames: usize,
    num_bytes: usize,
    longest_row: usize,
    junk: usize,
    first_junk: usize,
    cut: Option<(usize, usize)>,
    rate_hz: u32,
    num_samples: u64,
}

fn follow(bytes: &[u8], start: usize, end: usize, read: fn(&[u8], usize) -> Option<Frame>) -> Walk {
    let mut walk = Walk {
        first: start,
        end: start,
        ..Walk::default()
    };
    let bytes = &bytes[..end];
    let last_sound = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    let (mut at, mut row, mut kind) = (start, 0usize, None);
    while at < end {
        let frame = read(bytes, at).filter(|frame| kind.is_none_or(|kind| kind == frame.kind));
        let next = frame.map(|frame| at + frame.len);
        let follows = |frame: Frame, next: usize| {
            next == end || read(bytes, next).is_some_and(|other| other.kind == frame.kind)
        };
        match (frame, next) {
            (Some(frame), Some(next)) if next <= end && (row > 0 || follows(frame, next)) => {
                if walk.num_frames == 0 {
                    walk.first = at;
                }
                kind = Some(frame.kind);
                walk.rate_hz = frame.rate_hz;
                walk.num_frames += 1;
                walk.num_bytes += frame.len;
                walk.num_samples += frame.num_samples;
                row += 1;
                walk.longest_row = walk.longest_row.max(row);
                walk.end = next;
                at = next;
            }
            (Some(frame), Some(next)) if next > end && row > 0 => {
                walk.cut = Some((at, frame.len));
                return walk;
            }
            _ => {
                if at >= last_sound {
                    // Files padded with zeros are common and whole.
                    return walk;
                }
                if walk.junk == 0 {
                    walk.first_junk = at;
                }
                walk.junk += 1;
                row = 0;
                at += 1;
            }
        }
    }
    walk
}

fn mpeg_frame(bytes: &[u8], at: usize) -> Option<Frame> {
    let header = u32::from_be_bytes(array(bytes, at)?);
    if header >> 21 != 0x7ff {
        return None;
    }
    let (version, layer) = (header >> 19 & 3, header >> 17 & 3);
    let (bitrate_index, rate_index, padding) =
        (header >> 12 & 15, header >> 10 & 3, header >> 9 & 1);
    // Only layer III; version 1 is reserved, and so are rate 3 and bit rates 0 (free) and 15.
    if version == 1 || layer != 1 || rate_index == 3 || bitrate_index == 0 || bitrate_index == 15 {
        return None;
    }
    const MPEG1_KBPS: [u32; 15] = [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ];
    const MPEG2_KBPS: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let base_hz = [44_100, 48_000, 32_000][rate_index as usize];
    let (kbps, rate_hz, slots) = match version {
        3 => (MPEG1_KBPS[bitrate_index as usize], base_hz, 144),
        2 => (MPEG2_KBPS[bitrate_index as usize], base_hz / 2, 72),
        _ => (MPEG2_KBPS[bitrate_index as usize], base_hz / 4, 72),
    };
    let len = (slots * kbps * 1_000 / rate_hz + padding) as usize;
    Some(Frame {
        len,
        kind: header & 0xfffe_0c00,
        rate_hz,
        num_samples: u64::from(8 * slots),
    })
}

fn adts_frame(bytes: &[u8], at: usize) -> Option<Frame> {
    const RATES_HZ: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ];
    let header: [u8; 7] = array(bytes, at)?;
    if header[0] != 0xff || header[1] & 0xf6 != 0xf0 {
        return None;
    }
    let rate_hz = *RATES_HZ.get(usize::from(header[2] >> 2 & 15))?;
    let len = usize::from(header[3] & 3) << 11
        | usize::from(header[4]) << 3
        | usize::from(header[5] >> 5);
    let kind = u32::from_be_bytes([header[0], header[1], header[2] & 0xfd, header[3] & 0xc0]);
    (len >= 7).then_some(Frame {
        len,
        kind,
        rate_hz,
        num_samples: 1_024,
    })
}

/// Where the audio ends and the tags at the end of the file (ID3v1, APEv2) begin.
pub(super) fn tags_start(bytes: &[u8], start: usize) -> usize {
    let mut end = bytes.len();
    loop {
        let before = end;
        if end >= start + 128 && bytes[end - 128..].starts_with(b"TAG") {
            end -= 128;
        }
        if end >= start + 32 && bytes[end - 32..].starts_with(b"APETAGEX") {
            let size = super::layout::u32_le(bytes, end - 20).unwrap_or(0) as usize;
            let has_header = bytes[end - 9] & 0x80 != 0;
            let whole = size.saturating_add(if has_header { 32 } else { 0 });
            if whole <= end - start {
                end -= whole;
            }
        }
        if end == before {
            return end;
        }
    }
}
