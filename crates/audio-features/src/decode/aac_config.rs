//! MPEG-4 AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1), as far as it says what SBR does.

use super::layout::UpperBand;

const AAC_LC: u32 = 2;
const SBR: u32 = 5;
const PARAMETRIC_STEREO: u32 = 29;

/// What an AudioSpecificConfig says of the upper half band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AacConfig {
    pub(super) upper_band: UpperBand,
    /// Rate of what is decoded, in Hz.
    pub(super) rate_hz: u32,
    /// A configuration of the AAC-LC core alone, where the given one announces SBR.
    pub(super) core: Option<Vec<u8>>,
}

/// Reads the configuration; none where it is cut or not AAC-LC at its core.
pub(super) fn read(config: &[u8]) -> Option<AacConfig> {
    let mut bits = Bits {
        bytes: config,
        at: 0,
    };
    let object = object_type(&mut bits)?;
    let (index, rate_hz) = rate(&mut bits)?;
    let channels = bits.take(4)?;
    if matches!(object, SBR | PARAMETRIC_STEREO) {
        rate(&mut bits)?;
        let core_object = object_type(&mut bits)?;
        if core_object != AAC_LC || index == 15 {
            return None;
        }
        let packed = (AAC_LC << 11 | index << 7 | channels << 3) as u16;
        return Some(AacConfig {
            upper_band: UpperBand::Sbr,
            rate_hz,
            core: Some(packed.to_be_bytes().to_vec()),
        });
    }
    if object != AAC_LC {
        return None;
    }
    // GASpecificConfig: frame length, dependence on a core coder, extension.
    bits.take(1)?;
    if bits.take(1)? == 1 {
        bits.take(14)?;
    }
    bits.take(1)?;
    let mut upper_band = if rate_hz <= 24_000 {
        UpperBand::Unknown
    } else {
        UpperBand::Whole
    };
    let mut core = None;
    if bits.take(11) == Some(0x2b7) && object_type(&mut bits) == Some(SBR) {
        upper_band = UpperBand::Whole;
        if bits.take(1) == Some(1) {
            upper_band = UpperBand::Sbr;
            let packed = (AAC_LC << 11 | index << 7 | channels << 3) as u16;
            core = (index != 15).then(|| packed.to_be_bytes().to_vec());
        }
    }
    Some(AacConfig {
        upper_band,
        rate_hz,
        core,
    })
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }
}

fn object_type(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.take(5)? {
        31 => Some(32 + bits.take(6)?),
        object => Some(object),
    }
}

/// Index and value of a sample rate; index 15 stands for a rate in full.
fn rate(bits: &mut Bits<'_>) -> Option<(u32, u32)> {
    const RATES_HZ: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ];
    let index = bits.take(4)?;
    let rate_hz = if index == 15 {
        bits.take(24)?
    } else {
        *RATES_HZ.get(index as usize)?
    };
    Some((index, rate_hz))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_low_complexity_at_a_usual_rate_is_whole() {
        // 44.1 kHz stereo with an explicit "no SBR", as FFmpeg writes it.
        let config = read(&[0x12, 0x10, 0x56, 0xe5, 0x00]);
        assert_eq!(
            config,
            Some(AacConfig {
                upper_band: UpperBand::Whole,
                rate_hz: 44_100,
                core: None
            })
        );
    }

    #[test]
    fn hierarchical_sbr_is_reduced_to_its_core() {
        // Object 5, 22.05 kHz core, 2 channels, 44.1 kHz, object 2: Apple's HE-AAC.
        let config = read(&[0x2b, 0x92, 0x08, 0x00]);
        assert_eq!(
            config,
            Some(AacConfig {
                upper_band: UpperBand::Sbr,
                rate_hz: 22_050,
                core: Some(vec![0x13, 0x90])
            })
        );
    }

    #[test]
    fn a_low_rate_with_no_word_on_sbr_is_unknown() {
        let config = read(&[0x13, 0x88]);
        assert_eq!(
            config,
            Some(AacConfig {
                upper_band: UpperBand::Unknown,
                rate_hz: 22_050,
                core: None
            })
        );
    }

    #[test]
    fn a_cut_configuration_is_none() {
        assert_eq!(read(&[0x12]), None);
        assert_eq!(read(&[]), None);
    }
}
