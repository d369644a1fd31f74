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
    /// What changes in a stream only where another begins: version, layer, sample rate, one channel or two.
    kind: u32,
    rate_hz: u32,
    num_channels: usize,
    /// Samples per channel that it decodes to.
    num_samples: u64,
}

/// Follows the frames; none where the bytes are not such a stream.
pub(super) fn inspect(bytes: &[u8], start: usize) -> Option<Layout> {
    let end = tags_start(bytes, start);
    let mpeg = follow(bytes, start, end, mpeg_frame);
    let adts = follow(bytes, start, end, adts_frame);
    let (container, walk) = if adts.num_bytes() > mpeg.num_bytes() {
        (Container::Adts, adts)
    } else {
        (Container::Mpeg, mpeg)
    };
    let is_audio = walk.longest_row >= FRAMES_IN_A_ROW && 4 * walk.num_bytes() >= end - start
        || !walk.runs.is_empty() && 2 * walk.num_bytes() >= end - start;
    if !is_audio {
        return None;
    }
    let mut layouts = walk.runs.iter().map(|run| layout(container, run));
    let mut layout = layouts.next()?;
    layout.rest = layouts.collect();
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
    Some(layout)
}

fn layout(container: Container, run: &Run) -> Layout {
    let mut layout = Layout::new(container, run.first..run.end);
    layout.most_channels = run.num_channels;
    layout.rate_hz = Some(run.rate_hz);
    layout.claimed_s = Some(run.num_samples as f64 / f64::from(run.rate_hz));
    if container == Container::Mpeg {
        layout.num_frames = Some(run.num_samples);
    } else {
        layout.delay_known = false;
        layout.num_packets = Some(run.num_frames);
        if run.rate_hz <= 24_000 {
            layout.upper_band = UpperBand::Unknown;
        }
    }
    layout
}

/// Frames of one kind, with whatever lies between them.
#[derive(Debug)]
struct Run {
    first: usize,
    end: usize,
    kind: u32,
    num_frames: u64,
    num_bytes: usize,
    rate_hz: u32,
    num_channels: usize,
    num_samples: u64,
}

#[derive(Debug, Default)]
struct Walk {
    runs: Vec<Run>,
    longest_row: usize,
    junk: usize,
    first_junk: usize,
    cut: Option<(usize, usize)>,
}

impl Walk {
    fn num_bytes(&self) -> usize {
        self.runs.iter().map(|run| run.num_bytes).sum()
    }

    fn take(&mut self, at: usize, frame: Frame) {
        let run = match self.runs.last_mut() {
            Some(run) if run.kind == frame.kind => run,
            _ => {
                self.runs.push(Run {
                    first: at,
                    end: at,
                    kind: frame.kind,
                    num_frames: 0,
                    num_bytes: 0,
                    rate_hz: frame.rate_hz,
                    num_channels: frame.num_channels,
                    num_samples: 0,
                });
                // One was pushed just now.
                let last = self.runs.len() - 1;
                &mut self.runs[last]
            }
        };
        run.num_frames += 1;
        run.num_bytes += frame.len;
        run.num_samples += frame.num_samples;
        run.end = at + frame.len;
    }
}

/// How a frame is read at a byte.
type Read = fn(&[u8], usize) -> Option<Frame>;

/// Whether so many frames of one kind stand at a byte, or fewer that end where the bytes do.
fn stand_in_a_row(bytes: &[u8], mut at: usize, read: Read, kind: u32, count: usize) -> bool {
    for _ in 0..count {
        if at == bytes.len() {
            return true;
        }
        match read(bytes, at).filter(|frame| frame.kind == kind) {
            Some(frame) if at + frame.len <= bytes.len() => at += frame.len,
            _ => return false,
        }
    }
    true
}

fn follow(bytes: &[u8], start: usize, end: usize, read: Read) -> Walk {
    let mut walk = Walk::default();
    let bytes = &bytes[..end];
    let last_sound = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    let (mut at, mut row, mut kind) = (start, 0usize, None);
    while at < end {
        // Frames of another kind are believed where several follow one another.
        let frame = read(bytes, at).filter(|frame| {
            kind.is_none_or(|kind| kind == frame.kind)
                || stand_in_a_row(bytes, at, read, frame.kind, FRAMES_IN_A_ROW)
        });
        let next = frame.map(|frame| at + frame.len);
        let follows = |frame: Frame, next: usize| {
            next == end || read(bytes, next).is_some_and(|other| other.kind == frame.kind)
        };
        match (frame, next) {
            (Some(frame), Some(next)) if next <= end && (row > 0 || follows(frame, next)) => {
                kind = Some(frame.kind);
                walk.take(at, frame);
                row += 1;
                walk.longest_row = walk.longest_row.max(row);
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
    // Layer 0 and version 1 are reserved, and so are rate 3 and bit rates 0 (free) and 15.
    if version == 1 || layer == 0 || rate_index == 3 || bitrate_index == 0 || bitrate_index == 15 {
        return None;
    }
    // Layer I, II and III of version 1, layer I and the others of versions 2 and 2.5.
    const KBPS: [[u32; 15]; 5] = [
        [
            0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
        ],
        [
            0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
        ],
        [
            0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
        ],
        [
            0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
        ],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];
    let base_hz = [44_100, 48_000, 32_000][rate_index as usize];
    let rate_hz = match version {
        3 => base_hz,
        2 => base_hz / 2,
        _ => base_hz / 4,
    };
    let table = match (version, layer) {
        (3, 3) => 0,
        (3, 2) => 1,
        (3, _) => 2,
        (_, 3) => 3,
        _ => 4,
    };
    let bits_per_s = 1_000 * KBPS[table][bitrate_index as usize];
    // Samples per channel, and the bytes of a slot by which a frame may be longer.
    let (num_samples, slot) = match (version, layer) {
        (_, 3) => (384, 4),
        (_, 2) | (3, _) => (1_152, 1),
        _ => (576, 1),
    };
    let len = (num_samples / 8 * bits_per_s / rate_hz / slot + padding) * slot;
    let is_mono = header >> 6 & 3 == 3;
    Some(Frame {
        len: len as usize,
        kind: header & 0xfffe_0c00 | u32::from(is_mono),
        rate_hz,
        num_channels: if is_mono { 1 } else { 2 },
        num_samples: u64::from(num_samples),
    })
}

/// Whether frames of a bit rate that is not named stand there, as LAME's `--freeformat` writes: headers that agree, at
/// distances that agree but for the padding.
pub(super) fn is_free_format(bytes: &[u8], start: usize) -> bool {
    /// Bytes of the longest frame: 640 kbit/s at 8 kHz.
    const LONGEST: usize = 11_520;
    let header = |at: usize| {
        let header = u32::from_be_bytes(array(bytes, at)?);
        let (version, layer, rate) = (header >> 19 & 3, header >> 17 & 3, header >> 10 & 3);
        let is_valid = header >> 21 == 0x7ff && version != 1 && layer != 0 && rate != 3;
        // All but padding, private bit and how channels are joined.
        (is_valid && header >> 12 & 15 == 0).then_some(header & 0xffff_fc00)
    };
    let Some(first) = header(start) else {
        return false;
    };
    let stands = |at: usize| header(at) == Some(first);
    (24..LONGEST).any(|len| {
        stands(start + len) && (len - 1..=len + 1).any(|next| stands(start + len + next))
    })
}

/// An MPEG frame in words.
pub(super) fn describe(bytes: &[u8]) -> String {
    let header = array(bytes, 0).map_or(0, u32::from_be_bytes);
    let layer = match header >> 17 & 3 {
        3 => "I",
        2 => "II",
        _ => "III",
    };
    match mpeg_frame(bytes, 0) {
        Some(frame) => {
            let bits_per_s = 8 * u64::from(frame.rate_hz) * frame.len as u64 / frame.num_samples;
            let kbps = (bits_per_s + 500) / 1_000;
            let channels = if frame.num_channels == 1 {
                "mono"
            } else {
                "stereo"
            };
            format!("MPEG audio layer {layer} in {channels} at {kbps} kbit/s")
        }
        None => format!("MPEG audio layer {layer}"),
    }
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
    let channels = usize::from(header[2] & 1) << 2 | usize::from(header[3] >> 6);
    (len >= 7).then_some(Frame {
        len,
        kind,
        rate_hz,
        num_channels: if channels == 7 { 8 } else { channels },
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
