//! WAV, RF64, BW64 and Wave64: chunks of a name and a length.
//!
//! Lengths that run past the end of the file (a cut copy, a recorder that never came back to write them) are set to what
//! is there, and reported. What other chunks hold plays no part, so that no fault in them does.

use super::chunks::{Chunk, chunks, find_chunk};
use super::layout::{Container, Layout, Refusal, Trim, array, u16_le, u32_le, u64_le};
use super::pcm::{Coding, Pcm};
use super::{mpeg, names};

/// Lengths of a stream whose writer could not go back to fill them in: as FFmpeg and as SoX write them.
const UNKNOWN_LENS: [u32; 2] = [u32::MAX, 0x7fff_f000];

const PCM: u16 = 1;
const MS_ADPCM: u16 = 2;
const FLOAT: u16 = 3;
const ALAW: u16 = 6;
const MULAW: u16 = 7;
const IMA_ADPCM: u16 = 0x11;
const MPEG: u16 = 0x50;
const MP3: u16 = 0x55;
/// AAC as several programs number it.
const AAC: [u16; 3] = [0xff, 0x1600, 0x706d];
const EXTENSIBLE: u16 = 0xfffe;

/// The last twelve bytes of the GUID of a format that has a tag.
const TAGGED_GUID: [u8; 12] = [0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
/// The same of Ambisonic B-format, of which the tag says the numbers.
const AMBISONIC_GUID: [u8; 12] = [0x21, 7, 0xd3, 0x11, 0x86, 0x44, 0xc8, 0xc1, 0xca, 0, 0, 0];

/// What a `fmt ` chunk says.
struct Format {
    tag: u16,
    num_channels: usize,
    rate_hz: u32,
    byte_rate: u32,
    block: usize,
    bits: u32,
}

/// Walks a WAV, RF64 or BW64 file; see the module's notes on what is mended.
pub(super) fn inspect(bytes: &mut [u8], start: usize) -> Result<Layout, Refusal> {
    let chunks = chunks(bytes, start + 12, false);
    let named = |name: &[u8; 4]| chunks.iter().find(|chunk| &chunk.name == name);
    let Some(format) = named(b"fmt ") else {
        return Err(Refusal::Malformed(
            bytes.len() as u64,
            "it has no `fmt ` chunk, expected one before the end of the file".into(),
        ));
    };
    let mut notes = Vec::new();
    let data = match named(b"data") {
        Some(data) => data.clone(),
        None => {
            // A chunk before it may lie about its length.
            let after = format.start + format.len.min(40) as usize;
            let Some(data) = find_chunk(bytes, after, b"data", false) else {
                return Err(Refusal::Malformed(
                    bytes.len() as u64,
                    "it has no `data` chunk, expected one before the end of the file".into(),
                ));
            };
            notes.push(format!(
                "the chunks before its `data` chunk at byte {} lie about their lengths",
                data.start - 8
            ));
            data
        }
    };
    if data.start < format.start {
        return Err(Refusal::Unsupported(
            data.start as u64,
            "a WAV file whose `data` chunk stands before `fmt `".into(),
        ));
    }
    let present = bytes.len().saturating_sub(data.start) as u64;
    let sizes = named(b"ds64").filter(|_| !bytes[start..].starts_with(b"RIFF"));
    let claimed = match sizes {
        Some(sizes) if data.len == u32::MAX => u64_le(bytes, sizes.start + 8)
            .filter(|len| *len > 0 || present == 0)
            .unwrap_or(u64::MAX),
        _ => u64::from(data.len),
    };
    let is_unknown = claimed == u64::MAX || sizes.is_none() && UNKNOWN_LENS.contains(&data.len);
    let wanted = if is_unknown {
        present
    } else if claimed == 0 && present > 0 && !is_followed_by_chunks(bytes, data.start) {
        notes.push(format!(
            "its `data` chunk says 0 bytes, as a recorder leaves it that was stopped; the {present} bytes up to the end of the file were read"
        ));
        present
    } else {
        claimed
    };
    let glued = next_file(bytes, data.start as u64, wanted);
    sound(
        bytes,
        format.start,
        format.len as usize,
        data.start,
        wanted,
        named(b"fact").and_then(|fact| u32_le(bytes, fact.start)),
    )
    .map(|mut layout| {
        layout.damage.extend(glued);
        layout.notes.append(&mut notes);
        layout
    })
}

/// Walks a Sony Wave64 file: chunks of a GUID and a length of eight bytes, which counts the header.
pub(super) fn inspect_wave64(bytes: &mut [u8], start: usize) -> Result<Layout, Refusal> {
    let (mut at, mut format) = (start + 40, None);
    while let (Some(name), Some(len)) = (array::<4>(bytes, at), u64_le(bytes, at + 16)) {
        let content = at + 24;
        let claimed = len.saturating_sub(24);
        if &name == b"fmt " {
            format = Some((content, claimed.min(1 << 16) as usize));
        }
        if let (b"data", Some((format, format_len))) = (&name, format) {
            let present = bytes.len().saturating_sub(content) as u64;
            let wanted = if len < 24 || len == u64::MAX {
                present
            } else {
                claimed
            };
            return sound(bytes, format, format_len, content, wanted, None);
        }
        let next = usize::try_from(len.max(24).next_multiple_of(8)).ok();
        match next.and_then(|len| at.checked_add(len)) {
            Some(next) if next < bytes.len() => at = next,
            _ => break,
        }
    }
    Err(Refusal::Malformed(
        bytes.len() as u64,
        "it has no `data` chunk after a `fmt ` chunk, expected one before the end of the file"
            .into(),
    ))
}

/// What to say of another WAV file behind the sound of this one.
fn next_file(bytes: &[u8], data: u64, wanted: u64) -> Option<String> {
    let end = data.checked_add(wanted.checked_next_multiple_of(2)?)?;
    let rest = bytes.get(usize::try_from(end).ok()?..)?;
    let is_wav = rest.starts_with(b"RIFF") && rest.get(8..12) == Some(b"WAVE");
    is_wav.then(|| format!("another WAV file begins at byte {end}, and was not read"))
}

/// The layout of `wanted` bytes of sound from `data` on, in the format of the chunk at `format`.
fn sound(
    bytes: &mut [u8],
    format_start: usize,
    format_len: usize,
    data: usize,
    wanted: u64,
    fact_frames: Option<u32>,
) -> Result<Layout, Refusal> {
    let format = read_format(bytes, format_start, format_len)?;
    let malformed = |found: String| Refusal::Malformed(format_start as u64, found);
    let present = bytes.len().saturating_sub(data) as u64;
    let usable = present.min(wanted);
    let cut = (usable < wanted).then(|| {
        format!(
            "the file ends at byte {}, but its `data` chunk claims {wanted} bytes from byte {data} on",
            bytes.len()
        )
    });
    let coding = match format.tag {
        PCM if format.bits <= 8 => Coding::Unsigned,
        PCM => Coding::Signed,
        FLOAT => Coding::Float,
        ALAW => Coding::ALaw,
        MULAW => Coding::MuLaw,
        MS_ADPCM | IMA_ADPCM => {
            return adpcm(
                bytes,
                &format,
                format_start,
                format_len,
                data,
                usable,
                wanted,
                cut,
                fact_frames,
            );
        }
        MPEG | MP3 => return mpeg_in_wav(bytes, data, usable, cut, "MPEG audio"),
        tag if AAC.contains(&tag) => return mpeg_in_wav(bytes, data, usable, cut, "AAC"),
        tag => {
            return Err(Refusal::Unsupported(
                format_start as u64,
                format!("{} in WAV", names::wave_format(tag)),
            ));
        }
    };
    if format.num_channels == 0 || format.bits == 0 {
        return Err(malformed(format!(
            "its `fmt ` chunk says {} channels, {} bits per sample; none may be 0",
            format.num_channels, format.bits
        )));
    }
    let sample_bytes = sample_bytes(&format).map_err(malformed)?;
    if !Pcm::is_known(coding, sample_bytes) || format.bits < 8 {
        return Err(malformed(format!(
            "its `fmt ` chunk says {} bits per sample of tag {}, in {sample_bytes} bytes",
            format.bits, format.tag
        )));
    }
    let mut pcm = Pcm {
        coding,
        sample_bytes,
        big_endian: false,
        num_channels: format.num_channels,
        sample_rate_hz: format.rate_hz,
        shift: 0,
        data: data..data,
    };
    let block = pcm.frame_bytes() as u64;
    pcm.data.end += (usable / block * block) as usize;
    if sample_bytes > format.bits.div_ceil(8) as usize {
        pcm.align(bytes, format.bits);
    }
    let mut layout = Layout::of_pcm(pcm);
    if let Some(cut) = cut {
        layout.damage.push(cut);
        layout.bytes = Some((usable / block * block, wanted / block * block));
    }
    Ok(layout)
}

fn read_format(bytes: &[u8], start: usize, len: usize) -> Result<Format, Refusal> {
    let there = bytes.len().saturating_sub(start).min(len);
    if there < 16 {
        return Err(Refusal::Malformed(
            start as u64,
            format!("its `fmt ` chunk has {there} bytes, expected at least 16"),
        ));
    }
    let field = |at: usize| u16_le(bytes, start + at).unwrap_or(0);
    let mut format = Format {
        tag: field(0),
        num_channels: usize::from(field(2)),
        rate_hz: u32_le(bytes, start + 4).unwrap_or(0),
        byte_rate: u32_le(bytes, start + 8).unwrap_or(0),
        block: usize::from(field(12)),
        bits: u32::from(field(14)),
    };
    if format.tag == EXTENSIBLE {
        let guid = array::<16>(bytes, start + 24).filter(|_| there >= 40);
        match guid {
            Some([low, high, _, _, rest @ ..])
                if rest == TAGGED_GUID || rest == AMBISONIC_GUID || guid.is_some_and(is_tagged) =>
            {
                format.tag = u16::from_le_bytes([low, high]);
            }
            Some(guid) => {
                let guid: String = guid.iter().map(|byte| format!("{byte:02x}")).collect();
                return Err(Refusal::Unsupported(
                    start as u64,
                    format!("a sub-format with the GUID {guid} in WAV"),
                ));
            }
            None => {
                return Err(Refusal::Malformed(
                    start as u64,
                    format!("its extensible `fmt ` chunk has {there} bytes, expected 40"),
                ));
            }
        }
    }
    Ok(format)
}

/// Whether a GUID is that of a format with a tag: its first four bytes are the tag, the others are always the same.
fn is_tagged(guid: [u8; 16]) -> bool {
    guid[2..4] == [0, 0] && guid[4..] == TAGGED_GUID
}

/// Bytes that a sample takes: as many as its bits need, or more where the size of a block and the bytes a second both
/// say so.
fn sample_bytes(format: &Format) -> Result<usize, String> {
    let needed = format.bits.div_ceil(8) as usize;
    let said = format.block / format.num_channels;
    if said <= needed || !format.block.is_multiple_of(format.num_channels) {
        return Ok(needed);
    }
    let rate = |bytes: usize| u64::from(format.rate_hz) * (format.num_channels * bytes) as u64;
    let byte_rate = u64::from(format.byte_rate);
    if byte_rate == rate(said) {
        Ok(said)
    } else if byte_rate == rate(needed) || byte_rate == 0 {
        Ok(needed)
    } else {
        Err(format!(
            "its `fmt ` chunk says {} channels of {} bits in blocks of {} bytes and {byte_rate} bytes a second, which contradict one another",
            format.num_channels, format.bits, format.block
        ))
    }
}

/// ADPCM is read by symphonia, behind a header with nothing in it but what it needs.
#[expect(
    clippy::too_many_arguments,
    reason = "all of them are fields of one header"
)]
fn adpcm(
    bytes: &mut [u8],
    format: &Format,
    format_start: usize,
    format_len: usize,
    data: usize,
    usable: u64,
    wanted: u64,
    cut: Option<String>,
    fact_frames: Option<u32>,
) -> Result<Layout, Refusal> {
    if format.block == 0 || format.num_channels == 0 {
        return Err(Refusal::Malformed(
            format_start as u64,
            format!(
                "its `fmt ` chunk says {} channels in blocks of {} bytes; none may be 0",
                format.num_channels, format.block
            ),
        ));
    }
    let block = format.block as u64;
    let whole = usable / block * block;
    // As long as its own extension says, whatever fills it up.
    let extension = u16_le(bytes, format_start + 16).map_or(0, usize::from);
    let format_len = format_len.min(18 + extension);
    let format_chunk =
        bytes[format_start..format_start + format_len.min(data - format_start)].to_vec();
    let header_len = 28 + format_chunk.len();
    let Some(header_start) = data.checked_sub(header_len) else {
        return Err(Refusal::Malformed(
            format_start as u64,
            "its `fmt ` chunk is too long".into(),
        ));
    };
    let header = [
        b"RIFF",
        &((header_len as u64 - 8 + whole) as u32).to_le_bytes()[..],
        b"WAVEfmt ",
        &(format_chunk.len() as u32).to_le_bytes(),
        &format_chunk,
        b"data",
        &(whole as u32).to_le_bytes(),
    ]
    .concat();
    bytes[header_start..data].copy_from_slice(&header);
    let mut layout = Layout::new(Container::Wav, header_start..data + whole as usize);
    match (cut, fact_frames) {
        (Some(cut), _) => {
            layout.damage.push(cut);
            layout.bytes = Some((whole, wanted / block * block));
        }
        // The last block is filled up; the fact chunk has the true count.
        (None, Some(frames @ 1..)) => {
            layout.trim = Trim {
                start: 0,
                len: Some(u64::from(frames)),
                ticks_hz: 0,
            };
        }
        _ => {}
    }
    Ok(layout)
}

/// Bare frames that a WAV header was put in front of.
fn mpeg_in_wav(
    bytes: &[u8],
    data: usize,
    usable: u64,
    cut: Option<String>,
    what: &str,
) -> Result<Layout, Refusal> {
    let end = data + usable as usize;
    let mut layout = mpeg::inspect(&bytes[..end], data).ok_or_else(|| {
        Refusal::Unsupported(
            data as u64,
            format!("{what} in WAV whose frames are not known"),
        )
    })?;
    layout.damage.extend(cut);
    Ok(layout)
}

/// Whether chunks follow one another from a byte to the end of the file.
fn is_followed_by_chunks(bytes: &[u8], at: usize) -> bool {
    let is_name = |chunk: &Chunk| chunk.name.iter().all(|byte| (b' '..=b'~').contains(byte));
    let following = chunks(bytes, at, false);
    following.iter().all(is_name)
        && following.last().is_some_and(|last| {
            let end = last.start as u64 + u64::from(last.len);
            end <= bytes.len() as u64 && end + 1 >= bytes.len() as u64
        })
}
