//! Apple's Core Audio Format: chunks with 64-bit lengths.

use super::layout::{Container, Layout, Refusal, array, u32_be, u64_be};

/// Walks the chunks. A `data` chunk of unknown length, or one that runs past the end, gets the
/// length that is there.
pub(super) fn inspect(bytes: &mut [u8], start: usize) -> Result<Layout, Refusal> {
    let mut layout = Layout::new(Container::Caf, start..bytes.len());
    let mut at = start + 8;
    let mut frame_bytes = 1usize;
    let mut described = false;
    while let (Some(name), Some(len)) = (array::<4>(bytes, at), u64_be(bytes, at + 4)) {
        let content = at + 12;
        let present = (bytes.len() - content) as u64;
        if &name == b"data" {
            if !described {
                break;
            }
            if len > present {
                if len != u64::MAX {
                    layout.damage.push(format!(
                        "the file ends at byte {}, but its `data` chunk claims {len} bytes from byte {content} on",
                        bytes.len()
                    ));
                    layout.bytes = Some((present.saturating_sub(4), len.saturating_sub(4)));
                }
                let frame = frame_bytes as u64;
                let whole = present.min(4) + present.saturating_sub(4) / frame * frame;
                bytes[at + 4..at + 12].copy_from_slice(&whole.to_be_bytes());
                layout.range = start..content + whole as usize;
            }
            return Ok(layout);
        }
        if &name == b"desc" {
            let (Some(packet), Some(channels)) =
                (u32_be(bytes, content + 16), u32_be(bytes, content + 24))
            else {
                break;
            };
            if channels == 0 {
                return Err(Refusal::Malformed(
                    content as u64,
                    "its `desc` chunk says 0 channels".into(),
                ));
            }
            frame_bytes = (packet as usize).max(1);
            described = true;
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
