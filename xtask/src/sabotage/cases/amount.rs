//! Too few speakers or recordings.

use crate::sabotage::bases::{Base, FOUR_CALLERS, MIXED, TELEPHONE};
use crate::sabotage::case::{Case, Kind};
use crate::sabotage::spoil::labels;

const fn amount(
    name: &'static str,
    what: &'static str,
    base: Base,
    right: &'static [&'static str],
) -> Case {
    Case::spoiled(name, Kind::Amount, what, base, right).or_refused(&["speakers", "recordings"])
}

const FEW: &[&str] = &["few_speakers", "unreachable_speakers"];

pub(crate) const CASES: &[Case] = &[
    amount(
        "one-recording-each",
        "one recording a speaker",
        MIXED,
        &["one_recording"],
    )
    .familiar()
    .by(|material, _| labels::at_most(material, 1)),
    amount(
        "four-by-two",
        "four speakers with two recordings each",
        TELEPHONE,
        FEW,
    )
    .by(|material, kit| {
        labels::at_most(material, 2)?;
        labels::speakers_at_most(material, kit, 4)
    }),
    amount("two-speakers", "two speakers", TELEPHONE, FEW)
        .by(|material, kit| labels::speakers_at_most(material, kit, 2)),
    amount("one-speaker", "one speaker", TELEPHONE, FEW)
        .by(|material, kit| labels::speakers_at_most(material, kit, 1)),
    amount(
        "folder-of-two",
        "a folder of two speakers, none of whom can be held out",
        FOUR_CALLERS,
        FEW,
    )
    .by(|material, kit| labels::speakers_at_most(material, kit, 2)),
];
