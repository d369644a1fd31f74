//! Whole trainings of a tiny network on tones: resume, threads, ends.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use audio_features::augment::{AugmentConfig, NoiseConfig};
use burn::tensor::Device;
use diagnosis::journal::{EndReason, Event, Journal};
use diagnosis::{Check, CheckVerdict, Name};
use pair_sampler::{MakeTrials, SamplerConfig, make_trials};
use speaker_model::{
    Activation, ComputeType, Direction, EncoderConfig, HeadConfig, InputConfig, KlHingeConfig,
    LinearConfig, LossConfig, LstmConfig, MeanDeviationConfig, PoolingConfig, ProjectionConfig,
    Segmentation, TrunkConfig,
};
use speech_data::Manifest;
use trainer::{
    Notice, OnCollapse, Outcome, RunDirectory, RunOptions, TrainConfig, TrainData, TrainError,
    preflight, train,
};

/// Six "speakers" of three tones each: a pitch of its own and a little noise.
fn write_corpus(root: &Path) {
    for speaker in 0..6u32 {
        let folder = root.join(format!("s{speaker}"));
        std::fs::create_dir_all(&folder).unwrap();
        for utterance in 0..3u32 {
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 16_000,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let path = folder.join(format!("u{utterance}.wav"));
            let mut writer = hound::WavWriter::create(path, spec).unwrap();
            let pitch_hz = 100.0 + 40.0 * f64::from(speaker) + 3.0 * f64::from(utterance);
            let mut noise = speaker * 31 + utterance + 1;
            for n in 0..8_000 {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let phase = TAU * pitch_hz * f64::from(n) / 16_000.0;
                let tone: f64 = (1..8)
                    .map(|k| (phase * f64::from(k)).sin() / f64::from(k))
                    .sum();
                let hiss = f64::from(noise >> 16) / 65_536.0 - 0.5;
                writer
                    .write_sample((4_000.0 * tone + 800.0 * hiss) as i16)
                    .unwrap();
            }
            writer.finalize().unwrap();
        }
    }
}

fn data(root: &Path) -> TrainData {
    let all = Manifest::read(root, None).unwrap();
    let (train, dev): (Vec<_>, Vec<_>) = all
        .utterances
        .iter()
        .cloned()
        .partition(|utterance| utterance.speaker.as_str() < "s4");
    let dev = Manifest::new(root, dev);
    let options = MakeTrials {
        across_sessions: false,
        ..MakeTrials::default()
    };
    TrainData {
        train: Manifest::new(root, train),
        dev: vec![make_trials(&dev, &options).unwrap()],
        dev_manifest: None,
        dev_root: root.to_owned(),
        description: "tones".to_owned(),
    }
}

fn config() -> TrainConfig {
    let base = TrainConfig::paper(4);
    TrainConfig {
        max_steps: 12,
        eval_every: 4,
        crop_frames: 12,
        segmentation: Segmentation::Whole,
        centre: true,
        sampler: SamplerConfig::Pk {
            speakers: 3,
            segments: 2,
        },
        encoder: EncoderConfig {
            input: InputConfig {
                scale: 1.0,
                centre: true,
                cepstra: 5,
                whiten: true,
            },
            trunk: TrunkConfig::from(LstmConfig {
                num_layers: 2,
                direction: Direction::Bidirectional,
                hidden: 6,
                dropout: 0.3,
            }),
            pooling: PoolingConfig::from(MeanDeviationConfig {}),
            projection: ProjectionConfig::from(LinearConfig {
                width: 10,
                standardise: true,
            }),
        },
        loss: LossConfig::from(KlHingeConfig::with_head(HeadConfig {
            hidden: vec![8],
            activation: Activation::Linear,
            dropout: 0.2,
            batch_norm: false,
            num_outputs: 5,
        })),
        ..base
    }
}

struct Case {
    directory: tempfile::TempDir,
    data: TrainData,
}

impl Case {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let corpus = directory.path().join("corpus");
        write_corpus(&corpus);
        let data = data(&corpus);
        Self { directory, data }
    }

    fn out(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn options<'a>(&self, name: &str, interrupted: &'a AtomicBool) -> RunOptions<'a> {
        RunOptions {
            out: self.out(name),
            cache: self.directory.path().join("cache"),
            device: Device::flex(),
            num_workers: 1,
            resume: false,
            on_collapse: OnCollapse::Warn,
            interrupted,
            commit: "test".to_owned(),
        }
    }

    /// Trains into `name`; interrupts after `stop_after` steps where that is given.
    fn run(
        &self,
        name: &str,
        config: &TrainConfig,
        num_workers: usize,
        resume: bool,
        stop_after: Option<u64>,
    ) -> Result<Outcome, TrainError> {
        let interrupted = AtomicBool::new(false);
        let options = RunOptions {
            num_workers,
            resume,
            ..self.options(name, &interrupted)
        };
        let last_step = AtomicU64::new(0);
        train(config, &self.data, &options, &|notice| {
            if let Notice::Event(Event::Evaluation(evaluation)) = notice {
                last_step.store(evaluation.step, Ordering::Relaxed);
                if stop_after == Some(evaluation.step) {
                    interrupted.store(true, Ordering::Relaxed);
                }
            }
        })
    }

    fn weights(&self, name: &str) -> Vec<u8> {
        let checkpoint = RunDirectory::new(&self.out(name))
            .last_checkpoint()
            .unwrap();
        std::fs::read(checkpoint.join("network.safetensors")).unwrap()
    }

    /// Journal lines without what depends on the clock or on how often the run was started.
    fn journal(&self, name: &str) -> Vec<Event> {
        let journal = Journal::read(&self.out(name)).unwrap();
        assert_eq!(journal.num_unreadable, 0);
        journal
            .events
            .into_iter()
            .filter_map(|event| match event {
                Event::Steps(mut summary) => {
                    summary.segments_per_second = None;
                    summary.wait_share = None;
                    Some(Event::Steps(summary))
                }
                Event::Diagnosis {
                    step,
                    measurements,
                    findings,
                    ..
                } => Some(Event::Diagnosis {
                    step,
                    measurements,
                    findings,
                    seconds: 0.0,
                }),
                Event::Evaluation(_) => Some(event),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn a_resumed_run_ends_as_the_uninterrupted_one_bit_for_bit() {
    let case = Case::new();
    let whole = case.run("whole", &config(), 1, false, None).unwrap();
    assert_eq!(
        (whole.reason, whole.progress.step),
        (EndReason::MaxSteps, 12)
    );
    for workers in [1, 3] {
        let name = format!("parts{workers}");
        let first = case.run(&name, &config(), workers, false, Some(4)).unwrap();
        assert_eq!(first.reason, EndReason::Interrupted);
        let rest = case.run(&name, &config(), workers, true, None).unwrap();
        assert_eq!(rest.reason, EndReason::MaxSteps);
        assert!(
            case.weights("whole") == case.weights(&name),
            "weights differ"
        );
        assert_eq!(whole.progress, rest.progress);
    }
    // Summaries span ten steps, which an interruption cuts; evaluations must agree to the last bit.
    let evaluations = |name: &str| -> Vec<Event> {
        let is_evaluation =
            |event: &Event| matches!(event, Event::Evaluation(_) | Event::Diagnosis { .. });
        case.journal(name)
            .into_iter()
            .filter(is_evaluation)
            .collect()
    };
    assert_eq!(evaluations("whole").len(), 8);
    for name in ["parts1", "parts3"] {
        assert_eq!(evaluations("whole"), evaluations(name), "{name}");
    }
}

#[test]
fn another_seed_is_another_run_and_the_loss_falls() {
    let case = Case::new();
    let long = TrainConfig {
        max_steps: 60,
        eval_every: 60,
        ..config()
    };
    case.run("one", &long, 1, false, None).unwrap();
    let losses: Vec<f64> = case
        .journal("one")
        .into_iter()
        .filter_map(|event| match event {
            Event::Steps(summary) => {
                let w = 3.0 / 15.0;
                let term = |name| {
                    let mut terms = summary.terms.iter();
                    terms.find(|term| term.name == name).unwrap().value
                };
                let parts =
                    2.0 * (w * term("same_divergence") + (1.0 - w) * term("different_hinge"));
                // Means over ten steps of values below 10 that 32 bits hold to 1e-6; a swapped weight would err by 1.
                assert!(
                    (summary.loss - parts).abs() < 1e-3,
                    "the loss is the sum of its parts"
                );
                assert_eq!(summary.speakers_visited, Some(4));
                Some(summary.loss)
            }
            _ => None,
        })
        .collect();
    assert!(losses.last() < losses.first(), "{losses:?}");
    let other = TrainConfig {
        seed: 2,
        ..config()
    };
    case.run("two", &other, 1, false, None).unwrap();
    case.run("three", &config(), 1, false, None).unwrap();
    assert!(case.weights("two") != case.weights("three"));
}

#[test]
fn augmentation_begins_at_its_step_and_doubles_the_development_lists() {
    let case = Case::new();
    let mut plain = TrainConfig {
        max_steps: 20,
        eval_every: 20,
        ..config()
    };
    // A whitening is fitted to augmented recordings before the first step.
    plain.encoder.input.whiten = false;
    let changed = TrainConfig {
        augment: Some(AugmentConfig {
            noise: Some(NoiseConfig {
                probability: 1.0,
                ..NoiseConfig::default()
            }),
            ..AugmentConfig::default()
        }),
        augment_from_step: 10,
        ..plain.clone()
    };
    case.run("plain", &plain, 1, false, None).unwrap();
    case.run("changed", &changed, 2, false, None).unwrap();
    let steps = |name: &str| -> Vec<Event> {
        let journal = case.journal(name).into_iter();
        journal
            .filter(|event| matches!(event, Event::Steps(_)))
            .collect()
    };
    let (plain, changed) = (steps("plain"), steps("changed"));
    assert_eq!((plain.len(), &plain[0]), (2, &changed[0]));
    assert_ne!(plain[1], changed[1]);
    let lists = |name: &str| -> Vec<String> {
        let evaluation = case
            .journal(name)
            .into_iter()
            .find_map(|event| match event {
                Event::Evaluation(evaluation) => Some(evaluation.lists),
                _ => None,
            });
        let lists = evaluation.into_iter().flatten();
        lists.map(|result| result.list).collect()
    };
    let name = lists("plain").remove(0);
    assert_eq!(
        lists("changed"),
        [name.clone(), format!("{name} (augmented)")]
    );
}

#[test]
fn a_run_is_not_written_over_and_a_missing_one_is_named() {
    let case = Case::new();
    case.run("run", &config(), 1, false, None).unwrap();
    let error = case.run("run", &config(), 1, false, None).unwrap_err();
    assert!(error.to_string().contains("--resume"), "{error}");
    let none = RunDirectory::new(&case.out("none"))
        .best_bundle()
        .unwrap_err();
    assert!(none.to_string().contains("no checkpoint"), "{none}");
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_names_the_batch() {
    let case = Case::new();
    let mut config = config();
    config.optimiser.learning_rate = 1e38;
    match case.run("run", &config, 1, false, None) {
        Err(TrainError::NonFinite {
            step, utterances, ..
        }) => {
            assert!(step > 1);
            assert_eq!(utterances.len(), 6);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn patience_ends_a_run_whose_eer_no_longer_falls() {
    let case = Case::new();
    let mut config = TrainConfig {
        max_steps: 400,
        eval_every: 1,
        patience: Some(2),
        ..config()
    };
    // Too small a rate to change any score: the first evaluation stays the best.
    config.optimiser.learning_rate = 1e-30;
    let outcome = case.run("run", &config, 1, false, None).unwrap();
    assert_eq!(
        (outcome.reason, outcome.progress.step),
        (EndReason::EarlyStop, 3)
    );
}

#[test]
fn unreadable_recordings_are_left_out_and_named() {
    let case = Case::new();
    std::fs::write(case.out("corpus").join("s1/u1.wav"), b"not audio").unwrap();
    let interrupted = AtomicBool::new(false);
    let options = case.options("run", &interrupted);
    let skipped = std::sync::Mutex::new(Vec::new());
    train(&config(), &case.data, &options, &|notice| {
        if let Notice::Skipped(found) = notice {
            skipped.lock().unwrap().extend_from_slice(found);
        }
    })
    .unwrap();
    let skipped = skipped.into_inner().unwrap();
    assert_eq!(skipped.len(), 1);
    assert_eq!(skipped[0].utterance, "s1/u1.wav");
}

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
    assert_eq!(wide.verdict, CheckVerdict::Warning, "{wide:?}");
    assert!(
        wide.measured.starts_with("100 % of the training and 100 %"),
        "{wide:?}"
    );
    let mut narrow = config();
    narrow.features.high_hz = 3_800.0;
    assert_eq!(verdict(&narrow).verdict, CheckVerdict::Passed);
}
