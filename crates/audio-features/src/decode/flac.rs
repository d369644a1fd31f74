//! FLAC: the stream information says how many samples must come. The other metadata blocks play no part.

use super::layout::{Container, Layout, Refusal, array};

/// Length of the mark, a block's header and the stream information.
const HEAD: usize = 4 + 4 + 34;

/// Shortest block of samples that the format allows.
const SHORTEST_BLOCK: u16 = 16;

/// Reads the stream information block, and puts it alone in front of the sound: no fault in a picture, a cue sheet or a
/// comment is then seen by the reader.
pub(super) fn inspect(bytes: &mut [u8], start: usize) -> Result<Layout, Refusal> {
    let block = start + 4;
    let Some(mut info) = array::<34>(bytes, block + 4).filter(|_| bytes[block] & 0x7f == 0) else {
        return Err(Refusal::Malformed(
            block as u64,
            "it has no whole STREAMINFO block, expected one at the start".into(),
        ));
    };
    let end = super::mpeg::tags_start(bytes, start);
    let mut notes = Vec::new();
    // Blocks whose lengths lead nowhere: the sound begins with the first frame.
    let audio = match audio_start(bytes, block).filter(|audio| is_frame(bytes, *audio)) {
        Some(audio) => Some(audio),
        None => {
            let found = (start + HEAD..end).find(|at| is_frame(bytes, *at));
            if let Some(found) = found {
                notes.push(format!(
                    "the lengths of its metadata blocks lead nowhere; the first frame at byte {found} was found by its mark"
                ));
            }
            found
        }
    };
    let Some(audio) = audio.or_else(|| audio_start(bytes, block)) else {
        return Err(Refusal::Malformed(
            bytes.len() as u64,
            "its metadata blocks run past the end of the file, and no frame follows".into(),
        ));
    };
    if audio < start + HEAD || audio > end {
        return Err(Refusal::Malformed(
            audio.min(end) as u64,
            "its metadata blocks run past the end of the file, and no frame follows".into(),
        ));
    }
    let blocks = |at: usize| u16::from_be_bytes([info[at], info[at + 1]]);
    let (shortest, longest) = (blocks(0), blocks(2));
    if shortest < SHORTEST_BLOCK || longest < shortest {
        notes.push(format!(
            "its STREAMINFO says blocks of {shortest} to {longest} samples, which cannot be"
        ));
        // One length for all of them, as nearly every encoder has it, unless the frames count samples.
        let longest = longest.max(shortest);
        let longest = if longest < SHORTEST_BLOCK {
            4_096
        } else {
            longest
        };
        let counts_samples = bytes.get(audio + 1).is_some_and(|byte| byte & 1 == 1);
        let shortest = if counts_samples {
            SHORTEST_BLOCK
        } else {
            longest
        };
        info[..2].copy_from_slice(&shortest.to_be_bytes());
        info[2..4].copy_from_slice(&longest.to_be_bytes());
    }
    let frame = |at: usize| u32::from_be_bytes([0, info[at], info[at + 1], info[at + 2]]);
    if frame(7) > 0 && frame(7) < frame(4) {
        notes.push(format!(
            "its STREAMINFO says frames of {} to {} bytes, which cannot be",
            frame(4),
            frame(7)
        ));
        info[4..10].fill(0);
    }
    // 20 bits rate, 3 bits channels - 1, 5 bits sample size - 1, 36 bits total samples.
    let packed = u64::from_be_bytes([
        info[10], info[11], info[12], info[13], info[14], info[15], info[16], info[17],
    ]);
    let head = audio - HEAD;
    bytes[head..head + 8].copy_from_slice(b"fLaC\x80\0\0\x22");
    bytes[head + 8..audio].copy_from_slice(&info);
    let mut layout = Layout::new(Container::Flac, head..end);
    layout.audio_bytes = Some((end - audio) as u64);
    layout.num_frames = Some(packed & 0xf_ffff_ffff).filter(|total| *total > 0);
    let rate_hz = (packed >> 44) as u32;
    layout.rate_hz = Some(rate_hz);
    let claimed = layout.num_frames.filter(|_| rate_hz > 0);
    layout.claimed_s = claimed.map(|frames| frames as f64 / f64::from(rate_hz));
    layout.most_channels = (packed >> 41 & 7) as usize + 1;
    layout.notes = notes;
    Ok(layout)
}

/// First byte after the metadata blocks.
fn audio_start(bytes: &[u8], mut block: usize) -> Option<usize> {
    loop {
        let header = super::layout::u32_be(bytes, block)?;
        block += 4 + (header & 0xff_ffff) as usize;
        if header >> 31 == 1 {
            return Some(block);
        }
    }
}

/// Whether a frame's header stands at a byte: its mark, no reserved value, and its checksum.
fn is_frame(bytes: &[u8], at: usize) -> bool {
    let Some(head) = array::<4>(bytes, at) else {
        return false;
    };
    if head[0] != 0xff || head[1] & 0xfe != 0xf8 || head[3] & 1 != 0 {
        return false;
    }
    let (size, rate) = (head[2] >> 4, head[2] & 15);
    if size == 0 || rate == 15 || head[3] >> 4 > 10 || head[3] >> 1 & 7 == 3 {
        return false;
    }
    // The number of the frame or sample as in UTF-8, then size and rate where they are not in the first bytes.
    let number = match bytes.get(at + 4).map(|byte| byte.leading_ones()) {
        Some(0) => 1,
        Some(ones @ 2..=7) => ones as usize,
        _ => return false,
    };
    let more = match size {
        6 => 1,
        7 => 2,
        _ => 0,
    } + match rate {
        12 => 1,
        13 | 14 => 2,
        _ => 0,
    };
    let end = at + 4 + number + more;
    let Some(header) = bytes.get(at..end) else {
        return false;
    };
    // CRC-8 with the polynomial 0x07.
    let crc = header.iter().fold(0u8, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| {
            crc << 1 ^ if crc & 0x80 == 0 { 0 } else { 7 }
        })
    });
    bytes.get(end) == Some(&crc)
}
