//! The tree of clusters with its cut, and who fell in with whom.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::mark::{Key, Look, Mark};
use super::{Figure, Table, axis, marks, percent, short};
use crate::clusters::Clusters;

/// Height of a leaf on the screen, in px.
const LEAF: usize = 13;

/// A cluster of one whole speaker, and any other.
const PURE: Mark = Mark::of(0);
const MIXED: Mark = Mark::of(1);

impl Clusters {
    /// Whether `cluster` is exactly one speaker's points.
    fn is_pure(&self, cluster: usize) -> bool {
        let confusion = self.confusion();
        let inside: Vec<usize> = confusion
            .keys()
            .filter(|key| key.1 == cluster)
            .map(|key| key.0)
            .collect();
        match inside[..] {
            [speaker] => confusion.keys().filter(|key| key.0 == speaker).count() == 1,
            _ => false,
        }
    }
}

pub(crate) fn dendrogram(clusters: &Clusters) -> Figure {
    let tree = &clusters.tree;
    let num_points = tree.num_points();
    let mut places = vec![0.0; num_points];
    for (place, &point) in clusters.order.iter().enumerate() {
        places[point] = place as f64;
    }
    let mut heights = vec![0.0; num_points];
    let mut branches: [Vec<Value>; 2] = [Vec::new(), Vec::new()];
    let mut joints: Vec<Value> = Vec::new();
    for merge in tree.merges() {
        let (a, b) = (merge.cluster_a, merge.cluster_b);
        let is_above = merge.height > clusters.cut.height;
        let corners = [
            (heights[a], places[a]),
            (merge.height, places[a]),
            (merge.height, places[b]),
            (heights[b], places[b]),
        ];
        let branch = &mut branches[usize::from(is_above)];
        branch.extend(corners.map(|(x, y)| json!([short(x), short(y)])));
        // A gap in the line.
        branch.push(json!([null, null]));
        joints.push(json!({
            "value": [short(merge.height), short((places[a] + places[b]) / 2.0)],
            "tip": format!("{} points merge at a distance of {:.3}", merge.size, merge.height),
        }));
        places.push((places[a] + places[b]) / 2.0);
        heights.push(merge.height);
    }
    let leaf = |point: usize| {
        let half = if point.is_multiple_of(2) {
            "first"
        } else {
            "second"
        };
        format!(
            "{} ({half} part, {} recordings)",
            clusters.speakers[clusters.labels[point]], clusters.sizes[point]
        )
    };
    let leaves: Vec<Value> = clusters
        .order
        .iter()
        .enumerate()
        .map(|(place, &point)| {
            let mark = if clusters.is_pure(clusters.cut.labels[point]) { PURE } else { MIXED };
            json!({
                "value": [0, place], "tip": format!("{}\ncluster {}", leaf(point), clusters.cut.labels[point] + 1),
                "symbol": mark.symbol(), "itemStyle": {"color": mark.css()},
            })
        })
        .collect();
    let ticks: Vec<Value> = clusters
        .order
        .iter()
        .enumerate()
        .map(|(place, &point)| json!([place, clusters.speakers[clusters.labels[point]]]))
        .collect();
    let [below, above] = branches;
    let line = |data: Vec<Value>, colour: &str, dash: &str| {
        json!({
            "type": "line", "data": data, "symbol": "none", "quiet": true, "silent": true, "color": colour,
            "lineStyle": {"width": 1.5, "type": dash},
        })
    };
    let cut = short(clusters.cut.height);
    let series = vec![
        line(above, "var(--faint)", "solid"),
        line(below, "var(--ink)", "solid"),
        line(
            vec![json!([cut, -1]), json!([cut, num_points])],
            "var(--c1)",
            "dashed",
        ),
        json!({"type": "scatter", "name": "merge", "data": joints, "symbolSize": 6, "color": "var(--faint)"}),
        json!({"type": "scatter", "name": "point", "data": leaves, "symbolSize": 8}),
    ];
    let rows = clusters
        .order
        .iter()
        .map(|&point| vec![leaf(point), (clusters.cut.labels[point] + 1).to_string()]);
    let scores = &clusters.cut.scores;
    Figure {
        id: "dendrogram".to_owned(),
        title: "Tree of clusters".to_owned(),
        caption: format!(
            "Two points per speaker ({} speakers), each the mean of some of its recordings, merged by complete linkage of cosine distances. At the dashed cut ({:.3}, the best one, which needs the answers) there are {} clusters: misclassification rate {}, ARI {:.3}.",
            clusters.speakers.len(),
            clusters.cut.height,
            scores.num_clusters,
            percent(scores.mr_hungarian),
            scores.ari
        ),
        height: 90 + LEAF * num_points,
        option: marks(
            axis("distance (1 − cosine)", "number"),
            json!({"type": "value", "min": -1, "max": num_points, "ticks": ticks, "splitLine": {"show": false}, "names": true}),
            series,
        ),
        keys: pure_keys(
            "cluster of exactly one speaker",
            "cluster of several, or of a part",
        ),
        table: Table::new(&["point", "cluster"], rows),
    }
}

/// Counts of each speaker's points in each cluster.
pub(crate) fn confusion(clusters: &Clusters) -> Figure {
    let counts = clusters.confusion();
    // Speakers in the order of the tree, so that what is right lies on the diagonal.
    let mut rows_of: BTreeMap<usize, usize> = BTreeMap::new();
    for &point in &clusters.order {
        let next = rows_of.len();
        rows_of.entry(clusters.labels[point]).or_insert(next);
    }
    let num_clusters = clusters.cut.scores.num_clusters;
    let data: Vec<Value> = counts
        .iter()
        .map(|(&(speaker, cluster), &count)| {
            let mark = if clusters.is_pure(cluster) { PURE } else { MIXED };
            json!({
                "value": [cluster, rows_of[&speaker]],
                "tip": format!("speaker {}\ncluster {}\npoints: {count}", clusters.speakers[speaker], cluster + 1),
                "symbol": mark.symbol(), "symbolSize": if count > 1 { 11 } else { 8 }, "itemStyle": {"color": mark.css()},
            })
        })
        .collect();
    let speaker_ticks: Vec<Value> = rows_of
        .iter()
        .map(|(&speaker, row)| json!([row, clusters.speakers[speaker]]))
        .collect();
    let cluster_ticks: Vec<Value> = (0..num_clusters)
        .map(|cluster| json!([cluster, (cluster + 1).to_string()]))
        .collect();
    let rows = counts.iter().map(|(&(speaker, cluster), &count)| {
        vec![
            clusters.speakers[speaker].clone(),
            (cluster + 1).to_string(),
            count.to_string(),
        ]
    });
    let num_mixed = (0..num_clusters)
        .filter(|&cluster| !clusters.is_pure(cluster))
        .count();
    Figure {
        id: "confusion".to_owned(),
        title: "Clusters against speakers".to_owned(),
        caption: format!(
            "One row per speaker, one column per cluster of the cut above. {num_mixed} of {num_clusters} clusters mix speakers or hold only a part of one; two marks in a column are speakers taken for one, two in a row one speaker taken for two."
        ),
        height: 110 + LEAF * rows_of.len(),
        option: marks(
            json!({"type": "value", "name": "cluster", "min": -1, "max": num_clusters, "ticks": cluster_ticks}),
            json!({"type": "value", "min": -1, "max": rows_of.len(), "ticks": speaker_ticks, "names": true}),
            vec![json!({"type": "scatter", "name": "points", "data": data})],
        ),
        keys: pure_keys(
            "cluster of exactly one speaker",
            "cluster of several, or of a part",
        ),
        table: Table::new(&["speaker", "cluster", "points"], rows),
    }
}

fn pure_keys(pure: &str, mixed: &str) -> Vec<Key> {
    [(pure, PURE), (mixed, MIXED)]
        .map(|(label, mark)| Key {
            label: label.to_owned(),
            look: Look::Mark(mark),
        })
        .to_vec()
}
