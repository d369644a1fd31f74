//! Apple's Core Audio Format: chunks with 64-bit lengths.

use super::layout::{Container, Layout, Refusal, array, u32_be, u64_be};
use super::names;
use super::pcm::{Coding, Pcm};

/// What a `desc` chunk says.
struct Description {
    rate: f64,
    kind: [u8; 4],
    flags: u32,
    packet_bytes: u32,
    num_channels: u32,
}

/// Walks the chunks. A `data` chunk of unknown length, or one that runs past the end, gets the
/// length that is there.
pub(super) fn inspect(bytes: &mut [u8], start: usize) -> Result<Layout, Refusal> {
    let mut at = start + 8;
    let mut description = None;
    while let (Some(name), Some(len)) = (array::<4>(bytes, at), u64_be(bytes, at + 4)) {
        let content = at + 12;
        if let (b"data", Some(description)) = (&name, &description) {
            return data(bytes, start, content, len, description);
        }
        if &name == b"desc" {
            let (Some(rate), Some(kind), Some(flags), Some(packet_bytes), Some(num_channels)) = (
                u64_be(bytes, content).map(f64::from_bits),
                array(bytes, content + 8),
                u32_be(bytes, content + 12),
                u32_be(bytes, content + 16),
                u32_be(bytes, content + 24),
            ) else {
                break;
            };
            if num_channels == 0 {
                return Err(Refusal::Malformed(
                    content as u64,
                    "its `desc` chunk says 0 channels".into(),
                ));
            }
            description = Some(Description {
                rate,
                kind,
                flags,
                packet_bytes,
                num_channels,
            });
        }
        match usize::try_from(len)
            .ok()
            .and_then(|len| content.checked_add(len))
        {
            Some(next) if next <= bytes.len() => at = next,
            _ => break,
        }
    }
    Err(Refusal::Malformed(
        at.min(bytes.len()) as u64,
        "it has no `data` chunk after a `desc` chunk, expected one before the end of the file"
            .into(),
    ))
}

/// The `data` chunk: four bytes of an edit count, then the sound.
fn data(
    bytes: &mut [u8],
    start: usize,
    content: usize,
    len: u64,
    description: &Description,
) -> Result<Layout, Refusal> {
    let present = (bytes.len() - content) as u64;
    let mut notes = Vec::new();
    // A recorder that was stopped leaves no length.
    let wanted = match len {
        u64::MAX => present,
        0 | 4 if present > 4 && !is_followed_by_chunks(bytes, content + len as usize) => {
            notes.push(format!(
                "its `data` chunk says {len} bytes, as a recorder leaves it that was stopped; the {present} bytes up to the end of the file were read"
            ));
            present
        }
        len => len,
    };
    let usable = present.min(wanted);
    let damage = (usable < wanted).then(|| {
        format!(
            "the file ends at byte {}, but its `data` chunk claims {wanted} bytes from byte {content} on",
            bytes.len()
        )
    });
    let little_endian = description.flags & 2 != 0;
    let coding = match &description.kind {
        b"lpcm" if description.flags & 1 != 0 => Some(Coding::Float),
        b"lpcm" => Some(Coding::Signed),
        b"alaw" => Some(Coding::ALaw),
        b"ulaw" => Some(Coding::MuLaw),
        b"alac" | b"aac " => None,
        other => {
            return Err(Refusal::Unsupported(
                start as u64,
                format!("{} in CAF", names::four_letters(other)),
            ));
        }
    };
    let frame_bytes = u64::from(description.packet_bytes.max(1));
    let whole = present.min(4).min(usable) + usable.saturating_sub(4) / frame_bytes * frame_bytes;
    let mut layout = match coding {
        Some(coding) => {
            let sample_bytes = description.packet_bytes / description.num_channels;
            let is_even = description
                .packet_bytes
                .is_multiple_of(description.num_channels);
            if !is_even || !Pcm::is_known(coding, sample_bytes as usize) {
                return Err(Refusal::Malformed(
                    start as u64,
                    format!(
                        "its `desc` chunk says {} channels in frames of {} bytes",
                        description.num_channels, description.packet_bytes
                    ),
                ));
            }
            let first = (content + 4).min(bytes.len());
            Layout::of_pcm(Pcm {
                coding,
                sample_bytes: sample_bytes as usize,
                big_endian: !little_endian,
                num_channels: description.num_channels as usize,
                // A float beyond the range becomes the largest number, which is refused; NaN becomes 0.
                sample_rate_hz: description.rate.round() as u32,
                shift: 0,
                data: first..(content + whole as usize).max(first),
            })
        }
        None if len != wanted || usable < wanted => {
            bytes[content - 8..content].copy_from_slice(&whole.to_be_bytes());
            Layout::new(Container::Caf, start..content + whole as usize)
        }
        None => Layout::new(Container::Caf, start..bytes.len()),
    };
    layout.notes = notes;
    if let Some(damage) = damage {
        layout.damage.push(damage);
        layout.bytes = Some((present.saturating_sub(4), wanted.saturating_sub(4)));
    }
    Ok(layout)
}

/// Whether chunks follow one another from a byte to the end of the file.
fn is_followed_by_chunks(bytes: &[u8], mut at: usize) -> bool {
    while at < bytes.len() {
        let (Some(name), Some(len)) = (array::<4>(bytes, at), u64_be(bytes, at + 4)) else {
            return false;
        };
        let is_name = name.iter().all(|byte| (b' '..=b'~').contains(byte));
        let next = usize::try_from(len)
            .ok()
            .and_then(|len| (at + 12).checked_add(len));
        match next {
            Some(next) if is_name && next <= bytes.len() => at = next,
            _ => return false,
        }
    }
    true
}
