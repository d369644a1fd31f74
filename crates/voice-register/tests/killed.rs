//! A writer that is killed at random moments, one that has no room, and two at once: nothing is lost that was confirmed, nothing is back
//! that was forgotten.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use voice_register::{About, Entry, Owner, Register, RegisterError, Writer};

/// Names the folder to a child of this program.
const FOLDER: &str = "VOICE_REGISTER_TEST";
/// What the child does.
const ROLE: &str = "VOICE_REGISTER_ROLE";

const DIM: usize = 32;

fn vector(seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut vector: Vec<f32> = (0..DIM)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        })
        .collect();
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|value| *value /= length);
    vector
}

fn entry(seed: u64) -> Entry {
    Entry {
        about: About {
            hash: format!("hash-{seed}-"),
            place: format!("{seed}.wav"),
            session: None,
            note: None,
            enrolled_at: seed,
            facts: serde_json::Value::Null,
        },
        vector: vector(seed),
    }
}

fn open(path: &Path, wait: Duration) -> Result<Writer, RegisterError> {
    let owner = Owner {
        model_hash: "abc".to_owned(),
        model: "model".to_owned(),
        dim: DIM,
    };
    Writer::create(path, owner, wait)
}

fn child(role: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "works_as_a_child", "--nocapture", "--ignored"]);
    command.env(FOLDER, path).env(ROLE, role);
    command
}

/// No test: what the others start and kill. It says what it is about to do and what is done.
#[test]
#[ignore = "a child of other tests"]
fn works_as_a_child() {
    let Some(path) = std::env::var_os(FOLDER) else {
        return;
    };
    let path = Path::new(&path);
    match std::env::var(ROLE).unwrap().as_str() {
        "change" => change(path),
        "enrol" => {
            let seed = u64::from(std::process::id());
            for number in 0..20 {
                let mut writer = open(path, Duration::from_secs(60)).unwrap();
                writer
                    .add(
                        &format!("voice-{seed}-{number}"),
                        vec![entry(seed * 100 + number)],
                    )
                    .unwrap();
            }
        }
        _ => fill(path),
    }
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n@{text}").unwrap();
    out.flush().unwrap();
}

/// Enrols, forgets and opens anew for ever.
fn change(path: &Path) {
    let mut writer = open(path, Duration::from_secs(10)).unwrap();
    let mut names: Vec<String> = Vec::new();
    for row in writer.register().rows() {
        names.push(writer.register().voice(row).unwrap().0.name);
    }
    let begin = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mut seed = begin.unwrap().as_micros() as u64;
    loop {
        seed += 1;
        match seed % 5 {
            0 if names.len() > 3 => {
                let name = names.remove((seed / 5) as usize % names.len());
                say(&format!("forgetting {name}"));
                writer.forget(&[&name]).unwrap();
                say(&format!("forgot {name}"));
            }
            1 if seed.is_multiple_of(3) => {
                drop(writer);
                writer = open(path, Duration::from_secs(10)).unwrap();
            }
            _ => {
                let name = format!("voice-{seed}");
                say(&format!("enrolling {name} {seed}"));
                writer.add(&name, vec![entry(seed)]).unwrap();
                say(&format!("enrolled {name} {seed}"));
                names.push(name);
            }
        }
    }
}

/// What is known of a name: none where it may be either way.
#[derive(Default)]
struct Known {
    seeds: BTreeMap<String, u64>,
    forgotten: Vec<String>,
    /// What was going on at the last kill.
    open: Option<(String, Option<u64>)>,
}

impl Known {
    fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let seed = words.get(2).map(|seed| seed.parse().unwrap());
        let name = words[1].to_owned();
        match words[0] {
            "enrolling" => self.open = Some((name, seed)),
            "forgetting" => self.open = Some((name, None)),
            "enrolled" => {
                self.seeds.insert(name, seed.unwrap());
                self.open = None;
            }
            "forgot" => {
                self.seeds.remove(&name);
                self.forgotten.push(name);
                self.open = None;
            }
            other => panic!("{other}"),
        }
    }

    /// Holds what is on disk against what was confirmed.
    fn compare(&mut self, path: &Path) {
        let register = Register::open(path).unwrap();
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for row in register.rows() {
            let (voice, damage) = register.voice(row).unwrap();
            assert!(damage.is_empty());
            let seed = voice.entries[0].about.enrolled_at;
            assert_eq!(voice.entries[0].vector, vector(seed));
            assert!(found.insert(voice.name, seed).is_none());
        }
        assert!(register.check().unwrap().is_empty());
        if let Some((name, seed)) = self.open.take() {
            match (seed, found.get(&name)) {
                (Some(seed), Some(found)) => {
                    assert_eq!(seed, *found);
                    self.seeds.insert(name, seed);
                }
                (Some(_), None) => {}
                (None, Some(_)) => {}
                (None, None) => {
                    self.seeds.remove(&name);
                    self.forgotten.push(name);
                }
            }
        }
        assert_eq!(found, self.seeds);
    }

    /// Nothing of what was forgotten is in any file, once somebody has opened the register for writing.
    fn search(&self, path: &Path) {
        drop(open(path, Duration::ZERO).unwrap());
        for file in std::fs::read_dir(path).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
            for name in &self.forgotten {
                assert!(!has(format!("\"{name}\"").as_bytes()), "{name} is back");
                let seed: u64 = name["voice-".len()..].parse().unwrap();
                let first: Vec<u8> = vector(seed)
                    .iter()
                    .take(4)
                    .flat_map(|value| value.to_le_bytes())
                    .collect();
                assert!(!has(&first), "the vector of {name} is back");
            }
        }
    }
}

fn kill_often(times: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register");
    let mut known = Known::default();
    let mut state = 88_172_645_463_325_252_u64;
    for time in 0..times {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let mut writing = child("change", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = writing.stdout.take().unwrap();
        let (sender, lines) = std::sync::mpsc::channel();
        let reading = std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some(line) = line.strip_prefix('@') {
                    let _ = sender.send(line.to_owned());
                }
            }
        });
        // Until it has begun, and then some microseconds.
        let first = lines.recv_timeout(Duration::from_secs(60)).unwrap();
        std::thread::sleep(Duration::from_micros(state % 60_000));
        writing.kill().unwrap();
        writing.wait().unwrap();
        reading.join().unwrap();
        known.hear(&first);
        lines.try_iter().for_each(|line| known.hear(&line));
        known.compare(&path);
        if time % 10 == 9 {
            known.search(&path);
        }
    }
    known.search(&path);
    assert!(
        known.forgotten.len() as u64 >= times / 8,
        "{} were forgotten",
        known.forgotten.len()
    );
}

#[test]
fn a_killed_writer_loses_nothing_and_brings_nothing_back() {
    kill_often(25);
}

#[test]
#[ignore = "200 kills take a minute"]
fn so_it_is_200_times() {
    kill_often(200);
}

#[test]
fn writers_at_once_wait_for_each_other_and_readers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register");
    drop(open(&path, Duration::ZERO).unwrap());
    let mut writing: Vec<_> = (0..3)
        .map(|_| child("enrol", &path).stdout(Stdio::null()).spawn().unwrap())
        .collect();
    let mut before = 0;
    while writing
        .iter_mut()
        .any(|child| child.try_wait().unwrap().is_none())
    {
        let register = Register::open(&path).unwrap();
        assert!(register.num_voices() >= before && register.check().unwrap().is_empty());
        before = register.num_voices();
        register.nearest(&[vector(1)], 10).unwrap();
    }
    for mut child in writing {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(Register::open(&path).unwrap().num_voices(), 60);
}

/// Enrols until there is no room, and says what was refused.
#[allow(unsafe_code, reason = "limits and signals are functions of C")]
fn fill(path: &Path) {
    let mut writer = open(path, Duration::ZERO).unwrap();
    writer.add("first", vec![entry(1)]).unwrap();
    let limit = libc::rlimit {
        rlim_cur: 40_000,
        rlim_max: 40_000,
    };
    // SAFETY: both take plain numbers; without the signal a write beyond the limit is an error.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::setrlimit(libc::RLIMIT_FSIZE, &limit);
    }
    let mut number = 1;
    let error = loop {
        number += 1;
        if let Err(error) = writer.add(&format!("voice-{number}"), vec![entry(number)]) {
            break error;
        }
    };
    assert!(matches!(error, RegisterError::Io { .. }), "{error}");
    assert!(error.remedy().unwrap().contains("room"), "{error}");
    let num_voices = writer.register().num_voices();
    assert_eq!(num_voices as u64, number - 1);
    // It goes on with what it has: a smaller register can be written anew.
    assert_eq!(
        writer.register().nearest(&[vector(3)], 1).unwrap()[0].matches[0].name,
        "voice-3"
    );
    drop(writer);
    let mut writer = open(path, Duration::ZERO).unwrap();
    assert_eq!(writer.register().num_voices(), num_voices);
    writer.forget(&["first"]).unwrap();
    writer.add("again", vec![entry(9)]).unwrap();
    say(&format!("filled {num_voices}"));
}

#[test]
fn without_room_an_addition_is_refused_and_all_else_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register");
    let output = child("fill", &path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let filled = text.lines().find_map(|line| line.strip_prefix("@filled "));
    let num_voices: usize = filled.unwrap().parse().unwrap();
    let register = Register::open(&path).unwrap();
    assert_eq!(register.num_voices(), num_voices);
    assert!(register.check().unwrap().is_empty());
    assert!(register.find("again").unwrap().is_some() && register.find("first").unwrap().is_none());
}
