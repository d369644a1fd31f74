//! Means of weights, stages of a training, layers with rates of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use audio_features::Normalisation;
use burn::tensor::Device;
use diagnosis::journal::{Event, Journal};
use diagnosis::{CheckVerdict, Name};
use pair_sampler::SamplerConfig;
use safetensors::SafeTensors;
use speaker_model::{
    Bundle, LinearConfig, LossConfig, PoolingConfig, ProjectionConfig, SoftmaxConfig, TrunkConfig,
};
use trainer::{
    AverageConfig, CropFrames, Initial, LayerRate, RunDirectory, StageConfig, StageStart,
    TrainConfig,
};

use crate::case::{Case, config};

fn averaged(average: AverageConfig) -> TrainConfig {
    TrainConfig {
        average: Some(average),
        ..config()
    }
}

fn checkpoint(case: &Case, name: &str, step: u64) -> PathBuf {
    case.out(name).join(format!("checkpoints/step-{step:07}"))
}

/// Files of the last checkpoint whose names begin so, and their bytes.
fn files(case: &Case, name: &str, begin: &str) -> Vec<(String, Vec<u8>)> {
    let last = RunDirectory::new(&case.out(name))
        .last_checkpoint()
        .unwrap();
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(last)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .filter(|(name, _)| name.starts_with(begin))
        .collect();
    files.sort();
    files
}

/// The numbers of the trunk, which a bundle has under a shorter name, in a file of weights.
fn trunk(path: PathBuf) -> Vec<(String, Vec<f32>)> {
    part(path, "trunk.")
}

/// The numbers of the parameters whose names have this in them, by what follows it.
fn part(path: PathBuf, of: &str) -> Vec<(String, Vec<f32>)> {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut found: Vec<(String, Vec<f32>)> = file
        .tensors()
        .into_iter()
        .filter_map(|(name, view)| {
            let (_, name) = name.split_once(of)?;
            let (numbers, _) = view.data().as_chunks::<4>();
            let values = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
            Some((name.to_owned(), values.collect()))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(!found.is_empty());
    found
}

#[test]
fn a_run_with_a_mean_of_weights_trains_as_one_without_and_resumes_bit_for_bit() {
    let case = Case::new();
    case.run("plain", &config(), 1, false, None).unwrap();
    for (kind, average, num_parts) in [
        ("decay", AverageConfig::Decay(0.9), 1),
        ("last", AverageConfig::Last(2), 2),
    ] {
        let config = averaged(average);
        case.run(kind, &config, 1, false, None).unwrap();
        assert!(
            case.weights("plain") == case.weights(kind),
            "{kind}: the mean changes what is trained"
        );
        let parts = files(&case, kind, "average-");
        assert_eq!(parts.len(), num_parts, "{kind}");
        let of_bundle = |name: &str| files(&case, name, "weights.");
        assert!(of_bundle("plain") != of_bundle(kind), "{kind}");
        for (workers, stop) in [(1, 4), (3, 8)] {
            let name = format!("{kind}{workers}");
            case.run(&name, &config, workers, false, Some(stop))
                .unwrap();
            case.run(&name, &config, workers, true, None).unwrap();
            for begin in ["average-", "weights.", "network.", "self_test"] {
                assert!(
                    files(&case, &name, begin) == files(&case, kind, begin),
                    "{name} {begin}"
                );
            }
            assert_eq!(evaluations(&case, &name), evaluations(&case, kind));
        }
    }
}

fn evaluations(case: &Case, name: &str) -> Vec<Event> {
    let events = case.journal(name).into_iter();
    events
        .filter(|event| matches!(event, Event::Evaluation(_) | Event::Diagnosis { .. }))
        .collect()
}

#[test]
fn the_bundle_has_the_mean_of_the_last_evaluations() {
    let case = Case::new();
    case.run("last", &averaged(AverageConfig::Last(2)), 1, false, None)
        .unwrap();
    let parts =
        [8, 12].map(|step| trunk(checkpoint(&case, "last", step).join("network.safetensors")));
    let mean = trunk(checkpoint(&case, "last", 12).join("weights.safetensors"));
    assert_eq!(mean.len(), parts[0].len());
    for (index, (name, values)) in mean.iter().enumerate() {
        for (place, value) in values.iter().enumerate() {
            let [a, b] = [0, 1].map(|part| f64::from(parts[part][index].1[place]));
            assert_eq!(*value, ((a + b) / 2.0) as f32, "{name}[{place}]");
        }
    }
    // The mean of one is that one.
    case.run("one", &averaged(AverageConfig::Last(1)), 1, false, None)
        .unwrap();
    case.run("plain", &config(), 1, false, None).unwrap();
    assert!(files(&case, "one", "weights.") == files(&case, "plain", "weights."));
}

fn staged() -> TrainConfig {
    TrainConfig {
        crop_frames: CropFrames::Between([10, 30]),
        stages: vec![StageConfig {
            from: StageStart::Share(0.5),
            crop_frames: Some(CropFrames::Between([30, 45])),
            speakers: Some(2),
            segments: Some(4),
            augment: None,
        }],
        ..config()
    }
}

#[test]
fn a_run_in_stages_resumes_bit_for_bit_within_a_stage_and_between_two() {
    let case = Case::new();
    case.run("whole", &staged(), 1, false, None).unwrap();
    for (workers, stop) in [(1, 4), (3, 8)] {
        let name = format!("parts{workers}");
        case.run(&name, &staged(), workers, false, Some(stop))
            .unwrap();
        case.run(&name, &staged(), workers, true, None).unwrap();
        assert!(case.weights("whole") == case.weights(&name), "{name}");
        assert_eq!(evaluations(&case, "whole"), evaluations(&case, &name));
    }
    // What is before a stage does not hang on it.
    let plain = TrainConfig {
        stages: Vec::new(),
        ..staged()
    };
    case.run("plain", &plain, 1, false, None).unwrap();
    let evaluated = |name: &str| -> Vec<Event> {
        let events = evaluations(&case, name).into_iter();
        events
            .filter(|event| matches!(event, Event::Evaluation(_)))
            .collect()
    };
    let (staged, plain) = (evaluated("whole"), evaluated("plain"));
    // Of steps 0, 4, 8 and 12; the stage begins at 6.
    assert_eq!(staged[..2], plain[..2]);
    assert!(case.weights("whole") != case.weights("plain"));
}

#[test]
fn the_checks_before_the_first_step_know_of_the_longest_crops_and_the_largest_batch() {
    let case = Case::new();
    let verdict = |name: &str, config: &TrainConfig| {
        case.run(name, config, 1, false, None).unwrap();
        let events = Journal::read(&case.out(name)).unwrap().events.into_iter();
        let mut checks = events.filter_map(|event| match event {
            Event::Preflight { checks, .. } => Some(checks),
            _ => None,
        });
        let checks = checks.next().unwrap().into_iter();
        let mut of_lengths = checks.filter(|check| check.name == Name::LongCrops);
        of_lengths.next().unwrap().verdict
    };
    assert_eq!(verdict("short", &staged()), CheckVerdict::Passed);
    let mut long = staged();
    // Recordings have half a second.
    long.stages[0].crop_frames = Some(CropFrames::Between([60, 90]));
    assert_eq!(verdict("long", &long), CheckVerdict::Suspect);
    long.stages[0].crop_frames = Some(CropFrames::Fixed(1 << 40));
    let error = case
        .run("huge", &long, 1, false, None)
        .unwrap_err()
        .to_string();
    assert!(error.contains("8 crops of 1099511627776 frames"), "{error}");
    long.stages[0].crop_frames = None;
    long.stages[0].speakers = Some(5);
    let error = case
        .run("wide", &long, 1, false, None)
        .unwrap_err()
        .to_string();
    assert!(error.contains('5') && error.contains("speakers"), "{error}");
    // The question's loss wants several segments of each speaker in every stage.
    long.stages[0].speakers = None;
    long.stages[0].segments = Some(1);
    long.validate().unwrap_err();
    long.sampler = SamplerConfig::Uniform { segments: 8 };
    long.stages[0].segments = Some(6);
    long.validate().unwrap();
}

fn layers(rates: &[(&str, f64)]) -> Vec<LayerRate> {
    let rates = rates.iter();
    let layers = rates.map(|&(name, rate)| LayerRate {
        name: name.to_owned(),
        rate,
    });
    layers.collect()
}

/// A recurrent layer in front of another is no way for gradients any more, and its own weights keep every bit.
#[test]
fn frozen_layers_keep_every_bit_while_the_rest_is_trained_and_resumed() {
    let case = Case::new();
    let mut config = config();
    config.optimiser.layers = layers(&[("encoder.trunk.layers.0", 0.0)]);
    let untrained = TrainConfig {
        max_steps: 0,
        ..config.clone()
    };
    case.run("untrained", &untrained, 1, false, None).unwrap();
    case.run("frozen", &config, 1, false, None).unwrap();
    let weights =
        |name: &str, step| trunk(checkpoint(&case, name, step).join("network.safetensors"));
    let (before, after) = (weights("untrained", 0), weights("frozen", 12));
    let mut frozen = 0;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.0, after.0);
        let is_frozen = before.0.starts_with("layers.0.");
        frozen += usize::from(is_frozen);
        assert_eq!(before.1 == after.1, is_frozen, "{}", before.0);
    }
    assert_eq!(frozen, 6, "three tensors for each direction");
    for (workers, stop) in [(1, 4), (2, 8)] {
        let name = format!("parts{workers}");
        case.run(&name, &config, workers, false, Some(stop))
            .unwrap();
        case.run(&name, &config, workers, true, None).unwrap();
        assert!(case.weights("frozen") == case.weights(&name), "{name}");
    }
    config.optimiser.layers = layers(&[("encoder.trunk.layer.0", 0.1)]);
    let error = case
        .run("none", &config, 1, false, None)
        .unwrap_err()
        .to_string();
    for part in [
        "`encoder.trunk.layer.0`",
        "`encoder.trunk.layers.0` is most like it",
        "the network has `encoder.projection`, `encoder.trunk`, `loss.head`",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn frozen_batch_norms_keep_their_statistics_and_compute_by_them() {
    let case = Case::new();
    let mut config = config();
    let trunk =
        "kind = \"tdnn\"\nlayers = [{ channels = 6, kernel = 3 }, { channels = 6, kernel = 3 }]";
    config.encoder.trunk = toml::from_str::<TrunkConfig>(trunk).unwrap();
    config.encoder.pooling = toml::from_str::<PoolingConfig>("kind = \"mean_deviation\"").unwrap();
    config.encoder.input.whiten = false;
    config.loss = LossConfig::from(SoftmaxConfig { bias: true });
    let untrained = TrainConfig {
        max_steps: 0,
        ..config.clone()
    };
    case.run("untrained", &untrained, 1, false, None).unwrap();
    let weights = |name: &str, step| {
        part(
            checkpoint(&case, name, step).join("network.safetensors"),
            "encoder.trunk.layers.",
        )
    };
    let moved = |name: &str| -> Vec<String> {
        let (before, after) = (weights("untrained", 0), weights(name, 12));
        let pairs = before.into_iter().zip(after);
        let moved = pairs.filter(|(before, after)| before.1 != after.1);
        moved.map(|(before, _)| before.0).collect()
    };
    case.run("trained", &config, 1, false, None).unwrap();
    let all = moved("trained");
    let statistics = |names: &[String]| {
        names
            .iter()
            .filter(|name| name.ends_with(".mean") || name.ends_with(".variance"))
            .count()
    };
    assert_eq!(statistics(&all), 4, "{all:?}");
    config.optimiser.layers = layers(&[("encoder.trunk.layers.0", 0.0)]);
    case.run("frozen", &config, 1, false, None).unwrap();
    let rest = moved("frozen");
    assert!(rest.iter().all(|name| name.starts_with("1.")), "{rest:?}");
    assert_eq!(
        (statistics(&rest), rest.len()),
        (2, all.len() / 2),
        "{rest:?}"
    );
}

/// Weights by name, without what a file of a whole network calls its encoder's.
fn weights(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.tensors().into_iter().map(|(name, view)| {
        let name = name.strip_prefix("encoder.").unwrap_or(&name).to_owned();
        (name, view.data().to_vec())
    });
    tensors.collect()
}

fn initial(folder: &Path) -> Initial {
    let bundle = Bundle::load(folder, &Device::flex()).unwrap();
    Initial::new(&bundle, "before", "hash").unwrap()
}

#[test]
fn every_kind_of_encoder_is_gone_on_from_with_all_of_its_weights_and_statistics() {
    let kinds = [
        "[trunk]\nkind = \"residual_tdnn\"\nchannels = 6\noutput = 8\nentry_kernel = 3\nstride = 2\nkernel = 3\ndilations = [1]\n\
         [pooling]\nkind = \"attentive\"\nwidth = 4\ncontext = true\nnorm = true\n",
        "[trunk]\nkind = \"tdnn\"\nlayers = [{ channels = 6, kernel = 3 }]\n[pooling]\nkind = \"mean_deviation\"\n",
        "[trunk]\nkind = \"ecapa\"\nchannels = 6\noutput = 8\nentry_kernel = 3\nkernel = 3\ndilations = [2]\nscale = 3\n\
         squeezed = 4\nkept = \"first\"\noutput_norm = true\n[pooling]\nkind = \"attentive\"\nwidth = 4\ncontext = true\n",
        "[trunk]\nkind = \"res_net\"\nchannels = 4\nblocks = [1]\n[pooling]\nkind = \"mean_deviation\"\n",
        "[trunk]\nkind = \"cam_plus_plus\"\nimage_channels = 4\nchannels = 6\ngrowth = 4\nbottleneck = 8\n\
         blocks = [{ layers = 1, kernel = 3, dilation = 1 }]\n[pooling]\nkind = \"mean_deviation\"\n",
    ];
    #[derive(serde::Deserialize)]
    struct Parts {
        trunk: TrunkConfig,
        pooling: PoolingConfig,
    }
    let mut case = Case::new();
    for (number, kind) in kinds.iter().enumerate() {
        let mut config = config();
        let Parts { trunk, pooling } = toml::from_str(kind).unwrap();
        (config.encoder.trunk, config.encoder.pooling) = (trunk, pooling);
        config.encoder.projection = ProjectionConfig::from(LinearConfig {
            width: 10,
            standardise: false,
        });
        config.loss = LossConfig::from(SoftmaxConfig { bias: true });
        (config.max_steps, config.eval_every) = (4, 4);
        let name = format!("before{number}");
        case.data.initial = None;
        case.run(&name, &config, 1, false, None).unwrap();
        let before = checkpoint(&case, &name, 4);
        case.data.initial = Some(initial(&before));
        // The loss is another one, which takes nothing.
        let next = TrainConfig {
            max_steps: 0,
            seed: 7,
            ..config.clone()
        };
        let name = format!("after{number}");
        case.run(&name, &next, 1, false, None).unwrap();
        let after = weights(&checkpoint(&case, &name, 0).join("network.safetensors"));
        for (tensor, values) in weights(&before.join("weights.safetensors")) {
            if tensor != "embedding_mean" {
                assert!(after[&tensor] == values, "{kind}: {tensor}");
            }
        }
    }
}

#[test]
fn a_training_that_goes_on_subtracts_the_mean_frame_of_its_model_also_when_it_is_resumed() {
    let mut case = Case::new();
    let mut config = config();
    config.features.normalisation = Normalisation::GlobalMean;
    case.run("before", &config, 1, false, None).unwrap();
    let best = RunDirectory::new(&case.out("before"))
        .best_bundle()
        .unwrap();
    let mean = |folder: &Path| weights(&folder.join("weights.safetensors"))["feature_mean"].clone();
    // Recordings of three of four speakers, whose own mean is another one.
    case.data
        .train
        .utterances
        .retain(|utterance| utterance.speaker != "s0");
    case.run("alone", &config, 1, false, None).unwrap();
    assert!(mean(&checkpoint(&case, "alone", 12)) != mean(&best));
    case.data.initial = Some(initial(&best));
    case.run("whole", &config, 1, false, None).unwrap();
    assert!(mean(&checkpoint(&case, "whole", 12)) == mean(&best));
    case.run("parts", &config, 1, false, Some(4)).unwrap();
    case.data.initial = None;
    case.run("parts", &config, 2, true, None).unwrap();
    for begin in ["network.", "weights.", "bundle."] {
        assert!(
            files(&case, "parts", begin) == files(&case, "whole", begin),
            "{begin}"
        );
    }
}
