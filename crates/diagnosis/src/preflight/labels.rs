//! Do the labels matter?

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::check::CheckVerdict::{Broken, Passed, Suspect};
use crate::words::{number, percent};
use crate::{Check, Name};

/// A loss and its gradient, with respect to whatever parameters, in whatever order that stays the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossAndGradient {
    /// The loss of a batch.
    pub loss: f64,
    /// Its gradient.
    pub gradient: Vec<f32>,
}

/// Relative change of loss or gradient below which they count as the same: far above the rounding of 32-bit sums.
const SAME: f64 = 1e-5;

/// Permutations that are tried.
const TRIES: u64 = 5;

/// Asks `loss`, a function of the labels alone on one fixed batch with fixed dropout, whether it changes when the labels
/// are permuted. `labels` are speakers of segments or, with 0 and 1, kinds of pairs.
///
/// The batch must not be one on which all distances are alike: at such a point no loss can tell pairs apart, and the
/// check is skipped where the gradient is zero as well.
pub fn labels_matter<E>(
    labels: &[usize],
    mut loss: impl FnMut(&[usize]) -> Result<LossAndGradient, E>,
) -> Result<Check, E> {
    let name = Name::LabelsIgnored;
    if labels.iter().all(|label| Some(label) == labels.first()) {
        return Ok(Check::skipped(
            name,
            "the batch has one label only, so that a permutation changes nothing",
        ));
    }
    let given = loss(labels)?;
    let norm = length(&given.gradient);
    let (mut loss_change, mut gradient_change) = (0.0_f64, 0.0_f64);
    let mut permuted = labels.to_vec();
    for seed in 0..TRIES {
        permuted.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let other = loss(&permuted)?;
        let scale = given
            .loss
            .abs()
            .max(other.loss.abs())
            .max(f64::MIN_POSITIVE);
        loss_change = loss_change.max((given.loss - other.loss).abs() / scale);
        let difference: Vec<f32> = given
            .gradient
            .iter()
            .zip(&other.gradient)
            .map(|(a, b)| a - b)
            .collect();
        let scale = norm.max(length(&other.gradient));
        if scale > 0.0 {
            gradient_change = gradient_change.max(length(&difference) / scale);
        }
        if loss_change > SAME && gradient_change > SAME {
            break;
        }
    }
    let ignored = loss_change <= SAME && gradient_change <= SAME;
    let measured = format!(
        "permuting the labels changes the loss {} by {} and its gradient by {}",
        number(given.loss),
        percent(loss_change),
        percent(gradient_change)
    );
    Ok(Check::new(
        name,
        if ignored { Broken } else { Passed },
        measured,
        "both change",
        "a loss that stays the same whatever the labels cannot learn speakers; the usual cause is a distance of shape \
         [batch] beside labels of shape [batch, 1], which are broadcast against each other to [batch, batch]",
        "give distances and labels the same shape (keep the summed dimension), and compute the loss pair by pair",
    ))
}

fn length(values: &[f32]) -> f64 {
    values
        .iter()
        .map(|&v| f64::from(v).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// EERs that speak of labels, and what they were measured on. Rates from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelRates {
    /// Of training speakers.
    pub train_eer: f64,
    /// Of development trials.
    pub dev_eer: f64,
    /// Training speakers that the first is of.
    pub num_speakers: usize,
    /// Its same-speaker pairs.
    pub num_same: usize,
    /// Share of the recordings that lie as far from their own speaker's others as recordings of other speakers do, the nearest
    /// quarter of these left out: a hundredth or two of right labels, where the voice is heard. None of speakers with two recordings.
    pub strangers_share: Option<f64>,
}

/// Speakers that it takes to say of labels that they are wrong.
const LEAST_SPEAKERS: usize = 8;

/// Same-speaker pairs that it takes: the EER of so many is known to within a tenth or so.
const LEAST_PAIRS: usize = 40;

/// Whether an EER of so many speakers and same-speaker pairs can tell labels that are wrong from an accident.
#[must_use]
pub fn labels_can_be_judged(num_speakers: usize, num_same: usize) -> bool {
    num_speakers >= LEAST_SPEAKERS && num_same >= LEAST_PAIRS
}

/// Compares the EER of log-mel statistics (no network; whitened without labels, by other recordings than those that are
/// scored) on training labels with the EER on development trials: labels that have nothing to do with the recordings give
/// 50 %. A handful of pairs may do so by accident, and is not judged.
#[must_use]
pub fn labels_fit(rates: &LabelRates) -> Check {
    let LabelRates {
        train_eer,
        dev_eer,
        num_speakers,
        num_same,
        ..
    } = *rates;
    if !labels_can_be_judged(num_speakers, num_same) {
        return Check::skipped(
            Name::LabelsWrong,
            format!(
                "{num_same} same-speaker pairs of {num_speakers} training speakers are too few to judge their labels by; \
                 {LEAST_PAIRS} of {LEAST_SPEAKERS} are needed"
            ),
        );
    }
    Check::new(
        Name::LabelsWrong,
        if labels_are_wrong(train_eer, dev_eer) {
            Broken
        } else {
            Passed
        },
        format!(
            "mean and deviation of the log-mel bands tell training speakers apart with EER {}, development speakers with {}",
            percent(train_eer),
            percent(dev_eer)
        ),
        "training labels about as easy as development trials, and well below 50 %",
        LABELS_WRONG,
        COMPARE_COLUMNS,
    )
}

/// A share of recordings far from their own speaker's others above which a part of the labels is wrong.
const STRANGERS: f64 = 0.14;

/// The same whatever development trials say.
const MANY_STRANGERS: f64 = 0.25;

/// By how much training labels are harder than development trials where a part of them is wrong.
const HARDER: f64 = 0.08;

/// Looks for labels of which a part is wrong, by statistics that know neither labels nor network.
#[must_use]
pub fn some_labels_wrong(rates: &LabelRates) -> Check {
    let name = Name::MislabelledSome;
    let enough = labels_can_be_judged(rates.num_speakers, rates.num_same);
    let Some(share) = rates.strangers_share.filter(|_| enough) else {
        return Check::skipped(
            name,
            "too few speakers with three recordings to judge their labels by",
        );
    };
    // Speakers who differ from day to day are as far from themselves; but then development speakers are, too.
    let wrong =
        share > MANY_STRANGERS || share > STRANGERS && rates.train_eer > rates.dev_eer + HARDER;
    Check::new(
        name,
        if wrong && !labels_are_wrong(rates.train_eer, rates.dev_eer) {
            Suspect
        } else {
            Passed
        },
        format!(
            "{} of the training recordings that were looked at sound no more like their speaker's others than strangers do; EER {} on \
             training labels, {} on development trials",
            percent(share),
            percent(rates.train_eer),
            percent(rates.dev_eer)
        ),
        format!("less than {}", percent(STRANGERS)),
        "a recording under a wrong name draws two speakers together; a network that is small learns the average of both, one that is large \
         learns the mistake by heart",
        "compare the speaker column with the paths, and listen to those that a clustering of the embeddings puts elsewhere than their label",
    )
}

/// Looks for something besides the voice that tells training speakers apart, and not those of development trials.
#[must_use]
pub fn only_voices_tell(rates: &LabelRates) -> Check {
    let name = Name::NamesTheSpeaker;
    if !labels_can_be_judged(rates.num_speakers, rates.num_same) {
        return Check::skipped(
            name,
            "too few training speakers to judge what tells them apart",
        );
    }
    let (train, dev) = (rates.train_eer, rates.dev_eer);
    let told = train < 0.4 * dev && dev - train > 0.1;
    Check::new(
        name,
        if told { Suspect } else { Passed },
        format!(
            "mean and deviation of the log-mel bands tell training speakers apart with EER {}, development speakers with {}",
            percent(train),
            percent(dev)
        ),
        "training speakers about as hard to tell apart as development speakers",
        "a microphone, a hum, a level or a kind of file that each training speaker has for himself is easier to learn than the voice, and \
         worth nothing for new speakers",
        "take recordings of each speaker from several devices and days, or change all of them at random (`[samples]`, `[augment]`)",
    )
}

/// Labels that chance would explain, where development trials show that the recordings can be told apart.
pub(crate) fn labels_are_wrong(train_eer: f64, dev_eer: f64) -> bool {
    train_eer > 0.42 && train_eer > dev_eer + 0.1
}

pub(crate) const LABELS_WRONG: &str = "recordings of one label are no more alike than any others, as if the labels had been dealt out by chance";

pub(crate) const COMPARE_COLUMNS: &str = "compare the manifest's speaker column with its paths: look for a table that was \
     sorted or joined by the wrong column";
