//! Sun and NeXT's AU (`.au`, `.snd`): a header of six numbers, then samples.

use super::layout::{Layout, Refusal, u32_be};
use super::pcm::{Coding, Pcm};

/// Length of samples that was not known when the header was written.
const UNKNOWN_LEN: u32 = u32::MAX;

/// Reads the header.
pub(super) fn inspect(bytes: &[u8], start: usize) -> Result<Layout, Refusal> {
    let field = |index: usize| u32_be(bytes, start + 4 * index);
    let (Some(offset), Some(len), Some(kind), Some(rate_hz), Some(num_channels)) =
        (field(1), field(2), field(3), field(4), field(5))
    else {
        return Err(Refusal::Malformed(
            bytes.len() as u64,
            "the file ends within its AU header of 24 bytes".into(),
        ));
    };
    let (coding, sample_bytes) = match kind {
        1 => (Coding::MuLaw, 1),
        2..=5 => (Coding::Signed, kind as usize - 1),
        6 => (Coding::Float, 4),
        7 => (Coding::Float, 8),
        27 => (Coding::ALaw, 1),
        other => {
            let name = match other {
                23 => "G.721 ADPCM".to_owned(),
                24 => "G.722 ADPCM".to_owned(),
                25 | 26 => "G.723 ADPCM".to_owned(),
                other => format!("encoding {other}"),
            };
            return Err(Refusal::Unsupported(
                start as u64 + 12,
                format!("{name} in AU"),
            ));
        }
    };
    let data = start + offset as usize;
    if num_channels == 0 || num_channels > 1 << 16 || offset < 24 || data > bytes.len() {
        return Err(Refusal::Malformed(
            start as u64,
            format!("its AU header says {num_channels} channels, samples from byte {offset} on"),
        ));
    }
    let block = u64::from(num_channels) * sample_bytes as u64;
    let present = (bytes.len() - data) as u64;
    let wanted = match len {
        UNKNOWN_LEN => present,
        len => u64::from(len),
    };
    let mut notes = Vec::new();
    let wanted = if wanted == 0 && present > 0 {
        notes.push(format!(
            "its header says 0 bytes of samples, as a recorder leaves it that was stopped; the {present} bytes up to the end of the file were read"
        ));
        present
    } else {
        wanted
    };
    let usable = present.min(wanted);
    let mut layout = Layout::of_pcm(Pcm {
        coding,
        sample_bytes,
        big_endian: true,
        num_channels: num_channels as usize,
        sample_rate_hz: rate_hz,
        shift: 0,
        data: data..data + (usable / block * block) as usize,
    });
    layout.notes = notes;
    if usable < wanted {
        layout.damage.push(format!(
            "the file ends at byte {}, but its header claims {wanted} bytes from byte {data} on",
            bytes.len()
        ));
        layout.bytes = Some((usable / block * block, wanted));
    }
    Ok(layout)
}
