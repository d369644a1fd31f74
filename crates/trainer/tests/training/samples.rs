//! Trainings on changed samples.

use std::path::Path;

use diagnosis::journal::{Event, Journal};
use pair_sampler::SamplerConfig;
use sound_augment::{
    BabbleConfig, DeviceConfig, MusicConfig, NoiseConfig, RoomConfig, SamplesConfig,
};
use trainer::{TrainConfig, TrainError};

use crate::case::{Case, config};

fn write(path: &Path, samples: impl Iterator<Item = i16>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    samples.for_each(|sample| writer.write_sample(sample).unwrap());
    writer.finalize().unwrap();
}

/// Every effect, of recordings in folders of their own.
fn effects(root: &Path) -> SamplesConfig {
    let noise = |step: i32, len: i32| {
        (0..len).map(move |i| ((i * i % 1_009) * step % 2_000 - 1_000) as i16)
    };
    write(&root.join("noise/one.wav"), noise(7, 9_000));
    write(&root.join("noise/two.wav"), noise(11, 3_000));
    write(&root.join("music/one.wav"), noise(13, 5_000));
    write(&root.join("babble/one.wav"), noise(17, 5_000));
    let decay = |len: i32| {
        (0..len).map(move |i| {
            if i == 0 {
                30_000
            } else {
                (9_000 / (i + 1)) as i16
            }
        })
    };
    write(&root.join("rooms/one.wav"), decay(2_000));
    write(&root.join("devices/one.wav"), decay(40));
    let mut usual = SamplesConfig::usual();
    usual.telephone.as_mut().unwrap().probability = 0.6;
    SamplesConfig {
        room: Some(RoomConfig {
            probability: 0.8,
            folder: Some(root.join("rooms")),
            num_simulated: 3,
            longest_s: 0.1,
            ..Default::default()
        }),
        noise: Some(NoiseConfig {
            folder: Some(root.join("noise")),
            ..Default::default()
        }),
        music: Some(MusicConfig {
            folder: Some(root.join("music")),
            ..Default::default()
        }),
        babble: Some(BabbleConfig {
            probability: 0.6,
            folder: Some(root.join("babble")),
            ..Default::default()
        }),
        device: Some(DeviceConfig {
            folder: Some(root.join("devices")),
            ..Default::default()
        }),
        ..usual
    }
}

fn changed(case: &Case) -> TrainConfig {
    TrainConfig {
        samples: Some(effects(&case.directory.path().join("sounds"))),
        ..config()
    }
}

#[test]
fn changed_samples_give_the_same_weights_with_any_number_of_threads_and_after_an_interruption() {
    let case = Case::new();
    let config = changed(&case);
    case.run("one", &config, 1, false, None).unwrap();
    case.run("three", &config, 3, false, None).unwrap();
    assert!(case.weights("one") == case.weights("three"));
    case.run("parts", &config, 2, false, Some(4)).unwrap();
    assert!(case.weights("parts") != case.weights("one"));
    case.run("parts", &config, 1, true, None).unwrap();
    assert!(case.weights("parts") == case.weights("one"));
    // Plain ones are others; and another folder is another run.
    let plain = TrainConfig {
        samples: None,
        ..config.clone()
    };
    case.run("plain", &plain, 1, false, None).unwrap();
    assert!(case.weights("plain") != case.weights("one"));
    let sounds = case.directory.path().join("sounds");
    write(&sounds.join("noise/three.wav"), (0..100).map(|i| i * 50));
    let error = case.run("one", &config, 1, true, None).unwrap_err();
    assert!(matches!(error, TrainError::OtherData { .. }), "{error}");
    assert!(error.to_string().contains("noise"), "{error}");
}

#[test]
fn voices_at_other_speeds_are_further_speakers() {
    let case = Case::new();
    let mut config = changed(&case);
    config.samples.as_mut().unwrap().speeds = vec![0.9, 1.1];
    case.run("one", &config, 1, false, None).unwrap();
    case.run("two", &config, 2, false, Some(4)).unwrap();
    case.run("two", &config, 1, true, None).unwrap();
    assert!(case.weights("one") == case.weights("two"));
    let journal = Journal::read(&case.out("one")).unwrap();
    let start = journal.events.into_iter().find_map(|event| match event {
        Event::Start(start) => Some((start.num_speakers, start.num_utterances)),
        _ => None,
    });
    assert_eq!(start, Some((3 * 4, 3 * 12)));
    config.samples.as_mut().unwrap().speeds = vec![0.3];
    let error = case
        .run("x", &config, 1, false, None)
        .unwrap_err()
        .to_string();
    assert!(error.contains("samples.speeds"), "{error}");
}

#[test]
fn samples_change_from_their_step_on_and_development_lists_are_doubled() {
    let case = Case::new();
    let mut late = TrainConfig {
        max_steps: 20,
        eval_every: 20,
        augment_from_step: 10,
        ..changed(&case)
    };
    late.encoder.input.whiten = false;
    let never = TrainConfig {
        augment_from_step: 100,
        ..late.clone()
    };
    case.run("late", &late, 2, false, None).unwrap();
    case.run("never", &never, 1, false, None).unwrap();
    let steps = |name: &str| -> Vec<Event> {
        let journal = case.journal(name).into_iter();
        journal
            .filter(|event| matches!(event, Event::Steps(_)))
            .collect()
    };
    let (late, never) = (steps("late"), steps("never"));
    assert_eq!((late.len(), &late[0]), (2, &never[0]));
    assert_ne!(late[1], never[1]);
    let lists = case
        .journal("late")
        .into_iter()
        .find_map(|event| match event {
            Event::Evaluation(evaluation) => Some(evaluation.lists),
            _ => None,
        });
    assert_eq!(lists.unwrap().len(), 2);
}

#[test]
fn front_ends_that_listen_to_whole_recordings_take_crops_for_them() {
    let case = Case::new();
    let mut config = changed(&case);
    config.features = audio_features::FeatureConfig::kaldi();
    config.features.speech_activity = Some(Default::default());
    config.features.relative_level = Some(audio_features::RelativeLevel { floor_db: 50.0 });
    config.features.normalisation = audio_features::Normalisation::Utterance;
    config.max_steps = 4;
    case.run("one", &config, 1, false, None).unwrap();
    case.run("two", &config, 2, false, None).unwrap();
    assert!(case.weights("one") == case.weights("two"));
    // Half a second has 48 frames: crops are longer than any recording, whose lengths are told.
    config.crop_frames = 60.into();
    config.sampler = SamplerConfig::Pk {
        speakers: 2,
        segments: 2,
    };
    case.run("long", &config, 1, false, None).unwrap();
}

#[test]
fn folders_without_sound_are_named() {
    let case = Case::new();
    let mut config = changed(&case);
    let empty = case.directory.path().join("empty");
    std::fs::create_dir_all(&empty).unwrap();
    let noise = config.samples.as_mut().unwrap().noise.as_mut().unwrap();
    noise.folder = Some(empty.clone());
    let error = case
        .run("x", &config, 1, false, None)
        .unwrap_err()
        .to_string();
    for part in ["samples.noise.folder", "empty", "no sound file"] {
        assert!(error.contains(part), "{error}");
    }
    std::fs::write(empty.join("broken.wav"), b"RIFFxxxx").unwrap();
    let error = case
        .run("y", &config, 1, false, None)
        .unwrap_err()
        .to_string();
    assert!(error.contains("none can be used"), "{error}");
}

#[test]
fn sounds_that_cannot_be_read_are_left_out_and_named() {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;
    let case = Case::new();
    let config = TrainConfig {
        max_steps: 1,
        ..changed(&case)
    };
    let sounds = case.directory.path().join("sounds");
    std::fs::write(sounds.join("noise/broken.wav"), b"RIFFxxxx").unwrap();
    write(&sounds.join("rooms/silent.wav"), (0..100).map(|_| 0));
    let left_out = Mutex::new(Vec::new());
    let interrupted = AtomicBool::new(false);
    let options = case.options("run", &interrupted);
    trainer::train(&config, &case.data, &options, &|notice| {
        if let trainer::Notice::Skipped(skipped) = notice {
            let names = skipped.iter().map(|one| one.utterance.clone());
            left_out.lock().unwrap().extend(names);
        }
    })
    .unwrap();
    let left_out = left_out.into_inner().unwrap();
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    assert!(left_out.iter().any(|name| name.ends_with("broken.wav")));
    assert!(left_out.iter().any(|name| name.ends_with("silent.wav")));
}
