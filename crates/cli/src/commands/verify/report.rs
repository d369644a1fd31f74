//! What `siamang verify` says.

use std::fmt::Write as _;

use serde::Serialize;
use siamang::{LEAST_SPEECH_S, Model, Odds, Quality, Scorer, strength_in_words};
use speaker_eval::DcfParameters;
use speaker_model::ErrorsAt;
use speaker_scoring::{Llr, NoLlr};

/// Where a threshold comes from that nobody measured.
pub(super) const GUESS: &str = "no calibration";

/// How it was decided.
pub(super) enum Decision {
    /// By the cosine.
    Cosine { is_same: bool },
    /// By the ratio.
    Llr(Evidence),
    /// Not at all: the recordings are worse than those that the calibration has seen.
    Outside(String),
}

impl Decision {
    pub(super) fn of_llr(llr: Result<Llr, NoLlr>, costs: DcfParameters, model: &Model) -> Self {
        match llr {
            Ok(llr) => Self::Llr(Evidence::new(llr, costs, model)),
            Err(reason) => Self::Outside(reason.to_string()),
        }
    }
}

/// A log-likelihood ratio and what follows from it.
#[derive(Serialize)]
pub(super) struct Evidence {
    /// Natural logarithm.
    llr: f64,
    in_words: String,
    /// Whether more could be said if the calibration had more trials.
    is_bounded: bool,
    odds: Odds,
    /// What the decision is made for.
    p_target: f64,
    c_miss: f64,
    c_fa: f64,
    /// From this ratio on the answer is one speaker.
    llr_threshold: f64,
    /// What was found on the calibration's trials at the nearest threshold for which it was written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors_at: Option<ErrorsAt>,
    /// What speaks against trusting it.
    doubts: Vec<String>,
}

impl Evidence {
    fn new(llr: Llr, costs: DcfParameters, model: &Model) -> Self {
        let threshold = costs.bayes_threshold();
        let errors = model.calibration().and_then(|calibration| {
            let known = calibration.fitted_on.errors.iter();
            let distance = |one: &ErrorsAt| (one.llr - threshold).abs();
            known
                .min_by(|a, b| distance(a).total_cmp(&distance(b)))
                .copied()
        });
        let mut doubts = llr.beyond;
        let strongest = model.calibration().map(|one| one.calibrator.bounds[1]);
        match strongest {
            Some(strongest) if threshold > strongest => doubts.push(format!(
                "this prior and these costs ask for LLR {threshold:+.1}, and the calibration has trials for no more than {strongest:+.1}: the answer cannot be one speaker"
            )),
            _ if llr.is_bounded => doubts.push(
                "so few trials were calibrated on that nothing stronger may be said".to_owned(),
            ),
            _ => {}
        }
        Self {
            llr: llr.value,
            in_words: strength_in_words(llr.value),
            is_bounded: llr.is_bounded,
            odds: Odds::after(costs.p_target, llr.value),
            p_target: costs.p_target,
            c_miss: costs.c_miss,
            c_fa: costs.c_false_alarm,
            llr_threshold: threshold,
            errors_at: errors,
            doubts,
        }
    }
}

/// The answer, as it is printed.
#[derive(Serialize)]
pub(super) struct Report {
    /// The cosine of the two sides; null where one has no speech.
    score: Option<f32>,
    /// The answer; null where `no_verdict` says why there is none.
    pub(super) same_speaker: Option<bool>,
    no_verdict: Option<String>,
    scale: &'static str,
    /// The cosine that it was compared with; null where a ratio decides.
    threshold: Option<f64>,
    threshold_from: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
    a: Sides,
    b: Sides,
    model: String,
}

/// The first recording of a side, and the others.
#[derive(Serialize)]
struct Sides {
    #[serde(flatten)]
    first: Side,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<Side>,
}

#[derive(Serialize)]
pub(super) struct Side {
    pub(super) path: String,
    pub(super) seconds: f64,
    pub(super) quality: Quality,
    pub(super) warnings: Vec<String>,
}

impl Sides {
    fn of(mut side: Vec<Side>) -> Self {
        let others = side.split_off(1);
        // Every side has a recording: the command line asks for one at least.
        let first = side.remove(0);
        Self { first, others }
    }

    fn all(&self) -> impl Iterator<Item = &Side> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl Report {
    pub(super) fn new(
        score: Option<f32>,
        (threshold, threshold_from): (Option<f64>, &'static str),
        decision: Option<Decision>,
        unheard: Option<String>,
        [a, b]: [Vec<Side>; 2],
        model: &Model,
    ) -> Self {
        let mut report = Self {
            score,
            same_speaker: None,
            no_verdict: unheard,
            scale: Scorer::default().scale(),
            threshold,
            threshold_from,
            evidence: None,
            a: Sides::of(a),
            b: Sides::of(b),
            model: model.name(),
        };
        match decision {
            None => {}
            Some(Decision::Cosine { is_same }) => report.same_speaker = Some(is_same),
            Some(Decision::Llr(mut evidence)) => {
                let sides = report.a.all().chain(report.b.all());
                if !sides
                    .into_iter()
                    .all(|side| siamang::is_counted(&side.quality))
                {
                    evidence.doubts.push(
                        "speech was not found by the network that the calibration counts it by"
                            .to_owned(),
                    );
                }
                report.same_speaker = Some(evidence.llr >= evidence.llr_threshold);
                report.evidence = Some(evidence);
            }
            Some(Decision::Outside(reason)) => {
                report.no_verdict.get_or_insert(format!(
                    "{reason}: the score says nothing there that could be relied on"
                ));
            }
        }
        if report.no_verdict.is_some() {
            report.same_speaker = None;
        }
        report
    }

    /// Whether a guess decided.
    pub(super) fn is_uncalibrated(&self) -> bool {
        self.threshold_from == GUESS
    }
}

/// Why there is no verdict, if there is none: a side without speech.
pub(super) fn no_verdict(sides: &[&Vec<Side>]) -> Option<String> {
    let unheard = sides
        .iter()
        .filter(|side| side.iter().all(|one| !one.quality.is_heard()));
    let unheard: Vec<String> = unheard
        .flat_map(|side| side.iter())
        .map(|side| {
            format!(
                "`{}` holds {:.2} s of speech in {:.2} s",
                side.path, side.quality.speech_s, side.seconds
            )
        })
        .collect();
    (!unheard.is_empty()).then(|| {
        format!(
            "{}; at least {LEAST_SPEECH_S} s are needed on each side",
            unheard.join(", ")
        )
    })
}

/// The answer for people.
pub(super) fn text(report: &Report) -> String {
    if let Some(reason) = &report.no_verdict {
        return format!("no verdict: {reason}\n");
    }
    let answer = match report.same_speaker {
        Some(true) => "same speaker",
        _ => "different speakers",
    };
    let score = report.score.unwrap_or(f32::NAN);
    let mut text = String::new();
    // Writing to a string cannot fail.
    match (&report.evidence, report.threshold) {
        (Some(evidence), _) => {
            let _ = writeln!(
                text,
                "{answer}: LLR {:+.1}, which {}; cosine {score:.3}",
                evidence.llr, evidence.in_words
            );
            let _ = writeln!(
                text,
                "  odds     {}, with a prior of {}",
                evidence.odds.in_words(),
                evidence.p_target
            );
            let _ = write!(
                text,
                "  decision one speaker from LLR {:+.1} on: a miss costs {}, a false acceptance {}",
                evidence.llr_threshold, evidence.c_miss, evidence.c_fa
            );
            if let Some(errors) = &evidence.errors_at {
                let _ = write!(
                    text,
                    "; from {:+.1} on {:.1} % of strangers were taken for one speaker on development recordings, and {:.0} % of speakers missed",
                    errors.llr,
                    100.0 * errors.false_alarms,
                    100.0 * errors.misses
                );
            }
            text.push('\n');
            for doubt in &evidence.doubts {
                let _ = writeln!(text, "  doubt    {doubt}");
            }
        }
        (None, threshold) => {
            let _ = writeln!(
                text,
                "{answer}: cosine {score:.3} (scale -1 to 1), threshold {:.3} from {}",
                threshold.unwrap_or(f64::NAN),
                report.threshold_from
            );
        }
    }
    for side in report.a.all().chain(report.b.all()) {
        let _ = writeln!(text, "  {:8.2} s  {}", side.seconds, side.path);
    }
    text
}
