//! Ogg: pages with numbers and checksums tell what is missing, and where one stream ends and the next begins.

use super::layout::{Container, Layout, Refusal, array, u32_le, u64_le};
use super::names;

/// Walks the pages of all links of the chain; of each, those of its first stream that can be decoded.
pub(super) fn inspect(bytes: &[u8], start: usize) -> Result<Layout, Refusal> {
    let mut links = Links::default();
    let table = crc_table();
    let mut at = start;
    while at < bytes.len() {
        let Some(page) = Page::read(bytes, at) else {
            let next = find(bytes, at + 1);
            let what = if next == bytes.len() {
                "the file ends inside an Ogg page that starts"
            } else {
                "there is no whole Ogg page"
            };
            links.damage(format!("{what} at byte {at}"));
            at = next;
            continue;
        };
        if page.checksum(bytes, &table) != page.crc {
            links.damage(format!(
                "the checksum of the Ogg page at byte {at} is wrong"
            ));
            at = if page.end <= bytes.len() && bytes[page.end..].starts_with(b"OggS")
                || page.end == bytes.len()
            {
                page.end
            } else {
                find(bytes, at + 1)
            };
            links.pass_broken(&page);
            continue;
        }
        links.pass(&page, &bytes[page.body..page.end]);
        at = page.end;
    }
    links.finish(bytes.len())
}

/// The links of a chain, as far as they were walked.
#[derive(Debug, Default)]
struct Links {
    links: Vec<Link>,
    /// Faults before the first.
    damage: Vec<String>,
}

/// One link: streams that begin together.
#[derive(Debug)]
struct Link {
    start: usize,
    damage: Vec<String>,
    /// The stream that is decoded; none so far where all are of codecs that are not.
    chosen: Option<u32>,
    num_channels: usize,
    rate_hz: u32,
    /// Frames up to the last page.
    num_frames: u64,
    /// Codec of the first stream that is not decoded.
    unsupported: Option<String>,
    next_sequence: u32,
    /// Whether pages came that begin no stream.
    has_content: bool,
    ended: bool,
}

impl Links {
    fn damage(&mut self, found: String) {
        match self.links.last_mut() {
            Some(link) => link.damage.push(found),
            None => self.damage.push(found),
        }
    }

    fn pass_broken(&mut self, page: &Page) {
        if let Some(link) = self.links.last_mut()
            && link.chosen == Some(page.serial)
        {
            link.next_sequence = page.sequence.wrapping_add(1);
        }
    }

    fn pass(&mut self, page: &Page, body: &[u8]) {
        if page.is_first {
            // Streams that sound together begin together; what begins later is the next link.
            if self.links.last().is_none_or(|link| link.has_content) {
                self.links.push(Link {
                    start: page.start,
                    damage: Vec::new(),
                    chosen: None,
                    num_channels: 0,
                    rate_hz: 0,
                    num_frames: 0,
                    unsupported: None,
                    next_sequence: 0,
                    has_content: false,
                    ended: false,
                });
            }
        } else if self.links.is_empty() {
            // The middle of a stream: the reader will say what is missing.
            self.links.push(Link {
                start: page.start,
                damage: Vec::new(),
                chosen: Some(page.serial),
                num_channels: 0,
                rate_hz: 0,
                num_frames: 0,
                unsupported: None,
                next_sequence: page.sequence,
                has_content: true,
                ended: false,
            });
        }
        let Some(link) = self.links.last_mut() else {
            return;
        };
        if page.is_first {
            if body.starts_with(b"\x01vorbis") && link.chosen.is_none() {
                link.chosen = Some(page.serial);
                link.num_channels = body.get(11).copied().map_or(0, usize::from);
                link.rate_hz = u32_le(body, 12).unwrap_or(0);
                link.next_sequence = page.sequence;
            } else if link.unsupported.is_none() {
                link.unsupported = Some(match names::ogg_stream(body) {
                    Some(name) => format!("{name} in Ogg"),
                    None => {
                        let head = &body[..body.len().min(8)];
                        format!("an Ogg stream that begins with `{}`", head.escape_ascii())
                    }
                });
            }
        } else {
            link.has_content = true;
        }
        if link.chosen == Some(page.serial) {
            if page.sequence != link.next_sequence {
                link.damage.push(format!(
                    "Ogg page {} was expected at byte {}, found page {}",
                    link.next_sequence, page.start, page.sequence
                ));
            }
            link.next_sequence = page.sequence.wrapping_add(1);
            link.ended |= page.is_last;
            // A page on which no packet ends says all ones.
            if page.granule != u64::MAX {
                link.num_frames = page.granule;
            }
        }
    }

    fn finish(self, len: usize) -> Result<Layout, Refusal> {
        let ends: Vec<usize> = self.links[self.links.len().min(1)..]
            .iter()
            .map(|link| link.start)
            .chain([len])
            .collect();
        let mut damage = self.damage;
        let mut layouts: Vec<Layout> = Vec::new();
        let mut refusal = None;
        for (index, (link, end)) in self.links.into_iter().zip(ends).enumerate() {
            if link.chosen.is_none() {
                let codec = link
                    .unsupported
                    .unwrap_or_else(|| "nothing in Ogg".to_owned());
                damage.push(format!(
                    "{codec}, which is not supported, begins at byte {}",
                    link.start
                ));
                refusal.get_or_insert(Refusal::Unsupported(link.start as u64, codec));
                continue;
            }
            damage.extend(link.damage);
            if !link.ended {
                damage.push(match end == len {
                    true => format!(
                        "the file ends at byte {len} without the mark of a last Ogg page"
                    ),
                    false => format!(
                        "the Ogg stream of link {index} ends at byte {end} without the mark of a last page"
                    ),
                });
            }
            let mut layout = Layout::new(Container::Ogg, link.start..end);
            layout.most_channels = link.num_channels;
            if link.rate_hz > 0 {
                layout.rate_hz = Some(link.rate_hz);
                layout.claimed_s = Some(link.num_frames as f64 / f64::from(link.rate_hz));
            }
            layouts.push(layout);
        }
        let mut layouts = layouts.into_iter();
        let Some(mut first) = layouts.next() else {
            return Err(refusal.unwrap_or_else(|| {
                Refusal::Malformed(
                    len as u64,
                    "it has no whole Ogg page, expected one at the start".into(),
                )
            }));
        };
        first.rest = layouts.collect();
        first.damage = damage;
        Ok(first)
    }
}

struct Page {
    start: usize,
    body: usize,
    end: usize,
    granule: u64,
    serial: u32,
    sequence: u32,
    crc: u32,
    is_first: bool,
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
            granule: u64_le(&header, 6)?,
            serial: u32_le(&header, 14)?,
            sequence: u32_le(&header, 18)?,
            crc: u32_le(&header, 22)?,
            is_first: header[5] & 2 != 0,
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
