//! FLAC: the stream information says how many samples must come.

use super::layout::{Container, Layout, Refusal, array};

/// Reads the stream information block.
pub(super) fn inspect(bytes: &[u8], start: usize) -> Result<Layout, Refusal> {
    let mut layout = Layout::new(Container::Flac, start..bytes.len());
    let block = start + 4;
    let Some(info) = array::<18>(bytes, block + 4).filter(|_| bytes[block] & 0x7f == 0) else {
        return Err(Refusal::Malformed(
            block as u64,
            "it has no whole STREAMINFO block, expected one at the start".into(),
        ));
    };
    // 20 bits rate, 3 bits channels - 1, 5 bits sample size - 1, 36 bits total samples.
    let packed = u64::from_be_bytes([
        info[10], info[11], info[12], info[13], info[14], info[15], info[16], info[17],
    ]);
    layout.range.end = super::mpeg::tags_start(bytes, start);
    layout.audio_bytes = audio_start(bytes, block)
        .and_then(|audio| layout.range.end.checked_sub(audio))
        .map(|len| len as u64);
    layout.num_frames = Some(packed & 0xf_ffff_ffff).filter(|total| *total > 0);
    Ok(layout)
}

/// First byte after the metadata blocks.
fn audio_start(bytes: &[u8], mut block: usize) -> Option<usize> {
    loop {
        let header = super::layout::u32_be(bytes, block)?;
        block += 4 + (header & 0xff_ffff) as usize;
        if header >> 31 == 1 {
            return Some(block);
        }
    }
}
