//! A row of the table: what is spoiled, what a user should be told first, and what then is mended.

use anyhow::Result;

use crate::sabotage::bases::Base;
use crate::sabotage::kit::Kit;
use crate::sabotage::material::Material;

/// What is spoiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Labels,
    Lists,
    Leaks,
    Audio,
    Levels,
    Settings,
    Schedule,
    Amount,
    Healthy,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Lists => "lists",
            Self::Leaks => "leaks",
            Self::Audio => "audio",
            Self::Levels => "levels",
            Self::Settings => "settings",
            Self::Schedule => "schedule",
            Self::Amount => "too little data",
            Self::Healthy => "healthy",
        }
    }
}

/// The settings that a training begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    /// Flags of `siamang train`.
    pub(crate) flags: &'static [&'static str],
}

/// What `siamang train` takes where nothing is said.
pub(crate) const DEFAULT: Recipe = Recipe {
    name: "default",
    flags: &[],
};

/// The preset of the question, with batches of speakers.
pub(crate) const QUESTION: Recipe = Recipe {
    name: "question",
    flags: &["--preset", "question", "--sampler", "pk"],
};

/// The preset of the paper, with batches of speakers.
pub(crate) const PAPER: Recipe = Recipe {
    name: "paper",
    flags: &["--preset", "paper", "--sampler", "pk"],
};

/// The paper's own batches, in which hardly any pair is of one speaker.
pub(crate) const PAPER_UNIFORM: Recipe = Recipe {
    name: "paper, uniform",
    flags: &["--preset", "paper"],
};

/// A change of one setting, by its path in the configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Setting {
    pub(crate) path: &'static str,
    pub(crate) change: Change,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    /// A value as it stands in TOML.
    To(&'static str),
    /// The number that is there, times this.
    Times(f64),
    /// As if it were not there.
    Gone,
}

/// A setting with a value as it stands in TOML.
pub(crate) const fn to(path: &'static str, value: &'static str) -> Setting {
    Setting {
        path,
        change: Change::To(value),
    }
}

/// A number that becomes larger or smaller.
pub(crate) const fn times(path: &'static str, factor: f64) -> Setting {
    Setting {
        path,
        change: Change::Times(factor),
    }
}

/// A setting that is taken away.
pub(crate) const fn gone(path: &'static str) -> Setting {
    Setting {
        path,
        change: Change::Gone,
    }
}

/// What obeying the advice amounts to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mend {
    /// The data and settings as they were before.
    Undo,
    /// The spoiled data with these settings in the place of the spoiled ones.
    Settings(&'static [Setting]),
}

/// When a training has become better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gain {
    /// The EER falls: the mean of those on the development list and on the list that was held back, or, where the former
    /// was spoiled, on the latter alone.
    Lower,
    /// The EER on the development list comes nearer to that on the list that was held back: it tells the truth.
    Truer,
}

/// What spoils data.
pub(crate) type Spoil = fn(&mut Material, &mut Kit) -> Result<()>;

/// One training that is spoiled on purpose, or a healthy one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What was done, in a few words.
    pub(crate) what: &'static str,
    /// Whether the checks were built with this one in mind.
    pub(crate) familiar: bool,
    pub(crate) base: Base,
    pub(crate) recipe: Recipe,
    pub(crate) steps: u64,
    pub(crate) spoil: Option<Spoil>,
    pub(crate) settings: &'static [Setting],
    /// Flags beside those of the recipe.
    pub(crate) flags: &'static [&'static str],
    /// Whether it learns from a network that has learned nothing.
    pub(crate) has_untrained_teacher: bool,
    /// The findings that name the cause; the first one has to be one of these.
    pub(crate) right: &'static [&'static str],
    /// Words of which one has to stand in the message, where `siamang train` refuses.
    pub(crate) refusals: &'static [&'static str],
    /// Whether a healthy verdict is right where the EER is no worse than without it.
    pub(crate) may_be_harmless: bool,
    pub(crate) mend: Option<Mend>,
    pub(crate) gain: Gain,
}

/// Steps of a training, unless the case says otherwise.
pub(crate) const STEPS: u64 = 300;

impl Case {
    /// A sabotage that is undone when the advice is obeyed.
    pub(crate) const fn spoiled(
        name: &'static str,
        kind: Kind,
        what: &'static str,
        base: Base,
        right: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            kind,
            what,
            familiar: false,
            base,
            recipe: DEFAULT,
            steps: STEPS,
            spoil: None,
            settings: &[],
            flags: &[],
            has_untrained_teacher: false,
            right,
            refusals: &[],
            may_be_harmless: false,
            mend: Some(Mend::Undo),
            gain: Gain::Lower,
        }
    }

    /// A training of which nothing is wrong.
    pub(crate) const fn healthy(name: &'static str, what: &'static str, base: Base) -> Self {
        let mut case = Self::spoiled(name, Kind::Healthy, what, base, &[]);
        case.mend = None;
        case
    }

    pub(crate) const fn familiar(mut self) -> Self {
        self.familiar = true;
        self
    }

    pub(crate) const fn on(mut self, base: Base) -> Self {
        self.base = base;
        self
    }

    pub(crate) const fn by(mut self, spoil: Spoil) -> Self {
        self.spoil = Some(spoil);
        self
    }

    pub(crate) const fn with(mut self, settings: &'static [Setting]) -> Self {
        self.settings = settings;
        self
    }

    pub(crate) const fn flags(mut self, flags: &'static [&'static str]) -> Self {
        self.flags = flags;
        self
    }

    pub(crate) const fn recipe(mut self, recipe: Recipe) -> Self {
        self.recipe = recipe;
        self
    }

    pub(crate) const fn steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    pub(crate) const fn or_refused(mut self, words: &'static [&'static str]) -> Self {
        self.refusals = words;
        self
    }

    pub(crate) const fn or_harmless(mut self) -> Self {
        self.may_be_harmless = true;
        self
    }

    pub(crate) const fn mended(mut self, mend: Mend) -> Self {
        self.mend = Some(mend);
        self
    }

    pub(crate) const fn truer(mut self) -> Self {
        self.gain = Gain::Truer;
        self
    }

    pub(crate) const fn untrained_teacher(mut self) -> Self {
        self.has_untrained_teacher = true;
        self
    }
}
