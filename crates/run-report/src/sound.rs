//! Recordings that one can hear and see inside the page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::ReportError;

/// A recording for the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// Bytes of a file that browsers play, `audio/wav` say, where it fits into the page.
    pub audio: Option<Audio>,
    /// What the model sees of it.
    pub spectrogram: Option<Spectrogram>,
}

/// A file to listen to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audio {
    /// Type of its content, `audio/wav` say.
    pub media_type: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Whether it is only the beginning of the recording.
    pub is_cut: bool,
}

/// Log energies, `[frames, bins]`, the lowest frequency first.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrogram {
    /// All values, frame by frame.
    pub values: Vec<f32>,
    /// Number of frequency bins.
    pub num_bins: usize,
}

impl Audio {
    /// Bytes that it takes in the page.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len().div_ceil(3) * 4
    }

    pub(crate) fn uri(&self) -> String {
        format!(
            "data:{};base64,{}",
            self.media_type,
            STANDARD.encode(&self.bytes)
        )
    }
}

impl Spectrogram {
    /// A picture, one pixel a value, low frequencies at the bottom, from the 5th percentile in dark to the highest value.
    pub(crate) fn uri(&self) -> Result<String, ReportError> {
        let invalid = |found: String| ReportError::Invalid {
            field: "spectrogram",
            found,
            expected: "whole frames of finite values".to_owned(),
        };
        let num_frames = self.values.len() / self.num_bins.max(1);
        if num_frames == 0 || num_frames * self.num_bins != self.values.len() {
            return Err(invalid(format!(
                "{} values of {} bins",
                self.values.len(),
                self.num_bins
            )));
        }
        let mut sorted: Vec<f32> = self
            .values
            .iter()
            .copied()
            .filter(|value| value.is_finite())
            .collect();
        sorted.sort_by(f32::total_cmp);
        let (Some(&low), Some(&high)) = (sorted.get(sorted.len() / 20), sorted.last()) else {
            return Err(invalid("nothing finite".to_owned()));
        };
        let shade =
            |value: f32| (255.0 * ((value - low) / (high - low).max(1e-6)).clamp(0.0, 1.0)) as u8;
        let pixels: Vec<u8> = (0..self.num_bins)
            .rev()
            .flat_map(|bin| self.values.iter().skip(bin).step_by(self.num_bins))
            .map(|&value| shade(value))
            .collect();
        let palette: Vec<u8> = (0..=255_usize)
            .flat_map(|index| colorous::MAGMA.eval_rational(index, 256).as_array())
            .collect();
        let mut bytes = Vec::new();
        let size = |number: usize| {
            u16::try_from(number).map_err(|_| invalid(format!("{number} values long")))
        };
        let (width, height) = (size(num_frames)?, size(self.num_bins)?);
        gif::Encoder::new(&mut bytes, width, height, &palette)
            .and_then(|mut encoder| {
                encoder.write_frame(&gif::Frame::from_indexed_pixels(
                    width, height, pixels, None,
                ))
            })
            .map_err(|error| invalid(error.to_string()))?;
        Ok(format!("data:image/gif;base64,{}", STANDARD.encode(&bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_frequencies_are_at_the_bottom() {
        let spectrogram = Spectrogram {
            values: vec![9.0, 0.0, 9.0, 0.0, 9.0, 0.0],
            num_bins: 2,
        };
        let uri = spectrogram.uri().unwrap();
        let bytes = STANDARD
            .decode(uri.strip_prefix("data:image/gif;base64,").unwrap())
            .unwrap();
        let mut reader = gif::DecodeOptions::new()
            .read_info(bytes.as_slice())
            .unwrap();
        let frame = reader.read_next_frame().unwrap().unwrap();
        assert_eq!((frame.width, frame.height), (3, 2));
        assert_eq!(*frame.buffer, [0, 0, 0, 255, 255, 255]);
    }

    #[test]
    fn half_frames_are_refused() {
        let spectrogram = |values: Vec<f32>, num_bins| Spectrogram { values, num_bins };
        assert!(spectrogram(vec![1.0; 5], 2).uri().is_err());
        assert!(spectrogram(vec![], 0).uri().is_err());
        assert!(spectrogram(vec![f32::NAN; 2], 2).uri().is_err());
        assert!(spectrogram(vec![1.0; 4], 2).uri().is_ok());
    }
}
