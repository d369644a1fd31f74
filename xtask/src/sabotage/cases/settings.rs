//! Network, loss, features and batches.

use crate::sabotage::bases::{MANY, MIXED, TELEPHONE};
use crate::sabotage::case::{Case, Kind, Mend, PAPER_UNIFORM, QUESTION, Setting, to};
use crate::sabotage::spoil::labels;

const fn setting(
    name: &'static str,
    what: &'static str,
    settings: &'static [Setting],
    right: &'static [&'static str],
) -> Case {
    Case::spoiled(name, Kind::Settings, what, MIXED, right).with(settings)
}

const SMALL: &[&str] = &["small_margin"];

const ACROSS_SESSIONS: &str = "{ kind = \"pairs\", pairs = 64, same_share = 0.5, across_sessions = true, \
    same_gender = false }";
const NONE_OF_ONE_SPEAKER: &str = "{ kind = \"pairs\", pairs = 64, same_share = 0.0, across_sessions = false, \
    same_gender = false }";
const ALL_OF_ONE_SPEAKER: &str = "{ kind = \"pairs\", pairs = 64, same_share = 1.0, across_sessions = false, \
    same_gender = false }";
const USUAL_MARGIN: &str = "{ kind = \"aam_softmax\", margin = 0.2, scale = 30.0, \
    margin_schedule = { from_step = 100, to_step = 250 } }";

pub(crate) const CASES: &[Case] = &[
    setting(
        "margin-50",
        "a margin of 50 nats",
        &[to("loss.margin", "50.0")],
        &["large_margin"],
    )
    .familiar(),
    setting(
        "margin-0.01",
        "a margin of 0.01 nats",
        &[to("loss.margin", "0.01")],
        SMALL,
    ),
    setting(
        "dropout-0.95",
        "a dropout of 0.95",
        &[to("encoder.trunk.dropout", "0.95")],
        &["heavy_dropout"],
    )
    .familiar()
    .or_harmless(),
    setting(
        "no-same-pairs",
        "no pair of a batch is of one speaker",
        &[to("sampler", NONE_OF_ONE_SPEAKER)],
        &["few_same_pairs"],
    )
    .familiar(),
    setting(
        "only-same-pairs",
        "every pair of a batch is of one speaker",
        &[to("sampler", ALL_OF_ONE_SPEAKER)],
        &["few_pairs", "collapse"],
    ),
    setting(
        "crops-of-4",
        "crops of four frames",
        &[to("crop_frames", "4")],
        &["short_crops"],
    )
    .familiar()
    .or_harmless(),
    setting(
        "crops-of-800",
        "crops of eight seconds from recordings of two",
        &[to("crop_frames", "800"), to("sampler.segments", "6")],
        &["long_crops"],
    )
    .or_harmless(),
    setting(
        "up-to-1000-hz",
        "features end at 1,000 Hz",
        &[
            to("features.high_hz", "1000.0"),
            to("features.num_bins", "20"),
            to("encoder.input.cepstra", "20"),
        ],
        &["poor_front_end", "front_end_mismatch"],
    ),
    setting(
        "bands-4",
        "four mel bands",
        &[
            to("features.num_bins", "4"),
            to("encoder.input.cepstra", "4"),
        ],
        &["poor_front_end"],
    ),
    setting(
        "different-pairs-weigh-nothing",
        "pairs of two speakers have no weight",
        &[to("loss.weighting", "{ same_share = 1.0 }")],
        &["weighting", "collapse"],
    ),
    setting(
        "same-pairs-weigh-nothing",
        "pairs of one speaker have a weight of 0.0001",
        &[to("loss.weighting", "{ same_share = 0.0001 }")],
        &["weighting", "few_same_pairs", "everything_apart"],
    ),
    setting(
        "noise-drowns",
        "noise behind every training crop, 20 dB above the speech",
        &[
            to("augment.noise.probability", "1.0"),
            to("augment.noise.snr_db", "[-20.0, -15.0]"),
        ],
        &["augmentation", "no_speech"],
    ),
    setting(
        "across-sessions-of-one",
        "pairs across sessions, and every speaker has one session",
        &[to("sampler", ACROSS_SESSIONS)],
        &["few_same_pairs", "unreachable_speakers"],
    )
    .on(TELEPHONE)
    .or_refused(&["session"])
    .by(|material, _| {
        labels::one_session(material);
        Ok(())
    }),
    setting(
        "aam-margin-1.4",
        "AAM-softmax with an angle of 1.4 from the first step",
        &[to(
            "loss",
            "{ kind = \"aam_softmax\", margin = 1.4, scale = 30.0 }",
        )],
        &["margin_too_early", "large_margin"],
    )
    .or_harmless()
    .mended(Mend::Settings(&[to("loss", USUAL_MARGIN)])),
    setting(
        "scale-0.1",
        "AAM-softmax with a scale of 0.1",
        &[to(
            "loss",
            "{ kind = \"aam_softmax\", margin = 0.2, scale = 0.1 }",
        )],
        &["small_scale", "plateau"],
    )
    .mended(Mend::Settings(&[to("loss", USUAL_MARGIN)])),
    setting(
        "untrained-teacher",
        "the teacher is a network of one step",
        &[to("loss", "{ kind = \"teacher_cosine\" }")],
        &["weak_teacher"],
    )
    .untrained_teacher(),
    setting(
        "paper-uniform",
        "the paper's batches, drawn from 200 speakers with two words each",
        &[],
        &["few_same_pairs"],
    )
    .on(MANY)
    .recipe(PAPER_UNIFORM)
    .steps(60)
    .mended(Mend::Settings(&[to(
        "sampler",
        "{ kind = \"pk\", speakers = 25, segments = 4 }",
    )])),
    setting(
        "question-margin-0.05",
        "preset question with a margin of 0.05 nats",
        &[to("loss.margin", "0.05")],
        SMALL,
    )
    .recipe(QUESTION)
    .steps(100),
];
