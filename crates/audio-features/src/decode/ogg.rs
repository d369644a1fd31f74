//! Ogg: pages with numbers and checksums tell what is missing.

use super::layout::{Container, Layout, Refusal, array, u32_le};

/// Walks the pages of the first logical stream.
pub(super) fn inspect(bytes: &[u8], start: usize) -> Result<Layout, Refusal> {
    let mut layout = Layout::new(Container::Ogg, start..bytes.len());
    let table = crc_table();
    let mut at = start;
    let mut serial = None;
    let mut next_sequence = 0u32;
    let mut ended = false;
    while at < bytes.len() {
        let Some(page) = Page::read(bytes, at) else {
            let next = find(bytes, at + 1);
            let what = if next == bytes.len() {
                "the file ends inside an Ogg page that starts"
            } else {
                "there is no whole Ogg page"
            };
            layout.damage.push(format!("{what} at byte {at}"));
            at = next;
            continue;
        };
        if page.checksum(bytes, &table) != page.crc {
            layout.damage.push(format!(
                "the checksum of the Ogg page at byte {at} is wrong"
            ));
            at = if page.end <= bytes.len() && bytes[page.end..].starts_with(b"OggS")
                || page.end == bytes.len()
            {
                page.end
            } else {
                find(bytes, at + 1)
            };
            if serial == Some(page.serial) {
                next_sequence = page.sequence.wrapping_add(1);
            }
            continue;
        }
        if serial.is_none() {
            if let Some(found) = unsupported(&bytes[page.body..page.end]) {
                return Err(Refusal::Unsupported(at as u64, found.to_owned()));
            }
            serial = Some(page.serial);
            next_sequence = page.sequence;
        }
        if serial == Some(page.serial) {
            if page.sequence != next_sequence {
                layout.damage.push(format!(
                    "Ogg page {} was expected at byte {at}, found page {}",
                    next_sequence, page.sequence
                ));
            }
            next_sequence = page.sequence.wrapping_add(1);
            ended |= page.is_last;
        }
        at = page.end;
    }
    if !ended {
        layout.damage.push(format!(
            "the file ends at byte {} without the mark of a last Ogg page",
            bytes.len()
        ));
    }
    Ok(layout)
}

struct Page {
    start: usize,
    body: usize,
    end: usize,
    serial: u32,
    sequence: u32,
    crc: u32,
    is_last: bool,
}

impl Page {
    fn read(bytes: &[u8], start: usize) -> Option<Self> {
        let header: [u8; 27] = array(bytes, start)?;
        if !header.starts_with(b"OggS\0") {
            return None;
        }
        let body = start + 27 + usize::from(header[26]);
        let lengths = bytes.get(start + 27..body)?;
        let end = body + lengths.iter().map(|len| usize::from(*len)).sum::<usize>();
        (end <= bytes.len()).then_some(Self {
            start,
            body,
            end,
            serial: u32_le(&header, 14)?,
            sequence: u32_le(&header, 18)?,
            crc: u32_le(&header, 22)?,
            is_last: header[5] & 4 != 0,
        })
    }

    /// CRC-32 of the page (polynomial 0x04c11db7, not reflected) with its own field as zeros.
    fn checksum(&self, bytes: &[u8], table: &[u32; 256]) -> u32 {
        let field = self.start + 22..self.start + 26;
        (self.start..self.end).fold(0, |crc, at| {
            let byte = if field.contains(&at) { 0 } else { bytes[at] };
            crc << 8 ^ table[((crc >> 24) as u8 ^ byte) as usize]
        })
    }
}

fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    for (index, entry) in table.iter_mut().enumerate() {
        let mut crc = (index as u32) << 24;
        for _ in 0..8 {
            crc = crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 };
        }
        *entry = crc;
    }
    table
}

/// The next page mark from `at` on, or the end.
fn find(bytes: &[u8], at: usize) -> usize {
    bytes[at.min(bytes.len())..]
        .windows(4)
        .position(|window| window == b"OggS")
        .map_or(bytes.len(), |offset| at + offset)
}

fn unsupported(first_packet: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 4] = [
        (b"OpusHead", "Opus audio in Ogg"),
        (b"Speex   ", "Speex audio in Ogg"),
        (b"\x80theora", "a Theora video in Ogg"),
        (b"fishead", "an Ogg skeleton"),
    ];
    known
        .iter()
        .find(|(magic, _)| first_packet.starts_with(magic))
        .map(|(_, name)| *name)
}
