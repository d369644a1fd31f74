//! The journal, written and read: what this version writes, what version 0.1 wrote, and whatever else lies in a file.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::BTreeSet;
use std::path::Path;

use diagnosis::journal::{
    EndReason, Event, JOURNAL_FILE, Journal, JournalError, JournalWriter, ListResult, PairFacts,
    RateInterval, RunDuration, Start, StartData, StepSummary, Term,
};
use diagnosis::{
    Diagnosis, Facts, Finding, Measurements, Name, Run, TwoHistograms, Verdict, judge,
};
use proptest::prelude::*;

/// Thirty steps of `siamang train` on the voices that come with it, by the last version whose schema knew one loss.
const OF_0_1: &[u8] = include_bytes!("golden/journal-0.1.jsonl");

/// What `siamang doctor --json` of that version said of it.
const DOCTOR_0_1: &str = include_str!("golden/doctor-0.1.json");

fn term(name: &str, value: f64) -> Term {
    Term {
        name: name.to_owned(),
        unit: "nats".to_owned(),
        value,
    }
}

#[test]
fn a_journal_of_version_0_1_is_read_with_its_terms_by_name() {
    let journal = Journal::parse(OF_0_1);
    let num_lines = OF_0_1.split(|&byte| byte == b'\n').count() - 1;
    assert_eq!(
        (journal.events.len(), journal.num_unreadable),
        (num_lines, 0)
    );
    assert_eq!(journal.end(), Some(EndReason::MaxSteps));
    assert_eq!(journal.start().unwrap().num_utterances, 364);
    assert_eq!(journal.best().unwrap().step, 30);
    assert_eq!(journal.best().unwrap().lists[0].n_target, 294);
    assert_eq!(journal.untrained_eer(), Some(0.22108843537414968));
    let first = journal.steps().next().unwrap();
    let expected = StepSummary {
        step: 10,
        loss: 2.771962571144104,
        when_alike: Some(4.8),
        terms: vec![
            term("same_divergence", 1.2699416160583497),
            term("different_divergence", 1.6440937519073486),
            term("different_hinge", 1.4149911642074584),
        ],
        pairs: Some(PairFacts {
            same_distance: Some(1.2699416160583497),
            different_distance: Some(1.6440937519073486),
            ..PairFacts::default()
        }),
        gradient_norm: Some(3.748348424042585),
        weight_norm: Some(35.508450071913984),
        learning_rate: Some(0.0006000000000000001),
        speakers_visited: Some(26),
        utterances_visited: Some(286),
        segments_per_second: Some(219.50508282265633),
        wait_share: Some(0.013775339176304378),
    };
    assert_eq!(*first, expected);
    let run = Run::new(Facts::default(), &journal.events);
    let last = run.evaluations.last().unwrap();
    let pairs = last.pairs.as_ref().unwrap();
    assert_eq!(last.when_alike, Some(4.800000000000001));
    assert_eq!(pairs.active_share, Some(0.22348484848484848));
    assert_eq!(pairs.same_distance, Some(last.terms[0].value));
    let histograms = pairs.distances.as_ref().unwrap();
    assert_eq!(histograms.same.iter().sum::<u64>(), 144);
}

/// Names, steps and numbers, whatever words this version has for reasons and remedies. It does not call a training of 26 speakers
/// suspect that an untrained network beats, as that version did.
#[test]
fn a_journal_of_version_0_1_is_judged_as_version_0_1_judged_it() {
    let facts = Facts {
        margin: Some(3.0),
        batch_segments: Some(48),
        ..Facts::default()
    };
    let found = judge(&Run::new(facts, &Journal::parse(OF_0_1).events));
    let expected: Diagnosis = serde_json::from_str(DOCTOR_0_1).unwrap();
    let told = |diagnosis: &Diagnosis| -> BTreeSet<_> {
        // What version 0.1 did not ask.
        let asked = |one: &&Finding| one.name != Name::WorseThanStatistics;
        let findings = diagnosis.findings.iter().filter(asked);
        findings
            .map(|one| (one.name, one.step, one.measured.clone()))
            .collect()
    };
    assert_eq!(told(&found), told(&expected));
    assert_eq!(
        (found.verdict, expected.verdict),
        (Verdict::Healthy, Verdict::Suspect)
    );
}

/// A run as the ladder of earlier versions wrote it, with the terms of the loss as fields.
#[test]
fn a_run_that_the_ladder_of_version_0_1_wrote_is_read() {
    let run = r#"{
        "facts": {"margin": 1.0},
        "trace": [{"step": 1, "loss": 0.6, "plateau": 0.5, "same_divergence": 0.25, "different_divergence": null,
                   "gradient_norm": 0.1, "speakers_visited": 7}],
        "evaluations": [{"step": 0, "plateau": 0.5, "same_divergence": null, "active_share": 0.75}],
        "end": {"step": 1, "reason": "limit"}
    }"#;
    let run: Run = serde_json::from_str(run).unwrap();
    let (point, evaluation) = (&run.trace[0], &run.evaluations[0]);
    assert_eq!(
        (
            point.when_alike,
            point.same_distance(),
            point.different_distance()
        ),
        (Some(0.5), Some(0.25), None)
    );
    let active = evaluation.pairs.as_ref().unwrap().active_share;
    assert_eq!((evaluation.when_alike, active), (Some(0.5), Some(0.75)));
    assert_eq!(run.end.unwrap().reason, EndReason::MaxSteps);
}

/// A line that says `null` where a number was not finite tells at which step the loss was lost: it is kept, and judged.
#[test]
fn a_line_with_a_null_for_a_number_is_kept_as_not_finite() {
    let lines = concat!(
        r#"{"event":"steps","step":40,"loss":2.0,"gradient_norm":1.0}"#,
        "\n",
        r#"{"event":"steps","step":50,"loss":null,"terms":[{"name":"a","value":null}],"gradient_norm":null,"learning_rate":null}"#,
        "\n",
        r#"{"event":"evaluation","step":50,"lists":[{"list":"dev","eer":null,"min_dcf":0.5,"n_target":1,"n_nontarget":1}],"mean_eer":null,"untrained_eer":0.3,"best":false}"#,
        "\n",
    );
    let journal = Journal::parse(lines.as_bytes());
    let lost = journal.steps().next_back().unwrap();
    assert!(lost.loss.is_nan() && lost.terms[0].value.is_nan());
    assert!(lost.gradient_norm.unwrap().is_nan());
    assert_eq!(lost.learning_rate, None);
    let evaluation = journal.evaluations().next().unwrap();
    assert!(evaluation.lists[0].eer.is_nan());
    assert_eq!((evaluation.mean_eer, journal.best()), (None, None));
    let diagnosis = judge(&Run::new(Facts::default(), &journal.events));
    assert_eq!(
        (
            diagnosis.verdict,
            diagnosis.find(Name::NonFinite).unwrap().step
        ),
        (Verdict::Broken, 50)
    );
    // Written again, it says the same.
    let again = serde_json::to_string(&Event::Steps(lost.clone())).unwrap();
    assert!(again.contains(r#""loss":null"#), "{again}");
    let read = Journal::parse(again.as_bytes());
    assert!(read.steps().next().unwrap().loss.is_nan());
}

#[test]
fn the_last_line_about_a_step_counts_and_lines_of_other_kinds_are_passed_over() {
    let lines = concat!(
        r#"{"event":"steps","step":5,"loss":null}"#,
        "\n\n",
        r#"{"event":"weather","rain":true}"#,
        "\n",
        r#"{"event":"steps","step":5,"loss":2.0}"#,
        "\n",
        r#"{"event":"evaluation","step":0,"mean_eer":0.4,"untrained_eer":0.4,"lists":[]}"#,
        "\n",
        r#"{"event":"evaluation","step":5,"mean_eer":0.2,"lists":[{"list":"a","eer":0.2}]}"#,
        "\n",
        r#"{"event":"ste"#
    );
    let journal = Journal::parse(lines.as_bytes());
    let losses: Vec<f64> = journal.steps().map(|line| line.loss).collect();
    assert_eq!(losses, [2.0]);
    assert_eq!(journal.best().unwrap().step, 5);
    assert_eq!(journal.num_unreadable, 1);
}

#[test]
fn a_run_that_goes_on_after_its_end_has_not_ended() {
    let lines = concat!(
        r#"{"event":"end","step":5,"reason":"interrupted"}"#,
        "\n",
        r#"{"event":"start","step":5,"max_steps":9}"#,
        "\n"
    );
    assert_eq!(Journal::parse(lines.as_bytes()).end(), None);
    let (first, _) = lines.split_once('\n').unwrap();
    let ended = Journal::parse(first.as_bytes());
    assert_eq!(ended.end(), Some(EndReason::Interrupted));
}

/// Without what later versions added, and with nothing invented in its place.
#[test]
fn what_an_older_journal_does_not_say_of_its_making_stays_unknown() {
    let journal = Journal::parse(OF_0_1);
    let start = journal.start().unwrap();
    assert_eq!((&start.command, &start.data), (&None, &None));
    assert_eq!(journal.duration(), None);
    let best = journal.best().unwrap();
    assert!(best.lists.iter().all(|list| list.eer_interval.is_none()));
    // Nor does this version write what it does not know.
    let again = serde_json::to_string(&journal.events).unwrap();
    for key in ["command", "\"data\"", "eer_interval", "training_seconds"] {
        assert!(!again.contains(key), "{key}");
    }
}

#[test]
fn command_data_intervals_and_durations_are_read_as_they_were_written() {
    let start = Start {
        command: Some("siamang train --data 'my corpus'".to_owned()),
        data: Some(StartData {
            description: "my corpus".to_owned(),
            hash: "ab12".to_owned(),
        }),
        ..Start::default()
    };
    let result = ListResult {
        list: "dev".to_owned(),
        eer: 0.25,
        min_dcf: 0.5,
        n_target: 3,
        n_nontarget: 4,
        eer_interval: Some(RateInterval {
            low: 0.125,
            high: 0.5,
        }),
    };
    let text = serde_json::to_string(&result).unwrap();
    assert_eq!(serde_json::from_str::<ListResult>(&text).unwrap(), result);
    let text = serde_json::to_string(&Event::Start(start.clone())).unwrap();
    assert_eq!(Journal::parse(text.as_bytes()).start(), Some(&start));
}

/// Of three parts the second was killed: what the others took is the least that the run took.
#[test]
fn the_parts_of_a_run_add_up_to_its_duration() {
    let lines = [
        r#"{"event":"start","step":0}"#,
        r#"{"event":"end","step":5,"reason":"interrupted","seconds":60.5,"training_seconds":50.0}"#,
        r#"{"event":"start","step":5}"#,
        r#"{"event":"start","step":8}"#,
        r#"{"event":"end","step":9,"reason":"max_steps","seconds":20.0,"training_seconds":75.0}"#,
    ];
    let duration = |lines: &[&str]| Journal::parse(lines.join("\n").as_bytes()).duration();
    let killed = RunDuration {
        seconds: 80.5,
        training_seconds: Some(75.0),
        is_whole: false,
    };
    assert_eq!(duration(&lines), Some(killed));
    let whole = RunDuration {
        seconds: 60.5,
        training_seconds: Some(50.0),
        is_whole: true,
    };
    assert_eq!(duration(&lines[..2]), Some(whole));
    assert_eq!(duration(&lines[2..3]), None);
}

#[test]
fn a_place_that_is_no_run_is_told_by_what_it_is() {
    let place = tempfile::tempdir().unwrap();
    let read = |path: &Path| Journal::read(path).unwrap_err();
    let folder = |name: &str, file: &str| {
        let folder = place.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        if !file.is_empty() {
            std::fs::write(folder.join(file), "x").unwrap();
        }
        folder
    };
    for (path, expected) in [
        (place.path().join("nowhere"), "does not exist"),
        (folder("corpus", "a.wav"), "holds no journal"),
        (folder("model", "bundle.toml"), "is a model"),
        (folder("begun", "config.toml"), "not come to its first step"),
        (place.path().join("corpus/a.wav"), "is a file"),
    ] {
        let error = read(&path);
        let said = error.to_string();
        assert!(matches!(error, JournalError::NotARun { .. }), "{said}");
        assert!(
            said.contains(expected) && !said.contains("os error"),
            "{said}"
        );
        assert!(said.contains(&path.display().to_string()), "{said}");
        assert!(error.remedy().unwrap().contains("journal.jsonl"));
    }
}

fn lines(run: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(run.join(JOURNAL_FILE)).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn checkpoint(step: u64) -> Event {
    Event::Checkpoint { step }
}

/// What a kill leaves: lines after the last checkpoint, and half a line.
#[test]
fn a_resumed_journal_loses_what_was_written_after_the_checkpoint_and_nothing_else() {
    let run = tempfile::tempdir().unwrap();
    let strange = r#"{"event":"weather","step":3,"rain":true}"#;
    let before = format!(
        "{strange}\n{{\"event\":\"checkpoint\",\"step\":4}}\n{{\"event\":\"checkpoint\",\"step\":8}}\n{{\"event\":\"ste"
    );
    std::fs::write(run.path().join(JOURNAL_FILE), &before).unwrap();
    let mut writer = JournalWriter::open(run.path(), Some(4)).unwrap();
    writer.write(&checkpoint(6)).unwrap();
    let expected = [
        strange,
        r#"{"event":"checkpoint","step":4}"#,
        r#"{"event":"checkpoint","step":6}"#,
    ];
    assert_eq!(lines(run.path()), expected);
    // A line that was cut just before its end is whole.
    let whole = r#"{"event":"checkpoint","step":4}"#;
    std::fs::write(run.path().join(JOURNAL_FILE), whole).unwrap();
    let mut writer = JournalWriter::open(run.path(), Some(4)).unwrap();
    writer.write(&checkpoint(6)).unwrap();
    assert_eq!(lines(run.path()), expected[1..]);
    // A new run begins with nothing.
    JournalWriter::open(run.path(), None).unwrap();
    assert_eq!(lines(run.path()), [""; 0]);
    let nowhere = JournalWriter::open(&run.path().join("nowhere"), None).unwrap_err();
    assert!(matches!(nowhere, JournalError::Io { .. }), "{nowhere}");
}

/// Short enough to be read as it was written: JSON's reader may miss the last bit of a long one.
fn finite() -> impl Strategy<Value = f64> {
    (-1_000_000_i32..1_000_000).prop_map(|n| f64::from(n) / 1024.0)
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![4 => finite(), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)]
}

fn term_of_any_name() -> impl Strategy<Value = Term> {
    ("[a-z_]{1,12}", "[a-z]{0,5}", number()).prop_map(|(name, unit, value)| Term {
        name,
        unit,
        value,
    })
}

fn pairs() -> impl Strategy<Value = PairFacts> {
    let maybe = || prop::option::of(finite());
    (finite(), maybe(), maybe()).prop_map(|(same, different, active_share)| PairFacts {
        same_distance: Some(same),
        different_distance: different,
        active_share,
        distances: TwoHistograms::of([(same, true), (2.0, false)].into_iter()),
    })
}

proptest! {
    /// JSON has one `null` for all that is not finite: the text is the same whether it is written once or read between.
    #[test]
    fn what_is_written_is_read_again(
        step: u64,
        loss in number(),
        terms in prop::collection::vec(term_of_any_name(), 0..4),
        pairs in prop::option::of(pairs()),
        known in prop::option::of(finite()),
    ) {
        let summary = StepSummary {
            step,
            loss,
            when_alike: known,
            terms: terms.clone(),
            pairs: pairs.clone(),
            gradient_norm: Some(loss),
            wait_share: known,
            ..StepSummary::default()
        };
        let measurements = Measurements {
            step,
            when_alike: known,
            terms,
            pairs,
            dev_eer: known,
            ..Measurements::default()
        };
        let events = [
            Event::Steps(summary),
            Event::Diagnosis { step, measurements: Box::new(measurements), findings: Vec::new(), seconds: 0.5 },
        ];
        for event in events {
            let text = serde_json::to_string(&event).unwrap();
            let journal = Journal::parse(text.as_bytes());
            prop_assert_eq!(journal.events.len(), 1, "{}", text);
            prop_assert_eq!(serde_json::to_string(&journal.events[0]).unwrap(), text);
        }
    }

    #[test]
    fn any_bytes_are_read(bytes: Vec<u8>) {
        let journal = Journal::parse(&bytes);
        prop_assert!(journal.num_unreadable <= bytes.split(|&byte| byte == b'\n').count());
    }
}
