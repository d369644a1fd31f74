//! Networks that the builder writes: ONNX's checker passes them in full, onnxruntime and rten make of them what plain arithmetic does.
#![cfg(feature = "run")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

mod common;

use common::{cosine, features};
use onnx_graph::write::{
    AttentiveStatistics, BatchNorm, Builder, Conv1d, Conv2d, Deviation, Handle, LstmWeights,
    SherpaFront, Size, sherpa_metadata,
};
use onnx_graph::{Graph, Limits};

const BINS: usize = 6;

/// Weights that are the same everywhere, not larger than 0.5.
fn weights(count: usize, seed: u64) -> Vec<f32> {
    (0..count as u64)
        .map(|index| {
            (((index + 1) * 2_654_435_761 + seed * 97_531_357) % 10_007) as f32 / 10_007.0 - 0.5
        })
        .collect()
}

fn begin(name: &str) -> (Builder, Handle) {
    let mut builder = Builder::new(name);
    let x = builder.input(
        "feats",
        &[Size::Dynamic("B"), Size::Dynamic("T"), Size::Fixed(BINS)],
    );
    (builder, x)
}

fn end(mut builder: Builder, value: &Handle, dim: usize) -> Vec<u8> {
    builder.output("embs", value, &[Size::Dynamic("B"), Size::Fixed(dim)]);
    builder.finish().unwrap()
}

/// The largest difference of rten's vectors from the expected ones, for some numbers of frames.
fn differs(bytes: &[u8], expected: impl Fn(&[f32], usize) -> Vec<f64>) -> f64 {
    let graph = Graph::load(bytes.to_vec(), &Limits::default()).unwrap();
    let mut worst = 0.0_f64;
    for frames in [20, 57, 300] {
        let x = features(frames, BINS);
        let found = graph.run(&x, frames).unwrap();
        let expected = expected(&x, frames);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            worst = worst.max((f64::from(*found) - expected).abs());
        }
    }
    worst
}

fn lstm_file(last: bool) -> Vec<u8> {
    let (mut builder, x) = begin("lstm");
    let (hidden, second) = (5, 4);
    let layer = |seed: u64, input: usize, hidden: usize| {
        (
            weights(input * 4 * hidden, seed),
            weights(hidden * 4 * hidden, seed + 1),
            weights(4 * hidden, seed + 2),
        )
    };
    let (a, b, c) = (
        layer(1, BINS, hidden),
        layer(4, BINS, hidden),
        layer(7, 2 * hidden, second),
    );
    let given = |(input, recurrent, bias): &'static (Vec<f32>, Vec<f32>, Vec<f32>)| LstmWeights {
        input,
        recurrent,
        bias,
    };
    let leaked = |layer| given(Box::leak(Box::new(layer)));
    let x = builder
        .standardise(&x, &weights(BINS, 10), &weights(BINS, 11))
        .unwrap();
    let first = builder
        .lstm(&x, BINS, hidden, &[leaked(a), leaked(b)])
        .unwrap();
    let states = builder
        .lstm(&first.sequence, 2 * hidden, second, &[leaked(c)])
        .unwrap();
    let pooled = if last {
        states.last
    } else {
        builder.mean_over_frames(&states.sequence)
    };
    let dense = builder
        .linear(
            &pooled,
            second,
            3,
            &weights(second * 3, 12),
            Some(&weights(3, 13)),
        )
        .unwrap();
    let centred = builder.subtract(&dense, &weights(3, 14)).unwrap();
    let unit = builder.unit_length(&centred);
    end(builder, &unit, 3)
}

/// One direction in 64 bits: `[frames, input]` to `[frames, hidden]`.
fn lstm(x: &[Vec<f64>], hidden: usize, seed: u64, backwards: bool) -> Vec<Vec<f64>> {
    let input = x[0].len();
    let (w, r, b) = (
        weights(input * 4 * hidden, seed),
        weights(hidden * 4 * hidden, seed + 1),
        weights(4 * hidden, seed + 2),
    );
    let (mut h, mut c) = (vec![0.0; hidden], vec![0.0; hidden]);
    let mut states = vec![vec![]; x.len()];
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    for step in 0..x.len() {
        let at = if backwards { x.len() - 1 - step } else { step };
        let gate = |gate: usize, unit: usize| {
            let column = gate * hidden + unit;
            let mut sum = f64::from(b[column]);
            sum += x[at]
                .iter()
                .enumerate()
                .map(|(i, x)| x * f64::from(w[i * 4 * hidden + column]))
                .sum::<f64>();
            sum + h
                .iter()
                .enumerate()
                .map(|(i, h)| h * f64::from(r[i * 4 * hidden + column]))
                .sum::<f64>()
        };
        let new: Vec<(f64, f64)> = (0..hidden)
            .map(|unit| {
                let cell = sigmoid(gate(1, unit)) * c[unit]
                    + sigmoid(gate(0, unit)) * gate(2, unit).tanh();
                (sigmoid(gate(3, unit)) * cell.tanh(), cell)
            })
            .collect();
        (h, c) = new.into_iter().unzip();
        states[at].clone_from(&h);
    }
    states
}

fn lstm_expected(x: &[f32], frames: usize, last: bool) -> Vec<f64> {
    let (mean, scale) = (weights(BINS, 10), weights(BINS, 11));
    let rows: Vec<Vec<f64>> = (0..frames)
        .map(|frame| {
            (0..BINS)
                .map(|bin| f64::from(x[frame * BINS + bin] - mean[bin]) * f64::from(scale[bin]))
                .collect()
        })
        .collect();
    let (forward, backward) = (lstm(&rows, 5, 1, false), lstm(&rows, 5, 4, true));
    let both: Vec<Vec<f64>> = forward
        .into_iter()
        .zip(backward)
        .map(|(a, b)| [a, b].concat())
        .collect();
    let states = lstm(&both, 4, 7, false);
    let pooled: Vec<f64> = if last {
        states[frames - 1].clone()
    } else {
        (0..4)
            .map(|unit| states.iter().map(|state| state[unit]).sum::<f64>() / frames as f64)
            .collect()
    };
    let (w, b, centre) = (weights(12, 12), weights(3, 13), weights(3, 14));
    let dense: Vec<f64> = (0..3)
        .map(|j| {
            let product = pooled
                .iter()
                .enumerate()
                .map(|(i, x)| x * f64::from(w[i * 3 + j]))
                .sum::<f64>();
            product + f64::from(b[j]) - f64::from(centre[j])
        })
        .collect();
    let norm = dense.iter().map(|x| x * x).sum::<f64>().sqrt();
    dense.iter().map(|x| x / norm).collect()
}

#[test]
fn lstm_layers_of_both_directions_give_what_the_formula_does() {
    for last in [false, true] {
        let worst = differs(&lstm_file(last), |x, frames| lstm_expected(x, frames, last));
        assert!(worst < 1e-5, "{worst}");
    }
}

fn statistics_file(unbiased: bool) -> Vec<u8> {
    let (mut builder, x) = begin("statistics");
    let x = builder
        .whiten(&x, &weights(BINS, 20), &weights(BINS * BINS, 21))
        .unwrap();
    let x = builder.subtract_own_mean(&x);
    let deviation = Deviation {
        unbiased,
        epsilon: 1e-7,
        floor: 1e-6,
    };
    let pooled = builder.mean_and_deviation_over_frames(&x, deviation);
    end(builder, &pooled, 2 * BINS)
}

#[test]
fn mean_and_deviation_of_whitened_frames_give_what_the_formula_does() {
    for unbiased in [false, true] {
        let worst = differs(&statistics_file(unbiased), |x, frames| {
            let (mean, matrix) = (weights(BINS, 20), weights(BINS * BINS, 21));
            let column = |j: usize| -> Vec<f64> {
                (0..frames)
                    .map(|t| {
                        (0..BINS)
                            .map(|i| {
                                f64::from(x[t * BINS + i] - mean[i])
                                    * f64::from(matrix[i * BINS + j])
                            })
                            .sum()
                    })
                    .collect()
            };
            let deviation = |j: usize| {
                let column = column(j);
                let mean = column.iter().sum::<f64>() / frames as f64;
                let sum = column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
                (sum / (frames - usize::from(unbiased)) as f64 + 1e-7)
                    .max(1e-6)
                    .sqrt()
            };
            (0..BINS)
                .map(|_| 0.0)
                .chain((0..BINS).map(deviation))
                .collect()
        });
        assert!(worst < 1e-5, "{worst}");
    }
}

/// Convolutions, norms, attention: the parts of TDNN, ECAPA, ResNet and CAM++ in a row.
fn convolutions_file() -> Vec<u8> {
    let (mut builder, x) = begin("convolutions");
    let channels = builder.transpose(&x, &[0, 2, 1]);
    let (w1, b1, w2, w3, w4) = (
        weights(8 * 3 * 5, 30),
        weights(8, 31),
        weights(3 * 9, 32),
        weights(4 * 24, 33),
        weights(32, 34),
    );
    let plain = Conv1d {
        weight: &w1,
        bias: Some(&b1),
        input: BINS,
        output: 8,
        kernel: 5,
        stride: 1,
        dilation: 2,
        padding: 4,
        groups: 2,
    };
    let y = builder.conv1d(&channels, plain).unwrap();
    let variance: Vec<f32> = weights(8, 38).iter().map(|x| x + 1.0).collect();
    let y = builder
        .batch_norm(
            &y,
            BatchNorm {
                scale: &weights(8, 36),
                bias: &weights(8, 37),
                mean: &weights(8, 39),
                variance: &variance,
                epsilon: 1e-5,
            },
        )
        .unwrap();
    let y = builder.relu(&y);
    // As a plane of one channel, and back: `[items, 3, 4, frames]` to `[items, 12, frames]`.
    let axis = builder.ints(&[1]);
    let plane = builder.node("Unsqueeze", &[&y, &axis], &[]);
    let conv = Conv2d {
        weight: &w2,
        bias: None,
        input: 1,
        output: 3,
        kernel: [3, 3],
        stride: [2, 1],
        dilation: [1, 1],
        padding: [1, 1],
        groups: 1,
    };
    let plane = builder.conv2d(&plane, conv).unwrap();
    let y = builder.reshape(&plane, &[0, 12, -1]);
    let y = builder.sigmoid(&y);
    let point = |weight, input, output| Conv1d {
        weight,
        bias: None,
        input,
        output,
        kernel: 1,
        stride: 1,
        dilation: 1,
        padding: 0,
        groups: 1,
    };
    let y = builder.conv1d(&y, point(&w3[..96], 12, 8)).unwrap();
    let deviation = Deviation {
        unbiased: true,
        epsilon: 1e-7,
        floor: 0.0,
    };
    let long = weights(24 * 4, 40);
    let pooled = builder
        .attentive_statistics(
            &y,
            AttentiveStatistics {
                first: point(&long, 24, 4),
                second: point(&w4, 4, 8),
                global: true,
                deviation,
                floor: 1e-7,
            },
        )
        .unwrap();
    end(builder, &pooled, 16)
}

#[test]
fn convolutions_and_attention_run_for_any_number_of_frames() {
    let graph = Graph::load(convolutions_file(), &Limits::default()).unwrap();
    let (short, long) = (features(40, BINS), features(400, BINS));
    let (a, b) = (
        graph.run(&short, 40).unwrap(),
        graph.run(&long, 400).unwrap(),
    );
    assert_eq!((a.len(), b.len()), (16, 16));
    assert!(cosine(&a, &b) < 1.0);
}

#[test]
fn the_checker_passes_them_in_full_and_onnxruntime_gives_the_same() {
    let Some(mut python) = testing::python("onnx, onnxruntime, numpy") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("mean", lstm_file(false)),
        ("last", lstm_file(true)),
        ("biased", statistics_file(false)),
        ("unbiased", statistics_file(true)),
        ("convolutions", convolutions_file()),
    ] {
        let graph = Graph::load(bytes.clone(), &Limits::default()).unwrap();
        std::fs::write(folder.path().join(format!("{name}.onnx")), bytes).unwrap();
        for frames in [30, 100, 298, 3000] {
            let vector = graph.run(&features(frames, BINS), frames).unwrap();
            let text: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
            std::fs::write(folder.path().join(format!("{name}.{frames}.f32")), text).unwrap();
        }
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/check_written.py");
    let output = python.arg(script).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(said.lines().count(), 20, "{said}");
}

#[test]
fn weights_of_other_sizes_are_refused() {
    let (mut builder, x) = begin("wrong");
    let error = builder
        .linear(&x, BINS, 3, &weights(17, 1), None)
        .unwrap_err();
    assert!(
        error.to_string().contains("17") && error.to_string().contains("18"),
        "{error}"
    );
    let short = weights(3, 1);
    let wrong = LstmWeights {
        input: &short,
        recurrent: &short,
        bias: &short,
    };
    assert!(builder.lstm(&x, BINS, 2, &[wrong]).is_err());
    assert!(builder.lstm(&x, BINS, 2, &[]).is_err());
}

#[test]
fn the_keys_of_sherpa_are_given_only_for_its_own_front_end() {
    let front = SherpaFront {
        sample_rate_hz: 16_000,
        bins: 80,
        kaldi: true,
        window_s: 0.025,
        hop_s: 0.01,
        low_hz: 20.0,
        high_hz: 7600.0,
        mirrored: true,
        full_scale: 1.0,
        subtracts_own_mean: false,
        otherwise_changed: false,
    };
    let keys = sherpa_metadata(&front, 64, "").unwrap();
    let get = |name: &str| {
        keys.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    for (key, value) in [
        ("framework", "wespeaker"),
        ("output_dim", "64"),
        ("sample_rate", "16000"),
        ("normalize_samples", "1"),
    ] {
        assert_eq!(get(key), Some(value));
    }
    assert_eq!(get("feature_normalize_type"), None);
    assert!(keys.iter().all(|(_, value)| !value.is_empty()));
    let mean = SherpaFront {
        subtracts_own_mean: true,
        ..front.clone()
    };
    let keys = sherpa_metadata(&mean, 64, "en").unwrap();
    assert!(keys.contains(&(
        "feature_normalize_type".to_owned(),
        "global-mean".to_owned()
    )));
    for other in [
        SherpaFront {
            bins: 40,
            ..front.clone()
        },
        SherpaFront {
            high_hz: 8000.0,
            ..front.clone()
        },
        SherpaFront {
            mirrored: false,
            ..front.clone()
        },
        SherpaFront {
            otherwise_changed: true,
            ..front.clone()
        },
        SherpaFront {
            kaldi: false,
            ..front
        },
    ] {
        let lack = sherpa_metadata(&other, 64, "en").unwrap_err();
        assert_eq!(lack.differences.len(), 1, "{lack}");
    }
}
