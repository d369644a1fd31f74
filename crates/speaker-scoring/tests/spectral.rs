//! Spectral clustering against NumPy and scikit-learn: `golden/spectral.json`, made by `golden/make_spectral.py`; and what must hold for any
//! embeddings.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::Value;
use speaker_scoring::{
    EmbeddingMatrix, Linkage, MAX_DISTANCE_BYTES, Metric, Pruning, ScoringError, SpeakerCount,
    SpectralClusters, SpectralSettings, agglomerative, cut_for_count, spectral_clusters,
};

/// Of eigenvalues, over the highest: above 160 points they are found by Lanczos' method.
const TOLERANCE: f64 = 1e-9;

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn same_partition(ours: &[usize], theirs: &[usize]) -> bool {
    let pairs = (0..ours.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let mut pairs = pairs;
    ours.len() == theirs.len()
        && pairs.all(|(i, j)| (ours[i] == ours[j]) == (theirs[i] == theirs[j]))
}

fn clusters(rows: &EmbeddingMatrix, settings: &SpectralSettings) -> SpectralClusters {
    spectral_clusters(rows, settings, MAX_DISTANCE_BYTES).unwrap()
}

fn pruned(name: &str) -> Pruning {
    match name {
        "automatic" => Pruning::default(),
        _ => Pruning::Share {
            share: 0.1,
            at_least: 6,
        },
    }
}

#[test]
fn neighbours_eigenvalues_numbers_and_partitions_are_those_of_numpy() {
    let golden: Value = serde_json::from_str(include_str!("golden/spectral.json")).unwrap();
    let mut as_scikit_learn = 0;
    for set in golden["sets"].as_array().unwrap() {
        let rows: Vec<Vec<f32>> = read(&set["rows"]);
        let rows = EmbeddingMatrix::from_rows(&rows).unwrap();
        for case in set["cases"].as_array().unwrap() {
            let settings = SpectralSettings {
                pruning: pruned(case["pruning"].as_str().unwrap()),
                count: SpeakerCount::between(read(&case["at_least"]), read(&case["at_most"])),
                ..SpectralSettings::default()
            };
            let found = clusters(&rows, &settings);
            let name = format!("{} points, {settings:?}", rows.len());
            assert_eq!(found.num_kept, read::<usize>(&case["kept"]), "{name}");
            assert_eq!(found.num_clusters, read::<usize>(&case["count"]), "{name}");
            let eigenvalues: Vec<f64> = read(&case["eigenvalues"]);
            let highest: f64 = read(&case["highest"]);
            assert_eq!(found.eigenvalues.len(), eigenvalues.len(), "{name}");
            for (found, expected) in found.eigenvalues.iter().zip(eigenvalues) {
                assert!((found - expected).abs() < TOLERANCE * highest, "{name}");
            }
            let labels: Vec<usize> = read(&case["labels"]);
            assert!(same_partition(&found.labels, &labels), "{name}");
            as_scikit_learn += usize::from(read::<bool>(&case["as_scikit_learn"]));
        }
    }
    assert!(as_scikit_learn >= 30, "{as_scikit_learn}");
}

/// `[points, 16]` of so many speakers, and who they are.
fn speakers(num_points: usize, num_speakers: usize, seed: u64) -> (Vec<Vec<f32>>, Vec<usize>) {
    let dim = 16;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = |size: f32| (f32::from(random.next_u32() as u16) / 65536.0 - 0.5) * size;
    let centres: Vec<Vec<f32>> = (0..num_speakers)
        .map(|own| {
            let value = |at: usize| draw(0.4) + f32::from(u8::from(at == own));
            (0..dim).map(value).collect()
        })
        .collect();
    let truth: Vec<usize> = (0..num_points).map(|at| at % num_speakers).collect();
    let rows = truth.iter().map(|&own| {
        let values = centres[own].iter();
        values.map(|value| value + draw(0.5)).collect()
    });
    (rows.collect(), truth)
}

/// Embeddings in general position, or on a coarse grid with copies, ties and zeros.
fn points() -> impl Strategy<Value = EmbeddingMatrix> {
    let list = any::<bool>().prop_flat_map(|grid| {
        let point = prop::array::uniform3(-9.0_f32..9.0);
        let snap = move |v: f32| if grid { (v / 5.0).round() } else { v };
        let few = prop::collection::vec(point.prop_map(move |point| point.map(snap)), 1..25);
        // Enough for Lanczos' method.
        let copies = prop_oneof![9 => Just(1_usize), 1 => Just(12)];
        (few, copies).prop_map(|(rows, copies)| rows.repeat(copies))
    });
    list.prop_map(|rows| EmbeddingMatrix::from_rows(&rows).unwrap())
}

fn prunings() -> impl Strategy<Value = Pruning> {
    let share = 0.001_f64..=1.0;
    prop_oneof![
        Just(Pruning::default()),
        (1_usize..9, share.clone(), 1_usize..9).prop_map(|(at_least, most, num_tried)| {
            Pruning::Automatic {
                at_least,
                most,
                num_tried,
            }
        }),
        (share, 1_usize..9).prop_map(|(share, at_least)| Pruning::Share { share, at_least }),
    ]
}

fn counts() -> impl Strategy<Value = SpeakerCount> {
    let number = || prop::option::of(0_usize..30);
    (number(), number(), number()).prop_map(|(exact, at_least, at_most)| SpeakerCount {
        exact,
        at_least,
        at_most,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    /// Numbers are kept to by whatever makes clusters, or refused alike.
    #[test]
    fn numbers_are_kept_to(rows in points(), pruning in prunings(), count in counts(), threshold in 0.0..2.0) {
        let settings = SpectralSettings { pruning, count, num_starts: 2, ..SpectralSettings::default() };
        let tree = agglomerative(&rows, Metric::Cosine, Linkage::Average).unwrap();
        let found = spectral_clusters(&rows, &settings, MAX_DISTANCE_BYTES);
        let cut = cut_for_count(&tree, threshold, &count);
        match count.range(rows.len()) {
            Err(error) => {
                prop_assert_eq!(found.unwrap_err(), error.clone());
                prop_assert_eq!(cut.unwrap_err(), error);
            }
            Ok(range) => {
                let found = found.unwrap();
                prop_assert!(range.contains(&found.num_clusters));
                for labels in [found.labels, cut.unwrap()] {
                    prop_assert_eq!(labels.len(), rows.len());
                    let mut next = 0;
                    for label in labels {
                        prop_assert!(label <= next);
                        next = next.max(label + 1);
                    }
                    prop_assert!(range.contains(&next));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    /// Order, length, the seed and a turn of all embeddings mean nothing where there are speakers to find.
    #[test]
    fn what_means_nothing_changes_nothing(seed in any::<u64>(), num_speakers in 2_usize..7, is_large in any::<bool>()) {
        let num_points = if is_large { 260 } else { 110 };
        let (rows, truth) = speakers(num_points, num_speakers, seed);
        let settings = SpectralSettings { seed, ..SpectralSettings::default() };
        let share = SpectralSettings { pruning: Pruning::Share { share: 0.1, at_least: 6 }, ..settings };
        for settings in [settings, share] {
            let labels = |rows: &[Vec<f32>]| clusters(&EmbeddingMatrix::from_rows(rows).unwrap(), &settings).labels;
            prop_assert_eq!(labels(&rows), truth.clone());
            let order: Vec<usize> = (0..num_points).map(|at| (at * 37 + 5) % num_points).collect();
            let moved: Vec<Vec<f32>> = order.iter().map(|&at| rows[at].clone()).collect();
            let expected: Vec<usize> = order.iter().map(|&at| truth[at]).collect();
            prop_assert!(same_partition(&labels(&moved), &expected));
            // Reflected by a Householder matrix, and scaled.
            let normal: Vec<f32> = (0..rows[0].len()).map(|at| (at as f32 + seed as u8 as f32).sin()).collect();
            let square: f32 = normal.iter().map(|v| v * v).sum();
            let turned: Vec<Vec<f32>> = rows.iter().enumerate().map(|(at, row)| {
                let along: f32 = row.iter().zip(&normal).map(|(v, n)| v * n).sum();
                let size = 1.0 + at as f32;
                row.iter().zip(&normal).map(|(v, n)| size * (v - 2.0 * along / square * n)).collect()
            }).collect();
            prop_assert!(same_partition(&labels(&turned), &truth));
        }
    }
}

#[test]
fn threads_do_not_matter() {
    for (num_points, num_speakers) in [(90, 3), (420, 5)] {
        let (rows, _) = speakers(num_points, num_speakers, 3);
        let rows = EmbeddingMatrix::from_rows(&rows).unwrap();
        for name in ["automatic", "share"] {
            let settings = SpectralSettings {
                pruning: pruned(name),
                ..SpectralSettings::default()
            };
            let run = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                pool.unwrap().install(|| clusters(&rows, &settings))
            };
            assert_eq!(run(1), run(3));
        }
    }
}

#[test]
fn settings_outside_of_their_ranges_are_refused() {
    let rows = EmbeddingMatrix::from_flat(vec![1.0; 9], 1).unwrap();
    for (pruning, num_starts) in [
        (Pruning::default(), 0),
        (
            Pruning::Share {
                share: 0.0,
                at_least: 1,
            },
            1,
        ),
        (
            Pruning::Share {
                share: f64::NAN,
                at_least: 1,
            },
            1,
        ),
        (
            Pruning::Share {
                share: 0.5,
                at_least: 0,
            },
            1,
        ),
        (
            Pruning::Automatic {
                at_least: 1,
                most: 1.1,
                num_tried: 1,
            },
            1,
        ),
        (
            Pruning::Automatic {
                at_least: 1,
                most: 0.5,
                num_tried: 0,
            },
            1,
        ),
        (
            Pruning::Automatic {
                at_least: 0,
                most: 0.5,
                num_tried: 9,
            },
            1,
        ),
    ] {
        let settings = SpectralSettings {
            pruning,
            num_starts,
            ..SpectralSettings::default()
        };
        let error = spectral_clusters(&rows, &settings, MAX_DISTANCE_BYTES).unwrap_err();
        assert!(matches!(error, ScoringError::InvalidParameter { .. }));
    }
}
