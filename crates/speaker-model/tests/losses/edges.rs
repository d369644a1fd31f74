//! Where a loss could break: empty sets, collapsed embeddings, cosines of ±1, labels that are none, settings that cannot be.

use burn::tensor::{Device, Tensor, TensorData};
use speaker_model::{
    Batches, Initialiser, KlHingeConfig, Loss, LossChoice, LossConfig, LossInput, ModelError, Pass,
};

use crate::module::{Case, formula, loss};

const INPUT: LossInput = LossInput {
    embedding_dim: 4,
    num_speakers: 3,
    teacher_dim: Some(4),
};

/// Numbers for a tensor of this name and shape.
type Fill<'a> = &'a dyn Fn(&str, &[usize]) -> Vec<f64>;

fn all_but_kl_hinge() -> impl Iterator<Item = LossConfig> {
    let examples = LossConfig::examples().into_iter();
    examples.filter(|config| config.downcast_ref::<KlHingeConfig>().is_none())
}

fn assert_finite(case: &Case) {
    let (output, gradients) = case.run().unwrap();
    let value: f32 = output.value.into_scalar();
    assert!(value.is_finite(), "{:?}: {value}", case.config);
    for (name, (_, gradient)) in gradients {
        let finite = gradient.iter().all(|value| value.is_finite());
        assert!(finite, "{:?}: {name}: {gradient:?}", case.config);
    }
}

/// Embeddings of zeros have no direction, equal ones no distance; on a centre the angle has no sine.
#[test]
fn losses_and_gradients_are_finite_at_zero_on_the_centres_and_far_away() {
    let labels = [0, 0, 1, 1, 2, 2];
    let axis = |sign: f64, shape: &[usize]| -> Vec<f64> {
        let count: usize = shape.iter().product();
        let columns = *shape.last().unwrap();
        let first = if shape.len() == 2 && shape[0] == 6 {
            columns
        } else {
            count
        };
        (0..count)
            .map(
                |k| match k % columns == 0 || (first == count && k < columns) {
                    true => sign,
                    false => 0.0,
                },
            )
            .collect()
    };
    for config in all_but_kl_hinge() {
        let fills: [Fill<'_>; 6] = [
            &|_, shape| vec![0.0; shape.iter().product()],
            &|_, shape| vec![0.3; shape.iter().product()],
            // Every centre is the first axis, and every embedding lies on it, or opposite.
            &|_, shape| axis(1.0, shape),
            &|name, shape| axis(if name == "embeddings" { -2.0 } else { 1.0 }, shape),
            &|name, shape| formula(name, shape).iter().map(|v| 1e4 * v).collect(),
            &|name, shape| formula(name, shape).iter().map(|v| 1e-7 * v).collect(),
        ];
        for fill in fills {
            assert_finite(&Case::new(config.clone(), INPUT, &labels, fill));
        }
    }
}

/// Without a triplet, or without two segments of one speaker, there is nothing to learn: 0, and nothing moves.
#[test]
fn a_batch_without_triplets_costs_nothing_and_moves_nothing() {
    let kinds = [
        r#"{"kind": "triplet", "mining": "all"}"#,
        r#"{"kind": "triplet", "mining": "active"}"#,
        r#"{"kind": "triplet", "mining": "semi_hard"}"#,
    ];
    let check = |json: &str, labels: &[usize]| {
        let case = Case::new(loss(json), INPUT, labels, formula);
        let (output, gradients) = case.run().unwrap();
        assert_eq!(output.when_alike, Some(0.0), "{json} {labels:?}");
        assert_eq!(output.value.into_scalar::<f32>(), 0.0, "{json} {labels:?}");
        assert!(gradients["embeddings"].1.iter().all(|&value| value == 0.0));
    };
    for json in kinds {
        check(json, &[0, 0, 0]);
        check(json, &[0, 1, 2]);
        check(json, &[1]);
    }
    check(r#"{"kind": "supervised_contrastive"}"#, &[0, 1, 2]);
    check(r#"{"kind": "supervised_contrastive"}"#, &[1]);
    // Triplets that are all met cost nothing either.
    let far = |_: &str, _: &[usize]| {
        [
            [0.0, 0.0, 0.0, 0.0],
            [0.1, 0.0, 0.0, 0.0],
            [9.0, 0.0, 0.0, 0.0],
        ]
        .concat()
    };
    let json = r#"{"kind": "triplet", "mining": "active", "distance": "squared"}"#;
    let case = Case::new(loss(json), INPUT, &[0, 0, 1], far);
    assert_eq!(case.value(), 0.0);
    assert_eq!(case.terms()["active_share"], 0.0);
}

/// Losses that compare a segment with what others of its speaker say refuse a batch that has none.
#[test]
fn batches_of_one_speaker_or_one_segment_are_refused_where_nothing_is_defined() {
    for kind in ["ge2e", "prototypical", "angular_prototypical"] {
        let json = format!(r#"{{"kind": "{kind}"}}"#);
        for (labels, part) in [
            ([0, 0, 0], "speakers of a batch"),
            ([0, 0, 1], "segments of a speaker"),
        ] {
            let case = Case::new(loss(&json), INPUT, &labels, formula);
            let error = case.run().map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(part), "{kind} {labels:?}: {error}");
        }
    }
}

#[test]
fn a_label_beyond_the_trainings_speakers_is_refused() {
    for kind in ["softmax", "am_softmax", "aam_softmax", "sphere_face2"] {
        let json = format!(r#"{{"kind": "{kind}"}}"#);
        let case = Case::new(loss(&json), INPUT, &[0, 3], formula);
        let error = case.run().map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("below 3"), "{kind}: {error}");
        let device = Device::flex();
        let alone = LossInput {
            num_speakers: 1,
            ..INPUT
        };
        let built = loss(&json).build(alone, &mut Initialiser::seeded(1, &device));
        let error = built.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("training speakers"), "{kind}: {error}");
    }
}

/// A penalty on more others than there are is one on all.
#[test]
fn more_nearest_others_than_speakers_are_all_of_them() {
    for kind in ["am_softmax", "aam_softmax"] {
        let value = |k: usize| {
            let json = format!(r#"{{"kind": "{kind}", "scale": 4.0, "top_k": {k}}}"#);
            Case::new(loss(&json), INPUT, &[0, 1, 2], formula).value()
        };
        assert_eq!(value(2), value(9));
        assert!(value(2) > value(1) && value(1) > value(0));
    }
}

#[test]
fn settings_that_no_loss_can_have_are_refused_by_their_names() {
    let cases = [
        (r#"{"kind": "aam_softmax", "margin": -0.1}"#, "loss.margin"),
        (r#"{"kind": "aam_softmax", "margin": 3.0}"#, "loss.margin"),
        (r#"{"kind": "am_softmax", "scale": 0.0}"#, "loss.scale"),
        (
            r#"{"kind": "aam_softmax", "sub_centres": 0}"#,
            "loss.sub_centres",
        ),
        (
            r#"{"kind": "am_softmax", "top_k_penalty": -1.0}"#,
            "loss.top_k_penalty",
        ),
        (
            r#"{"kind": "aam_softmax", "margin_schedule": {"from_step": 9, "to_step": 3}}"#,
            "loss.margin_schedule",
        ),
        (r#"{"kind": "sphere_face2", "lambda": 1.0}"#, "loss.lambda"),
        (r#"{"kind": "sphere_face2", "power": 0}"#, "loss.power"),
        (r#"{"kind": "ge2e", "scale": -1.0}"#, "loss.scale"),
        (r#"{"kind": "triplet", "margin": 0.0}"#, "loss.margin"),
        (
            r#"{"kind": "contrastive", "weighting": {"same_share": 2.0}}"#,
            "loss.weighting",
        ),
        (
            r#"{"kind": "supervised_contrastive", "temperature": 0.0}"#,
            "loss.temperature",
        ),
        (r#"{"kind": "sum", "parts": []}"#, "loss.parts"),
        (
            r#"{"kind": "sum", "parts": [{"kind": "softmax", "weight": -1.0}]}"#,
            "loss.parts.weight",
        ),
        (
            r#"{"kind": "sum", "parts": [{"kind": "sum", "parts": [{"kind": "softmax"}]}]}"#,
            "loss.parts",
        ),
    ];
    for (json, field) in cases {
        let error = loss(json).validate().unwrap_err();
        let is_field =
            matches!(&error, ModelError::Config { field: found, .. } if found.starts_with(field));
        assert!(is_field, "{json}: {error}");
    }
    for misspelt in [
        r#"{"kind": "triplet", "mining": "hard"}"#,
        r#"{"kind": "aam_softmax", "subcentres": 3}"#,
        r#"{"kind": "sum", "parts": [{"kind": "softmax", "wieght": 1.0}]}"#,
    ] {
        assert!(
            serde_json::from_str::<LossConfig>(misspelt).is_err(),
            "{misspelt}"
        );
    }
}

#[test]
fn a_sum_wants_the_batches_of_its_parts() {
    let wants = |json: &str| loss(json).wants();
    assert_eq!(
        wants(r#"{"kind": "sum", "parts": [{"kind": "softmax"}, {"kind": "aam_softmax"}]}"#),
        Batches::Any
    );
    assert_eq!(
        wants(r#"{"kind": "sum", "parts": [{"kind": "softmax"}, {"kind": "ge2e"}]}"#),
        Batches::Grouped(2)
    );
    assert_eq!(
        Batches::Grouped(2).and(Batches::Grouped(3)),
        Some(Batches::Grouped(3))
    );
    assert_eq!(Batches::Grouped(2).and(Batches::Pairs), None);
}

/// The first part that compares pairs is what a diagnosis hears of.
#[test]
fn a_sum_tells_of_the_pairs_of_its_parts() {
    let json = r#"{"kind": "sum", "parts": [{"kind": "softmax"}, {"kind": "contrastive", "margin": 2.0}]}"#;
    let pairwise = loss(json).pairwise().unwrap();
    assert_eq!(pairwise.same_term, "contrastive_same_distance");
    assert_eq!(pairwise.margin, Some(2.0));
    let none = loss(r#"{"kind": "sum", "parts": [{"kind": "softmax"}, {"kind": "ge2e"}]}"#);
    assert!(none.pairwise().is_none());
}

/// A speaker's mean lies on the speaker's centre, whatever else the centres are, and losses without centres are as they were.
#[test]
fn centres_begin_where_they_are_told() {
    let means: Vec<Vec<f32>> = (0..3)
        .map(|speaker| {
            let mut mean = vec![0.1; 4];
            mean[speaker] = 1.0;
            mean
        })
        .collect();
    let device = Device::flex();
    let rows = Tensor::<2>::from_data(TensorData::new(means.concat(), [3, 4]), &device);
    let outputs = |config: &LossConfig, moved: bool| -> (Vec<f32>, usize) {
        let loss = config
            .build(INPUT, &mut Initialiser::seeded(1, &device))
            .unwrap();
        let loss = if moved {
            loss.with_centres_at(&means)
        } else {
            loss
        };
        let outputs = loss.outputs(rows.clone(), &mut Pass::inference()).unwrap();
        let width = outputs.dims()[1];
        (outputs.into_data().try_into_vec().unwrap(), width)
    };
    let sum = loss(
        r#"{"kind": "sum", "parts": [{"kind": "ge2e"}, {"kind": "aam_softmax", "sub_centres": 2}]}"#,
    );
    let mut with_centres = Vec::new();
    for config in all_but_kl_hinge().chain([sum]) {
        if !config.has_centres() {
            assert_eq!(outputs(&config, true), outputs(&config, false));
            continue;
        }
        with_centres.push(config.kind());
        let (values, width) = outputs(&config, true);
        for (speaker, row) in values.chunks_exact(width).enumerate() {
            // Centres are the last part of the sum.
            let cosines = &row[width - 3..];
            let own = cosines[speaker];
            assert!((own - 1.0).abs() < 1e-5, "{config:?}: {cosines:?}");
            assert!(cosines.iter().all(|&cosine| cosine <= own), "{cosines:?}");
        }
    }
    assert_eq!(
        with_centres,
        ["am_softmax", "aam_softmax", "sphere_face2", "sum"]
    );
}
