//! A loss from outside of `speaker-model`: it is optimised, checkpointed and resumed like ours.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

mod loss;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Device;
use diagnosis::journal::{EndReason, Event};
use loss::MarginSoftmaxConfig;
use pair_sampler::SamplerConfig;
use speaker_model::{Encoder, EncoderConfig, Initialiser, LstmConfig};
use speech_data::Manifest;
use trainer::{
    Notice, OnCollapse, Outcome, RunDirectory, RunOptions, TrainConfig, TrainData, TrainError,
    train_with,
};

const SPEAKERS: usize = 3;

fn data() -> TrainData {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/voices");
    let all = Manifest::read(&root, None).unwrap();
    let mut kept = Vec::new();
    let speakers: Vec<String> = all
        .speakers()
        .iter()
        .take(SPEAKERS)
        .map(ToString::to_string)
        .collect();
    for speaker in &speakers {
        let own = all
            .utterances
            .iter()
            .filter(|utterance| utterance.speaker == *speaker);
        kept.extend(own.take(3).cloned());
    }
    TrainData {
        train: Manifest::new(&root, kept),
        dev: Vec::new(),
        dev_manifest: None,
        dev_root: root,
        description: "voices".to_owned(),
        teacher: None,
        initial: None,
        unlabelled: None,
        yardstick: None,
        listener: None,
    }
}

fn encoder() -> EncoderConfig {
    let mut encoder = EncoderConfig::question();
    encoder.trunk.downcast_mut::<LstmConfig>().unwrap().hidden = 4;
    encoder
}

fn config() -> TrainConfig<MarginSoftmaxConfig> {
    let mut config = TrainConfig::question().with_loss(MarginSoftmaxConfig {
        margin: 0.1,
        scale: 8.0,
    });
    config.encoder = encoder();
    config.max_steps = 6;
    config.eval_every = 3;
    config.crop_frames = 12.into();
    config.sampler = SamplerConfig::Pk {
        speakers: SPEAKERS,
        segments: 2,
    };
    config.optimiser.learning_rate = 0.01;
    config
}

struct Case(tempfile::TempDir);

impl Case {
    fn out(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Trains into `name`; interrupts after step 3 where asked to. Gives the outcome and the numbers of parameters that were
    /// announced.
    fn run(
        &self,
        name: &str,
        config: &TrainConfig<MarginSoftmaxConfig>,
        resume: bool,
        interrupt: bool,
    ) -> Result<(Outcome, usize), TrainError> {
        let interrupted = AtomicBool::new(false);
        let options = RunOptions {
            out: self.out(name),
            cache: self.out("cache"),
            device: Device::flex(),
            num_workers: 1,
            resume,
            on_collapse: OnCollapse::Warn,
            interrupted: &interrupted,
            commit: "test".to_owned(),
            command: None,
        };
        let announced = std::sync::atomic::AtomicUsize::new(0);
        let outcome = train_with(config, &data(), &options, &|notice| match notice {
            Notice::Event(Event::Start(start)) => {
                announced.store(start.num_parameters, Ordering::Relaxed);
            }
            Notice::Event(Event::Evaluation(evaluation)) if interrupt && evaluation.step == 3 => {
                interrupted.store(true, Ordering::Relaxed);
            }
            _ => {}
        })?;
        Ok((outcome, announced.into_inner()))
    }

    fn file(&self, name: &str, file: &str) -> Vec<u8> {
        let checkpoint = RunDirectory::new(&self.out(name))
            .last_checkpoint()
            .unwrap();
        std::fs::read(checkpoint.join(file)).unwrap()
    }
}

/// The numbers of a tensor of a safetensors file.
fn tensor(file: &[u8], name: &str) -> Option<Vec<f32>> {
    let file = safetensors::SafeTensors::deserialize(file).unwrap();
    let view = file.tensor(name).ok()?;
    let numbers = view.data().as_chunks::<4>().0.iter();
    Some(numbers.map(|&bytes| f32::from_le_bytes(bytes)).collect())
}

#[test]
fn weights_of_an_own_loss_are_optimised_checkpointed_and_resumed() {
    let case = Case(tempfile::tempdir().unwrap());
    let (whole, announced) = case.run("whole", &config(), false, false).unwrap();
    assert_eq!(whole.reason, EndReason::MaxSteps);

    // They count among the parameters, and have moved.
    let device = Device::flex();
    let bins = config().features.num_bins;
    let encoder = Encoder::new(bins, &encoder(), &mut Initialiser::seeded(1, &device)).unwrap();
    let of_encoder = burn::module::Module::num_params(&encoder);
    assert_eq!(
        announced,
        of_encoder + SPEAKERS * encoder.embedding_dim() + 1
    );
    let network = case.file("whole", "network.safetensors");
    let centres = tensor(&network, "loss.centres").unwrap();
    let mut initialiser = Initialiser::seeded(1, &device);
    let drawn = initialiser
        .kernel("loss.centres", [encoder.embedding_dim(), SPEAKERS])
        .unwrap();
    let drawn: Vec<f32> = drawn.val().into_data().iter::<f32>().collect();
    assert_eq!(centres.len(), drawn.len());
    let moved = centres.iter().zip(&drawn).filter(|(a, b)| a != b).count();
    assert_eq!(moved, centres.len());
    assert_ne!(tensor(&network, "loss.scale").unwrap(), [8.0]);

    // The bundle is of the encoder alone.
    let bundle = case.file("whole", "weights.safetensors");
    assert!(tensor(&bundle, "trunk.layers.0.forward.input").is_some());
    let names = safetensors::SafeTensors::deserialize(&bundle).unwrap();
    assert!(names.names().iter().all(|name| !name.contains("loss")));

    // A run that was interrupted ends as one that was not.
    let (first, _) = case.run("parts", &config(), false, true).unwrap();
    assert_eq!(first.reason, EndReason::Interrupted);
    let (rest, _) = case.run("parts", &config(), true, false).unwrap();
    assert_eq!(rest.reason, EndReason::MaxSteps);
    assert!(
        network == case.file("parts", "network.safetensors"),
        "weights differ"
    );

    // And not with another setting of the loss.
    let mut other = config();
    other.loss.margin = 0.3;
    let error = case.run("parts", &other, true, false).unwrap_err();
    assert!(
        error.to_string().contains("another configuration"),
        "{error}"
    );
}

/// What the loss reports is in the journal by name.
#[test]
fn terms_of_an_own_loss_stand_in_the_journal_by_name() {
    let case = Case(tempfile::tempdir().unwrap());
    case.run("run", &config(), false, false).unwrap();
    let text = std::fs::read_to_string(case.out("run").join("journal.jsonl")).unwrap();
    let steps = text
        .lines()
        .find(|line| line.contains("\"event\":\"steps\""))
        .unwrap();
    assert!(steps.contains("\"accuracy\""), "{steps}");
    assert!(
        !steps.contains("divergence") && !steps.contains("when_alike"),
        "{steps}"
    );
}

/// A run that Siamang 0.1 began has other names for its networks' weights, and another configuration.
#[test]
fn a_run_of_0_1_is_refused_by_name() {
    let case = Case(tempfile::tempdir().unwrap());
    let run = case.out("run");
    std::fs::create_dir(&run).unwrap();
    let old = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../speaker-model/tests/golden/format_1/linear/training.toml");
    std::fs::copy(old, run.join("config.toml")).unwrap();
    let pointers = r#"{"last": "step-0000006", "best": null}"#;
    std::fs::write(run.join("checkpoints.json"), pointers).unwrap();
    let error = case.run("run", &config(), true, false).unwrap_err();
    assert!(error.to_string().contains("siamang 0.1"), "{error}");
    assert!(
        error.remedy().unwrap().contains("start another run"),
        "{error}"
    );
}
