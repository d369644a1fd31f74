//! Development lists.

use crate::sabotage::bases::MIXED;
use crate::sabotage::case::{Case, Kind};
use crate::sabotage::material::Part;
use crate::sabotage::spoil::{sounds, trials};

const fn list(name: &'static str, what: &'static str) -> Case {
    Case::spoiled(name, Kind::Lists, what, MIXED, &["dev_trials"]).truer()
}

pub(crate) const CASES: &[Case] = &[
    list(
        "list-inverted",
        "targets are called non-targets and the other way round",
    )
    .familiar()
    .or_refused(&["inverted"])
    .by(trials::invert),
    list("list-random", "a coin says which trials are targets").by(trials::at_random),
    list(
        "list-of-self-pairs",
        "every target is of a recording and itself",
    )
    .familiar()
    .or_refused(&["itself", "themselves"])
    .by(trials::with_themselves),
    list(
        "list-of-halves",
        "every target is of two halves of one recording",
    )
    .by(trials::halves),
    list("list-of-four", "two targets and two non-targets").by(trials::four),
    list("list-of-non-targets", "no trial is of one speaker")
        .or_refused(&["target"])
        .by(trials::non_targets),
    list("list-easy", "non-targets are always of two corpora").by(trials::easy),
    Case::spoiled(
        "list-of-training",
        Kind::Lists,
        "the list is of recordings that are trained on",
        MIXED,
        &["dev_in_training", "dev_trials"],
    )
    .truer()
    .or_refused(&["train"])
    .by(trials::of_training),
    Case::spoiled(
        "dev-silent",
        Kind::Lists,
        "development recordings are digital silence",
        MIXED,
        &["dev_trials", "no_speech"],
    )
    .truer()
    .or_refused(&["silen", "no speech"])
    .by(|material, _| {
        sounds::each(material, Part::Dev, sounds::silence);
        Ok(())
    }),
];
