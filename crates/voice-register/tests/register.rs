//! What is enrolled is found exactly, what is forgotten is gone, and damage is named.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use voice_register::{About, Entry, Owner, Register, RegisterError, Writer, product};

const DIM: usize = 48;

struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 24) as f32 - 0.5
    }

    fn vector(&mut self) -> Vec<f32> {
        let mut vector: Vec<f32> = (0..DIM).map(|_| self.next()).collect();
        let length = product(&vector, &vector).sqrt() as f32;
        vector.iter_mut().for_each(|value| *value /= length);
        vector
    }
}

fn owner() -> Owner {
    Owner {
        model_hash: "abc".to_owned(),
        model: "model".to_owned(),
        dim: DIM,
    }
}

fn entry(hash: &str, vector: Vec<f32>) -> Entry {
    Entry {
        about: About {
            hash: hash.to_owned(),
            place: format!("{hash}.wav"),
            session: None,
            note: Some(format!("consent of {hash}")),
            enrolled_at: 1,
            facts: serde_json::json!({"speech_s": 2.5}),
        },
        vector,
    }
}

fn writer(path: &Path) -> Writer {
    Writer::create(path, owner(), Duration::ZERO).unwrap()
}

fn files(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(path).unwrap();
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            (path, bytes)
        })
        .collect()
}

fn is_in(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn bytes_of(vector: &[f32]) -> Vec<u8> {
    vector
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// The best by looking at every voice in 64 bits.
fn by_hand(voices: &[(String, Vec<f32>)], query: &[f32], count: usize) -> Vec<String> {
    let mut scores: Vec<(f64, &str)> = voices
        .iter()
        .map(|(name, vector)| {
            let pairs = vector.iter().zip(query);
            let score = pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            (score, name.as_str())
        })
        .collect();
    scores.sort_by(|a, b| b.0.total_cmp(&a.0));
    scores
        .iter()
        .take(count)
        .map(|(_, name)| (*name).to_owned())
        .collect()
}

#[test]
fn the_best_ten_are_those_of_a_search_through_all_in_64_bits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register");
    let mut random = Random(7);
    let mut voices: Vec<(String, Vec<f32>)> = Vec::new();
    let centre = random.vector();
    for number in 0..9_000 {
        // Half of them lie close together, so that bytes alone would not tell them apart.
        let mut vector = random.vector();
        if number % 2 == 0 {
            for (value, centre) in vector.iter_mut().zip(&centre) {
                *value = centre + 0.02 * *value;
            }
            let length = product(&vector, &vector).sqrt() as f32;
            vector.iter_mut().for_each(|value| *value /= length);
        }
        voices.push((format!("voice {number}"), vector));
    }
    let mut writer = writer(&path);
    let additions = voices
        .iter()
        .map(|(name, vector)| (name.clone(), vec![entry(name, vector.clone())]));
    writer.add_many(additions.collect()).unwrap();
    let mut queries: Vec<Vec<f32>> = (0..20).map(|_| random.vector()).collect();
    queries.push(centre);
    queries.push(voices[77].1.clone());
    for register in [writer.register(), &Register::open(&path).unwrap()] {
        for count in [1, 10] {
            let answers = register.nearest(&queries, count).unwrap();
            for (query, answer) in queries.iter().zip(&answers) {
                let names: Vec<String> = answer
                    .matches
                    .iter()
                    .map(|found| found.name.clone())
                    .collect();
                assert_eq!(names, by_hand(&voices, query, count));
                assert!(answer.damage.is_empty());
            }
            let alone = register.nearest(&queries[..1], count).unwrap();
            assert_eq!(alone[0], answers[0]);
        }
    }
}

#[test]
fn what_is_forgotten_is_in_no_file_and_all_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register");
    let mut random = Random(3);
    let vectors: Vec<Vec<f32>> = (0..40).map(|_| random.vector()).collect();
    let mut register = writer(&path);
    for (number, vector) in vectors.iter().enumerate() {
        let name = format!("Person-{number:02}!");
        register
            .add(&name, vec![entry(&format!("r{number:02}"), vector.clone())])
            .unwrap();
    }
    register
        .add(
            "Person-05!",
            vec![entry("second-of-05", vectors[6].clone())],
        )
        .unwrap();
    register.rename("Person-05!", "Someone Else").unwrap();
    let quantised = |files: &[(PathBuf, Vec<u8>)], vector: &[f32]| {
        // The bytes of its row.
        let step = vector
            .iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()))
            / 127.0;
        let row: Vec<u8> = vector
            .iter()
            .map(|value| (value / step).round() as i8 as u8)
            .collect();
        files.iter().any(|(_, bytes)| is_in(bytes, &row))
    };
    let before = files(&path);
    assert!(
        before
            .iter()
            .any(|(_, bytes)| is_in(bytes, b"Someone Else"))
    );
    assert!(
        !before.iter().any(|(_, bytes)| is_in(bytes, b"Person-05!")),
        "the old name is gone"
    );
    assert!(quantised(&before, &vectors[8]) && quantised(&before, &vectors[9]));
    // What a killed writer left is removed, too.
    std::fs::write(path.join(".unfinished-abc"), b"Person-08!").unwrap();
    let forgotten = register.forget(&["Someone Else", "Person-08!"]).unwrap();
    assert_eq!(forgotten.num_recordings, 3);
    drop(register);
    drop(Writer::open(&path, Duration::ZERO).unwrap());
    let after = files(&path);
    for (path, bytes) in &after {
        for gone in [
            b"Someone Else".as_slice(),
            b"Person-05!",
            b"Person-08!",
            b"second-of-05",
            b"consent of r05",
            b"r08.wav",
        ] {
            assert!(!is_in(bytes, gone), "{}", path.display());
        }
        for number in [5, 8] {
            assert!(
                !is_in(bytes, &bytes_of(&vectors[number])),
                "{}",
                path.display()
            );
        }
    }
    assert!(!quantised(&after, &vectors[8]) && quantised(&after, &vectors[9]));
    let register = Register::open(&path).unwrap();
    assert_eq!(register.num_voices(), 38);
    assert!(register.check().unwrap().is_empty());
    for (number, vector) in vectors.iter().enumerate() {
        let name = format!("Person-{number:02}!");
        let found = register.find(&name).unwrap();
        assert_eq!(found.is_some(), number != 5 && number != 8, "{name}");
        if let Some(row) = found {
            assert_eq!(register.voice(row).unwrap().0.entries[0].vector, *vector);
        }
    }
}

#[test]
fn an_addition_changes_the_voice_that_is_there_under_any_form_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register");
    let mut random = Random(5);
    let (a, b) = (random.vector(), random.vector());
    let mut register = writer(&path);
    register
        .add("Zo\u{eb}", vec![entry("a", a.clone())])
        .unwrap();
    register
        .add("other", vec![entry("c", random.vector())])
        .unwrap();
    register
        .add_many(vec![
            ("Zoe\u{308}".to_owned(), vec![entry("b", b.clone())]),
            ("Zo\u{eb}".to_owned(), vec![entry("d", a.clone())]),
        ])
        .unwrap();
    for register in [register.register(), &Register::open(&path).unwrap()] {
        assert_eq!(register.num_voices(), 2);
        let (voice, damage) = register
            .voice(register.find("Zo\u{eb}").unwrap().unwrap())
            .unwrap();
        let hashes: Vec<&str> = voice
            .entries
            .iter()
            .map(|entry| entry.about.hash.as_str())
            .collect();
        assert_eq!((hashes, damage.len()), (vec!["a", "b", "d"], 0));
        let answer = register.nearest(&[voice.centre()], 5).unwrap().remove(0);
        assert_eq!(answer.matches.len(), 2);
        assert!((answer.matches[0].score - 1.0).abs() < 1e-6);
        assert!(register.check().unwrap().is_empty());
    }
    // Without the rows, and with rows of another register, the answers are the same.
    let query = random.vector();
    let expected = register
        .register()
        .nearest(std::slice::from_ref(&query), 5)
        .unwrap();
    let names = |answers: &[voice_register::Answer]| {
        answers[0]
            .matches
            .iter()
            .map(|found| (found.name.clone(), found.score))
            .collect::<Vec<_>>()
    };
    let rows = std::fs::read(path.join("matrix")).unwrap();
    let mut damaged = rows.clone();
    let last = damaged.len() - 10;
    damaged[last] ^= 1;
    let mut other = rows.clone();
    other[20] ^= 1;
    for bytes in [
        damaged,
        other,
        rows[..rows.len() - 5].to_vec(),
        rows[..30].to_vec(),
        Vec::new(),
    ] {
        std::fs::write(path.join("matrix"), bytes).unwrap();
        let read = Register::open(&path).unwrap();
        assert_eq!(
            names(&read.nearest(std::slice::from_ref(&query), 5).unwrap()),
            names(&expected)
        );
    }
    drop(register);
    // A writer makes them again.
    drop(Writer::open(&path, Duration::ZERO).unwrap());
    assert!(Register::open(&path).unwrap().check().unwrap().is_empty());
}

#[test]
fn a_damaged_byte_is_named_and_costs_one_addition() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register");
    let mut random = Random(9);
    let mut register = writer(&path);
    for number in 0..30 {
        register
            .add(
                &format!("p{number}"),
                vec![entry(&format!("h{number}"), random.vector())],
            )
            .unwrap();
    }
    drop(register);
    let good = std::fs::read(path.join("voices")).unwrap();
    for at in (0..good.len()).step_by(37) {
        for rows in [true, false] {
            let mut bad = good.clone();
            bad[at] ^= 0x55;
            std::fs::write(path.join("voices"), &bad).unwrap();
            if !rows {
                std::fs::rename(path.join("matrix"), path.join("kept")).unwrap();
            }
            let register = Register::open(&path).unwrap();
            let damage = register.check().unwrap();
            assert_eq!(damage.len(), 1, "byte {at}: {damage:?}");
            let (from, len) = (damage[0].offset, damage[0].num_bytes);
            assert!(
                (from..from + len).contains(&(at as u64)),
                "byte {at}: {damage:?}"
            );
            let readable = register
                .rows()
                .filter(|row| !register.voice(*row).unwrap().0.entries.is_empty());
            assert_eq!(readable.count(), if at < 2048 { 30 } else { 29 });
            let answer = register.nearest(&[random.vector()], 30).unwrap().remove(0);
            assert_eq!(answer.matches.len(), if at < 2048 { 30 } else { 29 });
            if !rows {
                std::fs::rename(path.join("kept"), path.join("matrix")).unwrap();
            }
        }
    }
    // Cut off at any place, it is what was confirmed before.
    for len in (0..good.len()).step_by(91) {
        std::fs::write(path.join("voices"), &good[..len]).unwrap();
        std::fs::remove_file(path.join("matrix")).ok();
        match Register::open(&path) {
            Ok(register) => assert!(register.num_voices() <= 30 && register.damage().len() <= 1),
            Err(error) => assert!(
                matches!(error, RegisterError::Damaged { .. }) && len < 2048,
                "{error}"
            ),
        }
    }
}

#[test]
fn one_writes_and_others_are_refused_by_number_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register");
    let mut random = Random(11);
    let mut first = writer(&path);
    first.add("a", vec![entry("a", random.vector())]).unwrap();
    let beside = Register::open(&path).unwrap();
    let busy = Writer::open(&path, Duration::from_millis(30)).unwrap_err();
    assert!(
        matches!(busy, RegisterError::Busy { by: Some(id), .. } if id == std::process::id()),
        "{busy}"
    );
    first.add("b", vec![entry("b", random.vector())]).unwrap();
    first.forget(&["a"]).unwrap();
    // What was opened before is as it was.
    assert_eq!(beside.num_voices(), 1);
    let answer = beside.nearest(&[random.vector()], 3).unwrap().remove(0);
    assert_eq!(answer.matches[0].name, "a");
    let waiting = std::thread::spawn({
        let path = path.clone();
        move || Writer::open(&path, Duration::from_secs(20)).map(drop)
    });
    drop(first);
    waiting.join().unwrap().unwrap();
    let names = Register::open(&path)
        .unwrap()
        .nearest(&[random.vector()], 3)
        .unwrap()
        .remove(0);
    assert_eq!(names.matches[0].name, "b");
}

#[test]
fn what_is_no_register_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("photo.jpg"), b"x").unwrap();
    let made = Writer::create(folder.path(), owner(), Duration::ZERO);
    assert!(matches!(made, Err(RegisterError::NotARegister { .. })));
    assert_eq!(files(folder.path()).len(), 1);
    for path in ["none", "photo.jpg", ""] {
        let path = folder.path().join(path);
        assert!(matches!(
            Register::open(&path),
            Err(RegisterError::NotARegister { .. })
        ));
        assert!(matches!(
            Writer::open(&path, Duration::ZERO),
            Err(RegisterError::NotARegister { .. })
        ));
    }
    assert_eq!(files(folder.path()).len(), 1);
    let path = folder.path().join("register");
    let mut register = writer(&path);
    for (vector, name) in [
        (vec![0.0; DIM], "a"),
        (vec![f32::NAN; DIM], "a"),
        (vec![1.0], "a"),
    ] {
        let added = register.add(name, vec![entry("x", vector)]);
        assert!(matches!(added, Err(RegisterError::BadVector { .. })));
    }
    assert!(matches!(
        register.forget(&["a"]),
        Err(RegisterError::NoSuchVoice { .. })
    ));
    assert_eq!(
        register
            .register()
            .nearest(&[Random(1).vector()], 3)
            .unwrap()[0]
            .matches,
        []
    );
}

#[cfg(unix)]
#[test]
fn files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register");
    let mut register = writer(&path);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for _ in 0..2 {
        register
            .add("a", vec![entry("a", Random(1).vector())])
            .unwrap();
        register
            .add("b", vec![entry("b", Random(2).vector())])
            .unwrap();
        assert_eq!(mode(&path), 0o700);
        for (file, _) in files(&path) {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
        register.forget(&["a"]).unwrap();
    }
}
