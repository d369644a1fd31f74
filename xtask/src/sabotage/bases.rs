//! Which recordings a training begins with, before anything is spoiled.

/// At most so many recordings of each of so many speakers of a corpus.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub(crate) corpus: &'static str,
    pub(crate) speakers: usize,
    pub(crate) recordings: usize,
}

/// A corpus to train with, and speakers that are not trained on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base {
    pub(crate) name: &'static str,
    pub(crate) train: &'static [Share],
    /// Without any, the corpus is folders of speakers, of whom `siamang train` holds some out.
    pub(crate) dev: &'static [Share],
    /// Who is asked in the end, whatever was done to the development list.
    pub(crate) held_back: &'static [Share],
}

const fn share(corpus: &'static str, speakers: usize, recordings: usize) -> Share {
    Share {
        corpus,
        speakers,
        recordings,
    }
}

/// Five corpora: telephones, phones and laptops, single words.
pub(crate) const MIXED: Base = Base {
    name: "mixed",
    train: &[
        share("wuw2", 16, 5),
        share("msc", 16, 6),
        share("sc", 8, 8),
        share("asc", 8, 6),
        share("dsp", 8, 6),
    ],
    dev: DEV,
    held_back: HELD_BACK,
};

const DEV: &[Share] = &[
    share("wuw2", 8, 5),
    share("msc", 7, 5),
    share("sc", 4, 5),
    share("asc", 4, 5),
    share("dsp", 4, 5),
];

const HELD_BACK: &[Share] = &[
    share("wuw2", 10, 5),
    share("msc", 8, 5),
    share("sc", 5, 5),
    share("asc", 5, 5),
    share("dsp", 5, 5),
];

/// Telephone calls, several a speaker.
pub(crate) const TELEPHONE: Base = Base {
    name: "telephone",
    train: &[share("wuw2", 40, 8)],
    dev: &[share("wuw2", 16, 6)],
    held_back: &[share("wuw2", 20, 6)],
};

/// Phones, laptops and browsers: nothing of it went through a telephone.
pub(crate) const WIDE: Base = Base {
    name: "wide",
    train: &[
        share("msc", 20, 6),
        share("sc", 10, 8),
        share("asc", 8, 8),
        share("dsp", 8, 8),
    ],
    dev: &[
        share("msc", 8, 6),
        share("sc", 5, 6),
        share("asc", 4, 6),
        share("dsp", 4, 6),
    ],
    held_back: &[
        share("msc", 8, 6),
        share("sc", 5, 6),
        share("asc", 5, 6),
        share("dsp", 5, 6),
    ],
};

/// Many speakers with two words each.
pub(crate) const MANY: Base = Base {
    name: "many",
    train: &[share("sc2", 200, 2)],
    dev: &[share("sc", 20, 5)],
    held_back: &[share("sc", 25, 5)],
};

/// One corpus a training.
pub(crate) const WORDS: Base = Base {
    name: "sc",
    train: &[share("sc", 60, 8)],
    dev: &[share("sc", 20, 6)],
    held_back: &[share("sc", 25, 6)],
};

pub(crate) const MALAYALAM: Base = Base {
    name: "msc",
    train: &[share("msc", 30, 8)],
    dev: &[share("msc", 10, 8)],
    held_back: &[share("msc", 12, 8)],
};

pub(crate) const ARABIC: Base = Base {
    name: "asc",
    train: &[share("asc", 10, 20)],
    dev: &[share("asc", 8, 8)],
    held_back: &[share("asc", 12, 8)],
};

pub(crate) const MANDARIN: Base = Base {
    name: "dsp",
    train: &[share("dsp", 12, 15)],
    dev: &[share("dsp", 9, 8)],
    held_back: &[share("dsp", 13, 8)],
};

pub(crate) const AUDIOBOOKS: Base = Base {
    name: "libri",
    train: &[share("libri", 60, 2)],
    dev: &[share("libri", 30, 2)],
    held_back: &[share("libri", 30, 2)],
};

pub(crate) const COMMON_VOICE: Base = Base {
    name: "cv",
    train: &[share("cv", 60, 6)],
    dev: &[share("cv", 20, 6)],
    held_back: &[share("cv", 25, 6)],
};

pub(crate) const LEARNERS: Base = Base {
    name: "ocean",
    train: &[share("ocean", 60, 6)],
    dev: &[share("ocean", 20, 6)],
    held_back: &[share("ocean", 25, 6)],
};

pub(crate) const OTHER_WORDS: Base = Base {
    name: "sc2",
    train: &[share("sc2", 60, 8)],
    dev: &[share("sc", 20, 6)],
    held_back: &[share("sc", 25, 6)],
};

/// Folders of speakers, as somebody has them who begins.
const fn folders(name: &'static str, train: &'static [Share], held_back: &'static [Share]) -> Base {
    Base {
        name,
        train,
        dev: &[],
        held_back,
    }
}

pub(crate) const FOUR_CALLERS: Base =
    folders("4 wuw2", &[share("wuw2", 4, 10)], TELEPHONE.held_back);
pub(crate) const FOUR_READERS: Base = folders("4 dsp", &[share("dsp", 4, 8)], MANDARIN.held_back);
pub(crate) const SIX_READERS: Base = folders("6 msc", &[share("msc", 6, 8)], MALAYALAM.held_back);
pub(crate) const SIX_SPEAKERS: Base = folders("6 sc", &[share("sc", 6, 10)], WORDS.held_back);
pub(crate) const EIGHT_READERS: Base = folders("8 asc", &[share("asc", 8, 6)], ARABIC.held_back);
pub(crate) const EIGHT_CALLERS: Base =
    folders("8 wuw2", &[share("wuw2", 8, 6)], TELEPHONE.held_back);
pub(crate) const TWELVE_READERS: Base =
    folders("12 dsp", &[share("dsp", 12, 5)], MANDARIN.held_back);
pub(crate) const TWELVE_VOICES: Base =
    folders("12 cv", &[share("cv", 12, 4)], COMMON_VOICE.held_back);
pub(crate) const TWENTY_CALLERS: Base =
    folders("20 wuw2", &[share("wuw2", 20, 6)], TELEPHONE.held_back);
pub(crate) const TWENTY_READERS: Base =
    folders("20 msc", &[share("msc", 20, 4)], MALAYALAM.held_back);
pub(crate) const TWENTY_LEARNERS: Base =
    folders("20 ocean", &[share("ocean", 20, 6)], LEARNERS.held_back);
pub(crate) const FORTY_LANGUAGES: Base =
    folders("40 gcompris", &[share("gcompris", 40, 6)], HELD_BACK);
