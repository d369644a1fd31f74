//! The checks before the first step, on losses and metrics that are wrong in known ways.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::convert::Infallible;

use diagnosis::preflight::{
    Bandwidth, FrontEnds, LabelRates, LossAndGradient, Overfit, Pair, Sessions, are_distributions,
    can_overfit, crops_fit, crops_vary, features_alive, few_same_pairs, front_ends_agree,
    gradients_reach, kl_divergence, labels_fit, labels_matter, large_margin, learning_rate,
    loss_is_mean_of_pairs, metric_ceiling, same_session_positives, score_direction, silent_crops,
    small_margin, unreachable_speakers,
};
use diagnosis::{Check, CheckVerdict, LayerGradient, Name, Severity};
use proptest::prelude::*;

/// Distances of pairs, and which are of one speaker.
const DISTANCES: [f64; 8] = [0.2, 1.7, 0.6, 2.2, 0.1, 0.4, 1.2, 3.0];
const LABELS: [usize; 8] = [1, 0, 1, 0, 1, 0, 1, 0];

/// The loss of the question as its program computed it: labels `[B, 1]` beside distances `[B]` are broadcast to `[B, B]`,
/// where element (i, j) is y_i d_j + (1 − y_i) mean_k max(0, 1 − d_k).
fn broadcast(labels: &[usize]) -> Result<LossAndGradient, Infallible> {
    let count = DISTANCES.len() as f64;
    let hinge = DISTANCES.iter().map(|d| (1.0 - d).max(0.0)).sum::<f64>() / count;
    let mut loss = 0.0;
    for &y in labels {
        for d in DISTANCES {
            loss += (y as f64 * d + (1.0 - y as f64) * hinge) / (count * count);
        }
    }
    let same = labels.iter().sum::<usize>() as f64 / count;
    let slope = |d: &f64| (same - if *d < 1.0 { 1.0 - same } else { 0.0 }) / count;
    Ok(LossAndGradient {
        loss,
        gradient: DISTANCES.iter().map(|d| slope(d) as f32).collect(),
    })
}

/// The same loss pair by pair.
fn by_pair(labels: &[usize]) -> Result<LossAndGradient, Infallible> {
    let pairs = || labels.iter().zip(DISTANCES);
    let loss = |(&y, d): (&usize, f64)| if y == 1 { d } else { (1.0 - d).max(0.0) };
    let slope = |(&y, d): (&usize, f64)| match y {
        1 => 1.0,
        _ if d < 1.0 => -1.0,
        _ => 0.0,
    };
    Ok(LossAndGradient {
        loss: pairs().map(loss).sum::<f64>() / 8.0,
        gradient: pairs().map(|pair| slope(pair) / 8.0).collect(),
    })
}

#[test]
fn a_loss_that_ignores_its_labels_is_found_out() {
    let broken = labels_matter(&LABELS, broadcast).unwrap();
    assert_eq!(
        (broken.name, broken.verdict),
        (Name::LabelsIgnored, CheckVerdict::Broken)
    );
    assert!(broken.remedy.contains("shape"), "{broken:?}");
    assert_eq!(
        labels_matter(&LABELS, by_pair).unwrap().verdict,
        CheckVerdict::Passed
    );
    // Without a second label there is nothing to permute.
    assert_eq!(
        labels_matter(&[1; 8], by_pair).unwrap().verdict,
        CheckVerdict::Skipped
    );
}

#[test]
fn a_loss_that_is_not_the_mean_of_its_pairs_is_found_out() {
    let pairs: Vec<Pair> = LABELS
        .iter()
        .zip(DISTANCES)
        .map(|(&y, d)| Pair {
            loss: if y == 1 { d } else { (1.0 - d).max(0.0) },
            weight: 1.0,
        })
        .collect();
    let check = |loss: f64| loss_is_mean_of_pairs(loss, &pairs).verdict;
    assert_eq!(check(by_pair(&LABELS).unwrap().loss), CheckVerdict::Passed);
    assert_eq!(
        check(broadcast(&LABELS).unwrap().loss),
        CheckVerdict::Broken
    );
}

#[test]
fn the_accuracy_of_the_question_has_a_ceiling_of_one_half() {
    let same: Vec<bool> = LABELS.iter().map(|&y| y == 1).collect();
    // Broadcast: the mean over i and j of y_i == round(d_j).
    let broadcast = metric_ceiling("accuracy", &same, |distances, same| {
        let equal = |&(y, d): &(bool, f64)| d.round() == f64::from(u8::from(y));
        let cells = same
            .iter()
            .flat_map(|&y| distances.iter().map(move |&d| (y, d)));
        cells.filter(equal).count() as f64 / (same.len() * distances.len()) as f64
    });
    assert_eq!(broadcast.verdict, CheckVerdict::Broken);
    assert!(broadcast.measured.contains("at most 0.5"), "{broadcast:?}");
    // Pair by pair it is upside down: it is best where same-speaker pairs are far apart.
    let upside_down = metric_ceiling("accuracy", &same, |distances, same| {
        let pairs = same.iter().zip(distances);
        let right = pairs.filter(|(y, d)| d.round() == f64::from(u8::from(**y)));
        right.count() as f64 / same.len() as f64
    });
    assert_eq!(upside_down.verdict, CheckVerdict::Suspect);
    // Neither harms the training: what does comes first.
    let severity = |check: &Check| check.finding().map(|finding| finding.severity);
    assert_eq!(severity(&broadcast), Some(Severity::Suspect));
    assert_eq!(severity(&upside_down), Some(Severity::Note));
    assert_eq!(Name::ALL.last(), Some(&Name::MetricCeiling));
    assert!(
        upside_down.measured.contains("0 to 0.5 where all speakers"),
        "{upside_down:?}"
    );
    let sound = metric_ceiling("threshold", &same, |distances, same| {
        let pairs = same.iter().zip(distances);
        pairs.filter(|(y, d)| **y == (**d < 0.5)).count() as f64 / same.len() as f64
    });
    assert_eq!(sound.verdict, CheckVerdict::Passed);
}

#[test]
fn outputs_of_a_rectifier_are_no_distributions() {
    let softmax = vec![vec![0.25, 0.75], vec![0.5, 0.5]];
    assert_eq!(are_distributions(&softmax).verdict, CheckVerdict::Passed);
    let rectified = vec![vec![0.0, 1.9], vec![0.4, 0.0]];
    let check = are_distributions(&rectified);
    assert_eq!(check.verdict, CheckVerdict::Broken);
    assert!(check.measured.contains("50 % are 0"), "{check:?}");
}

#[test]
fn scores_that_are_distances_are_found_out() {
    // Area under the ROC curve in place of an EER: the share of misordered pairs has the same ends.
    let misordered = |scores: &[f32], targets: &[bool]| {
        let of = |kind: bool| {
            scores
                .iter()
                .zip(targets)
                .filter(move |(_, t)| **t == kind)
                .map(|(s, _)| *s)
        };
        let pairs = of(true).count() * of(false).count();
        let wrong = of(true)
            .map(|t| of(false).filter(|n| *n > t).count())
            .sum::<usize>();
        wrong as f64 / pairs as f64
    };
    assert_eq!(score_direction(misordered).verdict, CheckVerdict::Passed);
    let inverted = |scores: &[f32], targets: &[bool]| 1.0 - misordered(scores, targets);
    assert_eq!(score_direction(inverted).verdict, CheckVerdict::Broken);
}

#[test]
fn a_layer_without_gradient_is_named() {
    let layer = |layer: &str, norm| LayerGradient {
        layer: layer.to_owned(),
        norm,
    };
    let fine = [layer("a", 0.3), layer("b", 1e-4)];
    assert_eq!(gradients_reach(&fine).verdict, CheckVerdict::Passed);
    let cut = gradients_reach(&[layer("a", 0.0), layer("b", 0.3)]);
    assert_eq!(cut.verdict, CheckVerdict::Broken);
    assert!(cut.measured.contains("no gradient in a"), "{cut:?}");
    let broken = gradients_reach(&[layer("a", f64::NAN), layer("b", 0.3)]);
    assert_eq!(broken.verdict, CheckVerdict::Broken);
}

#[test]
fn sampling_faults_are_found_out_with_their_remedy() {
    let verdict = |check: Check| check.verdict;
    let few = few_same_pairs(0.0084, 100, 406);
    assert_eq!(few.verdict, CheckVerdict::Suspect);
    // 25 speakers with 4 segments each: 3 of 99 others are of the same speaker.
    assert!(
        few.remedy.contains("25 speakers with 4 segments each") && few.remedy.contains("3 %"),
        "{few:?}"
    );
    assert_eq!(
        verdict(few_same_pairs(0.03, 100, 406)),
        CheckVerdict::Passed
    );
    assert_eq!(verdict(unreachable_speakers(0, 100)), CheckVerdict::Passed);
    assert_eq!(verdict(unreachable_speakers(3, 100)), CheckVerdict::Suspect);
    // The first 100 of 5,994 speakers, as a well-known program trained on.
    assert_eq!(
        verdict(unreachable_speakers(5_894, 5_994)),
        CheckVerdict::Broken
    );
    let sessions = |same_session, across, unknown| Sessions {
        same_recording: 0,
        same_session,
        across,
        unknown,
    };
    assert_eq!(
        verdict(same_session_positives(&sessions(0, 90, 10))),
        CheckVerdict::Passed
    );
    assert_eq!(
        verdict(same_session_positives(&sessions(30, 70, 0))),
        CheckVerdict::Note
    );
    assert_eq!(
        verdict(same_session_positives(&sessions(99, 1, 0))),
        CheckVerdict::Note
    );
    assert_eq!(
        verdict(same_session_positives(&sessions(0, 0, 50))),
        CheckVerdict::Note
    );
    assert_eq!(
        verdict(same_session_positives(&sessions(0, 0, 0))),
        CheckVerdict::Skipped
    );
    assert_eq!(
        verdict(silent_crops(0.05, 100, true, false)),
        CheckVerdict::Passed
    );
    let silent = |is_random, drops| silent_crops(0.5, 100, is_random, drops);
    assert_eq!(verdict(silent(true, false)), CheckVerdict::Suspect);
    // What is done already is not advised.
    assert!(silent(false, false).remedy.contains("random"));
    assert!(!silent(true, false).remedy.contains("random"));
    assert!(silent(true, false).remedy.starts_with("drop silence"));
    assert!(!silent(true, true).remedy.contains("drop silence"));
    assert_eq!(verdict(crops_vary(None, 0.4, 3.0)), CheckVerdict::Passed);
    let fixed = crops_vary(Some(0.1), 0.4, 4.0);
    assert_eq!(fixed.verdict, CheckVerdict::Note);
    assert!(fixed.reason.contains("10 %"), "{fixed:?}");
}

#[test]
fn learning_rates_are_measured_by_the_weights() {
    // Glorot weights of a dense layer of 128 by 1024: the root mean square is 0.0417.
    let verdict = |rate| learning_rate(rate, 0.0417).verdict;
    assert_eq!(
        (verdict(0.001), verdict(0.005)),
        (CheckVerdict::Passed, CheckVerdict::Passed)
    );
    assert_eq!(
        (verdict(0.01), verdict(0.1)),
        (CheckVerdict::Suspect, CheckVerdict::Suspect)
    );
    assert_eq!(
        [0.1, 0.5, 1.0, 3.0].map(|margin| small_margin(margin, 128).verdict),
        [
            CheckVerdict::Suspect,
            CheckVerdict::Note,
            CheckVerdict::Note,
            CheckVerdict::Passed
        ]
    );
    assert_eq!(
        [3.0, 5.0, 50.0].map(|margin| large_margin(margin, 128).verdict),
        [
            CheckVerdict::Passed,
            CheckVerdict::Passed,
            CheckVerdict::Suspect
        ]
    );
}

#[test]
fn features_that_say_nothing_are_found_out() {
    let alive: Vec<f32> = (0..400).map(|i| (i as f32 * 0.7).sin()).collect();
    assert_eq!(features_alive(&alive, 4).verdict, CheckVerdict::Passed);
    assert_eq!(features_alive(&[0.0; 400], 4).verdict, CheckVerdict::Broken);
    let clipped: Vec<f32> = alive.iter().map(|v| v.min(0.2)).collect();
    assert_eq!(features_alive(&clipped, 4).verdict, CheckVerdict::Suspect);
    let mut broken = alive.clone();
    broken[7] = f32::NAN;
    assert_eq!(features_alive(&broken, 4).verdict, CheckVerdict::Broken);
}

#[test]
fn front_ends_that_do_not_fit_the_recordings_are_found_out() {
    // Of so many of a hundred recordings nothing is above 3.7 kHz.
    let check = |train, dev, input_rms| {
        let narrow = |num_narrow| Bandwidth {
            num_recordings: 100,
            num_narrow,
            narrow_hz: 3_700.0,
        };
        front_ends_agree(&FrontEnds {
            train: narrow(train),
            dev: narrow(dev),
            high_hz: 8_000.0,
            input_rms,
            ..FrontEnds::default()
        })
    };
    assert_eq!(check(0, 0, 1.0).verdict, CheckVerdict::Passed);
    assert_eq!(check(0, 0, 200.0).verdict, CheckVerdict::Suspect);
    assert_eq!(check(0, 0, f64::NAN).verdict, CheckVerdict::Broken);
    assert_eq!(check(30, 20, 1.0).verdict, CheckVerdict::Note);
    for (train, dev) in [(0, 100), (100, 0), (100, 100)] {
        let check = check(train, dev, 1.0);
        assert_eq!(check.verdict, CheckVerdict::Suspect, "{check:?}");
        let text = format!("{train} % of the training and {dev} % of the development");
        assert!(check.measured.contains(&text), "{check:?}");
        assert!(check.measured.contains("3.7 of the 8 kHz"), "{check:?}");
        assert!(check.remedy.contains("high_hz` to 3700"), "{check:?}");
    }
    let unknown = front_ends_agree(&FrontEnds {
        input_rms: 1.0,
        ..FrontEnds::default()
    });
    assert_eq!(unknown.verdict, CheckVerdict::Passed, "{unknown:?}");
}

#[test]
fn what_cannot_be_learned_by_heart_is_found_out() {
    let attempt = |loss, same_distance, different_distance| {
        let num_steps = 50;
        can_overfit(&Overfit {
            num_steps,
            loss,
            same_distance,
            different_distance,
        })
        .verdict
    };
    assert_eq!(attempt([5.1, 0.4], 0.1, 4.0), CheckVerdict::Passed);
    assert_eq!(attempt([5.1, 2.0], 4.1, 4.0), CheckVerdict::Suspect);
    assert_eq!(attempt([0.5, 0.5], 0.0, 0.0), CheckVerdict::Broken);
    assert_eq!(attempt([0.5, f64::NAN], 0.0, 0.0), CheckVerdict::Broken);
}

#[test]
fn labels_dealt_out_by_chance_are_found_out() {
    assert_eq!(
        labels_fit(&rates(0.495, 0.21, 40, 200)).verdict,
        CheckVerdict::Broken
    );
    assert_eq!(
        labels_fit(&rates(0.19, 0.21, 40, 200)).verdict,
        CheckVerdict::Passed
    );
    // Where nothing tells even the development speakers apart, the labels are not to blame.
    assert_eq!(
        labels_fit(&rates(0.45, 0.43, 40, 200)).verdict,
        CheckVerdict::Passed
    );
}

proptest! {
    #[test]
    fn divergence_is_positive_and_zero_for_equals(raw in prop::collection::vec(0.01f64..1.0, 2..20)) {
        let total: f64 = raw.iter().sum();
        let p: Vec<f64> = raw.iter().map(|v| v / total).collect();
        let mut q = p.clone();
        q.rotate_left(1);
        prop_assert!(kl_divergence(&p, &q) >= -1e-12);
        prop_assert!(kl_divergence(&p, &p).abs() < 1e-12);
    }

    #[test]
    fn the_broadcast_loss_is_one_half_wherever_all_distances_are_below_the_margin(
        distances in prop::collection::vec(0.0f64..1.0, 4..40),
    ) {
        // L = ½ mean max(d, 1): the reason why the question's loss stood at 0.500 for good.
        let count = distances.len() as f64;
        let mean = distances.iter().sum::<f64>() / count;
        let hinge = distances.iter().map(|d| 1.0 - d).sum::<f64>() / count;
        prop_assert!((0.5 * mean + 0.5 * hinge - 0.5).abs() < 1e-12);
    }
}

fn rates(train_eer: f64, dev_eer: f64, num_speakers: usize, num_same: usize) -> LabelRates {
    LabelRates {
        train_eer,
        dev_eer,
        num_speakers,
        num_same,
        strangers_share: None,
    }
}

#[test]
fn labels_are_not_judged_by_a_handful_of_pairs() {
    for (num_speakers, num_same) in [(3, 9), (7, 400), (20, 39)] {
        let check = labels_fit(&rates(0.5, 0.1, num_speakers, num_same));
        assert_eq!(check.verdict, CheckVerdict::Skipped, "{check:?}");
        assert!(check.reason.contains("too few to judge"), "{check:?}");
    }
    let check = labels_fit(&rates(0.5, 0.1, 8, 40));
    assert_eq!(check.verdict, CheckVerdict::Broken, "{check:?}");
}

#[test]
fn crops_that_are_longer_than_most_recordings_are_warned_of() {
    let long = crops_fit(30.0, 1.0, 2.0, false);
    assert_eq!(long.verdict, CheckVerdict::Suspect);
    assert!(
        long.measured.contains("30 s") && long.measured.contains("100 %"),
        "{long:?}"
    );
    assert!(long.remedy.contains("2 s"), "{long:?}");
    assert_eq!(
        crops_fit(0.96, 0.4, 1.0, true).verdict,
        CheckVerdict::Passed
    );
    // Half of the shared corpora's recordings are of one word, and hearing it twice harms nobody.
    assert_eq!(crops_fit(3.0, 0.83, 0.98, true).verdict, CheckVerdict::Note);
}
