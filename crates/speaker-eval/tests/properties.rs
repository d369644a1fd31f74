//! What must hold for any list and any clustering.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use speaker_eval::{
    BootstrapSettings, DcfParameters, best_threshold, bootstrap_interval, cluster_scores,
    det_points, eer, lowest_rates, min_dcf, roc_auc,
};
use speaker_scoring::{EmbeddingMatrix, Linkage, Metric, agglomerative};

/// Lists with both kinds of trials and many ties.
fn trials() -> impl Strategy<Value = (Vec<f32>, Vec<bool>)> {
    prop::collection::vec((-20_i32..20, any::<bool>()), 0..80).prop_map(|mut trials| {
        trials.extend([(0, true), (1, false)]);
        trials
            .into_iter()
            .map(|(score, target)| (score as f32 * 0.125, target))
            .unzip()
    })
}

fn partition() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    prop::collection::vec((0_usize..12, 0_usize..7), 1..60)
        .prop_map(|points| points.into_iter().unzip())
}

/// Points in general position, or on a coarse grid with duplicates, ties and zero vectors.
fn points() -> impl Strategy<Value = (EmbeddingMatrix, Vec<usize>)> {
    let list = any::<bool>().prop_flat_map(|grid| {
        let point = prop::array::uniform3(-9.0_f32..9.0);
        let snap = move |v: f32| if grid { (v / 5.0).round() } else { v };
        let point = point.prop_map(move |point| point.map(snap));
        prop::collection::vec((point, 0_usize..5), 1..25)
    });
    list.prop_map(|points| {
        let (rows, speakers): (Vec<_>, _) = points.into_iter().unzip();
        (EmbeddingMatrix::from_rows(&rows).unwrap(), speakers)
    })
}

/// The best assignment by trying all: up to 12 clusters and 7 speakers.
fn brute_force(labels: &[usize], speakers: &[usize]) -> usize {
    fn best(counts: &[[usize; 12]], taken: u16) -> usize {
        let Some((row, rest)) = counts.split_first() else {
            return 0;
        };
        let free = (0..12).filter(|column| taken & (1 << column) == 0);
        let used = free.filter(|&column| row[column] > 0);
        let matched = used.map(|column| row[column] + best(rest, taken | 1 << column));
        matched.max().unwrap_or(0).max(best(rest, taken))
    }
    let mut counts = [[0; 12]; 7];
    for (&label, &speaker) in labels.iter().zip(speakers) {
        counts[speaker][label] += 1;
    }
    best(&counts, 0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn rates_stay_in_their_bounds((scores, is_target) in trials()) {
        let rate = eer(&scores, &is_target).unwrap().eer;
        prop_assert!((0.0..=1.0).contains(&rate));
        let auc = roc_auc(&scores, &is_target).unwrap();
        prop_assert!((0.0..=1.0).contains(&auc));
        let cost = min_dcf(&scores, &is_target, &DcfParameters::default()).unwrap();
        prop_assert!((0.0..=1.0).contains(&cost.min_dcf));
        for pair in det_points(&scores, &is_target).unwrap().windows(2) {
            prop_assert!(pair[0].threshold > pair[1].threshold);
            prop_assert!(pair[0].p_miss >= pair[1].p_miss);
            prop_assert!(pair[0].p_false_alarm <= pair[1].p_false_alarm);
        }
    }

    #[test]
    fn the_order_of_trials_is_of_no_account(
        (scores, is_target) in trials(),
        seed in any::<u64>(),
    ) {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by_key(|&i| (i as u64 + 1).wrapping_mul(seed | 1).rotate_left(29));
        let shuffled: Vec<f32> = order.iter().map(|&i| scores[i]).collect();
        let labels: Vec<bool> = order.iter().map(|&i| is_target[i]).collect();
        prop_assert_eq!(eer(&scores, &is_target), eer(&shuffled, &labels));
        prop_assert_eq!(det_points(&scores, &is_target), det_points(&shuffled, &labels));
        prop_assert_eq!(roc_auc(&scores, &is_target), roc_auc(&shuffled, &labels));
    }

    #[test]
    fn a_rising_transform_changes_nothing((scores, is_target) in trials()) {
        let bent: Vec<f32> = scores.iter().map(|&s| (2.0 * s).exp() - 5.0 + s.powi(3)).collect();
        let rate = |scores: &[f32]| eer(scores, &is_target).unwrap().eer;
        prop_assert_eq!(rate(&scores), rate(&bent));
        prop_assert_eq!(roc_auc(&scores, &is_target), roc_auc(&bent, &is_target));
        let cost = |scores| min_dcf(scores, &is_target, &DcfParameters::default()).unwrap().min_dcf;
        prop_assert_eq!(cost(&scores), cost(&bent));
    }

    #[test]
    fn scores_upside_down_mirror_the_rates((scores, is_target) in trials()) {
        let inverted: Vec<f32> = scores.iter().map(|s| -s).collect();
        let rate = |scores: &[f32]| eer(scores, &is_target).unwrap().eer;
        prop_assert!((rate(&scores) + rate(&inverted) - 1.0).abs() < 1e-12);
        let auc = |scores: &[f32]| roc_auc(scores, &is_target).unwrap();
        prop_assert!((auc(&scores) + auc(&inverted) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn separated_scores_give_nought_and_one((_, is_target) in trials()) {
        let scores: Vec<f32> = is_target
            .iter()
            .enumerate()
            .map(|(i, &target)| (i % 5) as f32 + if target { 5.0 } else { 0.0 })
            .collect();
        let perfect = eer(&scores, &is_target).unwrap();
        prop_assert_eq!(perfect.eer, 0.0);
        for (&score, &target) in scores.iter().zip(&is_target) {
            prop_assert_eq!(f64::from(score) >= perfect.threshold, target);
        }
        let inverted: Vec<f32> = scores.iter().map(|s| -s).collect();
        prop_assert_eq!(eer(&inverted, &is_target).unwrap().eer, 1.0);
    }

    #[test]
    fn assignment_is_optimal((labels, speakers) in partition()) {
        let scores = cluster_scores(&labels, &speakers).unwrap();
        let right = brute_force(&labels, &speakers);
        let expected = (labels.len() - right) as f64 / labels.len() as f64;
        prop_assert_eq!(scores.mr_hungarian, expected);
    }

    #[test]
    fn cluster_scores_stay_in_their_bounds((labels, speakers) in partition()) {
        let scores = cluster_scores(&labels, &speakers).unwrap();
        for rate in [scores.mr_hungarian, scores.mr_ab, scores.mr_legacy, scores.nmi] {
            prop_assert!((0.0..=1.0).contains(&rate));
        }
        prop_assert!(scores.acp > 0.0 && scores.acp <= 1.0);
        prop_assert!((-0.5..=1.0).contains(&scores.ari));
        // Each rate forgives less than the one before.
        prop_assert!(scores.mr_hungarian <= scores.mr_ab);
        prop_assert!(scores.mr_ab <= scores.mr_legacy);
    }

    #[test]
    fn names_of_clusters_and_order_of_points_are_of_no_account((labels, speakers) in partition()) {
        let scores = cluster_scores(&labels, &speakers).unwrap();
        let renamed: Vec<usize> = labels.iter().rev().map(|label| 1000 - 7 * label).collect();
        let reversed: Vec<usize> = speakers.iter().rev().map(|s| s * 31 % 7).collect();
        let again = cluster_scores(&renamed, &reversed).unwrap();
        prop_assert_eq!(scores.mr_hungarian, again.mr_hungarian);
        prop_assert_eq!((scores.mr_ab, scores.mr_legacy), (again.mr_ab, again.mr_legacy));
        prop_assert_eq!(scores.ari, again.ari);
        prop_assert!((scores.nmi - again.nmi).abs() < 1e-12);
        prop_assert!((scores.acp - again.acp).abs() < 1e-12);
    }

    #[test]
    fn best_threshold_is_the_best_of_all_cuts((embeddings, speakers) in points()) {
        for linkage in [Linkage::Complete, Linkage::Average, Linkage::Single] {
            let tree = agglomerative(&embeddings, Metric::Cosine, linkage).unwrap();
            prop_assert!(tree.heights().is_sorted());
            let height = best_threshold(&tree, &speakers).unwrap();
            let best = cluster_scores(&tree.cut_at(height), &speakers).unwrap().mr_hungarian;
            let mut lowest: f64 = 1.0;
            for level in tree.sweep() {
                let scores = cluster_scores(&level.labels, &speakers).unwrap();
                lowest = lowest.min(scores.mr_hungarian);
                prop_assert_eq!(scores.num_clusters, level.num_clusters);
            }
            prop_assert_eq!(best, lowest);
            prop_assert_eq!(lowest_rates(&tree, &speakers).unwrap().mr_hungarian, lowest);
        }
    }

    #[test]
    fn nothing_panics_on_any_list(
        scores in prop::collection::vec(any::<f32>(), 0..12),
        is_target in prop::collection::vec(any::<bool>(), 0..12),
        speakers in prop::collection::vec(0_usize..4, 0..12),
    ) {
        let _ = eer(&scores, &is_target);
        let _ = min_dcf(&scores, &is_target, &DcfParameters::default());
        let _ = cluster_scores(&speakers, &speakers);
        let settings = BootstrapSettings { resamples: 3, ..Default::default() };
        let _ = bootstrap_interval(&scores, &is_target, &speakers, &speakers, &settings);
        if let Ok(matrix) = EmbeddingMatrix::from_flat(scores, is_target.len()) {
            for linkage in [Linkage::Complete, Linkage::Average, Linkage::Single, Linkage::Ward] {
                for metric in [Metric::Cosine, Metric::Euclidean] {
                    if let Ok(tree) = agglomerative(&matrix, metric, linkage) {
                        let _ = best_threshold(&tree, &speakers);
                    }
                }
            }
        }
    }
}
