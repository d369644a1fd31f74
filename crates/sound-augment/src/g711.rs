//! ITU-T G.711: 16 bits to 8 and back, by either law. A sample of 16 bits counts as the 14 (µ-law) or 13 (A-law) of the tables,
//! left-aligned.

/// What µ-law adds before it takes the logarithm, in steps of 14 bits.
const BIAS: i32 = 33;

/// Largest magnitude of µ-law with the bias, in steps of 14 bits: the tables end at 8,159.
const LARGEST: i32 = 8_159 + BIAS - 1;

/// The code of µ-law of a sample of 16 bits.
#[must_use]
pub fn mu_law_encode(sample: i16) -> u8 {
    let value = i32::from(sample) >> 2;
    let (mask, magnitude) = if value < 0 {
        (0x7f, -value)
    } else {
        (0xff, value)
    };
    let biased = (magnitude + BIAS).min(LARGEST);
    // Biased magnitudes have 6 to 13 bits: the segment is how many beyond 6.
    let segment = (26 - biased.leading_zeros() as i32).max(0);
    let code = (segment << 4) | ((biased >> (segment + 1)) & 0xf);
    (code as u8) ^ mask
}

/// The sample of 16 bits that a code of µ-law stands for.
#[must_use]
pub fn mu_law_decode(code: u8) -> i16 {
    let code = !code;
    let segment = i32::from((code >> 4) & 7);
    let step = i32::from(code & 0xf);
    let magnitude = (((step << 3) + (BIAS << 2)) << segment) - (BIAS << 2);
    let value = if code & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    };
    value as i16
}

/// The code of A-law of a sample of 16 bits.
#[must_use]
pub fn a_law_encode(sample: i16) -> u8 {
    let value = i32::from(sample) >> 3;
    let (mask, magnitude) = if value < 0 {
        (0x55, -value - 1)
    } else {
        (0xd5, value)
    };
    let segment = (27 - magnitude.leading_zeros() as i32).max(0);
    let step = if segment < 2 {
        magnitude >> 1
    } else {
        magnitude >> segment
    };
    let code = (segment << 4) | (step & 0xf);
    (code as u8) ^ mask
}

/// The sample of 16 bits that a code of A-law stands for.
#[must_use]
pub fn a_law_decode(code: u8) -> i16 {
    let code = code ^ 0x55;
    let segment = i32::from((code >> 4) & 7);
    let step = i32::from(code & 0xf) << 4;
    let magnitude = match segment {
        0 => step + 8,
        _ => (step + 0x108) << (segment - 1),
    };
    let value = if code & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    };
    value as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_for_a_sample_that_has_this_code() {
        for code in 0..=u8::MAX {
            assert_eq!(a_law_encode(a_law_decode(code)), code);
            // Of the two zeros of µ-law one comes back.
            if code != 0x7f {
                assert_eq!(mu_law_encode(mu_law_decode(code)), code);
            }
        }
        // The largest values of the tables: 8,031 steps of 14 bits, 4,032 of 13.
        assert_eq!((mu_law_decode(0x80), mu_law_decode(0)), (32_124, -32_124));
        assert_eq!((a_law_decode(0xaa), a_law_decode(0x2a)), (32_256, -32_256));
    }
}
