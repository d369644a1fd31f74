//! The voices: which of espeak-ng's formant voices, and how it is set.

/// Which part of the corpus a voice belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    Train,
    Dev,
    Test,
}

impl Split {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Dev => "dev",
            Self::Test => "test",
        }
    }
}

/// Language of the sentences that a voice reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
    French,
    Spanish,
    Italian,
}

/// One synthetic speaker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    pub(crate) split: Split,
    /// Gender of espeak-ng's variant: `m` or `f`.
    pub(crate) gender: &'static str,
    pub(crate) language: Language,
    /// espeak-ng's voice file. The file and not the name: under an alias such as `en-gb`, espeak-ng 1.51 leaves out the
    /// variant without a word.
    pub(crate) voice: &'static str,
    /// espeak-ng's variant: formants, bandwidths, voicing, tone.
    pub(crate) variant: &'static str,
    /// espeak-ng's `-p`, 0 to 99.
    pub(crate) pitch: u32,
    /// Words a minute of what is heard, that is after `warp`.
    pub(crate) words_per_minute: u32,
    /// Factor on all frequencies: below 1 a longer vocal tract and a lower voice.
    pub(crate) warp: f64,
}

impl Voice {
    /// espeak-ng's `-v`.
    pub(crate) fn espeak_name(&self) -> String {
        format!("{}+{}", self.voice, self.variant)
    }
}

/// Name of voice number `index` of [`CAST`]: `v01`, `v02`, and so on.
pub(crate) fn speaker_name(index: usize) -> String {
    format!("v{:02}", index + 1)
}

use Language::{English, French, German, Italian, Spanish};
use Split::{Dev, Test, Train};

const GB: &str = "gmw/en";
const US: &str = "gmw/en-US";
const SCOTLAND: &str = "gmw/en-GB-scotland";
const CARIBBEAN: &str = "gmw/en-029";
const RP: &str = "gmw/en-GB-x-rp";
const MIDLANDS: &str = "gmw/en-GB-x-gbcwmd";
const NEW_YORK: &str = "gmw/en-US-nyc";
const DE: &str = "gmw/de";
const FR: &str = "roa/fr";
const ES: &str = "roa/es";
const IT: &str = "roa/it";

/// Everyone. No variant of `test` or `dev` is in `train`; the accents and languages are shared, so that they tell nobody
/// apart from everybody else.
#[rustfmt::skip] // A table.
pub(crate) const CAST: [Voice; 40] = [
    voice(Train, "m", English, GB,        "m1",       42, 165, 0.97),
    voice(Train, "m", English, US,        "m2",       55, 150, 1.04),
    voice(Train, "m", English, SCOTLAND,  "m4",       38, 175, 0.93),
    voice(Train, "m", English, RP,        "m5",       50, 160, 1.00),
    voice(Train, "m", English, US,        "m6",       60, 185, 1.08),
    voice(Train, "m", English, CARIBBEAN, "m7",       45, 155, 0.95),
    voice(Train, "m", English, MIDLANDS,  "m8",       62, 170, 0.90),
    voice(Train, "m", German,  DE,        "croak",    48, 160, 1.02),
    voice(Train, "m", English, GB,        "Alex",     35, 180, 1.11),
    voice(Train, "m", French,  FR,        "robert",   52, 165, 1.06),
    voice(Train, "m", Spanish, ES,        "paul",     66, 170, 0.98),
    voice(Train, "m", Italian, IT,        "max",      40, 160, 0.94),
    voice(Train, "m", English, NEW_YORK,  "pablo",    56, 150, 1.09),
    voice(Train, "f", English, GB,        "f1",       45, 160, 0.96),
    voice(Train, "f", English, US,        "f1",       62, 175, 1.10),
    voice(Train, "f", English, SCOTLAND,  "f2",       40, 150, 0.92),
    voice(Train, "f", German,  DE,        "f2",       58, 165, 1.08),
    voice(Train, "f", English, US,        "f3",       36, 180, 1.02),
    voice(Train, "f", French,  FR,        "f3",       52, 160, 0.90),
    voice(Train, "f", English, RP,        "belinda",  38, 170, 0.95),
    voice(Train, "f", English, CARIBBEAN, "aunty",    44, 155, 1.00),
    voice(Train, "f", Spanish, ES,        "Annie",    42, 170, 0.94),
    voice(Train, "f", English, MIDLANDS,  "steph",    55, 165, 1.05),
    voice(Train, "f", English, NEW_YORK,  "steph3",   34, 150, 0.93),
    voice(Train, "f", Italian, IT,        "anika",    40, 175, 0.98),
    voice(Train, "f", English, GB,        "linda",    30, 185, 1.06),
    voice(Dev,   "m", English, GB,        "Mario",    50, 160, 1.03),
    voice(Dev,   "m", English, US,        "iven",     58, 170, 0.95),
    voice(Dev,   "m", German,  DE,        "antonio",  44, 165, 1.07),
    voice(Dev,   "f", English, US,        "f4",       48, 165, 0.94),
    voice(Dev,   "f", English, GB,        "Alicia",   32, 155, 0.97),
    voice(Dev,   "f", German,  DE,        "f4",       60, 170, 1.08),
    voice(Test,  "m", English, US,        "m3",       48, 160, 0.94),
    voice(Test,  "m", English, GB,        "Gene",     54, 170, 1.05),
    voice(Test,  "m", English, SCOTLAND,  "quincy",   60, 155, 1.00),
    voice(Test,  "m", French,  FR,        "Diogo",    42, 165, 1.10),
    voice(Test,  "f", English, US,        "f5",       44, 170, 0.97),
    voice(Test,  "f", English, GB,        "Andrea",   30, 155, 0.93),
    voice(Test,  "f", English, RP,        "grandma",  52, 165, 1.04),
    voice(Test,  "f", French,  FR,        "f5",       56, 160, 1.09),
];

#[expect(clippy::too_many_arguments, reason = "one line a row of the table")]
const fn voice(
    split: Split,
    gender: &'static str,
    language: Language,
    voice: &'static str,
    variant: &'static str,
    pitch: u32,
    words_per_minute: u32,
    warp: f64,
) -> Voice {
    Voice {
        split,
        gender,
        language,
        voice,
        variant,
        pitch,
        words_per_minute,
        warp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_variant_is_in_two_splits() {
        let variants = |split| -> HashSet<&str> {
            let voices = CAST.iter().filter(|voice| voice.split == split);
            voices.map(|voice| voice.variant).collect()
        };
        assert!(variants(Train).is_disjoint(&variants(Dev)));
        assert!(variants(Train).is_disjoint(&variants(Test)));
        assert!(variants(Dev).is_disjoint(&variants(Test)));
    }

    #[test]
    fn every_voice_shares_its_language_with_another_of_train() {
        for voice in &CAST {
            let others = CAST
                .iter()
                .filter(|other| other.split == Train && other.language == voice.language);
            assert!(others.count() >= 2, "{voice:?}");
        }
    }

    #[test]
    fn no_two_voices_are_set_alike() {
        let settings: HashSet<_> = CAST
            .iter()
            .map(|v| (v.variant, v.pitch, (v.warp * 100.0) as u32))
            .collect();
        assert_eq!(settings.len(), CAST.len());
        assert!(CAST.iter().all(|v| (0.85..=1.2).contains(&v.warp)));
    }
}
