//! Trainings that learn from another model.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

use audio_features::FeatureConfig;
use burn::tensor::Device;
use diagnosis::journal::{Event, Journal};
use safetensors::SafeTensors;
use sound_augment::SamplesConfig;
use speaker_model::{
    AamSoftmaxConfig, Bundle, BundleFiles, EmbeddingModel, LossConfig, SoftmaxConfig, SumConfig,
    TeacherContrastiveConfig, TeacherCosineConfig, WeightedLoss,
};
use speech_data::{Manifest, Utterance};
use trainer::{
    Notice, RunDirectory, Teacher, TeacherConfig, TrainConfig, TrainError, Vectors, preflight,
    train,
};

use crate::case::{Case, config, write_corpus};

/// A model that hears at half the student's rate, through another front end.
fn teacher(case: &Case, name: &str, seed: u64) -> Teacher {
    let config = TrainConfig {
        seed,
        features: FeatureConfig {
            sample_rate_hz: 8_000,
            window_samples: 200,
            hop_samples: 80,
            fft_size: 256,
            num_bins: 30,
            high_hz: 3_800.0,
            ..FeatureConfig::kaldi()
        },
        ..config()
    };
    trained(case, name, config)
}

/// The model that two steps of `config` make.
fn trained(case: &Case, name: &str, config: TrainConfig) -> Teacher {
    let config = TrainConfig {
        max_steps: 2,
        eval_every: 2,
        ..config
    };
    case.run(name, &config, 1, false, None).unwrap();
    let directory = RunDirectory::new(&case.out(name)).best_bundle().unwrap();
    let bundle = Bundle::load(&directory, &Device::flex()).unwrap();
    let hash = Bundle::hash(BundleFiles::Folder(&directory)).unwrap();
    Teacher::new(&bundle, name, hash)
}

/// Learns from the teacher and from the labels.
fn taught(vectors: Vectors) -> TrainConfig {
    let part = |weight, loss| WeightedLoss { weight, loss };
    let loss = LossConfig::from(SumConfig {
        parts: vec![
            part(5.0, TeacherCosineConfig::default().into()),
            part(0.5, TeacherContrastiveConfig::default().into()),
            part(0.3, config().loss),
        ],
    });
    TrainConfig {
        loss,
        teacher: Some(TeacherConfig {
            vectors,
            ..TeacherConfig::default()
        }),
        ..config()
    }
}

fn case() -> Case {
    let mut case = Case::new();
    case.data.teacher = Some(teacher(&case, "teacher", 7));
    case
}

/// The files of vectors below the cache, with when they were written.
fn entries(case: &Case) -> Vec<(PathBuf, SystemTime)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, SystemTime)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                false => {
                    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
                    found.push((path, written));
                }
            }
        }
    }
    let mut found = Vec::new();
    walk(&case.out("cache").join("teacher"), &mut found);
    found.sort();
    found
}

#[test]
fn a_run_with_a_teacher_is_the_same_with_any_number_of_workers_and_after_an_interruption() {
    let case = case();
    let config = TrainConfig {
        samples: Some(SamplesConfig {
            speeds: vec![0.9, 1.1],
            ..SamplesConfig::usual()
        }),
        ..taught(Vectors::SpeakerShare(0.5))
    };
    case.run("one", &config, 1, false, None).unwrap();
    // Twelve recordings at three speeds, and six of the development trials.
    assert_eq!(entries(&case).len(), 36 + 6);
    case.run("parts", &config, 3, false, Some(4)).unwrap();
    case.run("parts", &config, 2, true, None).unwrap();
    assert!(case.weights("one") == case.weights("parts"));
    // Another choice of vectors is another training.
    let other = TrainConfig {
        teacher: taught(Vectors::Recording).teacher,
        ..config.clone()
    };
    case.run("own", &other, 1, false, None).unwrap();
    assert!(case.weights("one") != case.weights("own"));
    let error = case.run("own", &config, 1, true, None).unwrap_err();
    assert!(matches!(error, TrainError::OtherConfiguration { .. }));
}

#[test]
fn vectors_are_read_the_next_time_and_computed_anew_where_they_are_damaged_or_gone() {
    let case = case();
    let config = taught(Vectors::Recording);
    case.run("one", &config, 1, false, None).unwrap();
    let first = entries(&case);
    assert_eq!(first.len(), 12 + 6);
    case.run("two", &config, 1, false, None).unwrap();
    assert_eq!(entries(&case), first);
    let whole: Vec<Vec<u8>> = first
        .iter()
        .map(|(path, _)| std::fs::read(path).unwrap())
        .collect();
    std::fs::remove_file(&first[0].0).unwrap();
    let mut damaged = whole[1].clone();
    *damaged.last_mut().unwrap() ^= 64;
    std::fs::write(&first[1].0, damaged).unwrap();
    std::fs::write(&first[2].0, &whole[2][..50]).unwrap();
    // What is of another recording is not this one's.
    std::fs::copy(&first[4].0, &first[3].0).unwrap();
    case.run("three", &config, 1, false, None).unwrap();
    let again: Vec<Vec<u8>> = first
        .iter()
        .map(|(path, _)| std::fs::read(path).unwrap())
        .collect();
    assert!(again == whole);
    for name in ["two", "three"] {
        assert!(case.weights(name) == case.weights("one"), "{name}");
    }
    // Where nothing can be kept, the training goes on all the same, and says so.
    let warnings = Mutex::new(Vec::new());
    let interrupted = AtomicBool::new(false);
    let mut options = case.options("uncached", &interrupted);
    options.cache = case.out("corpus").join("s0/u0.wav");
    train(&config, &case.data, &options, &|notice| {
        if let Notice::Warning(warning) = notice {
            warnings.lock().unwrap().push(warning.to_owned());
        }
    })
    .unwrap();
    assert!(case.weights("uncached") == case.weights("one"));
    let warnings = warnings.into_inner().unwrap();
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("teacher cache: cannot write")),
        "{warnings:?}"
    );
}

#[test]
fn journal_and_card_name_the_teacher_and_a_run_does_not_go_on_with_another() {
    let mut case = case();
    let config = taught(Vectors::Speaker);
    case.run("run", &config, 1, false, Some(4)).unwrap();
    let journal = Journal::read(&case.out("run")).unwrap();
    let started = journal.events.into_iter().find_map(|event| match event {
        Event::Start(start) => start.teacher,
        _ => None,
    });
    let own = case.data.teacher.clone().unwrap();
    let named = started.unwrap();
    assert_eq!(named.dev.len(), 1);
    assert!(named.dev_eer.is_some_and(|eer| (0.0..=1.0).contains(&eer)));
    assert_eq!(
        (named.name.as_str(), named.commit.as_str()),
        ("teacher", "test")
    );
    assert_eq!(named.hash, own.origin().hash);
    let directory = RunDirectory::new(&case.out("run")).best_bundle().unwrap();
    let bundle = Bundle::load(&directory, &Device::flex()).unwrap();
    assert_eq!(bundle.teacher(), Some(own.origin()));

    case.data.teacher = None;
    case.data.teacher = Some(teacher(&case, "other", 8));
    let error = case.run("run", &config, 1, true, None).unwrap_err();
    assert!(error.to_string().contains("another teacher"), "{error}");
    case.data.teacher = None;
    let error = case.run("run", &config, 1, true, None).unwrap_err();
    assert!(matches!(error, TrainError::NoTeacher), "{error}");
    case.data.teacher = Some(own);
    case.run("run", &config, 1, true, None).unwrap();
}

#[test]
fn a_loss_without_its_teacher_and_a_teacher_without_a_loss_are_refused_before_anything_is_computed()
{
    let mut case = case();
    let error = case.run("x", &config(), 1, false, None).unwrap_err();
    assert!(error.to_string().contains("`teacher`: no loss"), "{error}");
    let interrupted = AtomicBool::new(false);
    let options = case.options("x", &interrupted);
    let error = preflight(&config(), &case.data, &options, &|_| {}).unwrap_err();
    assert!(
        matches!(error, TrainError::UnheardTeacher { .. }),
        "{error}"
    );
    case.data.teacher = None;
    let error = case
        .run("x", &taught(Vectors::Speaker), 1, false, None)
        .unwrap_err();
    assert!(matches!(error, TrainError::NoTeacher), "{error}");
    assert!(!case.out("x").exists());
    let unheard = TrainConfig {
        teacher: Some(TeacherConfig::default()),
        ..config()
    };
    let error = unheard.validate().unwrap_err().to_string();
    assert!(error.contains("no loss of the configuration"), "{error}");
    let error = taught(Vectors::SpeakerShare(1.5))
        .validate()
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("teacher.vectors.speaker_share is 1.5"),
        "{error}"
    );
}

/// A teacher alone needs no labels, and its check says so.
#[test]
fn a_loss_that_asks_for_no_labels_is_not_blamed_for_it() {
    let case = case();
    let config = TrainConfig {
        loss: TeacherCosineConfig::default().into(),
        ..config()
    };
    let interrupted = AtomicBool::new(false);
    let options = case.options("x", &interrupted);
    let event = preflight(&config, &case.data, &options, &|_| {}).unwrap();
    let Event::Preflight { checks, .. } = event else {
        panic!("{event:?}");
    };
    let labels = checks
        .iter()
        .find(|check| check.name == diagnosis::Name::LabelsIgnored);
    assert!(
        format!("{labels:?}").contains("asks for no labels"),
        "{labels:?}"
    );
}

/// 300 samples are a frame of the student's front end and none of the teacher's.
#[test]
fn a_recording_that_the_teacher_cannot_use_is_left_out_and_named() {
    let mut case = case();
    let path = case.out("corpus").join("s0/u0.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    for n in 0..300_i16 {
        writer.write_sample(n % 50 * 100).unwrap();
    }
    writer.finalize().unwrap();
    let config = taught(Vectors::Speaker);
    let skipped = Mutex::new(Vec::new());
    let interrupted = AtomicBool::new(false);
    let options = case.options("run", &interrupted);
    train(&config, &case.data, &options, &|notice| {
        if let Notice::Skipped(found) = notice {
            skipped.lock().unwrap().extend(found.to_vec());
        }
    })
    .unwrap();
    let skipped = skipped.into_inner().unwrap();
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert_eq!(skipped[0].utterance, "s0/u0.wav");
    assert!(
        skipped[0].reason.contains("the teacher cannot use it"),
        "{skipped:?}"
    );
    // Nothing is left where it can use none.
    case.data.train.utterances.truncate(1);
    let error = case.run("none", &config, 1, false, None).unwrap_err();
    assert!(
        error.to_string().contains("the teacher cannot use it"),
        "{error}"
    );
}

/// A corpus like the case's, of whose voices nobody knows whose they are: 18 recordings, six of them copies of development recordings.
fn unlabelled(case: &Case) -> Manifest {
    let found = case.out("found");
    write_corpus(&found);
    let all = Manifest::read(&found, None).unwrap();
    for utterance in all
        .utterances
        .iter()
        .filter(|one| one.speaker.as_str() < "s4")
    {
        let path = utterance.location.file().unwrap();
        let mut bytes = std::fs::read(path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(path, bytes).unwrap();
    }
    let rows = all.utterances.iter().map(|utterance| Utterance {
        location: utterance.location.clone(),
        ..Utterance::new(&*utterance.id, &*utterance.id, "nobody")
    });
    Manifest::new(&found, rows.collect())
}

#[test]
fn recordings_without_labels_are_a_share_of_every_batch_but_for_those_of_development_speakers() {
    let mut case = case();
    let config = TrainConfig {
        samples: Some(SamplesConfig {
            speeds: vec![1.1],
            ..SamplesConfig::usual()
        }),
        ..taught(Vectors::Speaker)
    };
    case.run("labelled", &config, 1, false, None).unwrap();
    case.data.unlabelled = Some(unlabelled(&case));
    let warnings = Mutex::new(Vec::new());
    let interrupted = AtomicBool::new(false);
    let options = case.options("one", &interrupted);
    train(&config, &case.data, &options, &|notice| {
        if let Notice::Warning(warning) = notice {
            warnings.lock().unwrap().push(warning.to_owned());
        }
    })
    .unwrap();
    let warnings = warnings.into_inner().unwrap();
    let said = warnings
        .iter()
        .find(|warning| warning.contains("without labels"))
        .unwrap();
    assert!(
        said.starts_with("6 of 18 recordings") && said.contains("`s4/u0.wav`"),
        "{said}"
    );
    let journal = Journal::read(&case.out("one")).unwrap();
    let start = journal.start().unwrap();
    assert_eq!(
        (start.num_unlabelled, start.unlabelled_share),
        (12, Some(0.25))
    );
    assert_eq!(start.num_speakers, 8);
    assert!(case.weights("one") != case.weights("labelled"));
    case.run("parts", &config, 3, false, Some(4)).unwrap();
    case.run("parts", &config, 2, true, None).unwrap();
    assert!(case.weights("one") == case.weights("parts"));
    // Others are another run.
    case.data.unlabelled.as_mut().unwrap().utterances.remove(0);
    let error = case.run("one", &config, 1, true, None).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("other recordings without labels"),
        "{error}"
    );
    // The same recordings as those with labels are none without.
    case.data.unlabelled = Some(case.data.train.clone());
    let error = case.run("same", &config, 1, false, None).unwrap_err();
    assert!(
        matches!(
            error,
            TrainError::FewUnlabelled {
                found: 12,
                left: 0,
                ..
            }
        ),
        "{error}"
    );
    case.data.teacher = None;
    let plain = TrainConfig {
        loss: crate::case::config().loss,
        teacher: None,
        ..config.clone()
    };
    let error = case.run("alone", &plain, 1, false, None).unwrap_err();
    assert!(matches!(error, TrainError::UnlabelledAlone), "{error}");
    for share in [0.0, 1.0, f64::NAN] {
        let wrong = TrainConfig {
            teacher: Some(TeacherConfig {
                unlabelled_share: share,
                ..TeacherConfig::default()
            }),
            ..config.clone()
        };
        let error = wrong.validate().unwrap_err().to_string();
        assert!(error.starts_with("teacher.unlabelled_share is"), "{error}");
    }
}

/// A student that learns from its teacher comes nearer to it, and both say so.
#[test]
fn evaluations_measure_how_near_the_student_has_come_to_its_teacher() {
    let case = case();
    let mut config = taught(Vectors::Recording);
    (config.max_steps, config.eval_every) = (150, 50);
    config.optimiser.learning_rate = 0.01;
    case.run("run", &config, 1, false, None).unwrap();
    let journal = Journal::read(&case.out("run")).unwrap();
    let agreements = journal.events.iter().filter_map(|event| match event {
        Event::Diagnosis { measurements, .. } => measurements.teacher,
        _ => None,
    });
    let agreements: Vec<[f64; 2]> = agreements
        .map(|agreement| [agreement.dev.unwrap(), agreement.train.unwrap()])
        .collect();
    assert_eq!(agreements.len(), 4);
    let (first, last) = (agreements[0], agreements[3]);
    assert!(last[1] > first[1] + 0.1, "{agreements:?}");
    assert!(
        agreements
            .concat()
            .iter()
            .all(|cosine| (-1.0..=1.0).contains(cosine))
    );
}

/// Directions of the class centres in a run's first checkpoint, speaker by speaker.
fn centres(case: &Case, name: &str) -> Vec<Vec<f32>> {
    let path = case
        .out(name)
        .join("checkpoints/step-0000000/network.safetensors");
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = file.tensor("loss.parts.1.centres.directions").unwrap();
    let numbers = tensor.data().chunks_exact(4);
    let values: Vec<f32> = numbers
        .map(|number| f32::from_le_bytes(number.try_into().unwrap()))
        .collect();
    let speakers = tensor.shape()[1];
    let rows = (0..speakers).map(|speaker| values.iter().skip(speaker).step_by(speakers));
    rows.map(|row| row.copied().collect()).collect()
}

#[test]
fn class_centres_begin_where_the_teacher_has_the_speakers() {
    let mut case = Case::new();
    case.data.teacher = Some(trained(&case, "teacher", config()));
    let part = |weight, loss| WeightedLoss { weight, loss };
    let config = |class_centres, label_loss: LossConfig| TrainConfig {
        max_steps: 0,
        loss: LossConfig::from(SumConfig {
            parts: vec![
                part(1.0, TeacherCosineConfig::default().into()),
                part(0.2, label_loss),
            ],
        }),
        teacher: Some(TeacherConfig {
            class_centres,
            ..TeacherConfig::default()
        }),
        ..config()
    };
    let labels = || LossConfig::from(AamSoftmaxConfig::default());
    case.run("drawn", &config(false, labels()), 1, false, None)
        .unwrap();
    case.run("begun", &config(true, labels()), 1, false, None)
        .unwrap();
    let (drawn, begun) = (centres(&case, "drawn"), centres(&case, "begun"));
    assert_eq!(begun.len(), 4);
    // What the teacher's bundle makes of a speaker's recordings.
    let bundle = RunDirectory::new(&case.out("teacher"))
        .best_bundle()
        .unwrap();
    let bundle = Bundle::load(&bundle, &Device::flex()).unwrap();
    let embedded = |path: &Path| -> Vec<f32> {
        let samples = hound::WavReader::open(path).unwrap().into_samples::<i16>();
        let samples: Vec<f32> = samples.map(|s| f32::from(s.unwrap()) / 32768.0).collect();
        bundle.embedder().embed(&samples).unwrap()
    };
    let cosine = |a: &[f32], b: &[f32]| {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    let mut speakers = case.data.train.speakers();
    speakers.sort_unstable();
    for (label, speaker) in speakers.iter().enumerate() {
        let recordings = case
            .data
            .train
            .utterances
            .iter()
            .filter(|u| u.speaker == *speaker);
        let mut mean = vec![0.0; begun[label].len()];
        for recording in recordings {
            let vector = embedded(&case.data.train.root.join(&recording.id));
            let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
            mean.iter_mut()
                .zip(&vector)
                .for_each(|(sum, v)| *sum += v / length);
        }
        let (found, before) = (cosine(&begun[label], &mean), cosine(&drawn[label], &mean));
        assert!(found > 0.9999, "{speaker}: {found}");
        assert!(before < 0.9, "{speaker}: {before}");
    }
    let error = case.run(
        "none",
        &config(true, SoftmaxConfig { bias: true }.into()),
        1,
        false,
        None,
    );
    let error = error.unwrap_err().to_string();
    assert!(error.contains("teacher.class_centres"), "{error}");
}
