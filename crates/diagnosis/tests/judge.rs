//! Judgements of runs whose course is known.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use diagnosis::journal::{EndReason, PairFacts, StepSummary};
use diagnosis::{
    Diagnosis, End, Facts, Finding, LayerUnits, Measurements, Metric, Name, Run, Severity, Spread,
    Verdict, judge,
};

fn facts(margin: f64) -> Facts {
    Facts {
        margin: Some(margin),
        num_speakers: Some(258),
        batch_segments: Some(100),
        same_share: Some(0.0303),
        ..Facts::default()
    }
}

/// Steps with these (step, loss, same, different), a gradient of `gradient` and a plateau.
fn trace(points: &[(u64, f64, f64, f64)], plateau: f64, gradient: f64) -> Vec<StepSummary> {
    let point = |&(step, loss, same, different): &(u64, f64, f64, f64)| StepSummary {
        step,
        loss,
        when_alike: Some(plateau),
        pairs: Some(PairFacts {
            same_distance: Some(same),
            different_distance: Some(different),
            ..PairFacts::default()
        }),
        gradient_norm: Some(if step <= 10 { 1.0 } else { gradient }),
        speakers_visited: Some(258),
        ..StepSummary::default()
    };
    points.iter().map(point).collect()
}

/// What a one-thread run of the paper's training did (P × K, loss as counted, margin 3): the loss falls while same-speaker
/// pairs are driven beyond the margin, and only then do they come together.
const PAPER: [(u64, f64, f64, f64); 7] = [
    (10, 2.9, 0.2, 0.3),
    (100, 0.9, 3.4, 6.0),
    (300, 0.3, 4.1, 8.1),
    (500, 0.19, 3.8, 8.7),
    (1000, 0.15, 3.7, 8.7),
    (1500, 0.13, 3.3, 9.2),
    (3000, 0.09, 2.3, 10.0),
];

fn paper(steps: usize, end: Option<EndReason>) -> Diagnosis {
    let trace = trace(&PAPER[..steps], 5.818, 0.6);
    let step = trace.last().unwrap().step;
    judge(&Run {
        facts: facts(3.0),
        trace,
        end: end.map(|reason| End { step, reason }),
        ..Run::default()
    })
}

#[test]
fn the_passing_everything_apart_phase_is_a_note_and_then_gone() {
    for steps in 2..=6 {
        let diagnosis = paper(steps, None);
        let finding = diagnosis.find(Name::EverythingApart).unwrap();
        assert_eq!(finding.severity, Severity::Note, "{finding:?}");
        assert_eq!(diagnosis.verdict, Verdict::Healthy);
    }
    assert_eq!(paper(7, Some(EndReason::MaxSteps)).findings, []);
}

#[test]
fn a_run_that_ends_in_that_phase_was_stopped_too_early() {
    let diagnosis = paper(4, Some(EndReason::MaxSteps));
    assert_eq!(diagnosis.verdict, Verdict::Suspect);
    let first = &diagnosis.findings[0];
    assert_eq!(first.name, Name::StoppedTooEarly);
    assert!(first.remedy.contains("step 1500"), "{first:?}");
    // An interruption is not an end.
    assert_eq!(
        paper(4, Some(EndReason::Interrupted)).verdict,
        Verdict::Healthy
    );
}

#[test]
fn everything_apart_for_good_is_suspect() {
    let points: Vec<(u64, f64, f64, f64)> = (1..300).map(|i| (10 * i, 0.3, 5.0, 6.0)).collect();
    let run = Run {
        facts: facts(3.0),
        trace: trace(&points, 5.8, 0.5),
        ..Run::default()
    };
    let diagnosis = judge(&run);
    assert_eq!(
        diagnosis.find(Name::EverythingApart).unwrap().severity,
        Severity::Suspect
    );
}

/// The question's run: loss 5.78, 0.65, 0.503, then 0.5 for good, without a gradient.
#[test]
fn a_loss_that_stands_at_its_plateau_without_a_gradient_is_broken() {
    // As the broadcast loss has it, distances stay below the margin but need not be alike.
    let points = [
        (1, 5.78, 6.0, 5.5),
        (10, 0.65, 1.1, 1.0),
        (30, 0.503, 0.7, 0.6),
        (100, 0.5, 0.4, 0.5),
        (400, 0.5, 0.4, 0.5),
    ];
    let run = |points: &[_]| Run {
        facts: facts(1.0),
        trace: trace(points, 0.5, 0.0),
        ..Run::default()
    };
    let flat = judge(&run(&points));
    assert_eq!(
        (flat.verdict, flat.findings[0].name),
        (Verdict::Broken, Name::Plateau)
    );
    // Mended, it dies under the clip: all distances are 0.
    let points = [
        (1, 5.19, 5.0, 5.5),
        (10, 0.47, 0.9, 1.1),
        (100, 0.519, 0.1, 0.1),
        (400, 0.5, 0.0, 0.0),
    ];
    let collapsed = judge(&run(&points));
    assert_eq!(
        (collapsed.verdict, collapsed.findings[0].name),
        (Verdict::Broken, Name::Collapse)
    );
}

#[test]
fn a_loss_above_its_plateau_blames_the_learning_rate_and_not_the_number_of_steps() {
    let points: Vec<(u64, f64, f64, f64)> = (1..13).map(|i| (10 * i, 15.9, 37.0, 41.0)).collect();
    let run = Run {
        facts: facts(3.0),
        trace: trace(&points, 4.8, 9.0),
        end: Some(End {
            step: 120,
            reason: EndReason::MaxSteps,
        }),
        ..Run::default()
    };
    let names: Vec<Name> = judge(&run).findings.iter().map(|f| f.name).collect();
    assert_eq!(names, [Name::LearningRate]);
    assert_eq!(judge(&run).verdict, Verdict::Broken);
}

#[test]
fn a_slow_start_is_no_collapse() {
    let points: Vec<(u64, f64, f64, f64)> = (1..20).map(|i| (10 * i, 5.8, 0.001, 0.002)).collect();
    let run = Run {
        facts: facts(3.0),
        trace: trace(&points, 5.818, 0.01),
        ..Run::default()
    };
    let diagnosis = judge(&run);
    assert_eq!(
        diagnosis.find(Name::Plateau).unwrap().severity,
        Severity::Note
    );
    assert!(diagnosis.find(Name::Collapse).is_none());
    let points: Vec<(u64, f64, f64, f64)> = (1..150).map(|i| (10 * i, 5.8, 0.001, 0.002)).collect();
    let run = Run {
        facts: facts(3.0),
        trace: trace(&points, 5.818, 0.01),
        ..Run::default()
    };
    assert_eq!(
        judge(&run).find(Name::Plateau).unwrap().severity,
        Severity::Broken
    );
}

/// Evaluations at every 100 steps with these development EERs, the first of the untrained network.
fn evaluations(rates: &[f64]) -> Vec<Measurements> {
    let steps = (0..).step_by(100);
    let pairs = steps.zip(rates);
    pairs
        .map(|(step, &eer)| Measurements {
            step,
            dev_eer: Some(eer),
            untrained_eer: Some(rates[0]),
            train_eer: Some(0.05),
            ..Measurements::default()
        })
        .collect()
}

fn judged(rates: &[f64], end: Option<EndReason>, change: impl Fn(&mut Measurements)) -> Diagnosis {
    let mut evaluations = evaluations(rates);
    let last = evaluations.last_mut().unwrap();
    change(last);
    let step = last.step;
    judge(&Run {
        facts: facts(3.0),
        evaluations,
        end: end.map(|reason| End { step, reason }),
        ..Run::default()
    })
}

#[test]
fn overfitting_needs_a_rise_that_lasts() {
    let find = |rates: &[f64]| {
        judged(rates, None, |_| {})
            .find(Name::Overfitting)
            .is_some()
    };
    assert!(find(&[0.3, 0.2, 0.15, 0.19, 0.2, 0.21]));
    assert!(!find(&[0.3, 0.2, 0.15, 0.19]), "one bad evaluation");
    assert!(!find(&[0.3, 0.2, 0.15, 0.16, 0.15, 0.16]), "noise");
    // Training speakers that are no better known than others have not been learned by heart.
    let unlearned = judged(&[0.3, 0.2, 0.15, 0.19, 0.2, 0.21], None, |last| {
        last.train_eer = Some(0.2)
    });
    assert!(unlearned.find(Name::Overfitting).is_none());
}

#[test]
fn a_loss_that_has_risen_is_no_overfitting() {
    let find = |now: f64| {
        let points = [(200, 0.2, 1.0, 9.0), (500, now, 1.0, 9.0)];
        let run = Run {
            facts: facts(3.0),
            trace: trace(&points, 5.8, 0.5),
            evaluations: evaluations(&[0.3, 0.2, 0.15, 0.19, 0.2, 0.21]),
            ..Run::default()
        };
        judge(&run).find(Name::Overfitting).is_some()
    };
    assert!(find(0.1));
    assert!(!find(0.3), "augmentation has begun, say");
}

#[test]
fn a_run_that_does_not_beat_the_untrained_network_is_named_at_its_end() {
    let rates = [0.25, 0.31, 0.3, 0.29];
    assert_eq!(judged(&rates, None, |_| {}).verdict, Verdict::Healthy);
    let ended = judged(&rates, Some(EndReason::MaxSteps), |_| {});
    assert_eq!(ended.findings[0].name, Name::WorseThanUntrained);
    assert_eq!(ended.verdict, Verdict::Suspect);
    assert_eq!(
        judged(&[0.25, 0.2, 0.18, 0.18], Some(EndReason::MaxSteps), |_| {}).findings,
        []
    );
}

#[test]
fn units_that_saturate_or_die_are_named_with_their_layer() {
    let units = |num_dead, num_saturated| LayerUnits {
        layer: "encoder.layers.1".to_owned(),
        num_units: 256,
        num_dead,
        num_saturated,
    };
    let find = |layer: LayerUnits, name| {
        let diagnosis = judged(&[0.3, 0.2], None, |last| last.units = vec![layer.clone()]);
        diagnosis.find(name).map(|finding| {
            (
                finding.severity,
                finding.measured.contains("encoder.layers.1"),
            )
        })
    };
    assert_eq!(find(units(0, 20), Name::Saturation), None);
    assert_eq!(
        find(units(0, 80), Name::Saturation),
        Some((Severity::Suspect, true))
    );
    assert_eq!(
        find(units(0, 250), Name::Saturation),
        Some((Severity::Broken, true))
    );
    assert_eq!(
        find(units(256, 0), Name::DeadUnits),
        Some((Severity::Broken, true))
    );
}

#[test]
fn what_a_common_offset_costs_is_said() {
    let find = |plain, centred| {
        let diagnosis = judged(&[0.3, 0.2], None, |last| {
            (last.plain_eer, last.centred_eer) = (Some(plain), Some(centred))
        });
        diagnosis
            .find(Name::CommonOffset)
            .map(|finding| finding.severity)
    };
    assert_eq!(find(0.2, 0.19), None);
    assert_eq!(find(0.2, 0.17), Some(Severity::Note));
    assert_eq!(find(0.35, 0.2), Some(Severity::Suspect));
}

#[test]
fn a_model_that_hears_the_microphone_is_found_out() {
    let diagnosis = judged(&[0.3, 0.15], None, |last| {
        (last.clean_eer, last.perturbed_eer) = (Some(0.15), Some(0.42));
        (last.same_session_eer, last.cross_session_eer) = (Some(0.08), Some(0.38));
    });
    let finding = diagnosis.find(Name::ChannelShortcut).unwrap();
    for number in ["15 %", "42 %", "8 %", "38 %"] {
        assert!(finding.measured.contains(number), "{finding:?}");
    }
    let robust = judged(&[0.3, 0.15], None, |last| {
        (last.clean_eer, last.perturbed_eer) = (Some(0.15), Some(0.22))
    });
    assert!(robust.find(Name::ChannelShortcut).is_none());
}

#[test]
fn wrong_labels_collapsed_embeddings_and_capped_metrics_are_named() {
    let wrong = |rates: &[f64]| judged(rates, None, |last| last.train_eer = Some(0.49));
    assert_eq!(
        wrong(&[0.3, 0.29, 0.28]).findings[0].name,
        Name::LabelsWrong
    );
    // A network that has hardly begun knows nobody.
    assert_eq!(wrong(&[0.3, 0.28]).find(Name::LabelsWrong), None);
    let spread = |effective_rank| Spread {
        num_dimensions: 512,
        effective_rank,
        mean_norm: 3.0,
        norm_deviation: 0.1,
        offset_share: 0.9,
    };
    let mut run = Run {
        facts: facts(3.0),
        evaluations: evaluations(&[0.3, 0.45]),
        ..Run::default()
    };
    run.evaluations[0].spread = Some(spread(9.0));
    run.evaluations[1].spread = Some(spread(1.01));
    assert_eq!(judge(&run).findings[0].name, Name::Collapse);
    let metric = Metric {
        name: "accuracy".to_owned(),
        value: 0.499,
        reachable_max: Some(0.5),
    };
    let capped = judged(&[0.3, 0.2], None, |last| {
        last.metrics = vec![metric.clone()]
    });
    assert!(
        capped
            .find(Name::MetricCeiling)
            .unwrap()
            .measured
            .contains("of at most 0.5")
    );
}

#[test]
fn unvisited_speakers_and_infinite_losses_are_named() {
    let mut points = trace(&[(100, 1.0, 1.0, 5.0), (5000, 0.1, 1.0, 6.0)], 5.8, 0.5);
    points[1].speakers_visited = Some(100);
    let run = Run {
        facts: facts(3.0),
        trace: points.clone(),
        ..Run::default()
    };
    assert_eq!(judge(&run).findings[0].name, Name::UnreachableSpeakers);
    points[1].loss = f64::INFINITY;
    let run = Run {
        facts: facts(3.0),
        trace: points,
        ..Run::default()
    };
    assert_eq!(
        (judge(&run).findings[0].name, judge(&run).verdict),
        (Name::NonFinite, Verdict::Broken)
    );
}

#[test]
fn runs_without_a_preflight_are_judged_by_what_is_known() {
    let mut run = Run {
        facts: facts(3.0),
        evaluations: evaluations(&[0.3, 0.2]),
        ..Run::default()
    };
    run.facts.same_share = Some(0.008);
    run.evaluations[1].learning_rate = Some(0.1);
    let names: Vec<Name> = judge(&run)
        .findings
        .iter()
        .map(|finding| finding.name)
        .collect();
    assert_eq!(names, [Name::LearningRate, Name::FewSamePairs]);
    assert_eq!(
        judge(&Run::default()).findings,
        [],
        "nothing known, nothing found"
    );
}

#[test]
fn causes_come_first_and_of_those_the_gravest() {
    let finding = |name, severity, step| Finding {
        name,
        severity,
        measured: String::new(),
        expected: String::new(),
        reason: String::new(),
        remedy: String::new(),
        step,
    };
    let diagnosis = Diagnosis::of(vec![
        finding(Name::ChannelShortcut, Severity::Note, 5),
        finding(Name::Collapse, Severity::Broken, 5),
        finding(Name::LearningRate, Severity::Suspect, 0),
        finding(Name::Saturation, Severity::Suspect, 5),
        finding(Name::LabelsIgnored, Severity::Broken, 0),
        finding(Name::Saturation, Severity::Suspect, 9),
    ]);
    let order: Vec<Name> = diagnosis
        .findings
        .iter()
        .map(|finding| finding.name)
        .collect();
    assert_eq!(
        order,
        [
            Name::LabelsIgnored,
            // Steps that are too long make outputs alike, not the other way round.
            Name::LearningRate,
            Name::Collapse,
            Name::Saturation,
            Name::ChannelShortcut
        ]
    );
    assert_eq!(diagnosis.findings[3].step, 9);
    let json = serde_json::to_value(&diagnosis).unwrap();
    assert_eq!(json["verdict"], "broken");
    assert_eq!(json["findings"][0]["name"], "labels_ignored");
    assert_eq!(json["findings"][4]["severity"], "note");
    assert_eq!(json.as_object().unwrap().len(), 2);
    assert_eq!(json["findings"][0].as_object().unwrap().len(), 7);
}

#[test]
fn labels_are_not_judged_by_recordings_that_the_whitening_was_fitted_on() {
    let found = |judges| {
        let diagnosis = judged(&[0.3, 0.29, 0.28], None, |last| {
            (last.train_eer, last.train_eer_judges_labels) = (Some(0.49), judges);
        });
        diagnosis.find(Name::LabelsWrong).is_some()
    };
    assert!(found(None), "a journal that does not say is believed");
    assert!(found(Some(true)));
    assert!(!found(Some(false)));
}

/// A loss on class centres: chance is 3, and the untrained network far above it.
#[test]
fn a_loss_that_compares_no_pairs_is_judged_without_a_word_of_pairs() {
    let run = |losses: [f64; 4], end: Option<EndReason>| {
        let steps = [10, 20, 30, 40].into_iter().zip(losses);
        let point = |(step, loss)| StepSummary {
            step,
            loss,
            when_alike: Some(3.0),
            gradient_norm: Some(1.0),
            ..StepSummary::default()
        };
        judge(&Run {
            trace: steps.map(point).collect(),
            end: end.map(|reason| End { step: 40, reason }),
            ..Run::default()
        })
    };
    assert_eq!(run([12.0, 10.0, 8.0, 6.0], None).findings, []);
    let worse = run([4.0, 8.0, 9.0, 9.0], None);
    assert_eq!(worse.findings[0].name, Name::LearningRate);
    let stopped = run([2.0, 1.0, 0.5, 0.4], Some(EndReason::Collapse));
    let collapse = stopped.find(Name::Collapse).unwrap();
    assert!(!format!("{collapse:?}").contains("pair"), "{collapse:?}");
}
