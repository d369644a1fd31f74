//! Against SciPy: `golden/golden.json`, made by `make_golden.py` of `speaker-eval`, whose lists are drawn first.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use speaker_scoring::{EmbeddingMatrix, Linkage, Metric, agglomerative};

/// Relative. SciPy sums in another order; 1 - cosine loses up to three digits for near points.
const HEIGHT_TOLERANCE: f64 = 1e-9;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/golden.json")).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    let values = value.as_array().unwrap().iter();
    values.map(|value| value.as_f64().unwrap()).collect()
}

fn ids(value: &Value) -> Vec<usize> {
    let values = value.as_array().unwrap().iter();
    values
        .map(|value| value.as_u64().unwrap() as usize)
        .collect()
}

#[test]
fn dendrograms_agree_with_scipy() {
    let golden = golden();
    let trees = golden["clustering"]["trees"].as_array().unwrap();
    for tree in trees {
        let name = format!("{} {} {}", tree["points"], tree["metric"], tree["linkage"]);
        let points = &golden["clustering"]["points"][tree["points"].as_str().unwrap()];
        let rows: Vec<Vec<f32>> = serde_json::from_value(points.clone()).unwrap();
        let mut points = EmbeddingMatrix::from_rows(&rows).unwrap();
        if tree["normalise"].as_bool().unwrap() {
            points.l2_normalise();
        }
        let metric: Metric = serde_json::from_value(tree["metric"].clone()).unwrap();
        let linkage: Linkage = serde_json::from_value(tree["linkage"].clone()).unwrap();
        let found = agglomerative(&points, metric, linkage).unwrap();
        // Normalising rounds to f32 here and there, by an ulp not always alike.
        let tolerance = match tree["normalise"].as_bool().unwrap() {
            true => 1e-6,
            false => HEIGHT_TOLERANCE,
        };
        let heights = floats(&tree["heights"]);
        assert_eq!(found.merges().len(), heights.len(), "{name}");
        let sizes = ids(&tree["sizes"]);
        for (merge, (height, size)) in found.merges().iter().zip(heights.iter().zip(sizes)) {
            assert!(
                (merge.height - height).abs() <= tolerance * height,
                "{name}: found {}, expected {height}",
                merge.height
            );
            assert_eq!(merge.size, size, "{name}");
        }
        for cut in tree["cuts"].as_array().unwrap() {
            let labels = found.cut_at(cut["height"].as_f64().unwrap());
            same_partition(&labels, &ids(&cut["labels"]), &name);
        }
        for cut in tree["into"].as_array().unwrap() {
            let clusters = cut["clusters"].as_u64().unwrap() as usize;
            let labels = found.cut_into(clusters).unwrap();
            same_partition(&labels, &ids(&cut["labels"]), &name);
        }
    }
}

/// Equal but for the names of the clusters.
fn same_partition(ours: &[usize], theirs: &[usize], name: &str) {
    assert_eq!(ours.len(), theirs.len(), "{name}");
    for i in 0..ours.len() {
        for j in 0..i {
            let [ours, theirs] = [ours[i] == ours[j], theirs[i] == theirs[j]];
            assert_eq!(ours, theirs, "{name}: points {i} and {j}");
        }
    }
}
