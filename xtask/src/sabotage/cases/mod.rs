//! The table: one entry a case.

mod amount;
mod audio;
mod healthy;
mod labels;
mod leaks;
mod levels;
mod lists;
mod schedule;
mod settings;

use crate::sabotage::case::Case;

/// Every case, kind by kind, the healthy ones last.
pub(crate) fn cases() -> Vec<Case> {
    [
        labels::CASES,
        lists::CASES,
        leaks::CASES,
        audio::CASES,
        levels::CASES,
        settings::CASES,
        schedule::CASES,
        amount::CASES,
        healthy::CASES,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::sabotage::case::Kind;

    #[test]
    fn names_are_one_each_and_there_are_enough_of_both_sorts() {
        let cases = cases();
        let names: HashSet<&str> = cases.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), cases.len());
        let (healthy, spoiled): (Vec<Case>, Vec<Case>) = cases
            .into_iter()
            .partition(|case| case.kind == Kind::Healthy);
        assert!(healthy.len() >= 20, "{}", healthy.len());
        assert!(spoiled.len() >= 48, "{}", spoiled.len());
        let familiar = spoiled.iter().filter(|case| case.familiar).count();
        assert!(2 * familiar <= spoiled.len(), "{familiar}");
    }

    #[test]
    fn a_sabotage_spoils_something_and_says_what_is_right() {
        for case in cases() {
            let spoils = case.spoil.is_some()
                || !case.settings.is_empty()
                || !case.flags.is_empty()
                || case.has_untrained_teacher
                || case.steps < 100
                || case.recipe.name.contains("uniform");
            match case.kind {
                Kind::Healthy => assert!(case.spoil.is_none(), "{}", case.name),
                _ => assert!(spoils && !case.right.is_empty(), "{}", case.name),
            }
        }
    }
}
