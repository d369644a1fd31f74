//! Development recordings that are trained on.

use crate::sabotage::bases::MIXED;
use crate::sabotage::case::{Case, Kind};
use crate::sabotage::spoil::leaks;

const fn leak(name: &'static str, what: &'static str) -> Case {
    Case::spoiled(name, Kind::Leaks, what, MIXED, &["dev_in_training"]).truer()
}

pub(crate) const CASES: &[Case] = &[
    leak(
        "dev-copied",
        "development recordings are trained on too, under other names",
    )
    .familiar()
    .by(leaks::copied),
    leak("dev-as-flac", "the same, written as FLAC").by(leaks::as_flac),
    leak("dev-quieter", "the same, 6 dB quieter").by(leaks::quieter),
    leak("dev-later", "the same, behind 0.1 s of silence").by(leaks::later),
];
