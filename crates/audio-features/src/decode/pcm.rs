//! Samples that are not compressed, of any container: numbers of one to eight bytes, A-law, µ-law.

use std::ops::Range;

/// How a sample is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Signed,
    Unsigned,
    Float,
    ALaw,
    MuLaw,
}

/// Where samples lie and how they are coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pcm {
    pub(super) coding: Coding,
    /// Bytes that a sample takes.
    pub(super) sample_bytes: usize,
    pub(super) big_endian: bool,
    pub(super) num_channels: usize,
    pub(super) sample_rate_hz: u32,
    /// Bits by which samples have to go up to fill their bytes.
    pub(super) shift: u32,
    /// The samples' bytes, whole frames.
    pub(super) data: Range<usize>,
}

impl Pcm {
    /// Whether there are samples of this coding and size.
    pub(super) fn is_known(coding: Coding, sample_bytes: usize) -> bool {
        match coding {
            Coding::Signed | Coding::Unsigned => matches!(sample_bytes, 1..=4 | 8),
            Coding::Float => matches!(sample_bytes, 4 | 8),
            Coding::ALaw | Coding::MuLaw => sample_bytes == 1,
        }
    }

    /// Bytes of a frame.
    pub(super) fn frame_bytes(&self) -> usize {
        self.num_channels * self.sample_bytes
    }

    /// The coding's short name.
    pub(super) fn codec(&self) -> String {
        let letter = match self.coding {
            Coding::Signed => 's',
            Coding::Unsigned => 'u',
            Coding::Float => 'f',
            Coding::ALaw => return "pcm_alaw".to_owned(),
            Coding::MuLaw => return "pcm_mulaw".to_owned(),
        };
        let order = match (self.sample_bytes, self.big_endian) {
            (1, _) => "",
            (_, true) => "be",
            (_, false) => "le",
        };
        format!("pcm_{letter}{}{order}", 8 * self.sample_bytes)
    }

    /// From where on a sample may be clipped: the largest value of the coding.
    pub(super) fn full_scale(&self) -> f32 {
        match (self.coding, self.sample_bytes) {
            (Coding::ALaw, _) => 32_256.0 / 32_768.0,
            (Coding::MuLaw, _) => 32_124.0 / 32_768.0,
            (_, 1) => 127.0 / 128.0,
            _ => 32_767.0 / 32_768.0,
        }
    }

    /// Appends the samples of whole frames' bytes, full scale being 1.
    pub(super) fn decode(&self, bytes: &[u8], out: &mut Vec<f32>) {
        match (self.coding, self.sample_bytes) {
            (Coding::ALaw, _) => out.extend(bytes.iter().map(|byte| alaw(*byte))),
            (Coding::MuLaw, _) => out.extend(bytes.iter().map(|byte| mulaw(*byte))),
            (Coding::Float, 4) => self.each(bytes, out, |b: [u8; 4]| f32::from_le_bytes(b)),
            (Coding::Float, _) => self.each(bytes, out, |b: [u8; 8]| f64::from_le_bytes(b) as f32),
            (_, 1) => {
                let bias = self.bias() as u8;
                let samples = bytes.iter().map(|byte| (byte ^ bias) as i8);
                out.extend(samples.map(|sample| f32::from(sample << self.shift) / 128.0));
            }
            (_, 2) => {
                let bias = self.bias() as u16;
                self.each(bytes, out, |b| {
                    let sample = (u16::from_le_bytes(b) ^ bias) as i16;
                    f32::from(sample << self.shift) / 32_768.0
                });
            }
            (_, 3) => {
                let bias = self.bias() as u32;
                self.each(bytes, out, |[a, b, c]: [u8; 3]| {
                    let sample = u32::from_le_bytes([a, b, c, 0]) ^ bias;
                    // Up to the sign's place and back.
                    let sample = ((sample << 8) as i32) >> 8;
                    (sample << self.shift) as f32 / 8_388_608.0
                });
            }
            (_, 4) => {
                let bias = self.bias() as u32;
                self.each(bytes, out, |b| {
                    let sample = (u32::from_le_bytes(b) ^ bias) as i32;
                    (f64::from(sample << self.shift) / 2_147_483_648.0) as f32
                });
            }
            _ => {
                let bias = self.bias();
                self.each(bytes, out, |b| {
                    let sample = (u64::from_le_bytes(b) ^ bias) as i64;
                    ((sample << self.shift) as f64 / 9_223_372_036_854_775_808.0) as f32
                });
            }
        }
    }

    /// The sign's bit, where samples have none: with it turned over they are signed.
    fn bias(&self) -> u64 {
        match self.coding {
            Coding::Unsigned => 1 << (8 * self.sample_bytes - 1),
            _ => 0,
        }
    }

    fn each<const N: usize>(
        &self,
        bytes: &[u8],
        out: &mut Vec<f32>,
        read: impl Fn([u8; N]) -> f32,
    ) {
        let (samples, _) = bytes.as_chunks::<N>();
        if self.big_endian {
            out.extend(samples.iter().map(|sample| {
                let mut sample = *sample;
                sample.reverse();
                read(sample)
            }));
        } else {
            out.extend(samples.iter().map(|sample| read(*sample)));
        }
    }

    /// Sets the shift where samples of `bits` bits lie in the low ones of more bytes than they need, which only the
    /// samples themselves tell: then each is what its low bits are with their sign.
    pub(super) fn align(&mut self, bytes: &[u8], bits: u32) {
        let width = 8 * self.sample_bytes as u32;
        if self.coding != Coding::Signed || bits >= width || bits == 0 {
            return;
        }
        let extends = |sample: &[u8]| {
            let mut value = [0; 8];
            for (to, at) in value.iter_mut().zip(0..sample.len()) {
                *to = if self.big_endian {
                    sample[sample.len() - 1 - at]
                } else {
                    sample[at]
                };
            }
            let value = (i64::from_le_bytes(value) << (64 - width)) >> (64 - width);
            value == (value << (64 - bits)) >> (64 - bits)
        };
        let data = &bytes[self.data.clone()];
        if data.chunks_exact(self.sample_bytes).all(extends) {
            self.shift = width - bits;
        }
    }
}

/// ITU-T G.711, A-law.
fn alaw(byte: u8) -> f32 {
    let value = byte ^ 0x55;
    let (segment, step) = (value >> 4 & 7, i32::from(value & 15) << 4);
    let magnitude = match segment {
        0 => step + 8,
        segment => (step + 0x108) << (segment - 1),
    };
    let sample = if value & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    };
    sample as f32 / 32_768.0
}

/// ITU-T G.711, µ-law.
fn mulaw(byte: u8) -> f32 {
    let value = !byte;
    let magnitude = (((i32::from(value & 15) << 3) + 0x84) << (value >> 4 & 7)) - 0x84;
    let sample = if value & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    };
    sample as f32 / 32_768.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pcm(coding: Coding, sample_bytes: usize, big_endian: bool) -> Pcm {
        Pcm {
            coding,
            sample_bytes,
            big_endian,
            num_channels: 1,
            sample_rate_hz: 8_000,
            shift: 0,
            data: 0..0,
        }
    }

    fn decoded(pcm: &Pcm, bytes: &[u8]) -> Vec<f32> {
        let mut out = Vec::new();
        pcm.decode(bytes, &mut out);
        out
    }

    #[test]
    fn the_extremes_and_zero_of_every_width_are_what_they_are() {
        for bytes in [1usize, 2, 3, 4, 8] {
            for big_endian in [false, true] {
                let mut lowest = vec![0u8; bytes];
                lowest[bytes - 1] = 0x80;
                let mut half = vec![0u8; bytes];
                half[bytes - 1] = 0x40;
                if big_endian {
                    lowest.reverse();
                    half.reverse();
                }
                let all = [&lowest[..], &half, &vec![0; bytes]].concat();
                let signed = decoded(&pcm(Coding::Signed, bytes, big_endian), &all);
                assert_eq!(signed, [-1.0, 0.5, 0.0], "{bytes}");
                let unsigned = decoded(&pcm(Coding::Unsigned, bytes, big_endian), &all);
                assert_eq!(unsigned, [0.0, -0.5, -1.0], "{bytes}");
            }
        }
        let float = decoded(&pcm(Coding::Float, 4, true), &0.3f32.to_be_bytes());
        assert_eq!(float, [0.3]);
        let float = decoded(&pcm(Coding::Float, 8, false), &0.3f64.to_le_bytes());
        assert_eq!(float, [0.3]);
    }

    #[test]
    fn the_laws_have_the_values_of_the_recommendation() {
        // The tables of G.711: smallest and largest of either sign, in 16 bits.
        for (byte, value) in [(0xd5, 8), (0x55, -8), (0xaa, 32_256), (0x2a, -32_256)] {
            assert_eq!(alaw(byte) * 32_768.0, value as f32, "{byte:x}");
        }
        for (byte, value) in [(0xff, 0), (0x7f, 0), (0x80, 32_124), (0x00, -32_124)] {
            assert_eq!(mulaw(byte) * 32_768.0, value as f32, "{byte:x}");
        }
    }

    #[test]
    fn samples_in_the_low_bits_go_up_and_others_stay() {
        for (samples, shift) in [
            ([-2_816i32, 5, 8_388_607], 8),
            ([-2_816 << 8, 5 << 8, 8_388_607 << 8], 0),
            ([1, 2, 0x0100_0000], 0),
        ] {
            let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
            let mut pcm = Pcm {
                data: 0..bytes.len(),
                ..pcm(Coding::Signed, 4, false)
            };
            pcm.align(&bytes, 24);
            assert_eq!(pcm.shift, shift, "{samples:?}");
        }
    }
}
