//! Pages of Ogg, to be changed.

/// Where pages start.
pub(crate) fn pages(bytes: &[u8]) -> Vec<usize> {
    let (mut starts, mut at) = (Vec::new(), 0);
    while bytes[at.min(bytes.len())..].starts_with(b"OggS\0") {
        starts.push(at);
        let count = usize::from(bytes[at + 26]);
        let lens = &bytes[at + 27..at + 27 + count];
        at += 27 + count + lens.iter().map(|len| usize::from(*len)).sum::<usize>();
    }
    starts
}

/// Makes all checksums fit.
pub(crate) fn reseal(bytes: &mut [u8]) {
    let mut starts = pages(bytes);
    starts.push(bytes.len());
    for range in starts.windows(2) {
        let page = &mut bytes[range[0]..range[1]];
        page[22..26].fill(0);
        let mut crc = 0u32;
        for byte in page.iter() {
            crc ^= u32::from(*byte) << 24;
            for _ in 0..8 {
                crc = crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 };
            }
        }
        page[22..26].copy_from_slice(&crc.to_le_bytes());
    }
}
