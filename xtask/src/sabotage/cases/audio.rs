//! What recordings hold.

use crate::sabotage::bases::{MIXED, WIDE};
use crate::sabotage::case::{Case, Kind, gone, to};
use crate::sabotage::material::Part;
use crate::sabotage::spoil::sounds;

const fn audio(name: &'static str, what: &'static str, right: &'static [&'static str]) -> Case {
    Case::spoiled(name, Kind::Audio, what, MIXED, right)
}

const SILENT: &[&str] = &[
    "no_speech",
    "silent_crops",
    "dead_features",
    "damaged_recordings",
];
const NO_SPEECH: &[&str] = &["no_speech"];
const OTHER_BAND: &[&str] = &["front_end_mismatch"];
const OTHER_RATE: &[&str] = &["front_end_mismatch"];

pub(crate) const CASES: &[Case] = &[
    audio("silence", "training recordings are digital silence", SILENT)
        .or_refused(&["silen", "no speech"])
        .by(|material, _| {
            sounds::each(material, Part::Train, sounds::silence);
            Ok(())
        }),
    audio(
        "silence-in-half",
        "every other training recording is digital silence",
        SILENT,
    )
    .by(sounds::half_silent),
    audio(
        "silence-97",
        "0.3 s of speech in 10 s of digital silence",
        SILENT,
    )
    .familiar()
    .by(|material, _| {
        sounds::each(material, Part::Train, sounds::mostly_silent);
        Ok(())
    }),
    audio("antiphase", "two channels that cancel each other", SILENT)
        .familiar()
        .or_refused(&["phase", "cancel", "silen"])
        .or_harmless()
        .by(sounds::antiphase),
    audio(
        "white-noise",
        "white noise in the place of speech",
        NO_SPEECH,
    )
    .familiar()
    .or_refused(&["no speech"])
    .by(|material, kit| {
        let draws = &mut kit.draws;
        sounds::each(material, Part::Train, |samples| {
            sounds::noise_instead(samples, draws)
        });
        Ok(())
    }),
    audio("music", "music in the place of speech", NO_SPEECH)
        .or_refused(&["no speech"])
        .by(sounds::music_instead),
    audio(
        "bytes-swapped",
        "the bytes of every training sample in the wrong order",
        &["no_speech", "dead_features"],
    )
    .or_refused(&["no speech"])
    .by(|material, _| {
        sounds::each(material, Part::Train, sounds::bytes_swapped);
        Ok(())
    }),
    audio(
        "telephone-training",
        "training went through telephones, development did not",
        OTHER_BAND,
    )
    .on(WIDE)
    .familiar()
    .or_harmless()
    .by(|material, _| sounds::through_telephone(material, Part::Train)),
    audio(
        "telephone-dev",
        "development went through telephones, training did not",
        OTHER_BAND,
    )
    .on(WIDE)
    .or_harmless()
    .by(|material, _| sounds::through_telephone(material, Part::Dev)),
    audio(
        "dev-faster",
        "headers of development state 1.5 times the true rate",
        OTHER_RATE,
    )
    .by(|material, _| sounds::faster(material, Part::Dev, 1.5)),
    audio(
        "training-faster",
        "headers of training state twice the true rate",
        OTHER_RATE,
    )
    .or_harmless()
    .by(|material, _| sounds::faster(material, Part::Train, 2.0)),
    audio("reversed", "training recordings run backwards", NO_SPEECH)
        .or_harmless()
        .by(|material, _| {
            sounds::each(material, Part::Train, sounds::reversed);
            Ok(())
        }),
    audio(
        "tiny-recordings",
        "training recordings of 0.3 s",
        &["long_crops"],
    )
    .by(|material, _| {
        sounds::each(material, Part::Train, |samples| {
            sounds::middle(samples, 0.3)
        });
        Ok(())
    }),
    audio(
        "lead-in",
        "every crop is from the second of silence before each recording",
        &["silent_crops", "fixed_crops"],
    )
    .with(&[
        to("crop", "{ kind = \"fixed\", start_s = 0.0 }"),
        gone("features.speech_activity"),
    ])
    .by(|material, _| {
        for part in [Part::Train, Part::Dev] {
            sounds::each(material, part, sounds::after_a_second);
        }
        Ok(())
    }),
];
