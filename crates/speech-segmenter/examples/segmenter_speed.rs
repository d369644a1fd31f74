//! How many times faster than real time, by threads, precision and step, on made-up weights:
//! `cargo run -p speech-segmenter --example segmenter_speed [MINUTES]`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "an example that prints"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use cpu_time::ProcessTime;
use speech_segmenter::{Precision, SAMPLE_RATE, Segmenter, WindowSettings};

/// Seconds that pass and seconds of processors, each the least of three.
fn seconds(segmenter: &Segmenter, samples: &[f32], settings: WindowSettings) -> (f64, f64) {
    let runs = (0..3).map(|_| {
        let (begin, used) = (Instant::now(), ProcessTime::now());
        let windows = segmenter.windows(samples, settings).unwrap();
        assert!(windows.map(Result::unwrap).count() > 0);
        (begin.elapsed().as_secs_f64(), used.elapsed().as_secs_f64())
    });
    runs.fold((f64::INFINITY, f64::INFINITY), |least, run| {
        (least.0.min(run.0), least.1.min(run.1))
    })
}

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_default()
}

fn main() {
    let minutes: f64 = std::env::args()
        .nth(1)
        .map_or(2.0, |text| text.parse().unwrap());
    let samples = common::signal("speed", (minutes * 60.0 * SAMPLE_RATE as f64) as usize);
    for threads in [1, std::thread::available_parallelism().unwrap().get()] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        for precision in [Precision::F32, Precision::Bf16] {
            let segmenter = common::load(&common::state())
                .unwrap()
                .with_precision(precision);
            for step in [1, 2, 5, 10] {
                let settings = WindowSettings {
                    step: step * SAMPLE_RATE,
                    ..WindowSettings::default()
                };
                let (wall, used) = pool.install(|| seconds(&segmenter, &samples, settings));
                let length = samples.len() as f64 / SAMPLE_RATE as f64;
                println!(
                    "{threads} threads, {precision}, step {step} s: {:.0} x real time ({:.0} a processor), {:.1} ms of a processor a window; load {}",
                    length / wall,
                    length / used,
                    1e3 * used * step as f64 / length,
                    load().trim()
                );
            }
        }
    }
}
