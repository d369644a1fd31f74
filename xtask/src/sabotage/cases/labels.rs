//! Labels of training recordings.

use crate::sabotage::bases::{MIXED, TELEPHONE};
use crate::sabotage::case::{Case, Kind};
use crate::sabotage::spoil::labels;

const fn labels(name: &'static str, what: &'static str, right: &'static [&'static str]) -> Case {
    Case::spoiled(name, Kind::Labels, what, MIXED, right)
}

const SOME: &[&str] = &["mislabelled_some"];

pub(crate) const CASES: &[Case] = &[
    labels(
        "labels-shuffled",
        "labels dealt out by chance",
        &["labels_wrong"],
    )
    .familiar()
    .by(labels::shuffle),
    labels(
        "labels-slipped",
        "the column of speakers slipped by a row of an unsorted table",
        &["labels_wrong"],
    )
    .by(labels::slip),
    labels(
        "labels-slipped-in-order",
        "the same in a sorted table: the first recording of each speaker is another's",
        SOME,
    )
    .by(labels::slip_in_order),
    labels("labels-fifth-wrong", "a fifth of the labels is wrong", SOME)
        .familiar()
        .by(|material, kit| labels::some_wrong(material, kit, 0.2)),
    labels(
        "labels-half-wrong",
        "half of the labels are wrong",
        &["mislabelled_some", "labels_wrong"],
    )
    .by(|material, kit| labels::some_wrong(material, kit, 0.5)),
    labels(
        "speakers-merged",
        "half of the speakers share a label in pairs",
        &["mislabelled_some"],
    )
    .by(labels::merge_half),
    labels(
        "speakers-split",
        "half of the speakers have two labels",
        &["split_speakers"],
    )
    .by(labels::split_half),
    labels(
        "label-is-corpus",
        "the label is the corpus, not the speaker",
        &["mislabelled_some", "labels_wrong"],
    )
    .or_refused(&["1 speakers", "one speaker"])
    .by(|material, _| {
        labels::by(material, |one| one.corpus.clone());
        Ok(())
    }),
    labels(
        "label-is-session",
        "the label is the telephone call, not the speaker",
        &["split_speakers"],
    )
    .on(TELEPHONE)
    .by(|material, _| {
        labels::by(material, |one| one.session.clone().unwrap_or_default());
        Ok(())
    }),
    labels(
        "label-is-gender",
        "the label is the gender, not the speaker",
        &["mislabelled_some", "labels_wrong", "few_speakers"],
    )
    .on(TELEPHONE)
    .or_refused(&["speaker"])
    .by(|material, _| {
        labels::by(material, |one| {
            one.gender.clone().unwrap_or_else(|| "unknown".to_owned())
        });
        Ok(())
    }),
    labels(
        "label-of-most",
        "four fifths of the recordings have one label",
        &["mislabelled_some", "labels_wrong"],
    )
    .by(|material, kit| labels::one_for_most(material, kit, 0.8)),
    labels(
        "label-a-recording",
        "every recording has a label of its own",
        &["one_recording"],
    )
    .or_refused(&["recording", "utterance"])
    .by(|material, _| {
        labels::by(material, |one| one.id.replace('/', "-"));
        Ok(())
    }),
    labels(
        "copies-under-two-speakers",
        "half of the recordings lie there again under another speaker",
        &["copied_recordings"],
    )
    .familiar()
    .by(labels::copy_to_others),
    labels(
        "copies-of-one-recording",
        "all recordings of a speaker are copies of one",
        &["copied_recordings", "one_recording"],
    )
    .familiar()
    .by(labels::copies_of_one),
    labels(
        "copies-at-another-speed",
        "every speaker is there again under another label, 2 % faster",
        &["split_speakers", "copied_recordings"],
    )
    .by(labels::copies_at_another_speed),
];
