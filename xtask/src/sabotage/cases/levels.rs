//! Levels, and what besides the voice tells training speakers apart.

use crate::sabotage::bases::MIXED;
use crate::sabotage::case::{Case, Kind, gone};
use crate::sabotage::material::Part;
use crate::sabotage::spoil::sounds;

const NAMED: &[&str] = &["names_the_speaker", "channel_shortcut"];

const fn level(name: &'static str, what: &'static str, right: &'static [&'static str]) -> Case {
    Case::spoiled(name, Kind::Levels, what, MIXED, right)
}

pub(crate) const CASES: &[Case] = &[
    level(
        "clipped",
        "training recordings 40 dB too loud, cut off",
        &["damaged_recordings", "dead_features"],
    )
    .or_harmless()
    .by(|material, _| {
        sounds::each(material, Part::Train, sounds::clipped);
        Ok(())
    }),
    level(
        "quiet",
        "training recordings 60 dB quieter, as 16 bits hold them",
        &["damaged_recordings", "dead_features"],
    )
    .or_harmless()
    .by(|material, _| {
        sounds::each(material, Part::Train, |samples| {
            sounds::by_decibels(samples, -60.0)
        });
        Ok(())
    }),
    level(
        "noise-names-the-speaker",
        "each training speaker with a noise floor of its own, -65 to -25 dB",
        NAMED,
    )
    .familiar()
    .by(|material, kit| {
        let draws = &mut kit.draws;
        sounds::by_speaker(material, |place, samples| {
            sounds::with_noise(samples, -65.0 + 40.0 * place, draws)
        });
        Ok(())
    }),
    level(
        "hum-names-the-speaker",
        "each training speaker with a tone of its own, 100 to 3,200 Hz",
        NAMED,
    )
    .by(|material, _| {
        sounds::by_speaker(material, |place, samples| {
            sounds::with_tone(samples, 100.0 * 32_f64.powf(place))
        });
        Ok(())
    }),
    level(
        "microphone-names-the-speaker",
        "each training speaker through a low-pass of its own, 1.5 to 6 kHz",
        NAMED,
    )
    .by(sounds::own_microphone),
    level(
        "level-names-the-speaker",
        "each training speaker at a level of its own, -30 to 0 dB, where levels are heard",
        NAMED,
    )
    .with(&[
        gone("features.relative_level"),
        gone("features.speech_activity"),
        gone("augment"),
    ])
    .or_harmless()
    .by(|material, _| {
        sounds::by_speaker(material, |place, samples| {
            sounds::by_decibels(samples, -30.0 * place)
        });
        Ok(())
    }),
];
