//! What a program sees of the library, on the voices in `data` and with the model that is built in.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use siamang::{
    Centre, ClusterOptions, DEFAULT_MEMORY_MB, Embedded, EmbeddingJob, Error, Given, Input, Model,
    Progress, Scorer, SpeechDetector, Stop, cluster, embed_each, gather, gather_given,
    read_embeddings,
};
use speech_data::Location;

fn voice(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../data/voices")
        .join(name)
}

/// Two good recordings with a file between them that is none.
fn mixed(folder: &Path) -> Vec<Input> {
    let bad = folder.join("bad.ogg");
    std::fs::write(&bad, "this is not a recording").unwrap();
    let paths = [voice("v01/s1/u1.ogg"), bad, voice("v02/s1/u1.ogg")];
    gather(&paths).unwrap().inputs
}

/// Writes down what it is told, and stops after some recordings.
struct Watch {
    told: RefCell<Vec<String>>,
    stop_after: usize,
}

impl Watch {
    fn new(stop_after: usize) -> Self {
        Self {
            told: RefCell::default(),
            stop_after,
        }
    }
}

impl Progress for Watch {
    fn begin(&self, total: usize) {
        self.told.borrow_mut().push(format!("begin {total}"));
    }

    fn recording(&self, input: &Input, outcome: &Result<Embedded, Error>) {
        let name = input.path().rsplit('/').next().unwrap().to_owned();
        self.told
            .borrow_mut()
            .push(format!("{name} {}", outcome.is_ok()));
    }

    fn end(&self) {
        self.told.borrow_mut().push("end".to_owned());
    }

    fn is_cancelled(&self) -> bool {
        self.told.borrow().len() > self.stop_after
    }
}

#[test]
fn the_order_is_kept_and_bad_recordings_are_values() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = mixed(folder.path());
    let model = Model::builtin().unwrap();
    let watch = Watch::new(usize::MAX);
    let (set, skipped) = model.embed(&inputs, &watch).unwrap();
    assert_eq!(
        watch.told.into_inner(),
        [
            "begin 3",
            "u1.ogg true",
            "bad.ogg false",
            "u1.ogg true",
            "end"
        ]
    );
    assert_eq!(set.ids, [inputs[0].id.clone(), inputs[2].id.clone()]);
    assert_eq!(skipped.len(), 1);
    assert!(skipped[0].reason.contains("bad.ogg"), "{skipped:?}");
    // Each is what it is alone, but for the rounding of another batch.
    for (row, input) in [(0, &inputs[0]), (1, &inputs[2])] {
        let alone = model.embed_file(input.location.file().unwrap()).unwrap();
        let score = Scorer::default().score(set.matrix.row(row), &alone.embedding);
        assert!(score > 0.999_99, "{score}");
    }
    let none = model.embed(&inputs[1..2], &());
    assert!(matches!(none, Err(Error::NoneUsable { skipped }) if skipped.len() == 1));
}

#[test]
fn work_that_is_stopped_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = mixed(folder.path());
    let model = Model::builtin().unwrap();
    let out = folder.path().join("e.parquet");
    let job = || EmbeddingJob {
        out: &out,
        stream: None,
        model: &model,
        centre: Centre::Model,
        part: None,
        detector: SpeechDetector::default(),
        memory_mb: DEFAULT_MEMORY_MB,
    };
    let stopped = job().run(inputs.clone(), &Watch::new(1));
    assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let made = job().run(inputs, &()).unwrap();
    assert_eq!((made.num_embedded, made.skipped.len()), (2, 1));
    let set = read_embeddings(&out).unwrap();
    assert_eq!((set.ids.len(), set.matrix.dim()), (2, model.dim()));
    assert_eq!(set.note.unwrap().work.model, model.name());
}

#[test]
fn files_bytes_samples_and_segments_agree() {
    let model = Model::builtin().unwrap();
    let path = voice("v03/s1/u2.ogg");
    let of_file = model.embed_file(&path).unwrap();
    let of_bytes = model
        .embed_bytes("piped", std::fs::read(&path).unwrap())
        .unwrap();
    assert_eq!(of_file, of_bytes);
    let recording = Location::from(path.as_path())
        .read(model.sample_rate_hz())
        .unwrap();
    let samples = &recording.waveform.samples;
    assert_eq!(model.embed_samples(samples).unwrap(), of_file.embedding);
    let segments = model.embed_segments(&path).unwrap();
    assert_eq!(segments[0].start_s, 0.0);
    let last = segments.last().unwrap();
    assert!(
        (last.end_s - of_file.quality.seconds).abs() < 0.05,
        "{}",
        last.end_s
    );
    assert!(
        segments
            .iter()
            .all(|segment| segment.values.len() == model.dim())
    );
    let short = model.embed_samples(&samples[..100]);
    assert!(matches!(short, Err(Error::TooShort { .. })), "{short:?}");
}

#[test]
fn voices_are_told_apart_and_grouped() {
    let model = Model::builtin().unwrap();
    let same = model
        .verify(voice("v01/s1/u1.ogg"), voice("v01/s2/u3.ogg"))
        .unwrap();
    assert!(same.threshold.is_some());
    assert_eq!(
        same.is_same_speaker(),
        same.threshold
            .map(|threshold| f64::from(same.score) >= threshold)
    );
    let inputs = gather(&[voice("v01"), voice("v02")]).unwrap().inputs;
    let (set, _) = model.embed(&inputs, &()).unwrap();
    let options = ClusterOptions {
        stop: Stop::Count(2),
        ..ClusterOptions::of(&model)
    };
    let speakers: Vec<usize> = (0..28).map(|row| row / 14).collect();
    let groups = cluster(&set.matrix, Some(&speakers), &options).unwrap();
    assert_eq!(groups.labels.len(), 28);
    assert!(groups.scores.is_some() && groups.oracle.is_some());
    let unknown = ClusterOptions {
        stop: Stop::Oracle,
        ..options
    };
    let error = cluster(&set.matrix, None, &unknown).unwrap_err();
    assert!(matches!(error, Error::Clustering { .. }) && error.remedy().is_some());
}

#[test]
fn two_recordings_of_one_name_are_two() {
    let given = ["v01/s1/u1.ogg", "v02/s1/u1.ogg"].map(|name| Given::Bytes {
        name: "u1".to_owned(),
        bytes: std::fs::read(voice(name)).unwrap(),
    });
    let gathered = gather_given(given.into(), &[]).unwrap();
    let names: Vec<&str> = gathered.inputs.iter().map(|input| &*input.id).collect();
    assert_eq!((names, gathered.warnings.len()), (vec!["u1", "u1 (2)"], 1));
    let missing = gather(&[tempfile::tempdir().unwrap().path()]).unwrap_err();
    assert!(matches!(missing, Error::NoRecordings { .. }), "{missing}");
    let mut seen = 0;
    let model = Model::builtin().unwrap();
    let embedder = model.embedder(Centre::Model);
    embed_each(
        &embedder,
        &gathered.inputs,
        SpeechDetector::default(),
        1,
        &(),
        |_, outcome| {
            seen += usize::from(outcome.is_ok());
            Ok(())
        },
    )
    .unwrap();
    assert_eq!(seen, 2);
}

#[test]
fn what_is_not_a_model_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("nowhere")] {
        let error = Model::load(&path).unwrap_err();
        assert!(matches!(error, Error::NotAModel { .. }), "{error}");
        assert!(error.to_string().contains(&*path.display().to_string()));
    }
    assert!(matches!(Model::of_run(folder.path()), Err(Error::Run(_))));
}
