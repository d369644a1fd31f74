//! The checks before the first step.

use std::sync::atomic::AtomicBool;

use diagnosis::journal::{Event, Journal};
use diagnosis::{Check, CheckVerdict, Name};
use speaker_model::ComputeType;
use trainer::{TrainConfig, preflight};

use crate::case::{Case, config};

/// In both precisions, whose networks answer differently.
#[test]
fn preflight_alone_says_what_a_training_says_before_its_first_step() {
    let case = Case::new();
    let interrupted = AtomicBool::new(false);
    let checks = |event: &Event| match event {
        Event::Preflight { checks, .. } => Some(checks.clone()),
        _ => None,
    };
    let both = [ComputeType::F32, ComputeType::Bf16].map(|precision| {
        let config = TrainConfig {
            precision,
            max_steps: 0,
            ..config()
        };
        let name = format!("{precision:?}");
        case.run(&name, &config, 1, false, None).unwrap();
        let journal = Journal::read(&case.out(&name)).unwrap();
        let of_run: Vec<Check> = journal.events.iter().find_map(checks).unwrap();
        let options = case.options("alone", &interrupted);
        let alone = preflight(&config, &case.data, &options, &|_| {}).unwrap();
        assert_eq!(checks(&alone).as_ref(), Some(&of_run));
        of_run
    });
    assert_ne!(both[0], both[1], "the precision makes no difference");
}

#[test]
fn telephone_recordings_under_a_wide_filter_bank_are_noticed() {
    let case = Case::new();
    let interrupted = AtomicBool::new(false);
    let verdict = |config: &TrainConfig| {
        let options = case.options("alone", &interrupted);
        let event = preflight(config, &case.data, &options, &|_| {}).unwrap();
        let Event::Preflight { checks, .. } = event else {
            panic!("{event:?}")
        };
        let check = |check: &&Check| check.name == Name::FrontEndMismatch;
        checks.iter().find(check).unwrap().clone()
    };
    assert_eq!(verdict(&config()).verdict, CheckVerdict::Passed);
    // Half the rate, and the same pitch by taking every second sample.
    for speaker in 0..6 {
        for utterance in 0..3 {
            let path = case
                .out("corpus")
                .join(format!("s{speaker}/u{utterance}.wav"));
            let samples: Vec<i16> = hound::WavReader::open(&path)
                .unwrap()
                .into_samples()
                .map(Result::unwrap)
                .collect();
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 8_000,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let mut writer = hound::WavWriter::create(&path, spec).unwrap();
            for sample in samples.into_iter().step_by(2) {
                writer.write_sample(sample).unwrap();
            }
            writer.finalize().unwrap();
        }
    }
    let wide = verdict(&config());
    assert_eq!(wide.verdict, CheckVerdict::Suspect, "{wide:?}");
    assert!(
        wide.measured.starts_with("100 % of the training and 100 %"),
        "{wide:?}"
    );
    let mut narrow = config();
    narrow.features.high_hz = 3_800.0;
    assert_eq!(verdict(&narrow).verdict, CheckVerdict::Passed);
}
