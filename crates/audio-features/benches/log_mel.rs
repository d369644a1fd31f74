//! Log-mel features by both presets: criterion's `elem/s` are samples, so `Melem/s` divided by 0.016 is
//! seconds of audio a second.
//!
//! `cargo bench -p audio-features` takes a few seconds on one thread. `crop` is what training extracts at a
//! time, from memory that the processor's caches hold; `minute` streams through main memory.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::time::Duration;

use audio_features::{FeatureConfig, LogMel};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Voiced and unvoiced stretches with pauses: the time does not depend on what is said, only on there
/// being a number that the processor treats apart.
fn samples(seconds: usize) -> Vec<f32> {
    let mut noise = 1u32;
    (0..seconds * 16_000)
        .map(|i| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = noise as f32 / u32::MAX as f32 - 0.5;
            match i / 1_600 % 4 {
                0 => 0.0,
                1 => 0.1 * noise,
                _ => 0.3 * (i as f32 * 0.05).sin() + 0.01 * noise,
            }
        })
        .collect()
}

fn log_mel(criterion: &mut Criterion) {
    for (preset, config) in [
        ("kaldi", FeatureConfig::kaldi()),
        ("librosa", FeatureConfig::librosa()),
    ] {
        let mut group = criterion.benchmark_group(format!("log_mel/{preset}"));
        let log_mel = LogMel::new(&config).unwrap();
        let (mut scratch, mut out) = (log_mel.scratch(), Vec::new());
        for (name, seconds) in [("crop", 2), ("minute", 60)] {
            let samples = samples(seconds);
            group.throughput(Throughput::Elements(samples.len() as u64));
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| log_mel.extract_into(&samples, &mut scratch, &mut out));
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20);
    targets = log_mel
}
criterion_main!(benches);
