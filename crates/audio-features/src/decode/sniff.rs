//! Which container it is, by its bytes and never by its name.

use super::layout::{Layout, Refusal, array};
use super::{caf, flac, iff, mp4, mpeg, ogg, sphere};

/// Looks at the bytes and walks the container that they are. May mend sizes in headers that
/// contradict the file's length; what was mended is in the layout's damage.
pub(super) fn inspect(bytes: &mut [u8]) -> Result<Layout, Refusal> {
    let start = id3_end(bytes)?;
    let head: [u8; 12] = array(bytes, start).unwrap_or_else(|| {
        let mut short = [0; 12];
        for (to, from) in short.iter_mut().zip(&bytes[start..]) {
            *to = *from;
        }
        short
    });
    match &head {
        [b'R', b'I', b'F', b'F', .., b'W', b'A', b'V', b'E']
        | [b'R', b'F', b'6', b'4', .., b'W', b'A', b'V', b'E'] => iff::inspect_wav(bytes, start),
        [b'F', b'O', b'R', b'M', .., b'A', b'I', b'F', b'F' | b'C'] => {
            iff::inspect_aiff(bytes, start)
        }
        [b'c', b'a', b'f', b'f', ..] => caf::inspect(bytes, start),
        [b'f', b'L', b'a', b'C', ..] => flac::inspect(bytes, start),
        [b'O', b'g', b'g', b'S', ..] => ogg::inspect(bytes, start),
        [_, _, _, _, kind @ ..] if is_mp4_box(&kind[..4]) => mp4::inspect(bytes, start),
        [b'N', b'I', b'S', b'T', b'_', b'1', b'A', ..] => sphere::inspect(bytes, start),
        _ => match known_but_unsupported(&bytes[start..]) {
            Some(found) => Err(Refusal::Unsupported(start as u64, found.to_owned())),
            None => mpeg::inspect(bytes, start)
                .ok_or_else(|| Refusal::NotRecognised(describe(&bytes[start..]))),
        },
    }
}

/// Where an ID3v2 tag at the start ends; 0 where there is none.
fn id3_end(bytes: &[u8]) -> Result<usize, Refusal> {
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
            return Err(Refusal::Malformed(
                at as u64,
                format!(
                    "its ID3v2 tag claims {size} bytes, but only {} follow",
                    bytes.len() - at - 10
                ),
            ));
        }
        at = end;
    }
    Ok(at)
}

fn is_mp4_box(kind: &[u8]) -> bool {
    matches!(
        kind,
        b"ftyp" | b"moov" | b"mdat" | b"free" | b"skip" | b"wide" | b"styp" | b"moof" | b"pnot"
    )
}

/// Names formats that people have, so that the message says more than "not recognised".
fn known_but_unsupported(bytes: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 13] = [
        (b"#!AMR", "AMR speech"),
        (b"riff\x2e\x91\xcf\x11", "a Sony Wave64 file"),
        (b"\x1a\x45\xdf\xa3", "a Matroska or WebM file"),
        (b"\x30\x26\xb2\x75", "an ASF or WMA file"),
        (b"wvpk", "WavPack audio"),
        (b"MAC ", "Monkey's Audio"),
        (b"ajkg", "Shorten audio"),
        (b"TTA1", "True Audio"),
        (b".snd", "a Sun AU file"),
        (b"MThd", "MIDI notes, not a recording"),
        (b"FLV\x01", "a Flash video"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "gzip-compressed data"),
    ];
    known
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|(_, name)| *name)
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
