//! The ladder: the failing version, and one wrong assumption mended a rung.

use diagnosis::Name;
use serde::{Deserialize, Serialize};

/// Whether the distance keeps the dimension that it sums over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    /// Distances `[pairs]` beside labels `[pairs, 1]`: both are broadcast to `[pairs, pairs]`.
    Broadcast,
    /// Distances and labels of one shape.
    Kept,
}

/// What the last layer gives to the divergence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Output {
    /// `PReLU`, as the question has it: no distribution.
    Prelu,
    /// A softmax.
    Softmax,
}

/// Which directions of the divergence count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Directions {
    /// Left to right.
    One,
    /// Both, each with a hinge of its own.
    Both,
}

/// The part of different-speaker pairs in the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hinge {
    /// max(0, m − d)
    Relu,
    /// ln(1 + exp(m − d)), which the question's author tried later.
    Softplus,
}

/// Which frames of a recording train.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Crop {
    /// 0.4 s, always from 0.1 s on.
    Fixed,
    /// 0.4 s from anywhere.
    Random,
}

/// Which segments make a batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Batches {
    /// 64 pairs, this share of them of one speaker.
    Pairs(f64),
    /// 32 speakers with 4 segments each.
    Pk,
    /// The same, the segments of a speaker from different sessions where there are some.
    PkAcrossSessions,
}

/// How a segment's frames are laid out for the recurrent layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Layout {
    /// `[frame, band]`, last frame first.
    Rotated,
    /// The memory of `[band, frame]` read as if it were `[frame, band]`.
    Reinterpreted,
}

/// Everything that a rung may change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) shape: Shape,
    pub(crate) learning_rate: f64,
    pub(crate) output: Output,
    pub(crate) directions: Directions,
    pub(crate) hinge: Hinge,
    pub(crate) margin: f64,
    pub(crate) crop: Crop,
    pub(crate) all_pairs: bool,
    pub(crate) batches: Batches,
    pub(crate) layout: Layout,
    /// Factor on the initial weights of the last layer.
    pub(crate) gain: f64,
    /// Whether the recurrent layers' products are of bf16 (their sums, states and weights are 32 bits wide in any case).
    pub(crate) bf16: bool,
    /// Whether the labels of every batch are dealt out anew by chance.
    pub(crate) random_labels: bool,
    pub(crate) steps: u64,
}

/// A named run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rung {
    /// In file names and tables.
    pub(crate) name: &'static str,
    /// What it mends, or asks.
    pub(crate) title: &'static str,
    /// The sentence that the asker needed.
    pub(crate) sentence: &'static str,
    /// What the diagnosis calls what is still wrong here, and the next rung mends.
    pub(crate) defect: Option<Name>,
    pub(crate) settings: Settings,
}

/// Steps within which the first rungs have come to rest, and at which all are compared.
pub(crate) const EQUAL_STEPS: u64 = 100;

/// Steps of the rungs that see their labels, and of those from the P × K batches on.
pub(crate) const STEPS: u64 = 300;
const LONG_STEPS: u64 = 1500;

/// Steps at which a run is evaluated, beside its last.
pub(crate) const EVALUATED: [u64; 4] = [EQUAL_STEPS, STEPS, 700, LONG_STEPS];

/// Segments of every batch.
pub(crate) const BATCH: usize = 128;

/// Outputs of the network.
pub(crate) const NUM_OUTPUTS: usize = 128;

impl Settings {
    /// The question's version, at the learning rate that its repository has at the commit of the posted code.
    pub(crate) fn question() -> Self {
        Self {
            shape: Shape::Broadcast,
            learning_rate: 0.1,
            output: Output::Prelu,
            directions: Directions::One,
            hinge: Hinge::Relu,
            margin: 1.0,
            crop: Crop::Fixed,
            all_pairs: false,
            batches: Batches::Pairs(0.5),
            layout: Layout::Rotated,
            gain: 1.0,
            bf16: false,
            random_labels: false,
            steps: EQUAL_STEPS,
        }
    }

    /// The last rung but one: everything mended that the paper does otherwise, with P × K batches.
    pub(crate) fn pk() -> Self {
        Self {
            shape: Shape::Kept,
            learning_rate: 0.001,
            output: Output::Softmax,
            directions: Directions::Both,
            margin: 3.0,
            crop: Crop::Random,
            all_pairs: true,
            batches: Batches::Pk,
            bf16: true,
            ..Self::question()
        }
    }
}

/// The rungs from the first to the last.
pub(crate) fn ladder() -> Vec<Rung> {
    let mut settings = Settings::question();
    let mut rungs = Vec::new();
    let mut rung = |name, title, defect, sentence, settings: &Settings| {
        rungs.push(Rung {
            name,
            title,
            sentence,
            defect,
            settings: settings.clone(),
        });
    };
    rung(
        "question",
        "the question, learning rate 0.1",
        Some(Name::LabelsIgnored),
        "Your distance has the shape (batch,) and your labels (batch, 1): Keras broadcasts them to (batch, batch), so that \
         the loss only knows how many pairs are of one speaker, never which; once every distance is below the margin it is \
         half the margin, 0.5, without a gradient, and the accuracy of such a table cannot pass 0.5.",
        &settings,
    );
    settings.learning_rate = 0.001;
    settings.steps = STEPS;
    rung(
        "question-slow",
        "the question, learning rate 0.001",
        Some(Name::LabelsIgnored),
        "A smaller learning rate leads to the same 0.5, only later: a loss that does not see its labels has nothing else to \
         find.",
        &settings,
    );
    settings.learning_rate = 0.1;
    settings.steps = EQUAL_STEPS;
    settings.shape = Shape::Kept;
    rung(
        "kept",
        "+ kept dimension, learning rate 0.1",
        Some(Name::LearningRate),
        "Write `keepdims=True` in the distance: now labels count. But at a learning rate of 0.1 the first few steps throw \
         the initial weights away, the recurrent units saturate and the outputs die before anything can be learned.",
        &settings,
    );
    settings.learning_rate = 0.001;
    settings.steps = STEPS;
    rung(
        "rate",
        "+ learning rate 0.001",
        Some(Name::NotADistribution),
        "With 0.001 the network lives, but what the PReLU layer gives is no distribution: the sum of p·ln(p/q) may be \
         negative, entries below 1e-7 or above 1 are clipped and have no gradient, and the way out is to let all outputs die: \
         every distance 0, loss 0.5 again, this time as a true collapse.",
        &settings,
    );
    settings.output = Output::Softmax;
    // From here on the original is no longer rebuilt to the letter, and time counts.
    settings.bf16 = true;
    rung(
        "softmax",
        "+ softmax",
        Some(Name::OneDirection),
        "End the network with a softmax: the Kullback-Leibler divergence is a distance of distributions only. The loss now \
         falls below 0.5 for the first time because pairs are told apart.",
        &settings,
    );
    settings.directions = Directions::Both;
    rung(
        "both",
        "+ both directions",
        Some(Name::SmallMargin),
        "Add the divergence the other way round, with a hinge of its own, as the paper does; left and right are drawn by chance \
         anyway, so do not expect much of it.",
        &settings,
    );
    settings.margin = 3.0;
    rung(
        "margin",
        "+ margin 3",
        Some(Name::FixedCrops),
        "A margin of 1 nat is reached by outputs that put hardly more than a quarter on their own class; the paper's 3 asks \
         for three fifths.",
        &settings,
    );
    settings.crop = Crop::Random;
    rung(
        "crops",
        "+ random crops",
        Some(Name::FewPairs),
        "You showed the network the same 0.4 s of every file for ever, of which one in four is mostly silence: draw the place \
         anew every time.",
        &settings,
    );
    settings.all_pairs = true;
    rung(
        "all-pairs",
        "+ all pairs of a batch",
        Some(Name::FewSamePairs),
        "64 pairs of 128 segments are 64 of 8,128 possible ones: compare all with all. Alone this is no gain: few of those \
         pairs are of one speaker, and the loss falls fastest by driving everything apart.",
        &settings,
    );
    settings = Settings {
        steps: LONG_STEPS,
        ..Settings::pk()
    };
    rung(
        "pk",
        "+ P × K batches (32 × 4)",
        Some(Name::SameSessionPositives),
        "Draw 32 speakers with 4 segments each, so that every segment has partners; then wait through the phase in which \
         same-speaker pairs are far apart too: that the loss falls is no sign, that the divergence of same-speaker pairs \
         falls below the margin is.",
        &settings,
    );
    settings.batches = Batches::PkAcrossSessions;
    rung(
        "sessions",
        "+ positives across sessions",
        None,
        "Take a speaker's segments from different recordings, on different days and telephones: within one session the \
         microphone is the easiest thing to learn.",
        &settings,
    );
    rungs
}

/// Runs beside the ladder that single claims need.
pub(crate) fn side_runs() -> Vec<Rung> {
    let question = || Settings {
        learning_rate: 0.001,
        steps: EQUAL_STEPS,
        ..Settings::question()
    };
    let kept = Settings {
        shape: Shape::Kept,
        ..question()
    };
    // What directions, axes and margins do shows after the phase in which everything is driven apart: in long runs.
    let pk = |steps| Settings {
        steps,
        ..Settings::pk()
    };
    let side = |name, title, settings| Rung {
        name,
        title,
        sentence: "",
        defect: None,
        settings,
    };
    let share = |share| Settings {
        batches: Batches::Pairs(share),
        ..question()
    };
    let margin = |margin, settings| Settings { margin, ..settings };
    let gain = |gain| Settings { gain, ..pk(STEPS) };
    vec![
        side(
            "random-labels",
            "question at 0.001, labels dealt out by chance",
            Settings {
                random_labels: true,
                ..question()
            },
        ),
        side(
            "question-m3",
            "question at 0.001, margin 3",
            Settings {
                margin: 3.0,
                ..question()
            },
        ),
        side(
            "few-same",
            "question at 0.001, one pair in ten same",
            share(0.1),
        ),
        side(
            "many-same",
            "question at 0.001, nine pairs in ten same",
            share(0.9),
        ),
        side(
            "softplus",
            "question at 0.001, softplus hinge of margin 3",
            Settings {
                hinge: Hinge::Softplus,
                margin: 3.0,
                ..question()
            },
        ),
        side(
            "kept-0.01",
            "kept dimension, learning rate 0.01",
            Settings {
                learning_rate: 0.01,
                ..kept.clone()
            },
        ),
        side(
            "softmax-f32",
            "the rung `softmax` in 32 bits",
            Settings {
                output: Output::Softmax,
                steps: STEPS,
                ..kept.clone()
            },
        ),
        side("gain-0.1", "P × K, last layer's weights × 0.1", gain(0.1)),
        side("gain-10", "P × K, last layer's weights × 10", gain(10.0)),
        side(
            "one-direction",
            "P × K, one direction a pair",
            Settings {
                directions: Directions::One,
                ..pk(LONG_STEPS)
            },
        ),
        side(
            "reinterpreted",
            "P × K, axes reinterpreted",
            Settings {
                layout: Layout::Reinterpreted,
                ..pk(LONG_STEPS)
            },
        ),
        side("margin-0.5", "P × K, margin 0.5", margin(0.5, pk(STEPS))),
        side("margin-1", "P × K, margin 1", margin(1.0, pk(LONG_STEPS))),
        side("margin-2", "P × K, margin 2", margin(2.0, pk(LONG_STEPS))),
        side("margin-5", "P × K, margin 5", margin(5.0, pk(STEPS))),
    ]
}
