//! Which container it is, by its bytes and never by its name.

use super::layout::{Layout, Refusal, array};
use super::{aiff, au, caf, flac, mp4, mpeg, names, ogg, sphere, wav};

/// The first bytes of Sony's Wave64, a GUID.
const WAVE64: &[u8] = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb";

/// Looks at the bytes and walks the container that they are. May mend sizes in headers that
/// contradict the file's length; what was mended is in the layout's damage.
pub(super) fn inspect(bytes: &mut [u8]) -> Result<Layout, Refusal> {
    let (start, note) = id3_end(bytes);
    let head: [u8; 12] = array(bytes, start).unwrap_or_else(|| {
        let mut short = [0; 12];
        for (to, from) in short.iter_mut().zip(&bytes[start..]) {
            *to = *from;
        }
        short
    });
    if let Some(found) = note {
        return frames_after(bytes, start, found);
    }
    match &head {
        [b'R', b'I', b'F', b'F', .., b'W', b'A', b'V', b'E']
        | [b'R', b'F', b'6', b'4', .., b'W', b'A', b'V', b'E']
        | [b'B', b'W', b'6', b'4', .., b'W', b'A', b'V', b'E'] => wav::inspect(bytes, start),
        [b'F', b'O', b'R', b'M', .., b'A', b'I', b'F', b'F' | b'C'] => aiff::inspect(bytes, start),
        [b'c', b'a', b'f', b'f', 0, 1, ..] => caf::inspect(bytes, start),
        [b'f', b'L', b'a', b'C', ..] => flac::inspect(bytes, start),
        [b'O', b'g', b'g', b'S', ..] => ogg::inspect(bytes, start),
        [b'.', b's', b'n', b'd', ..] => au::inspect(bytes, start),
        [_, _, _, _, kind @ ..] if is_mp4_box(&kind[..4]) => mp4::inspect(bytes, start),
        [b'N', b'I', b'S', b'T', b'_', b'1', b'A', ..] => sphere::inspect(bytes, start),
        head if head[..] == *WAVE64 => wav::inspect_wave64(bytes, start),
        _ => match names::file_format(&bytes[start..]) {
            Some(found) => Err(Refusal::Unsupported(start as u64, found.to_owned())),
            None => mpeg::inspect(bytes, start).ok_or_else(|| {
                match mpeg::is_free_format(bytes, start) {
                    true => Refusal::Unsupported(
                        start as u64,
                        "MPEG audio of a free bit rate (free format)".to_owned(),
                    ),
                    false => Refusal::NotRecognised(describe(&bytes[start..])),
                }
            }),
        },
    }
}

/// Frames behind the header of a tag that claims more bytes than there are: enough of them, or the file is cut inside
/// its tag.
fn frames_after(bytes: &[u8], start: usize, found: String) -> Result<Layout, Refusal> {
    const ENOUGH: u64 = 32;
    let frames = mpeg::inspect(bytes, start).filter(|layout| {
        layout.num_packets.is_some_and(|packets| packets >= ENOUGH)
            || layout
                .num_frames
                .is_some_and(|samples| samples >= ENOUGH * 576)
    });
    match frames {
        Some(mut layout) => {
            layout.notes.push(found);
            Ok(layout)
        }
        None => Err(Refusal::Malformed(start as u64 - 10, found)),
    }
}

/// Where ID3v2 tags at the start end; 0 where there is none. A tag that claims more than there is, is passed over for
/// the frames after its header, with a note.
fn id3_end(bytes: &[u8]) -> (usize, Option<String>) {
    let mut at = 0;
    while let Some([b'I', b'D', b'3', _, _, flags, a, b, c, d]) = array(bytes, at) {
        if (a | b | c | d) & 0x80 != 0 {
            break;
        }
        let size = [a, b, c, d]
            .iter()
            .fold(0usize, |size, byte| size << 7 | usize::from(*byte));
        let footer = if flags & 0x10 == 0 { 0 } else { 10 };
        let end = at + 10 + size + footer;
        if end >= bytes.len() {
            let note = format!(
                "its ID3v2 tag claims {size} bytes, but only {} follow",
                bytes.len() - at - 10
            );
            return (at + 10, Some(note));
        }
        at = end;
    }
    (at, None)
}

fn is_mp4_box(kind: &[u8]) -> bool {
    matches!(
        kind,
        b"ftyp" | b"moov" | b"mdat" | b"free" | b"skip" | b"wide" | b"styp" | b"moof" | b"pnot"
    )
}

/// The first bytes in words.
fn describe(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(16)];
    if !head.is_empty()
        && head
            .iter()
            .all(|byte| (b' '..=b'~').contains(byte) || byte.is_ascii_whitespace())
    {
        return format!("the text {:?}", String::from_utf8_lossy(head));
    }
    let hex: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("the bytes {}", hex.join(" "))
}
