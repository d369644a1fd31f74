//! How audio is kept in a store, and which part of the work is whose.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How the audio of an utterance is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreEncoding {
    /// 16-bit samples: any range is read in microseconds; 115 MB an hour at 16 kHz.
    Pcm,
    /// FLAC of those samples: the same audio in about half the space; the whole utterance is decoded for any range.
    Flac,
    /// The bytes of the file as they were (AAC, Vorbis, …): the least space, the slowest to read.
    Original,
}

impl StoreEncoding {
    /// All encodings.
    pub const ALL: [Self; 3] = [Self::Pcm, Self::Flac, Self::Original];

    /// The name on the command line and in `store.json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcm => "pcm",
            Self::Flac => "flac",
            Self::Original => "original",
        }
    }

    pub(super) fn code(self) -> u32 {
        match self {
            Self::Pcm => 0,
            Self::Flac => 1,
            Self::Original => 2,
        }
    }

    pub(super) fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }
}

impl fmt::Display for StoreEncoding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for StoreEncoding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|known| known.name() == text);
        known.ok_or_else(|| format!("`{text}` is not an encoding; expected pcm, flac or original"))
    }
}

/// What shapes the bytes of a store, besides the audio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// How audio is kept.
    pub encoding: StoreEncoding,
    /// Rate that audio is brought to, in Hz. With [`StoreEncoding::Original`] it is the rate that lengths are
    /// counted in and audio is read at.
    pub sample_rate_hz: u32,
    /// A shard is ended rather than grown beyond this, in bytes.
    pub shard_bytes: u64,
}

impl Default for StoreSettings {
    /// 16-bit samples at 16 kHz in shards of 4 GiB.
    fn default() -> Self {
        Self {
            encoding: StoreEncoding::Pcm,
            sample_rate_hz: 16_000,
            shard_bytes: 4 << 30,
        }
    }
}

/// One of several equal parts of a work that many machines share: `2/3` is the second of three.
///
/// An utterance belongs to a part by a hash of its name, so that parts are of like size and nobody has to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Number of the part, from 1.
    pub index: u32,
    /// How many parts there are.
    pub of: u32,
}

impl Part {
    /// Whether the utterance of this name belongs to the part.
    #[must_use]
    pub fn contains(self, name: &str) -> bool {
        let hash = blake3::hash(name.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        u64::from_le_bytes(first) % u64::from(self.of.max(1)) + 1 == u64::from(self.index)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((index, of)) if (1..=of).contains(&index) => Ok(Self { index, of }),
            _ => Err(format!(
                "`{text}` is not a part; expected I/N with I from 1 to N, such as 2/3"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_in_exactly_one_part_and_parts_are_of_like_size() {
        let parts: Vec<Part> = ["1/3", "2/3", "3/3"]
            .map(|text| text.parse().unwrap())
            .into();
        let mut sizes = [0; 3];
        for number in 0..3_000 {
            let name = format!("id10001/video/{number:05}.wav");
            let owners: Vec<usize> = (0..3).filter(|&i| parts[i].contains(&name)).collect();
            assert_eq!(owners.len(), 1);
            sizes[owners[0]] += 1;
        }
        // Three standard deviations of a binomial draw are 77.
        assert!(
            sizes.iter().all(|size| (923..=1_077).contains(size)),
            "{sizes:?}"
        );
    }

    #[test]
    fn parts_are_counted_from_one() {
        for wrong in ["0/3", "4/3", "1", "1/0", "a/b", "-1/2"] {
            assert!(wrong.parse::<Part>().is_err(), "{wrong}");
        }
        assert_eq!("2/3".parse::<Part>().unwrap().to_string(), "2/3");
    }
}
