//! How fast a register of random voices is, and what it takes: `cargo run --release -p voice-register --example speed -- 1000000 192`.
//! Numbers of voices and values follow; `RAYON_NUM_THREADS` says how many threads. The folder is `$TMPDIR/register-speed`.
#![allow(clippy::print_stdout, reason = "it prints what it measures")]

use std::path::Path;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use voice_register::{About, Entry, Owner, Register, RegisterError, Writer, product};

/// Voices that are added in one go.
const AT_ONCE: usize = 10_000;

struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 31) - 0.5
    }

    /// Of length 1; sums of three numbers are nearly normal.
    fn vector(&mut self, dim: usize) -> Vec<f32> {
        let mut vector: Vec<f32> = (0..dim)
            .map(|_| (self.next() + self.next() + self.next()) as f32)
            .collect();
        let length = product(&vector, &vector).sqrt() as f32;
        vector.iter_mut().for_each(|value| *value /= length);
        vector
    }
}

fn entry(number: usize, vector: Vec<f32>) -> Entry {
    Entry {
        about: About {
            hash: format!("{number:064x}"),
            place: format!("/voices/person-{number:08}/call-1.wav"),
            session: None,
            note: None,
            enrolled_at: 1_700_000_000,
            facts: serde_json::Value::Null,
        },
        vector,
    }
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kb.unwrap_or(f64::NAN) / 1e3
}

fn build(path: &Path, num_voices: usize, dim: usize) -> Result<(), RegisterError> {
    let owner = Owner {
        model_hash: "none".to_owned(),
        model: "random numbers".to_owned(),
        dim,
    };
    let mut writer = Writer::create(path, owner, Duration::ZERO)?;
    let mut random = Random(1);
    let begin = Instant::now();
    for first in (0..num_voices).step_by(AT_ONCE) {
        let voices = first..(first + AT_ONCE).min(num_voices);
        let additions = voices.map(|number| {
            (
                format!("person {number}"),
                vec![entry(number, random.vector(dim))],
            )
        });
        writer.add_many(additions.collect())?;
    }
    println!(
        "enrolled {num_voices} voices in {:.1} s",
        begin.elapsed().as_secs_f64()
    );
    Ok(())
}

fn milliseconds(begin: Instant) -> f64 {
    1e3 * begin.elapsed().as_secs_f64()
}

/// Time of the clock and of the processors, in ms, of the same work.
fn both(times: &mut [(f64, f64)]) -> String {
    let mut clock: Vec<f64> = times.iter().map(|(clock, _)| *clock).collect();
    let mut processor: Vec<f64> = times.iter().map(|(_, processor)| *processor).collect();
    format!(
        "{}; of all processors together {}",
        summary(&mut clock),
        summary(&mut processor)
    )
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, (f64, f64)) {
    let (clock, processor) = (Instant::now(), ProcessTime::now());
    let made = work();
    let processor = 1e3 * processor.elapsed().as_secs_f64();
    (made, (milliseconds(clock), processor))
}

fn summary(times: &mut [f64]) -> String {
    times.sort_by(f64::total_cmp);
    format!(
        "least {:.2}, middle {:.2}, most {:.2} ms",
        times[0],
        times[times.len() / 2],
        times[times.len() - 1]
    )
}

fn main() -> Result<(), RegisterError> {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|number| number.parse().ok());
    let (num_voices, dim) = (
        numbers.next().unwrap_or(1_000_000),
        numbers.next().unwrap_or(192),
    );
    let path = std::env::temp_dir().join("register-speed");
    if !Register::open(&path).is_ok_and(|register| register.num_voices() >= num_voices) {
        let _ = std::fs::remove_dir_all(&path);
        build(&path, num_voices, dim)?;
    }
    let begin = Instant::now();
    let register = Register::open(&path)?;
    println!(
        "opened {} voices in {:.1} ms on {} threads",
        register.num_voices(),
        milliseconds(begin),
        rayon::current_num_threads()
    );
    let mut random = Random(2);
    let mut one = Vec::new();
    for _ in 0..20 {
        let query = random.vector(dim);
        let (answer, time) = timed(|| register.nearest(&[query], 10));
        answer?;
        one.push(time);
    }
    println!("best ten of one query: {}", both(&mut one));
    let mut many = Vec::new();
    for _ in 0..5 {
        let queries: Vec<Vec<f32>> = (0..64).map(|_| random.vector(dim)).collect();
        let (answer, (clock, processor)) = timed(|| register.nearest(&queries, 10));
        answer?;
        many.push((clock / 64.0, processor / 64.0));
    }
    println!("the same of 64 at once, each: {}", both(&mut many));
    println!("resident: {:.0} MB while reading", resident_mb());
    drop(register);
    let begin = Instant::now();
    let mut writer = Writer::open(&path, Duration::ZERO)?;
    println!("opened for writing in {:.1} ms", milliseconds(begin));
    let mut adds = Vec::new();
    for number in 0..100 {
        let entries = vec![entry(number, random.vector(dim))];
        let begin = Instant::now();
        writer.add(&format!("new {number} {:?}", begin), entries)?;
        adds.push(milliseconds(begin));
    }
    println!("adding one, synced: {}", summary(&mut adds));
    println!("resident: {:.0} MB while writing", resident_mb());
    let begin = Instant::now();
    writer
        .forget(&["person 7"])
        .map(drop)
        .or_else(|error| match error {
            RegisterError::NoSuchVoice { .. } => Ok(()),
            error => Err(error),
        })?;
    println!("forgetting one: {:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}
