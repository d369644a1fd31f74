//! One small case of each loss, computed by hand.

use speaker_model::LossInput;

use crate::module::{Case, loss};

/// Embeddings in the plane; centres or classes of two speakers: the axes.
fn plane(json: &str, labels: &[usize], embeddings: &[[f64; 2]]) -> Case {
    let input = LossInput {
        embedding_dim: 2,
        num_speakers: 2,
        teacher_dim: Some(2),
    };
    Case::new(loss(json), input, labels, |name, shape| match name {
        "embeddings" => embeddings.concat(),
        _ if shape == [2, 2] => vec![1.0, 0.0, 0.0, 1.0],
        _ => vec![0.0; shape.iter().product()],
    })
}

fn assert_close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() < 1e-5 * expected.abs().max(0.1),
        "{found} {expected}"
    );
}

#[test]
fn softmax_of_two_logits() {
    // Logits 2 and 1 of a segment of the first speaker: −log(e² / (e² + e)) = log(1 + 1/e).
    let case = plane(r#"{"kind": "softmax"}"#, &[0], &[[2.0, 1.0]]);
    assert_close(case.value(), (1.0 + (-1.0_f64).exp()).ln());
    assert_eq!(case.terms()["accuracy"], 1.0);
}

#[test]
fn am_softmax_takes_the_margin_from_the_own_cosine() {
    // (3, 4) at unit length is (0.6, 0.8): own logit 10 (0.6 − 0.2) = 4, the other 8.
    let case = plane(
        r#"{"kind": "am_softmax", "scale": 10.0}"#,
        &[0],
        &[[3.0, 4.0]],
    );
    assert_close(case.value(), (1.0 + 4.0_f64.exp()).ln());
    // Of speaker 1 it is won without the margin, and lost under one of 0.3.
    let wide = r#"{"kind": "am_softmax", "scale": 10.0, "margin": 0.3}"#;
    let terms = plane(wide, &[1], &[[3.0, 4.0]]).terms();
    let found = [
        "accuracy",
        "accuracy_under_margin",
        "own_cosine",
        "nearest_other_cosine",
        "margin",
    ]
    .map(|name| terms[name]);
    for (found, expected) in found.into_iter().zip([1.0, 0.0, 0.8, 0.6, 0.3]) {
        assert_close(found, expected);
    }
    // Without the margin: log(1 + e^(6 − 8)).
    assert_close(terms["cross_entropy"], (1.0 + (-2.0_f64).exp()).ln());
}

#[test]
fn aam_softmax_widens_the_own_angle() {
    // 45° from both centres; 30° wider the own cosine is cos 75°.
    let json = r#"{"kind": "aam_softmax", "scale": 10.0, "margin": 0.5235987755982988}"#;
    let case = plane(json, &[0], &[[1.0, 1.0]]);
    let [own, other] = [75.0_f64, 45.0].map(|degrees| 10.0 * degrees.to_radians().cos());
    assert_close(case.value(), (1.0 + (other - own).exp()).ln());
    // The nearest other speaker counts as 0.06 nearer.
    let json = r#"{"kind": "aam_softmax", "scale": 10.0, "margin": 0.0, "top_k": 1, "top_k_penalty": 0.06}"#;
    let case = plane(json, &[0], &[[1.0, 1.0]]);
    let eighth = std::f64::consts::FRAC_PI_4;
    let (own, other) = (10.0 * eighth.cos(), 10.0 * (eighth - 0.06).cos());
    assert_close(case.value(), (1.0 + (other - own).exp()).ln());
}

#[test]
fn sphere_face2_decides_on_each_speaker_alone() {
    // Cosines 1 and 0, t = 3: g is 1 and −3/4; margin 0.2, scale 2.
    let case = plane(
        r#"{"kind": "sphere_face2", "scale": 2.0}"#,
        &[0],
        &[[5.0, 0.0]],
    );
    let softplus = |x: f64| (1.0 + x.exp()).ln();
    assert_close(case.value(), 0.7 * softplus(-1.6) + 0.3 * softplus(-1.1));
}

#[test]
fn ge2e_compares_with_means_without_the_segment_itself() {
    // Own mean without itself: cosine 1; the other speaker's: 0. Offsets cancel.
    let rows = [[1.0, 0.0], [3.0, 0.0], [0.0, 1.0], [0.0, 2.0]];
    let case = plane(r#"{"kind": "ge2e", "scale": 2.0}"#, &[0, 0, 1, 1], &rows);
    assert_close(case.value(), (1.0 + (-2.0_f64).exp()).ln());
    // A speaker of two right angles: cosine 0 to the other segment alone, as to the other speaker's.
    let rows = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [-1.0, 0.0]];
    let case = plane(r#"{"kind": "ge2e", "scale": 2.0}"#, &[0, 0, 1, 1], &rows);
    // First: own 0, other −1. Second: own 0, other 0. Third and fourth: own 1, other −√½.
    let third = (1.0 + (2.0 * (-(0.5_f64.sqrt()) - 1.0)).exp()).ln();
    let expected = ((1.0 + (-2.0_f64).exp()).ln() + 2.0_f64.ln() + 2.0 * third) / 4.0;
    assert_close(case.value(), expected);
}

#[test]
fn prototypical_compares_the_first_segment_with_the_mean_of_the_others() {
    // Query (0, 0) to its prototype (1, 0): 1; to (0, 2): 4. Query (0, 3) to (0, 2): 1; to (1, 0): 10.
    let rows = [[0.0, 0.0], [0.0, 0.0], [2.0, 0.0], [0.0, 3.0], [0.0, 2.0]];
    let case = plane(r#"{"kind": "prototypical"}"#, &[0, 0, 0, 1, 1], &rows);
    let expected = ((1.0 + (-3.0_f64).exp()).ln() + (1.0 + (-9.0_f64).exp()).ln()) / 2.0;
    assert_close(case.value(), expected);
    assert_eq!(case.terms()["own_squared_distance"], 1.0);
}

#[test]
fn angular_prototypical_compares_by_cosine() {
    // Query (1, 0) with its prototype (0, 1): 0, with (1, 0): 1. Query (0, 1) with (1, 0): 0, with (0, 1): 1.
    let rows = [[1.0, 0.0], [0.0, 2.0], [0.0, 1.0], [3.0, 0.0]];
    let json = r#"{"kind": "angular_prototypical", "scale": 2.0}"#;
    let case = plane(json, &[0, 0, 1, 1], &rows);
    assert_close(case.value(), (1.0 + 2.0_f64.exp()).ln());
    assert_eq!(case.terms()["accuracy"], 0.0);
}

/// On a line: 0 and 1 of one speaker, 2 of another.
const LINE: [[f64; 2]; 3] = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]];

#[test]
fn triplets_are_all_active_or_semi_hard() {
    let triplet = |mining: &str, margin: f64| {
        let json = format!(
            r#"{{"kind": "triplet", "distance": "squared", "mining": "{mining}", "margin": {margin}}}"#
        );
        plane(&json, &[0, 0, 1], &LINE)
    };
    // (0, 1, 2): 1 − 4 + m; (1, 0, 2): 1 − 1 + m.
    assert_close(triplet("all", 2.0).value(), (0.0 + 2.0) / 2.0);
    assert_close(triplet("active", 2.0).value(), 2.0);
    assert_close(triplet("all", 4.0).value(), (1.0 + 4.0) / 2.0);
    assert_close(triplet("active", 4.0).value(), (1.0 + 4.0) / 2.0);
    // Of the first 2 is the nearest that is farther; of the second none is, and 2 is the farthest.
    assert_close(triplet("semi_hard", 4.0).value(), (1.0 + 4.0) / 2.0);
    let terms = triplet("all", 2.0).terms();
    assert_close(terms["active_share"], 0.5);
    assert_close(terms["same_squared_distance"], 1.0);
    assert_close(terms["different_squared_distance"], 2.5);
    // A nearer one of another speaker is passed by for one that is farther.
    let rows = [[0.0, 0.0], [1.0, 0.0], [0.5, 0.0], [1.5, 0.0]];
    let json = r#"{"kind": "triplet", "distance": "squared", "margin": 3.0}"#;
    // (0, 1): 1.5, 2.25 away; (1, 0): both 0.25, none is farther. (2, 3): 1 apart, 0.25 both; (3, 2): 0 is 2.25 away.
    let expected = ((1.0 - 2.25 + 3.0) + (1.0 - 0.25 + 3.0)) / 2.0;
    assert_close(plane(json, &[0, 0, 1, 1], &rows).value(), expected);
}

#[test]
fn contrastive_draws_together_and_pushes_to_the_margin() {
    // 0–1 same: ½; 0–2 at 2, beyond a margin of 1.5: 0; 1–2 at 1: ½ · 0.25. Mean over three pairs.
    let case = plane(
        r#"{"kind": "contrastive", "margin": 1.5}"#,
        &[0, 0, 1],
        &LINE,
    );
    assert_close(case.value(), (0.5 + 0.0 + 0.125) / 3.0);
    let terms = case.terms();
    assert_close(terms["same_distance"], 1.0);
    assert_close(terms["different_distance"], 1.5);
}

#[test]
fn supervised_contrastive_is_a_softmax_over_the_other_segments() {
    // Cosines: 1 within the first speaker, 0 to the third segment, whose speaker has no other and is left out.
    let rows = [[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]];
    let json = r#"{"kind": "supervised_contrastive", "temperature": 0.5}"#;
    let case = plane(json, &[0, 0, 1], &rows);
    assert_close(case.value(), (1.0 + (-2.0_f64).exp()).ln());
}

/// (3, 4) beside (1, 0) is 0.6, (0, 2) beside (0, 5) is 1.
#[test]
fn teacher_cosine_is_the_mean_distance_to_the_teachers_vectors() {
    let mut case = plane(
        r#"{"kind": "teacher_cosine"}"#,
        &[0, 1],
        &[[3.0, 4.0], [0.0, 2.0]],
    );
    case.teacher = Some((2, vec![1.0, 0.0, 0.0, 5.0]));
    assert_close(case.value(), (0.4 + 0.0) / 2.0);
    assert_close(case.terms()["cosine"], 0.8);
}

#[test]
fn teacher_contrastive_takes_vectors_of_one_speaker_or_recording_together() {
    let json = r#"{"kind": "teacher_contrastive", "temperature": 0.5}"#;
    let rows = [[1.0, 0.0], [0.0, 3.0], [2.0, 0.0]];
    let vectors = vec![1.0, 0.0, 0.0, 1.0, 0.0, 4.0];
    let case = |labels: &[usize]| {
        let mut case = plane(json, labels, &rows);
        case.teacher = Some((2, vectors.clone()));
        case
    };
    // Powers of e: of the first 2, 0, 0; of the second 0, 2, 2; of the third 2, 0, 0.
    let (one, e) = (1.0, 2.0_f64.exp());
    let first = ((e + 2.0) / e).ln();
    let second = ((2.0 * e + 1.0) / e).ln();
    let third = (e + 2.0).ln();
    let alone = case(&[0, 1, 2]);
    assert_close(alone.value(), (first + second + third) / 3.0);
    // Second and third are of one speaker: of the second both are positive, and of the third.
    let second = ((2.0 * e + one) / (2.0 * e)).ln();
    let third = ((e + 2.0) / 2.0).ln();
    let together = case(&[0, 1, 1]);
    assert_close(together.value(), (first + second + third) / 3.0);
    let terms = together.terms();
    // The first and the second lie nearest to vectors of theirs; cosines to positives 1, 1, 1, 0, 0.
    assert_close(terms["accuracy"], 2.0 / 3.0);
    assert_close(terms["own_cosine"], 3.0 / 5.0);
    assert_close(terms["other_cosine"], 1.0 / 4.0);
    // The same where they are of one recording, and nobody knows who speaks.
    let mut unknown = case(&[0, 1, 2]);
    (unknown.labels, unknown.num_unlabelled) = (vec![0], 2);
    unknown.recordings = vec![0, 1, 1];
    assert_close(unknown.value(), together.value());
}

#[test]
fn a_sum_weighs_its_parts_and_reports_each_by_its_name() {
    let json = r#"{"kind": "sum", "parts": [
        {"kind": "contrastive", "margin": 1.5, "weight": 6.0},
        {"kind": "triplet", "distance": "squared", "mining": "all", "margin": 2.0, "weight": 0.5},
        {"kind": "triplet", "distance": "squared", "mining": "active", "margin": 2.0}]}"#;
    let case = plane(json, &[0, 0, 1], &LINE);
    assert_close(case.value(), 6.0 * 0.625 / 3.0 + 0.5 * 1.0 + 2.0);
    let terms = case.terms();
    for (name, expected) in [
        ("contrastive", 0.625 / 3.0),
        ("contrastive_same_distance", 1.0),
        ("triplet", 1.0),
        ("triplet_active_share", 0.5),
        ("triplet_2", 2.0),
    ] {
        assert_close(terms[name], expected);
    }
}
