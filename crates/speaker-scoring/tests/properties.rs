//! What must hold for any embeddings.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use speaker_scoring::{EmbeddingMatrix, Linkage, Metric, agglomerative, cosine};

/// Points in general position, or on a coarse grid with duplicates, ties and zero vectors.
fn points() -> impl Strategy<Value = EmbeddingMatrix> {
    let list = any::<bool>().prop_flat_map(|grid| {
        let point = prop::array::uniform3(-9.0_f32..9.0);
        let snap = move |v: f32| if grid { (v / 5.0).round() } else { v };
        prop::collection::vec(point.prop_map(move |point| point.map(snap)), 1..25)
    });
    list.prop_map(|rows| EmbeddingMatrix::from_rows(&rows).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn cosine_is_bounded_and_symmetric(
        a in prop::collection::vec(any::<f32>().prop_filter("finite", |v| v.is_finite()), 19),
        b in prop::collection::vec(any::<f32>().prop_filter("finite", |v| v.is_finite()), 19),
    ) {
        let score = cosine(&a, &b);
        prop_assert!((-1.0..=1.0).contains(&score));
        prop_assert_eq!(score, cosine(&b, &a));
        let itself = cosine(&a, &a);
        prop_assert!(itself == 1.0 || a.iter().all(|&v| v == 0.0));
    }

    #[test]
    fn a_higher_cut_only_merges(embeddings in points()) {
        for linkage in [Linkage::Complete, Linkage::Average, Linkage::Single] {
            let tree = agglomerative(&embeddings, Metric::Cosine, linkage).unwrap();
            prop_assert!(tree.heights().is_sorted());
            let levels: Vec<_> = tree.sweep().collect();
            for pair in levels.windows(2) {
                prop_assert!(pair[1].num_clusters < pair[0].num_clusters);
                for i in 0..embeddings.len() {
                    for j in 0..i {
                        let together = |labels: &[usize]| labels[i] == labels[j];
                        prop_assert!(together(&pair[1].labels) || !together(&pair[0].labels));
                    }
                }
            }
        }
    }
}
