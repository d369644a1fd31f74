//! AIFF and AIFF-C: the chunks of WAV with their bytes the other way round.

use super::chunks::{chunks, find_chunk};
use super::layout::{Layout, Refusal, array, u16_be, u32_be};
use super::names;
use super::pcm::{Coding, Pcm};

/// Walks the chunks; lengths that run past the end are set to what is there, and reported.
pub(super) fn inspect(bytes: &[u8], start: usize) -> Result<Layout, Refusal> {
    let chunks = chunks(bytes, start + 12, true);
    let named = |name: &[u8; 4]| chunks.iter().find(|chunk| &chunk.name == name);
    let Some(common) = named(b"COMM").filter(|common| common.start + 18 <= bytes.len()) else {
        return Err(Refusal::Malformed(
            bytes.len() as u64,
            "it has no whole `COMM` chunk, expected one before the end of the file".into(),
        ));
    };
    let malformed = |found: String| Refusal::Malformed(common.start as u64, found);
    let num_channels = usize::from(u16_be(bytes, common.start).unwrap_or(0));
    let num_frames = u32_be(bytes, common.start + 2).map_or(0, u64::from);
    let bits = u32::from(u16_be(bytes, common.start + 6).unwrap_or(0));
    let rate_hz = array(bytes, common.start + 8).map_or(0, extended);
    let is_compressed = bytes[start + 8..].starts_with(b"AIFC");
    let kind = array(bytes, common.start + 18).filter(|_| is_compressed && common.len >= 22);
    let wide = (8 * bits.div_ceil(8), true);
    let (coding, (width, big_endian)) = match &kind.unwrap_or(*b"NONE") {
        b"NONE" | b"twos" | b"in24" | b"in32" => (Coding::Signed, wide),
        b"sowt" | b"42ni" | b"23ni" => (Coding::Signed, (wide.0, false)),
        b"raw " => (Coding::Unsigned, wide),
        b"fl32" | b"FL32" => (Coding::Float, (32, true)),
        b"fl64" | b"FL64" => (Coding::Float, (64, true)),
        b"alaw" | b"ALAW" => (Coding::ALaw, (8, true)),
        b"ulaw" | b"ULAW" => (Coding::MuLaw, (8, true)),
        other => {
            return Err(Refusal::Unsupported(
                common.start as u64,
                format!("{} in AIFF", names::four_letters(other)),
            ));
        }
    };
    let sample_bytes = (width / 8) as usize;
    if num_channels == 0 {
        return Err(malformed("its `COMM` chunk says 0 channels".into()));
    }
    if !Pcm::is_known(coding, sample_bytes) {
        return Err(malformed(format!(
            "its `COMM` chunk says {bits} bits per sample, expected 1 to 32"
        )));
    }
    let mut notes = Vec::new();
    let sound = match named(b"SSND").cloned() {
        Some(sound) => sound,
        None => match find_chunk(bytes, start + 12, b"SSND", true) {
            Some(sound) => {
                notes.push(format!(
                    "the chunks before its `SSND` chunk at byte {} lie about their lengths",
                    sound.start - 8
                ));
                sound
            }
            None => {
                return Err(Refusal::Malformed(
                    bytes.len() as u64,
                    "it has no `SSND` chunk, expected one before the end of the file".into(),
                ));
            }
        },
    };
    let block = (num_channels * sample_bytes) as u64;
    let present = bytes.len().saturating_sub(sound.start) as u64;
    let mut claimed = u64::from(sound.len);
    if matches!(claimed, 0 | 8) && num_frames == 0 && present > 8 {
        notes.push(format!(
            "its `SSND` chunk says {claimed} bytes, as a recorder leaves it that was stopped; the {present} bytes up to the end of the file were read"
        ));
        claimed = present;
    } else if sound.len == u32::MAX {
        claimed = present;
    }
    // Eight bytes of offset and block size, then samples from the offset on.
    let offset = u32_be(bytes, sound.start).map_or(0, u64::from);
    let head = 8 + if offset + 8 < claimed { offset } else { 0 };
    let (usable, wanted) = (
        present.min(claimed).saturating_sub(head),
        claimed.saturating_sub(head),
    );
    let data = (sound.start as u64 + head).min(bytes.len() as u64) as usize;
    let mut layout = Layout::of_pcm(Pcm {
        coding,
        sample_bytes,
        big_endian,
        num_channels,
        sample_rate_hz: rate_hz,
        shift: 0,
        data: data..data + (usable / block * block) as usize,
    });
    layout.num_frames = Some(num_frames).filter(|frames| *frames > 0);
    layout.notes = notes;
    if usable < wanted {
        layout.damage.push(format!(
            "the file ends at byte {}, but its `SSND` chunk claims {claimed} bytes from byte {} on",
            bytes.len(),
            sound.start
        ));
        layout.bytes = Some((usable, wanted));
    }
    Ok(layout)
}

/// A sample rate as an extended number of ten bytes: sign and exponent, then 64 bits of mantissa.
fn extended(bytes: [u8; 10]) -> u32 {
    let [a, b, mantissa @ ..] = bytes;
    let exponent = i32::from(u16::from_be_bytes([a, b]) & 0x7fff) - 16_383;
    let value = u64::from_be_bytes(mantissa) as f64 * 2f64.powi(exponent - 63);
    // A float beyond the range becomes the largest number, which is refused.
    value.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_numbers_are_sample_rates() {
        // As SoX and FFmpeg write them.
        let rate = |head: [u8; 4]| {
            let mut bytes = [0; 10];
            bytes[..4].copy_from_slice(&head);
            extended(bytes)
        };
        assert_eq!(rate([0x40, 0x0e, 0xac, 0x44]), 44_100);
        assert_eq!(rate([0x40, 0x0c, 0xfa, 0x00]), 16_000);
        assert_eq!(rate([0x40, 0x0f, 0xbb, 0x80]), 96_000);
        assert_eq!(rate([0x7f, 0xff, 0xff, 0xff]), u32::MAX);
        assert_eq!(rate([0; 4]), 0);
    }
}
