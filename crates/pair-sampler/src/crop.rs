//! Which part of an utterance is used.

use serde::{Deserialize, Serialize};

/// How crops are placed, as a configuration file says it: `{ kind = "random" }` or
/// `{ kind = "fixed", start_s = 0.1 }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", from = "Fields")]
pub enum CropConfig {
    /// A new uniformly random place at every visit.
    Random,
    /// The same place at every visit, as in the question (0.1 s).
    Fixed {
        /// Start in seconds from the beginning of the recording; at least 0.
        start_s: f64,
    },
}

/// The same with braces on each kind: serde ignores unknown fields beside a kind without them.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Fields {
    Random {},
    Fixed { start_s: f64 },
}

impl From<Fields> for CropConfig {
    fn from(fields: Fields) -> Self {
        match fields {
            Fields::Random {} => Self::Random,
            Fields::Fixed { start_s } => Self::Fixed { start_s },
        }
    }
}

/// The place of one crop. The sampler does not know how long a recording is, so the place is made absolute
/// by whoever holds the features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crop {
    /// A fraction `u` in `[0, 1)`: the crop of `T` frames starts at `floor(u · (frames − T + 1))`, so that each
    /// possible start is equally likely.
    Position(f64),
    /// Seconds from the beginning of the recording.
    StartS(f64),
}

impl Crop {
    /// First frame of a crop of `crop_frames` in a recording of `num_frames` frames with `hop_s` seconds from
    /// frame to frame. The crop lies within the recording; in one shorter than the crop it starts at 0 and the
    /// caller pads.
    pub fn start_frame(&self, num_frames: usize, crop_frames: usize, hop_s: f64) -> usize {
        let last = num_frames.saturating_sub(crop_frames);
        let start = match *self {
            Self::Position(u) => (u * (last as f64 + 1.0)).floor(),
            Self::StartS(start_s) => (start_s / hop_s).round(),
        };
        // The cast saturates: negative and not-a-number become 0.
        (start as usize).min(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_start_is_reached_and_none_beyond() {
        // Five possible starts in 14 frames for crops of 10: each owns a fifth of [0, 1).
        for k in 0..1000 {
            let u = f64::from(k) / 1000.0;
            assert_eq!(
                Crop::Position(u).start_frame(14, 10, 0.01),
                k as usize / 200
            );
        }
        let almost_one = 1.0 - f64::EPSILON / 2.0;
        assert_eq!(Crop::Position(almost_one).start_frame(14, 10, 0.01), 4);
        assert_eq!(Crop::Position(almost_one).start_frame(10, 10, 0.01), 0);
        assert_eq!(Crop::Position(almost_one).start_frame(3, 10, 0.01), 0);
        assert_eq!(Crop::Position(0.5).start_frame(0, 0, 0.01), 0);
    }

    #[test]
    fn the_fixed_crop_of_the_question_starts_at_frame_ten() {
        assert_eq!(Crop::StartS(0.1).start_frame(100, 40, 0.01), 10);
        assert_eq!(Crop::StartS(0.1).start_frame(45, 40, 0.01), 5);
        assert_eq!(Crop::StartS(-1.0).start_frame(45, 40, 0.01), 0);
        assert_eq!(Crop::StartS(f64::NAN).start_frame(45, 40, 0.0), 0);
    }

    #[test]
    fn a_field_that_the_kind_does_not_have_is_refused() {
        let read = |text: &str| serde_json::from_str::<CropConfig>(text);
        assert_eq!(read(r#"{"kind":"random"}"#).unwrap(), CropConfig::Random);
        let fixed = CropConfig::Fixed { start_s: 0.1 };
        assert_eq!(
            read(&serde_json::to_string(&fixed).unwrap()).unwrap(),
            fixed
        );
        assert!(read(r#"{"kind":"random","start_s":0.1}"#).is_err());
        assert!(read(r#"{"kind":"fixed","start":0.1}"#).is_err());
    }
}
