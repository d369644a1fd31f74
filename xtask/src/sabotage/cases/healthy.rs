//! Trainings of which nothing is wrong.

use crate::sabotage::bases::{
    ARABIC, AUDIOBOOKS, Base, COMMON_VOICE, EIGHT_CALLERS, EIGHT_READERS, FORTY_LANGUAGES,
    FOUR_CALLERS, FOUR_READERS, LEARNERS, MALAYALAM, MANDARIN, MIXED, OTHER_WORDS, SIX_READERS,
    SIX_SPEAKERS, TELEPHONE, TWELVE_READERS, TWELVE_VOICES, TWENTY_CALLERS, TWENTY_LEARNERS,
    TWENTY_READERS, WIDE, WORDS,
};
use crate::sabotage::case::{Case, PAPER, QUESTION};

const fn healthy(name: &'static str, what: &'static str, base: Base) -> Case {
    Case::healthy(name, what, base)
}

pub(crate) const CASES: &[Case] = &[
    healthy(
        "healthy-4-callers",
        "4 speakers of wuw2, folders",
        FOUR_CALLERS,
    ),
    healthy(
        "healthy-4-readers",
        "4 speakers of dsp, folders",
        FOUR_READERS,
    ),
    healthy(
        "healthy-6-readers",
        "6 speakers of msc, folders",
        SIX_READERS,
    ),
    healthy("healthy-6-words", "6 speakers of sc, folders", SIX_SPEAKERS),
    healthy(
        "healthy-8-readers",
        "8 speakers of asc, folders",
        EIGHT_READERS,
    ),
    healthy(
        "healthy-8-callers",
        "8 speakers of wuw2, folders",
        EIGHT_CALLERS,
    ),
    healthy(
        "healthy-12-readers",
        "12 speakers of dsp, folders",
        TWELVE_READERS,
    ),
    healthy(
        "healthy-12-voices",
        "12 speakers of cv, folders",
        TWELVE_VOICES,
    ),
    healthy(
        "healthy-20-callers",
        "20 speakers of wuw2, folders",
        TWENTY_CALLERS,
    ),
    healthy(
        "healthy-20-readers",
        "20 speakers of msc, folders",
        TWENTY_READERS,
    ),
    healthy(
        "healthy-20-learners",
        "20 speakers of ocean, folders",
        TWENTY_LEARNERS,
    ),
    healthy(
        "healthy-40-languages",
        "40 speakers of gcompris, folders",
        FORTY_LANGUAGES,
    ),
    healthy("healthy-sc", "60 speakers of sc", WORDS),
    healthy("healthy-wuw2", "40 speakers of wuw2", TELEPHONE),
    healthy("healthy-msc", "30 speakers of msc", MALAYALAM),
    healthy("healthy-asc", "10 speakers of asc", ARABIC),
    healthy("healthy-dsp", "12 speakers of dsp", MANDARIN),
    healthy("healthy-libri", "60 speakers of libri", AUDIOBOOKS),
    healthy("healthy-cv", "60 speakers of cv", COMMON_VOICE),
    healthy("healthy-ocean", "60 speakers of ocean", LEARNERS),
    healthy("healthy-sc2", "60 speakers of sc2", OTHER_WORDS),
    healthy("healthy-wide", "46 speakers of msc, sc, asc and dsp", WIDE),
    healthy("healthy-mixed", "56 speakers of five corpora", MIXED),
    healthy("healthy-bf16", "the same with products of bf16", MIXED)
        .flags(&["--precision", "bf16"]),
    healthy(
        "healthy-best",
        "the same, by name and for twice as long",
        MIXED,
    )
    .flags(&["--config", "best"])
    .steps(600),
    healthy(
        "healthy-4-bf16",
        "4 speakers of wuw2, folders, bf16",
        FOUR_CALLERS,
    )
    .flags(&["--precision", "bf16"]),
    healthy(
        "healthy-question",
        "preset question, batches of speakers",
        MIXED,
    )
    .recipe(QUESTION)
    .steps(1_000),
    healthy(
        "healthy-paper",
        "preset paper, batches of speakers, bf16",
        MIXED,
    )
    .recipe(PAPER)
    .flags(&["--precision", "bf16"])
    .steps(600),
];
