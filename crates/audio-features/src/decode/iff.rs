//! WAV, RF64 and AIFF: chunks of a name and a length.
//!
//! Lengths that run past the end of the file (a cut copy, a recorder that never came back to write
//! them) are set to what is there, and reported; the reader then sees a sound file.

use super::layout::{Container, Layout, Refusal, Trim, array, u16_le, u32_be, u32_le, u64_be};

/// Length of a stream whose writer could not go back to fill it in.
const UNKNOWN_LEN: u32 = u32::MAX;

struct Chunk {
    name: [u8; 4],
    /// First byte of the content.
    start: usize,
    /// Length that the header claims.
    len: u32,
}

/// The chunks of the file from `at` on; the last may run past the end.
fn chunks(bytes: &[u8], mut at: usize, big_endian: bool) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    while let (Some(name), Some(len)) = (
        array(bytes, at),
        if big_endian {
            u32_be(bytes, at + 4)
        } else {
            u32_le(bytes, at + 4)
        },
    ) {
        chunks.push(Chunk {
            name,
            start: at + 8,
            len,
        });
        let padded = u64::from(len) + u64::from(len & 1);
        match usize::try_from(padded)
            .ok()
            .and_then(|padded| (at + 8).checked_add(padded))
        {
            Some(next) if next < bytes.len() => at = next,
            _ => break,
        }
    }
    chunks
}

/// Walks a WAV or RF64 file; see the module's notes on what is mended.
pub(super) fn inspect_wav(bytes: &mut [u8], start: usize) -> Result<Layout, Refusal> {
    let mut layout = Layout::new(Container::Wav, start..bytes.len());
    let chunks = chunks(bytes, start + 12, false);
    let named = |name: &[u8; 4]| chunks.iter().find(|chunk| &chunk.name == name);

    let Some(format) = named(b"fmt ") else {
        return Err(Refusal::Malformed(
            bytes.len() as u64,
            "it has no `fmt ` chunk, expected one before the end of the file".into(),
        ));
    };
    if format.len < 16 || format.start + 16 > bytes.len() {
        return Err(Refusal::Malformed(
            format.start as u64,
            format!(
                "its `fmt ` chunk has {} bytes, expected at least 16",
                bytes
                    .len()
                    .saturating_sub(format.start)
                    .min(format.len as usize)
            ),
        ));
    }
    let field = |at: usize| u16_le(bytes, format.start + at).unwrap_or(0);
    let (tag, num_channels, bits) = (field(0), field(2), field(14));
    let block = match (tag, bits) {
        // IMA and Microsoft ADPCM come in blocks of the size in the header.
        (0x0002 | 0x0011, _) => usize::from(field(12)),
        _ => usize::from(num_channels) * usize::from(bits.div_ceil(8)),
    };
    if num_channels == 0 || bits == 0 || block == 0 {
        return Err(Refusal::Malformed(
            format.start as u64,
            format!(
                "its `fmt ` chunk says {num_channels} channels, {bits} bits per sample, blocks of {block} bytes; none may be 0"
            ),
        ));
    }
    let Some(data) = named(b"data") else {
        return Err(Refusal::Malformed(
            bytes.len() as u64,
            "it has no `data` chunk, expected one before the end of the file".into(),
        ));
    };
    if data.start < format.start {
        return Err(Refusal::Unsupported(
            data.start as u64,
            "a WAV file whose `data` chunk stands before `fmt `".into(),
        ));
    }

    let present = bytes.len() - data.start.min(bytes.len());
    let is_rf64 = &bytes[start..start + 4] == b"RF64";
    let riff_len = u32_le(bytes, start + 4).unwrap_or(0);
    let claimed = match named(b"ds64") {
        Some(sizes) if is_rf64 && data.len == UNKNOWN_LEN => {
            array(bytes, sizes.start + 8).map_or(u64::from(data.len), u64::from_le_bytes)
        }
        _ => u64::from(data.len),
    };
    let is_stream = !is_rf64
        && (data.len == UNKNOWN_LEN
            || (data.len == 0 && present > 0 && matches!(riff_len, 0 | UNKNOWN_LEN)));
    let wanted = if is_stream { present as u64 } else { claimed };
    let usable = (present as u64).min(wanted);
    if usable < wanted {
        layout.damage.push(format!(
            "the file ends at byte {}, but its `data` chunk claims {wanted} bytes from byte {} on",
            bytes.len(),
            data.start
        ));
        let block = block as u64;
        layout.bytes = Some((usable / block * block, wanted / block * block));
    }
    if matches!(tag, 0x0002 | 0x0011)
        && let Some(frames) = named(b"fact").and_then(|fact| u32_le(bytes, fact.start))
        && frames > 0
        && usable == wanted
    {
        // The last block of ADPCM is filled up; the fact chunk has the true count.
        layout.trim = Trim {
            start: 0,
            len: Some(u64::from(frames)),
            ticks_hz: 0,
        };
    }

    let whole = usable as usize / block * block;
    let data_start = data.start;
    let end = data_start + whole;
    bytes[start..start + 4].copy_from_slice(b"RIFF");
    put(bytes, start + 4, (end - start - 8).to_le_bytes());
    put(bytes, data_start - 4, whole.to_le_bytes());
    layout.range = start..end;
    Ok(layout)
}

/// Walks an AIFF or AIFF-C file; see the module's notes on what is mended.
pub(super) fn inspect_aiff(bytes: &mut [u8], start: usize) -> Result<Layout, Refusal> {
    let mut layout = Layout::new(Container::Aiff, start..bytes.len());
    let chunks = chunks(bytes, start + 12, true);
    let named = |name: &[u8; 4]| chunks.iter().find(|chunk| &chunk.name == name);
    let Some(common) = named(b"COMM").filter(|common| common.start + 18 <= bytes.len()) else {
        return Err(Refusal::Malformed(
            bytes.len() as u64,
            "it has no whole `COMM` chunk, expected one before the end of the file".into(),
        ));
    };
    let num_channels = u32_be(bytes, common.start).unwrap_or(0) >> 16;
    if num_channels == 0 {
        return Err(Refusal::Malformed(
            common.start as u64,
            "its `COMM` chunk says 0 channels".into(),
        ));
    }
    layout.num_frames = u32_be(bytes, common.start + 2).map(u64::from);
    let Some(sound) = named(b"SSND") else {
        return Err(Refusal::Malformed(
            bytes.len() as u64,
            "it has no `SSND` chunk, expected one before the end of the file".into(),
        ));
    };
    let present = bytes.len() - sound.start.min(bytes.len());
    let claimed = sound.len as usize;
    if present < claimed {
        layout.damage.push(format!(
            "the file ends at byte {}, but its `SSND` chunk claims {claimed} bytes from byte {} on",
            bytes.len(),
            sound.start
        ));
        layout.bytes = Some((
            present.saturating_sub(8) as u64,
            claimed.saturating_sub(8) as u64,
        ));
        let bits = (u64_be(bytes, common.start).unwrap_or(0) & 0xffff) as usize;
        let frame = (num_channels as usize * bits.div_ceil(8)).max(1);
        let whole = if present < 8 {
            present
        } else {
            8 + (present - 8) / frame * frame
        };
        let sound_start = sound.start;
        put_be(bytes, sound_start - 4, whole);
        put_be(bytes, start + 4, sound_start + whole - start - 8);
        layout.range = start..sound_start + whole;
    }
    Ok(layout)
}

/// Writes the low four bytes of a little-endian size.
fn put(bytes: &mut [u8], at: usize, value: [u8; 8]) {
    bytes[at..at + 4].copy_from_slice(&value[..4]);
}

/// Writes the low four bytes of a size, big-endian.
fn put_be(bytes: &mut [u8], at: usize, value: usize) {
    bytes[at..at + 4].copy_from_slice(&(value as u64).to_be_bytes()[4..]);
}
