//! Values and all gradients against `torch.nn.LSTM` in f64; `golden/make_golden.py` made the files.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::expect_used, clippy::panic)]
use std::path::Path;

use fused_lstm::{Direction, Options, Shape, Simd, Weights, backward, forward_with};

/// f32 sums over at most 5 * 4 rows and 32 units, on values of order 1 to 10.
const TOLERANCE: f32 = 5e-6;

struct Reader<'a>(&'a [f32]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> &'a [f32] {
        let (part, rest) = self.0.split_at(len);
        self.0 = rest;
        part
    }
}

fn assert_close(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected
        .iter()
        .fold(1f32, |scale, value| scale.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(
            error <= TOLERANCE * scale,
            "{what}[{index}]: {found}, torch has {expected}"
        );
    }
}

fn check(sizes: [usize; 4], direction: Direction, lengths: Option<&[usize]>) {
    let [frames, batch, input, hidden] = sizes;
    let shape = Shape {
        frames,
        batch,
        input,
        hidden,
        direction,
    };
    for simd in Simd::available() {
        check_with(simd, shape, lengths);
    }
}

fn check_with(simd: Simd, shape: Shape, lengths: Option<&[usize]>) {
    let options = Options {
        simd: Some(simd),
        ..Options::default()
    };
    let name = match lengths {
        None => "equal".to_owned(),
        Some(lengths) => lengths
            .iter()
            .map(usize::to_string)
            .collect::<Vec<_>>()
            .join("_"),
    };
    let way = match shape.direction {
        Direction::Bidirectional => "",
        Direction::Forward => "-forward",
    };
    let Shape {
        frames,
        batch,
        input,
        hidden,
        direction,
    } = shape;
    let name = format!("{frames}-{batch}-{input}-{hidden}-{name}{way}.f32");
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(&name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let values: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        .collect();
    let mut file = Reader(&values);

    let columns = 4 * hidden;
    let x = file.take(frames * batch * input);
    let weights = (0..direction.count()).map(|_| Weights {
        input: file.take(input * columns),
        recurrent: file.take(hidden * columns),
        bias: file.take(columns),
    });
    let weights: Vec<Weights<'_>> = weights.collect();
    let (y, saved) = forward_with(shape, x, lengths, &weights, true, options).expect("forward");
    assert_close(&format!("{simd} {name} y"), &y, file.take(y.len()));
    let dy = file.take(y.len());
    let saved = saved.expect("asked for");
    let (dx, gradients) = backward(saved, x, dy, &weights, true).expect("backward");
    assert_close(
        &format!("{name} dx"),
        &dx.expect("asked for"),
        file.take(x.len()),
    );
    for gradients in &gradients {
        assert_close(
            &format!("{name} dW"),
            &gradients.input,
            file.take(input * columns),
        );
        assert_close(
            &format!("{name} dU"),
            &gradients.recurrent,
            file.take(hidden * columns),
        );
        assert_close(&format!("{name} db"), &gradients.bias, file.take(columns));
    }
    assert!(file.0.is_empty(), "{name} is longer than expected");
}

#[test]
fn equal_lengths_give_what_torch_gives() {
    check([4, 3, 5, 6], Direction::Bidirectional, None);
    check([1, 1, 2, 3], Direction::Bidirectional, None);
    check([4, 3, 5, 6], Direction::Forward, None);
}

#[test]
fn unequal_lengths_give_what_packed_sequences_give() {
    check([5, 4, 3, 17], Direction::Bidirectional, Some(&[5, 2, 1, 4]));
    check([3, 2, 7, 32], Direction::Bidirectional, Some(&[3, 1]));
    check([5, 4, 3, 17], Direction::Forward, Some(&[5, 2, 1, 4]));
}
