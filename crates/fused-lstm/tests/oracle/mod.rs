//! An LSTM in f64, written as the equations stand, and random problems to compare on.

use fused_lstm::{Shape, Weights};

/// A problem in f64 whose values are all exact in f32.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) shape: Shape,
    pub(crate) lengths: Option<Vec<usize>>,
    /// `[frames, batch, input]`.
    pub(crate) x: Vec<f64>,
    /// For each direction: input weights, recurrent weights, bias.
    pub(crate) weights: Vec<[Vec<f64>; 3]>,
    /// `[frames, batch, directions * hidden]`; the loss is the sum of `y * dy`.
    pub(crate) dy: Vec<f64>,
}

impl Problem {
    pub(crate) fn new(shape: Shape, lengths: Option<Vec<usize>>, seed: u64) -> Self {
        let mut state = seed;
        let mut noise = |len: usize, scale: f64| -> Vec<f64> {
            let next = |_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                f64::from(((state >> 40) as f32 / (1 << 23) as f32 - 1.0) * scale as f32)
            };
            (0..len).map(next).collect()
        };
        let (rows, columns) = (shape.frames * shape.batch, 4 * shape.hidden);
        let scale = |fan_in: usize| 2.0 / (fan_in as f64).sqrt();
        Self {
            shape,
            lengths,
            x: noise(rows * shape.input, 1.5),
            weights: (0..shape.direction.count())
                .map(|_| {
                    [
                        noise(shape.input * columns, scale(shape.input)),
                        noise(shape.hidden * columns, scale(shape.hidden)),
                        noise(columns, 1.0),
                    ]
                })
                .collect(),
            dy: noise(rows * shape.direction.count() * shape.hidden, 1.0),
        }
    }

    /// `y` `[frames, batch, directions * hidden]`.
    pub(crate) fn y(&self) -> Vec<f64> {
        let Shape {
            frames,
            batch,
            input,
            hidden,
            direction,
        } = self.shape;
        let width = direction.count() * hidden;
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let mut y = vec![0.0; frames * batch * width];
        for (direction, [w, u, b]) in self.weights.iter().enumerate() {
            for sequence in 0..batch {
                let (mut h, mut c) = (vec![0.0; hidden], vec![0.0; hidden]);
                for step in 0..frames {
                    let frame = if direction == 0 {
                        step
                    } else {
                        frames - 1 - step
                    };
                    let row = frame * batch + sequence;
                    if self
                        .lengths
                        .as_ref()
                        .is_none_or(|lengths| frame < lengths[sequence])
                    {
                        let z = |column: usize| -> f64 {
                            let x = &self.x[row * input..][..input];
                            let x = x.iter().zip(w[column..].iter().step_by(4 * hidden));
                            let h = h.iter().zip(u[column..].iter().step_by(4 * hidden));
                            b[column]
                                + x.chain(h)
                                    .map(|(value, weight)| value * weight)
                                    .sum::<f64>()
                        };
                        let z: Vec<f64> = (0..4 * hidden).map(z).collect();
                        for unit in 0..hidden {
                            let [i, f, g, o] = [0, 1, 2, 3].map(|gate| z[gate * hidden + unit]);
                            c[unit] = sigmoid(f) * c[unit] + sigmoid(i) * g.tanh();
                            h[unit] = sigmoid(o) * c[unit].tanh();
                        }
                    }
                    y[row * width + direction * hidden..][..hidden].copy_from_slice(&h);
                }
            }
        }
        y
    }

    /// The loss whose gradients `backward` returns for `dy`.
    pub(crate) fn loss(&self) -> f64 {
        self.y().iter().zip(&self.dy).map(|(y, dy)| y * dy).sum()
    }

    pub(crate) fn narrow(&self) -> Narrow {
        let narrow = |values: &Vec<f64>| values.iter().map(|&value| value as f32).collect();
        Narrow {
            x: narrow(&self.x),
            weights: self
                .weights
                .iter()
                .map(|weights| weights.each_ref().map(narrow))
                .collect(),
            dy: narrow(&self.dy),
        }
    }
}

/// The same problem in f32.
pub(crate) struct Narrow {
    pub(crate) x: Vec<f32>,
    weights: Vec<[Vec<f32>; 3]>,
    pub(crate) dy: Vec<f32>,
}

impl Narrow {
    pub(crate) fn weights(&self) -> Vec<Weights<'_>> {
        let weights = self.weights.iter();
        weights
            .map(|[input, recurrent, bias]| Weights {
                input,
                recurrent,
                bias,
            })
            .collect()
    }
}
