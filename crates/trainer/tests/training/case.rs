//! A corpus of tones, a tiny network, and trainings on them.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use burn::tensor::Device;
use diagnosis::journal::{Event, Journal};
use pair_sampler::{MakeTrials, SamplerConfig, make_trials};
use speaker_model::{
    Activation, Direction, EncoderConfig, HeadConfig, InputConfig, KlHingeConfig, LinearConfig,
    LossConfig, LstmConfig, MeanDeviationConfig, PoolingConfig, ProjectionConfig, Segmentation,
    TrunkConfig,
};
use speech_data::Manifest;
use trainer::{
    Notice, OnCollapse, Outcome, RunDirectory, RunOptions, TrainConfig, TrainData, TrainError,
    train,
};

/// Six "speakers" of three tones each: a pitch of its own and a little noise.
pub(crate) fn write_corpus(root: &Path) {
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

pub(crate) fn data(root: &Path) -> TrainData {
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
        teacher: None,
        initial: None,
        unlabelled: None,
        yardstick: None,
        listener: None,
    }
}

pub(crate) fn config() -> TrainConfig {
    let base = TrainConfig::paper(4);
    TrainConfig {
        max_steps: 12,
        eval_every: 4,
        crop_frames: 12.into(),
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
            pooling: PoolingConfig::from(MeanDeviationConfig::default()),
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

pub(crate) struct Case {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) data: TrainData,
}

impl Case {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let corpus = directory.path().join("corpus");
        write_corpus(&corpus);
        let data = data(&corpus);
        Self { directory, data }
    }

    pub(crate) fn out(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn options<'a>(&self, name: &str, interrupted: &'a AtomicBool) -> RunOptions<'a> {
        RunOptions {
            out: self.out(name),
            cache: self.directory.path().join("cache"),
            device: Device::flex(),
            num_workers: 1,
            resume: false,
            on_collapse: OnCollapse::Warn,
            interrupted,
            commit: "test".to_owned(),
            command: None,
        }
    }

    /// Trains into `name`; interrupts after `stop_after` steps where that is given.
    pub(crate) fn run(
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

    pub(crate) fn weights(&self, name: &str) -> Vec<u8> {
        let checkpoint = RunDirectory::new(&self.out(name))
            .last_checkpoint()
            .unwrap();
        std::fs::read(checkpoint.join("network.safetensors")).unwrap()
    }

    /// Journal lines without what depends on the clock or on how often the run was started.
    pub(crate) fn journal(&self, name: &str) -> Vec<Event> {
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
