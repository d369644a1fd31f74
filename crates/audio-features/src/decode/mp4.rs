//! MP4 and M4A: boxes in boxes.
//!
//! Only the few paths that matter are followed, so that nesting costs nothing; what they say of
//! the encoder's delay (edit list, `iTunSMPB`) the reader itself does not know.

use super::aac_config;
use super::layout::{Container, Layout, Refusal, Trim, array, u32_be, u64_be};

#[derive(Clone, Copy)]
struct Box4 {
    kind: [u8; 4],
    /// First byte of the content.
    start: usize,
    /// One past the last byte, never past the parent's end.
    end: usize,
    /// End that the header claims.
    claimed_end: u64,
}

/// The boxes side by side in a range.
fn boxes(bytes: &[u8], mut at: usize, end: usize) -> Vec<Box4> {
    let mut found = Vec::new();
    while at + 8 <= end {
        let (Some(size), Some(kind)) = (u32_be(bytes, at), array(bytes, at + 4)) else {
            break;
        };
        let (header, size) = match size {
            0 => (8, (end - at) as u64),
            1 => (16, u64_be(bytes, at + 8).unwrap_or(0)),
            size => (8, u64::from(size)),
        };
        if size < header || at + header as usize > end {
            break;
        }
        let claimed_end = (at as u64).saturating_add(size);
        let box_end = claimed_end.min(end as u64) as usize;
        found.push(Box4 {
            kind,
            start: at + header as usize,
            end: box_end,
            claimed_end,
        });
        at = box_end;
    }
    found
}

fn child(bytes: &[u8], parent: Box4, kind: &[u8; 4]) -> Option<Box4> {
    boxes(bytes, parent.start, parent.end)
        .into_iter()
        .find(|found| &found.kind == kind)
}

fn descend(bytes: &[u8], parent: Box4, path: &[&[u8; 4]]) -> Option<Box4> {
    path.iter()
        .try_fold(parent, |parent, kind| child(bytes, parent, kind))
}

/// Walks the boxes down to the first sound track.
pub(super) fn inspect(bytes: &[u8], start: usize) -> Result<Layout, Refusal> {
    let mut layout = Layout::new(Container::Mp4, start..bytes.len());
    let top = boxes(bytes, start, bytes.len());
    let moov = top.iter().find(|found| &found.kind == b"moov").copied();
    if let Some(long) = top
        .iter()
        .find(|found| found.claimed_end > bytes.len() as u64)
    {
        let name = String::from_utf8_lossy(&long.kind).into_owned();
        let words = format!(
            "the file ends at byte {}, but its `{name}` box runs to byte {}",
            bytes.len(),
            long.claimed_end
        );
        if moov.is_none() || &long.kind == b"moov" {
            return Err(Refusal::Malformed(long.start as u64, words));
        }
        layout.damage.push(words);
    }
    let Some(moov) = moov else {
        return Err(Refusal::Malformed(
            bytes.len() as u64,
            "it has no `moov` box, expected one before the end of the file".into(),
        ));
    };
    let tracks = boxes(bytes, moov.start, moov.end);
    let Some(track) = tracks
        .iter()
        .copied()
        .filter(|found| &found.kind == b"trak")
        .find(|track| {
            descend(bytes, *track, &[b"mdia", b"hdlr"])
                .is_some_and(|handler| array(bytes, handler.start + 8) == Some(*b"soun"))
        })
    else {
        return Err(Refusal::Malformed(
            moov.start as u64,
            "its `moov` box has no sound track, expected one".into(),
        ));
    };
    layout.track_id = track_id(bytes, track);
    let media_hz =
        descend(bytes, track, &[b"mdia", b"mdhd"]).and_then(|found| timescale(bytes, found));
    let movie_hz = child(bytes, moov, b"mvhd").and_then(|found| timescale(bytes, found));

    let is_aac = sample_entry(bytes, track, &mut layout);
    sample_sizes(bytes, track, &mut layout)?;

    layout.trim.ticks_hz = media_hz.unwrap_or(0);
    let edit = child(bytes, track, b"edts")
        .and_then(|edits| child(bytes, edits, b"elst"))
        .and_then(|list| first_edit(bytes, list));
    let gapless = gapless_tag(bytes, moov);
    layout.delay_known = !is_aac;
    match (edit, gapless, media_hz, movie_hz) {
        // An edit that starts at 0 says nothing of a delay; iTunes puts it into its own tag.
        (Some(edit), None, Some(media_hz), Some(movie_hz))
        | (Some(edit @ Edit { start: 1.., .. }), _, Some(media_hz), Some(movie_hz)) => {
            // The length is in coarse ticks of the movie: round up, rather a sample too many than
            // one too few.
            let len = (u128::from(edit.len) * u128::from(media_hz)).div_ceil(u128::from(movie_hz));
            let len = u64::try_from(len).ok().filter(|len| *len > 0);
            layout.trim = Trim {
                start: edit.start,
                len,
                ticks_hz: media_hz,
            };
            layout.delay_known |= edit.start > 0;
        }
        (_, Some((delay, len)), _, _) => {
            layout.trim = Trim {
                start: delay,
                len: Some(len).filter(|len| *len > 0),
                ticks_hz: media_hz.unwrap_or(0),
            };
            layout.delay_known = true;
        }
        _ => {}
    }
    Ok(layout)
}

fn track_id(bytes: &[u8], track: Box4) -> Option<u32> {
    let header = child(bytes, track, b"tkhd")?;
    let version = *bytes.get(header.start)?;
    u32_be(bytes, header.start + if version == 1 { 20 } else { 12 })
}

/// Ticks per second of an `mdhd` or `mvhd` box.
fn timescale(bytes: &[u8], header: Box4) -> Option<u32> {
    let version = *bytes.get(header.start)?;
    u32_be(bytes, header.start + if version == 1 { 20 } else { 12 }).filter(|ticks| *ticks > 0)
}

#[derive(Clone, Copy)]
struct Edit {
    /// First tick of the media that is heard.
    start: u64,
    /// Length in ticks of the movie; 0 for all.
    len: u64,
}

/// The first edit that shows media; an empty edit before it only delays the start.
fn first_edit(bytes: &[u8], list: Box4) -> Option<Edit> {
    let version = *bytes.get(list.start)?;
    let num_edits = u32_be(bytes, list.start + 4)?;
    let entry = if version == 1 { 20 } else { 12 };
    for index in 0..num_edits.min(16) as usize {
        let at = list.start + 8 + index * entry;
        if at + entry > list.end {
            break;
        }
        let (len, start) = if version == 1 {
            (u64_be(bytes, at)?, u64_be(bytes, at + 8)? as i64)
        } else {
            (
                u64::from(u32_be(bytes, at)?),
                i64::from(u32_be(bytes, at + 4)? as i32),
            )
        };
        if let Ok(start) = u64::try_from(start) {
            return Some(Edit { start, len });
        }
    }
    None
}

/// Delay and number of frames of iTunes' gapless tag: four or more hexadecimal numbers in text, of
/// which the second is the delay, the third the padding and the fourth the length.
fn gapless_tag(bytes: &[u8], moov: Box4) -> Option<(u64, u64)> {
    let user = child(bytes, moov, b"udta")?;
    let meta = child(bytes, user, b"meta")?;
    let inner = Box4 {
        start: meta.start + 4,
        ..meta
    };
    let list = child(bytes, inner, b"ilst")?;
    for item in boxes(bytes, list.start, list.end) {
        if &item.kind != b"----" {
            continue;
        }
        let name = child(bytes, item, b"name").and_then(|name| bytes.get(name.start + 4..name.end));
        if name != Some(b"iTunSMPB".as_slice()) {
            continue;
        }
        let data = child(bytes, item, b"data")?;
        let text = std::str::from_utf8(bytes.get(data.start + 8..data.end)?).ok()?;
        let mut numbers = text
            .split_whitespace()
            .map(|word| u64::from_str_radix(word, 16));
        let delay = numbers.nth(1)?.ok()?;
        let len = numbers.nth(1)?.ok()?;
        return Some((delay, len));
    }
    None
}

/// Reads the decoder's configuration; whether it is AAC.
fn sample_entry(bytes: &[u8], track: Box4, layout: &mut Layout) -> bool {
    let Some(descriptions) = descend(bytes, track, &[b"mdia", b"minf", b"stbl", b"stsd"]) else {
        return false;
    };
    let Some(entry) = boxes(bytes, descriptions.start + 8, descriptions.end)
        .into_iter()
        .next()
    else {
        return false;
    };
    if &entry.kind != b"mp4a" {
        return false;
    }
    // Fixed fields of a sound sample entry, longer in QuickTime's versions 1 and 2.
    let version = u32_be(bytes, entry.start + 8).unwrap_or(0) >> 16;
    let fields = match version {
        0 => 28,
        1 => 44,
        _ => 64,
    };
    let inner = Box4 {
        start: entry.start + fields,
        ..entry
    };
    if inner.start > inner.end {
        return true;
    }
    let wave = child(bytes, inner, b"wave");
    let Some(stream) = child(bytes, inner, b"esds").or_else(|| child(bytes, wave?, b"esds")) else {
        return true;
    };
    if let Some(config) = decoder_config(&bytes[stream.start.min(stream.end)..stream.end])
        && let Some(aac) = aac_config::read(config)
    {
        layout.upper_band = aac.upper_band;
        layout.codec_config = aac.core;
    }
    true
}

/// The DecoderSpecificInfo in the descriptors of an `esds` box.
fn decoder_config(content: &[u8]) -> Option<&[u8]> {
    let mut rest = content.get(4..)?;
    loop {
        let (tag, body, after) = descriptor(rest)?;
        rest = match tag {
            // ES descriptor: an identifier and three optional fields.
            3 => {
                let flags = *body.get(2)?;
                let mut skip = 3;
                skip += if flags & 0x80 != 0 { 2 } else { 0 };
                skip += if flags & 0x40 != 0 {
                    1 + usize::from(*body.get(skip)?)
                } else {
                    0
                };
                skip += if flags & 0x20 != 0 { 2 } else { 0 };
                body.get(skip..)?
            }
            // Decoder configuration: thirteen bytes before its own descriptors.
            4 => body.get(13..)?,
            5 => return Some(body),
            _ => after,
        };
    }
}

/// Tag and content of the descriptor at the start, and what comes after it.
fn descriptor(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let tag = *bytes.first()?;
    let mut len = 0usize;
    for at in 1..5 {
        let byte = *bytes.get(at)?;
        len = len << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            let end = (at + 1 + len).min(bytes.len());
            return Some((tag, &bytes[at + 1..end], &bytes[end..]));
        }
    }
    None
}

/// Checks the table of sample sizes against the box and the file, and counts the packets.
fn sample_sizes(bytes: &[u8], track: Box4, layout: &mut Layout) -> Result<(), Refusal> {
    let Some(table) = descend(bytes, track, &[b"mdia", b"minf", b"stbl", b"stsz"]) else {
        return Ok(());
    };
    let (Some(size), Some(count)) = (
        u32_be(bytes, table.start + 4),
        u32_be(bytes, table.start + 8),
    ) else {
        return Err(Refusal::Malformed(
            table.start as u64,
            "its `stsz` box is too short, expected 12 bytes".into(),
        ));
    };
    let room = table.end.saturating_sub(table.start + 12) as u64 / 4;
    if size == 0 && u64::from(count) > room {
        return Err(Refusal::Malformed(
            table.start as u64,
            format!("its `stsz` box claims {count} entries, but has room for {room}"),
        ));
    }
    if count > 0 {
        layout.num_packets = Some(u64::from(count));
    }
    Ok(())
}
