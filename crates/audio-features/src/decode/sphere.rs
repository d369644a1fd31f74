//! NIST SPHERE, the container of TIMIT and of most LDC corpora: a header of text, then samples.
//!
//! The field names are those of NIST's `sphere` library. The samples are brought into WAV's form where they lie, and a
//! WAV header is put over the end of the text, so that one reader serves both.

use super::layout::{Container, Layout, Refusal};

/// Longest header that is read, in bytes. TIMIT's has 1,024.
const LONGEST_HEADER: usize = 1 << 20;

/// Length of the WAV header that is put in front of the samples. Its `fmt ` chunk is the longer one, since readers
/// want that for A-law and µ-law.
const WAV_HEADER_LEN: usize = 46;

/// How WAV calls the codings of samples.
const WAV_PCM: u16 = 1;
const WAV_ALAW: u16 = 6;
const WAV_MULAW: u16 = 7;

/// What a header says, as far as it matters here.
#[derive(Debug)]
struct Header {
    len: usize,
    num_channels: usize,
    sample_rate_hz: u32,
    /// Samples per channel, where it says so.
    num_frames: Option<u64>,
    sample_bytes: usize,
    big_endian: bool,
    wav_coding: u16,
}

/// Reads the header and turns the file into WAV in place.
pub(super) fn inspect(bytes: &mut [u8], start: usize) -> Result<Layout, Refusal> {
    let header = header(bytes, start)?;
    let data = start + header.len;
    let mut layout = Layout::new(Container::Wav, start..bytes.len());
    let block = header.num_channels * header.sample_bytes;
    let present = (bytes.len() - data) as u64;
    let wanted = header.num_frames.map(|frames| frames * block as u64);
    if let Some(wanted) = wanted.filter(|wanted| *wanted > present) {
        layout.damage.push(format!(
            "the file ends at byte {}, but its header claims {wanted} bytes from byte {data} on",
            bytes.len()
        ));
        layout.bytes = Some((present / block as u64 * block as u64, wanted));
    }
    // Trailing bytes beyond the claimed samples are left out, as by NIST's own library.
    let len = wanted.unwrap_or(present).min(present) as usize / block * block;
    let samples = &mut bytes[data..data + len];
    match (header.wav_coding, header.sample_bytes) {
        // SPHERE's bytes are signed, WAV's are not.
        (WAV_PCM, 1) => samples.iter_mut().for_each(|sample| *sample ^= 0x80),
        (_, size) if header.big_endian => samples.chunks_exact_mut(size).for_each(<[u8]>::reverse),
        _ => {}
    }
    let begin = data - WAV_HEADER_LEN;
    bytes[begin..data].copy_from_slice(&wav_header(&header, block, len));
    layout.range = begin..data + len;
    Ok(layout)
}

/// Reads the fields up to `end_head`.
fn header(bytes: &[u8], start: usize) -> Result<Header, Refusal> {
    let malformed = |at: usize, found: String| Refusal::Malformed(at as u64, found);
    // "NIST_1A\n", then the header's length in a line of eight bytes.
    let len_text = bytes.get(start + 8..start + 16).unwrap_or_default();
    let len = std::str::from_utf8(len_text)
        .ok()
        .and_then(|text| text.trim().parse::<usize>().ok());
    let Some(len) = len.filter(|len| (16 + WAV_HEADER_LEN..=LONGEST_HEADER).contains(len)) else {
        return Err(malformed(
            start + 8,
            format!(
                "its SPHERE header says that it is {:?} bytes long, expected {} to {LONGEST_HEADER}",
                String::from_utf8_lossy(len_text).trim(),
                16 + WAV_HEADER_LEN
            ),
        ));
    };
    let Some(text) = bytes.get(start + 16..start + len) else {
        return Err(malformed(
            bytes.len(),
            format!("the file ends within its SPHERE header of {len} bytes"),
        ));
    };
    let mut header = Header {
        len,
        num_channels: 1,
        sample_rate_hz: 0,
        num_frames: None,
        sample_bytes: 2,
        big_endian: false,
        wav_coding: WAV_PCM,
    };
    let mut coding = "pcm";
    let mut is_ended = false;
    let mut at = start + 16;
    for line in text.split(|byte| *byte == b'\n') {
        let place = at;
        at += line.len() + 1;
        let Ok(line) = std::str::from_utf8(line) else {
            // Free text in another encoding is of no use here.
            continue;
        };
        let line = line.trim_end_matches(['\r', '\0', ' ']);
        if line == "end_head" {
            is_ended = true;
            break;
        }
        // `name -type value`, the value may hold blanks.
        let mut parts = line.splitn(3, ' ');
        let (Some(name), Some(_), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let number = |most: u64| {
            let number = value.trim().parse::<u64>().ok();
            number.filter(|number| *number <= most).ok_or_else(|| {
                malformed(
                    place,
                    format!(
                        "its SPHERE header says {name} {value:?}, expected a number up to {most}"
                    ),
                )
            })
        };
        match name {
            "channel_count" => header.num_channels = number(u64::from(u16::MAX))? as usize,
            "sample_rate" => header.sample_rate_hz = number(u64::from(u32::MAX))? as u32,
            "sample_count" => header.num_frames = Some(number(1 << 40)?),
            "sample_n_bytes" => header.sample_bytes = number(4)? as usize,
            "sample_byte_format" => {
                header.big_endian = value.trim().starts_with("10") || value.trim() == "3210"
            }
            "sample_coding" => coding = value.trim(),
            _ => {}
        }
    }
    if !is_ended
        || header.sample_rate_hz == 0
        || header.num_channels == 0
        || header.sample_bytes == 0
    {
        return Err(malformed(
            start,
            format!(
                "its SPHERE header says {} Hz, {} channels, {} bytes per sample{}; none may be missing or 0",
                header.sample_rate_hz,
                header.num_channels,
                header.sample_bytes,
                if is_ended {
                    ""
                } else {
                    " and has no `end_head`"
                }
            ),
        ));
    }
    header.wav_coding = match coding {
        "pcm" => WAV_PCM,
        "ulaw" | "mu-law" if header.sample_bytes == 1 => WAV_MULAW,
        "alaw" if header.sample_bytes == 1 => WAV_ALAW,
        other => {
            let remedy = match other.contains("shorten") {
                true => {
                    "; unpack it with NIST's `w_decode` or with `sph2pipe -f wav INPUT OUTPUT.wav`"
                }
                false => "",
            };
            return Err(Refusal::Unsupported(
                start as u64,
                format!("a NIST SPHERE file whose samples are coded as `{other}`{remedy}"),
            ));
        }
    };
    Ok(header)
}

/// The header of a WAV file with `len` bytes of samples in blocks of `block` bytes.
fn wav_header(header: &Header, block: usize, len: usize) -> [u8; WAV_HEADER_LEN] {
    let mut wav = [0; WAV_HEADER_LEN];
    let mut put = |at: usize, field: &[u8]| wav[at..at + field.len()].copy_from_slice(field);
    put(0, b"RIFF");
    put(4, &(len as u32).saturating_add(38).to_le_bytes());
    put(8, b"WAVEfmt \x12\0\0\0");
    put(20, &header.wav_coding.to_le_bytes());
    put(22, &(header.num_channels as u16).to_le_bytes());
    put(24, &header.sample_rate_hz.to_le_bytes());
    let rate = u64::from(header.sample_rate_hz) * block as u64;
    put(28, &u32::try_from(rate).unwrap_or(u32::MAX).to_le_bytes());
    put(32, &(block as u16).to_le_bytes());
    put(34, &(8 * header.sample_bytes as u16).to_le_bytes());
    put(38, b"data");
    put(42, &(len as u32).to_le_bytes());
    wav
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as TIMIT has it, with fields changed.
    fn timit(changed: &[(&str, &str)], data: &[u8]) -> Vec<u8> {
        let mut fields = vec![
            ("database_id", "-s5 TIMIT"),
            ("channel_count", "-i 1"),
            ("sample_count", "-i 4"),
            ("sample_rate", "-i 16000"),
            ("sample_n_bytes", "-i 2"),
            ("sample_byte_format", "-s2 01"),
            ("sample_sig_bits", "-i 16"),
        ];
        for (name, value) in changed {
            fields.retain(|(known, _)| known != name);
            fields.push((name, value));
        }
        let mut text = "NIST_1A\n   1024\n".to_owned();
        for (name, value) in fields {
            text.push_str(&format!("{name} {value}\n"));
        }
        text.push_str("end_head\n");
        let mut bytes = text.into_bytes();
        bytes.resize(1024, 0);
        bytes.extend(data);
        bytes
    }

    fn wav_data(mut bytes: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let layout = inspect(&mut bytes, 0)?;
        Ok(bytes[layout.range][WAV_HEADER_LEN..].to_vec())
    }

    #[test]
    fn samples_come_out_in_the_order_of_wav() {
        let data = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(wav_data(timit(&[], &data)).unwrap(), data);
        let big = timit(&[("sample_byte_format", "-s2 10")], &data);
        assert_eq!(wav_data(big).unwrap(), [2, 1, 4, 3, 6, 5, 8, 7]);
        let bytes = [("sample_n_bytes", "-i 1"), ("sample_byte_format", "-s1 1")];
        assert_eq!(
            wav_data(timit(&bytes, &data)).unwrap(),
            [129, 130, 131, 132]
        );
    }

    #[test]
    fn a_cut_file_says_so_and_a_tail_is_left_out() {
        let mut cut = timit(&[("sample_count", "-i 100")], &[0; 9]);
        let layout = inspect(&mut cut, 0).unwrap();
        assert_eq!(layout.bytes, Some((8, 200)));
        assert!(layout.damage[0].contains("claims 200 bytes"), "{layout:?}");
        assert_eq!(wav_data(timit(&[], &[0; 64])).unwrap().len(), 8);
    }

    #[test]
    fn shorten_is_named_with_its_remedy() {
        let coding = [("sample_coding", "-s26 pcm,embedded-shorten-v2.00")];
        let error = inspect(&mut timit(&coding, &[0; 8]), 0).unwrap_err();
        let Refusal::Unsupported(0, found) = error else {
            panic!("{error:?}")
        };
        assert!(
            found.contains("pcm,embedded-shorten-v2.00") && found.contains("sph2pipe"),
            "{found}"
        );
    }

    #[test]
    fn hostile_headers_are_refused() {
        for (name, value) in [
            ("channel_count", "-i 0"),
            ("channel_count", "-i 99999999999999999999"),
            ("sample_rate", "-i -5"),
            ("sample_n_bytes", "-i 8"),
            ("sample_count", "-i 18446744073709551615"),
        ] {
            let mut file = timit(&[(name, value)], &[0; 8]);
            assert!(
                matches!(inspect(&mut file, 0), Err(Refusal::Malformed(..))),
                "{name} {value}"
            );
        }
        for head in [
            "NIST_1A\n",
            "NIST_1A\n      9\n",
            "NIST_1A\n9999999\n",
            "NIST_1A\n   1024\nend_head\n",
        ] {
            let mut file = head.as_bytes().to_vec();
            assert!(
                matches!(inspect(&mut file, 0), Err(Refusal::Malformed(..))),
                "{head}"
            );
        }
    }
}
