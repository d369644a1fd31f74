//! MP4 and M4A: boxes in boxes.
//!
//! Only the few paths that matter are followed, so that nesting costs nothing; what they say of
//! the encoder's delay (edit list, `iTunSMPB`) the reader itself does not know.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_PCM_F32BE, CODEC_ID_PCM_F64BE, CODEC_ID_PCM_S24BE, CODEC_ID_PCM_S32BE,
};

use super::aac_config;
use super::layout::{Container, Layout, Refusal, Trim, array, u16_be, u32_be, u64_be};
use super::names;

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
pub(super) fn inspect(bytes: &mut [u8], start: usize) -> Result<Layout, Refusal> {
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
    let sounds: Vec<_> = tracks
        .iter()
        .copied()
        .filter(|found| &found.kind == b"trak")
        .filter(|track| {
            descend(bytes, *track, &[b"mdia", b"hdlr"])
                .is_some_and(|handler| array(bytes, handler.start + 8) == Some(*b"soun"))
        })
        .collect();
    if sounds.len() > 1 {
        layout.damage.push(format!(
            "the first of its {} sound tracks was read",
            sounds.len()
        ));
    }
    let Some(&track) = sounds.first() else {
        return Err(Refusal::Malformed(
            moov.start as u64,
            "its `moov` box has no sound track, expected one".into(),
        ));
    };
    layout.track_id = track_id(bytes, track);
    let media_hz =
        descend(bytes, track, &[b"mdia", b"mdhd"]).and_then(|found| timescale(bytes, found));
    layout.claimed_s = descend(bytes, track, &[b"mdia", b"mdhd"])
        .and_then(|found| duration(bytes, found))
        .zip(media_hz)
        .map(|(ticks, hz)| ticks as f64 / f64::from(hz));
    let movie_hz = child(bytes, moov, b"mvhd").and_then(|found| timescale(bytes, found));

    let is_aac = sample_entry(bytes, track, &mut layout)?;
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
    hide_metadata(bytes, moov);
    Ok(layout)
}

/// Calls boxes of tags and pictures free space, so that no fault in them is seen by the reader.
fn hide_metadata(bytes: &mut [u8], moov: Box4) {
    for track in boxes(bytes, moov.start, moov.end) {
        let inner = match &track.kind {
            b"trak" => boxes(bytes, track.start, track.end),
            _ => vec![track],
        };
        for found in inner {
            if matches!(&found.kind, b"udta" | b"meta") {
                // The name stands right before the content unless the length takes eight bytes more.
                let at = (found.start.saturating_sub(16)..found.start.saturating_sub(3))
                    .rev()
                    .find(|at| bytes[*at..*at + 4] == found.kind);
                if let Some(at) = at {
                    bytes[at..at + 4].copy_from_slice(b"free");
                }
            }
        }
    }
}

fn track_id(bytes: &[u8], track: Box4) -> Option<u32> {
    let header = child(bytes, track, b"tkhd")?;
    let version = *bytes.get(header.start)?;
    u32_be(bytes, header.start + if version == 1 { 20 } else { 12 })
}

/// Ticks that the media of an `mdhd` box lasts; all ones where that is not known.
fn duration(bytes: &[u8], header: Box4) -> Option<u64> {
    match *bytes.get(header.start)? {
        1 => u64_be(bytes, header.start + 24).filter(|ticks| *ticks != u64::MAX),
        _ => u32_be(bytes, header.start + 16)
            .filter(|ticks| *ticks != u32::MAX)
            .map(u64::from),
    }
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

/// Sample entries that the reader and the decoders know: their sounds are decoded, or refused by the reader.
const KNOWN_ENTRIES: [&[u8; 4]; 16] = [
    b"mp4a", b"alac", b"fLaC", b".mp3", b".mp2", b".mp1", b"lpcm", b"sowt", b"twos", b"in24",
    b"in32", b"fl32", b"fl64", b"alaw", b"ulaw", b"raw ",
];

/// QuickTime's samples have their highest byte first unless a box `enda` says otherwise, which the reader does not look
/// at; and it takes no samples of one byte.
fn quicktime_pcm(bytes: &[u8], entry: Box4) -> Result<Option<AudioCodecId>, Refusal> {
    let bits = u16_be(bytes, entry.start + 18).unwrap_or(0);
    if matches!(&entry.kind, b"twos" | b"sowt" | b"raw ") && bits == 8 {
        return Err(Refusal::Unsupported(
            entry.start as u64,
            "samples of 8 bits in QuickTime".to_owned(),
        ));
    }
    let is_little = bytes[entry.start..entry.end]
        .windows(6)
        .any(|window| window == b"enda\0\x01");
    Ok(match &entry.kind {
        _ if is_little => None,
        b"in24" => Some(CODEC_ID_PCM_S24BE),
        b"in32" => Some(CODEC_ID_PCM_S32BE),
        b"fl32" => Some(CODEC_ID_PCM_F32BE),
        b"fl64" => Some(CODEC_ID_PCM_F64BE),
        _ => None,
    })
}

/// Reads the decoder's configuration; whether it is AAC.
fn sample_entry(bytes: &[u8], track: Box4, layout: &mut Layout) -> Result<bool, Refusal> {
    let Some(descriptions) = descend(bytes, track, &[b"mdia", b"minf", b"stbl", b"stsd"]) else {
        return Ok(false);
    };
    let Some(entry) = boxes(bytes, descriptions.start + 8, descriptions.end)
        .into_iter()
        .next()
    else {
        return Ok(false);
    };
    if !KNOWN_ENTRIES.contains(&&entry.kind) {
        return Err(Refusal::Unsupported(
            entry.start as u64,
            format!("{} in MP4 or QuickTime", names::four_letters(&entry.kind)),
        ));
    }
    layout.codec = quicktime_pcm(bytes, entry)?;
    if &entry.kind != b"mp4a" {
        return Ok(false);
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
        return Ok(true);
    }
    let wave = child(bytes, inner, b"wave");
    let Some(stream) = child(bytes, inner, b"esds").or_else(|| child(bytes, wave?, b"esds")) else {
        return Ok(true);
    };
    let esds = &bytes[stream.start.min(stream.end)..stream.end];
    if let Some(name) = object_type(esds).and_then(names::object_type)
        && name != "MP3"
    {
        return Err(Refusal::Unsupported(
            stream.start as u64,
            format!("{name} in MP4"),
        ));
    }
    // One object type stands for all layers of MPEG audio, and the reader takes them for the third.
    if let Some(0x69 | 0x6b) = object_type(esds)
        && let Some(first) = first_sample(bytes, track)
        && let Some(layer @ (2 | 3)) = bytes.get(first + 1).map(|byte| byte >> 1 & 3)
    {
        let layer = if layer == 3 { "I" } else { "II" };
        return Err(Refusal::Unsupported(
            first as u64,
            format!("MPEG audio layer {layer} in MP4"),
        ));
    }
    if let Some(config) = decoder_config(esds)
        && let Some(aac) = aac_config::read(config)
    {
        layout.upper_band = aac.upper_band;
        layout.codec_config = aac.core;
        layout.rate_hz = Some(aac.rate_hz);
    }
    Ok(true)
}

/// Where the first chunk of samples begins.
fn first_sample(bytes: &[u8], track: Box4) -> Option<usize> {
    let table = descend(bytes, track, &[b"mdia", b"minf", b"stbl"])?;
    let offset = match child(bytes, table, b"stco") {
        Some(offsets) => u64::from(u32_be(bytes, offsets.start + 8)?),
        None => u64_be(bytes, child(bytes, table, b"co64")?.start + 8)?,
    };
    usize::try_from(offset).ok()
}

/// What the decoder configuration says that the stream is.
fn object_type(content: &[u8]) -> Option<u8> {
    let (3, body, _) = descriptor(content.get(4..)?)? else {
        return None;
    };
    let flags = *body.get(2)?;
    let url = if flags & 0x40 != 0 {
        1 + usize::from(*body.get(3 + usize::from(flags >> 7) * 2)?)
    } else {
        0
    };
    let skip = 3 + usize::from(flags >> 7) * 2 + url + usize::from(flags >> 5 & 1) * 2;
    match descriptor(body.get(skip..)?)? {
        (4, config, _) => config.first().copied(),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], kind, content].concat()
    }

    fn words(values: &[u32]) -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_be_bytes())
            .collect()
    }

    /// A file of one AAC track at 44.1 kHz whose `moov` box ends with `more`.
    fn file(edit: Option<[u32; 2]>, more: &[u8]) -> Vec<u8> {
        let mdhd = boxed(b"mdhd", &words(&[0, 0, 0, 44_100, 0, 0]));
        let hdlr = boxed(b"hdlr", &[&words(&[0, 0])[..], b"soun", &[0; 12]].concat());
        let config = [3, 8, 0, 1, 0, 5, 2, 0x12, 0x10];
        let decoder = [&[4, 17][..], &[0x40; 13], &config[5..7], &config[7..]].concat();
        let stream = [
            &[0, 0, 0, 0, 3, decoder.len() as u8 + 3, 0, 1, 0][..],
            &decoder,
        ]
        .concat();
        let entry = boxed(b"mp4a", &[&[0; 28][..], &boxed(b"esds", &stream)].concat());
        let stsd = boxed(b"stsd", &[&words(&[0, 1])[..], &entry].concat());
        let stsz = boxed(b"stsz", &words(&[0, 0, 2, 100, 100]));
        let stbl = boxed(b"stbl", &[stsd, stsz].concat());
        let mdia = boxed(b"mdia", &[mdhd, hdlr, boxed(b"minf", &stbl)].concat());
        let tkhd = boxed(b"tkhd", &words(&[0, 0, 0, 7]));
        let edts = edit.map_or(Vec::new(), |[len, start]| {
            boxed(
                b"edts",
                &boxed(b"elst", &words(&[0, 1, len, start, 0x1_0000])),
            )
        });
        let trak = boxed(b"trak", &[tkhd, edts, mdia].concat());
        let mvhd = boxed(b"mvhd", &words(&[0, 0, 0, 1_000, 0]));
        [
            boxed(b"ftyp", b"M4A \0\0\0\0"),
            boxed(b"moov", &[&mvhd[..], &trak, more].concat()),
            boxed(b"mdat", &[0; 200]),
        ]
        .concat()
    }

    fn gapless(text: &str) -> Vec<u8> {
        let mean = boxed(b"mean", b"\0\0\0\0com.apple.iTunes");
        let name = boxed(b"name", b"\0\0\0\0iTunSMPB");
        let data = boxed(b"data", &[&words(&[1, 0])[..], text.as_bytes()].concat());
        let list = boxed(b"ilst", &boxed(b"----", &[mean, name, data].concat()));
        boxed(b"udta", &boxed(b"meta", &[&[0; 4][..], &list].concat()))
    }

    const ITUNES: &str = " 00000000 00000840 000001CA 00000000003F31F6 00000000 00000000";

    #[test]
    fn the_edit_list_tells_delay_and_length() {
        let mut bytes = file(Some([600, 1_024]), &[]);
        let layout = inspect(&mut bytes, 0).unwrap();
        assert_eq!(
            layout.trim,
            Trim {
                start: 1_024,
                len: Some(26_460),
                ticks_hz: 44_100
            }
        );
        assert!(layout.delay_known);
        assert_eq!((layout.track_id, layout.num_packets), (Some(7), Some(2)));
        assert_eq!(layout.damage, Vec::<String>::new());
    }

    #[test]
    fn itunes_tells_delay_and_length_where_the_edit_list_does_not() {
        let expected = Trim {
            start: 0x840,
            len: Some(0x3f_31f6),
            ticks_hz: 44_100,
        };
        for edit in [None, Some([600, 0])] {
            let layout = inspect(&mut file(edit, &gapless(ITUNES)), 0).unwrap();
            assert_eq!(layout.trim, expected);
            assert!(layout.delay_known);
        }
        let layout = inspect(&mut file(Some([600, 1_024]), &gapless(ITUNES)), 0).unwrap();
        assert_eq!(layout.trim.start, 1_024);
    }

    #[test]
    fn without_either_the_delay_of_aac_is_unknown() {
        let layout = inspect(&mut file(None, &gapless("no numbers")), 0).unwrap();
        assert_eq!((layout.trim.start, layout.trim.len), (0, None));
        assert!(!layout.delay_known);
    }

    #[test]
    fn a_table_larger_than_its_box_is_refused() {
        let mut bytes = file(None, &[]);
        let table = bytes
            .windows(4)
            .position(|window| window == b"stsz")
            .unwrap();
        bytes[table + 12..table + 16].copy_from_slice(&0x8000_0000u32.to_be_bytes());
        let refusal = inspect(&mut bytes, 0).unwrap_err();
        assert!(
            matches!(refusal, Refusal::Malformed(byte, words) if byte == table as u64 + 4 && words.contains("2147483648"))
        );
    }

    #[test]
    fn a_cut_in_the_sound_is_damage_and_a_cut_in_the_headers_an_error() {
        let mut bytes = file(None, &[]);
        let end = bytes.len() - 50;
        let layout = inspect(&mut bytes[..end], 0).unwrap();
        assert!(layout.damage[0].contains("`mdat`"), "{:?}", layout.damage);
        assert!(inspect(&mut bytes[..100], 0).is_err());
    }
}
