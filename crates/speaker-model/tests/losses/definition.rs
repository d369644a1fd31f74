//! Losses as their definitions read, segment by segment in 64 bits; gradients by finite differences of these.

use speaker_model::{
    AamSoftmaxConfig, AmSoftmaxConfig, AngularPrototypicalConfig, ContrastiveConfig, Ge2eConfig,
    KlHingeConfig, LossConfig, LossInput, MarginSchedule, Mining, PrototypicalConfig,
    SoftmaxConfig, SphereFace2Config, SumConfig, SupervisedContrastiveConfig,
    TeacherContrastiveConfig, TeacherCosineConfig, TripletConfig, TripletDistance, Weighting,
};

use crate::module::{Case, Named, formula, loss};

type Rows = Vec<Vec<f64>>;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

fn unit(row: &[f64]) -> Vec<f64> {
    let length = dot(row, row).sqrt();
    row.iter().map(|value| value / length).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn mean_row(rows: &[&[f64]]) -> Vec<f64> {
    let columns = 0..rows[0].len();
    columns
        .map(|column| mean(&rows.iter().map(|row| row[column]).collect::<Vec<_>>()))
        .collect()
}

/// −log softmax of `logits` at `own`.
fn surprise(logits: &[f64], own: usize) -> f64 {
    logits
        .iter()
        .map(|z| (z - logits[own]).exp())
        .sum::<f64>()
        .ln()
}

/// What a definition is a function of.
struct World<'a> {
    case: &'a Case,
    tensors: &'a Named,
    prefix: String,
}

impl World<'_> {
    /// Embeddings of the segments that have a label.
    fn rows(&self) -> Rows {
        let mut rows = self.all_rows();
        rows.truncate(self.labels().len());
        rows
    }

    fn all_rows(&self) -> Rows {
        let (shape, values) = &self.tensors["embeddings"];
        values.chunks(shape[1]).map(<[f64]>::to_vec).collect()
    }

    /// All embeddings where the teacher's vectors lie, and these.
    fn beside_teacher(&self) -> (Rows, Rows) {
        let (dim, vectors) = self.case.teacher.as_ref().unwrap();
        let vectors = vectors.chunks(*dim);
        let vectors = vectors.map(|row| row.iter().map(|&v| f64::from(v)).collect());
        let rows = self.all_rows();
        let is_mapped = rows[0].len() != *dim;
        let mapped = |row: Vec<f64>| {
            let columns = self.columns("map.weight").into_iter();
            columns.map(|column| dot(&row, &column)).collect()
        };
        let rows = match is_mapped {
            true => rows.into_iter().map(mapped).collect(),
            false => rows,
        };
        (rows, vectors.collect())
    }

    fn teacher_cosine(&self, _: &TeacherCosineConfig) -> f64 {
        let (rows, vectors) = self.beside_teacher();
        let losses = rows.iter().zip(&vectors).map(|(x, t)| 1.0 - cosine(x, t));
        mean(&losses.collect::<Vec<_>>())
    }

    fn teacher_contrastive(&self, config: &TeacherContrastiveConfig) -> f64 {
        let (rows, vectors) = self.beside_teacher();
        let (labels, recordings) = (self.labels(), &self.case.recordings);
        let losses = rows.iter().enumerate().map(|(i, row)| {
            let power = |j: usize| (cosine(row, &vectors[j]) / config.temperature).exp();
            let is_positive = |&j: &usize| {
                let known = i.max(j) < labels.len() && labels[i] == labels[j];
                known || recordings[i] == recordings[j]
            };
            let all = 0..rows.len();
            let own: f64 = all.clone().filter(is_positive).map(power).sum();
            -(own / all.map(power).sum::<f64>()).ln()
        });
        mean(&losses.collect::<Vec<_>>())
    }

    /// Columns of the matrix called `name`.
    fn columns(&self, name: &str) -> Rows {
        let (shape, values) = &self.tensors[&format!("{}{name}", self.prefix)];
        let column = |c: usize| (0..shape[0]).map(|r| values[r * shape[1] + c]).collect();
        (0..shape[1]).map(column).collect()
    }

    fn vector(&self, name: &str) -> Vec<f64> {
        self.tensors[&format!("{}{name}", self.prefix)].1.clone()
    }

    fn share(&self, schedule: Option<MarginSchedule>) -> f64 {
        schedule.map_or(1.0, |schedule| schedule.share(self.case.step))
    }

    fn labels(&self) -> &[usize] {
        &self.case.labels
    }

    /// Cosines to the nearest of `k` centres of each speaker.
    fn cosines(&self, k: usize) -> Rows {
        let centres = self.columns("centres.directions");
        let nearest = |row: &Vec<f64>, of_speaker: &[Vec<f64>]| {
            let cosines = of_speaker.iter().map(|centre| cosine(row, centre));
            cosines.fold(f64::NEG_INFINITY, f64::max)
        };
        self.rows()
            .iter()
            .map(|row| centres.chunks(k).map(|chunk| nearest(row, chunk)).collect())
            .collect()
    }

    fn margin_softmax(
        &self,
        cosines: Rows,
        scale: f64,
        top_k: usize,
        farther: impl Fn(f64) -> f64,
        nearer: impl Fn(f64) -> f64,
    ) -> f64 {
        let rows = cosines.iter().zip(self.labels()).map(|(row, &own)| {
            let mut others: Vec<usize> = (0..row.len()).filter(|&j| j != own).collect();
            others.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
            let nearest = &others[..top_k.min(others.len())];
            let logits: Vec<f64> = (0..row.len())
                .map(|j| match j {
                    j if j == own => scale * farther(row[j]),
                    j if nearest.contains(&j) => scale * nearer(row[j]),
                    j => scale * row[j],
                })
                .collect();
            surprise(&logits, own)
        });
        mean(&rows.collect::<Vec<_>>())
    }

    /// The segments of each speaker.
    fn speakers(&self) -> Vec<Vec<usize>> {
        let mut labels = self.labels().to_vec();
        labels.sort_unstable();
        labels.dedup();
        let segments = |own: &usize| {
            let all = 0..self.labels().len();
            all.filter(|&i| self.labels()[i] == *own).collect()
        };
        labels.iter().map(segments).collect()
    }

    fn queries_and_prototypes(&self) -> (Rows, Rows) {
        let rows = self.rows();
        let speakers = self.speakers();
        let queries = speakers.iter().map(|own| rows[own[0]].clone()).collect();
        let prototype = |own: &Vec<usize>| {
            let others: Vec<&[f64]> = own[1..].iter().map(|&i| &*rows[i]).collect();
            mean_row(&others)
        };
        (queries, speakers.iter().map(prototype).collect())
    }

    fn softmax(&self, config: &SoftmaxConfig) -> f64 {
        let classes = self.columns("weight");
        let bias = match config.bias {
            true => self.vector("bias"),
            false => vec![0.0; classes.len()],
        };
        let rows = self.rows();
        let losses = rows.iter().zip(self.labels()).map(|(row, &own)| {
            let logits = classes.iter().zip(&bias).map(|(w, b)| dot(row, w) + b);
            surprise(&logits.collect::<Vec<_>>(), own)
        });
        mean(&losses.collect::<Vec<_>>())
    }

    fn am_softmax(&self, AmSoftmaxConfig(config): &AmSoftmaxConfig) -> f64 {
        let share = self.share(config.margin_schedule);
        let [m, p] = [config.margin, config.top_k_penalty].map(|value| value * share);
        let cosines = self.cosines(config.sub_centres);
        self.margin_softmax(cosines, config.scale, config.top_k, |c| c - m, |c| c + p)
    }

    fn aam_softmax(&self, AamSoftmaxConfig(config): &AamSoftmaxConfig) -> f64 {
        let share = self.share(config.margin_schedule);
        let [m, p] = [config.margin, config.top_k_penalty].map(|value| value * share);
        let farther = |c: f64| {
            let angle = c.acos();
            match angle <= std::f64::consts::PI - m {
                true => (angle + m).cos(),
                false => c - 1.0 - (std::f64::consts::PI - m).cos(),
            }
        };
        let nearer = |c: f64| (c.acos() - p).cos();
        let cosines = self.cosines(config.sub_centres);
        self.margin_softmax(cosines, config.scale, config.top_k, farther, nearer)
    }

    fn sphere_face2(&self, config: &SphereFace2Config) -> f64 {
        let margin = config.margin * self.share(config.margin_schedule);
        let bias = self.vector("bias")[0];
        let softplus = |x: f64| (1.0 + x.exp()).ln();
        let g = |c: f64| 2.0 * ((c + 1.0) / 2.0).powi(config.power as i32) - 1.0;
        let cosines = self.cosines(1);
        let losses = cosines.iter().zip(self.labels()).map(|(row, &own)| {
            let cost = |(j, &c): (usize, &f64)| match j == own {
                true => config.lambda * softplus(-config.scale * (g(c) - margin) - bias),
                false => (1.0 - config.lambda) * softplus(config.scale * (g(c) + margin) + bias),
            };
            row.iter().enumerate().map(cost).sum()
        });
        mean(&losses.collect::<Vec<f64>>())
    }

    fn ge2e(&self, _: &Ge2eConfig) -> f64 {
        let [w, b] = ["scale", "offset"].map(|name| self.vector(name)[0]);
        let rows: Rows = self.rows().iter().map(|row| unit(row)).collect();
        let speakers = self.speakers();
        let mut losses = Vec::new();
        for (own, segments) in speakers.iter().enumerate() {
            for &i in segments {
                let logit = |others: &Vec<usize>| {
                    let others = others.iter().filter(|&&j| j != i);
                    let others: Vec<&[f64]> = others.map(|&j| &*rows[j]).collect();
                    w * cosine(&rows[i], &mean_row(&others)) + b
                };
                losses.push(surprise(
                    &speakers.iter().map(logit).collect::<Vec<_>>(),
                    own,
                ));
            }
        }
        mean(&losses)
    }

    fn prototypical(&self, _: &PrototypicalConfig) -> f64 {
        let (queries, prototypes) = self.queries_and_prototypes();
        let losses = queries.iter().enumerate().map(|(own, query)| {
            let logits = prototypes.iter().map(|c| -squared_distance(query, c));
            surprise(&logits.collect::<Vec<_>>(), own)
        });
        mean(&losses.collect::<Vec<_>>())
    }

    fn angular_prototypical(&self, _: &AngularPrototypicalConfig) -> f64 {
        let [w, b] = ["scale", "offset"].map(|name| self.vector(name)[0]);
        let (queries, prototypes) = self.queries_and_prototypes();
        let losses = queries.iter().enumerate().map(|(own, query)| {
            let logits = prototypes.iter().map(|c| w * cosine(query, c) + b);
            surprise(&logits.collect::<Vec<_>>(), own)
        });
        mean(&losses.collect::<Vec<_>>())
    }

    fn triplet(&self, config: &TripletConfig) -> f64 {
        let rows = self.rows();
        let rows: Rows = match config.distance {
            TripletDistance::UnitLength => rows.iter().map(|row| unit(row)).collect(),
            TripletDistance::Squared => rows,
        };
        let labels = self.labels();
        let d = |a: usize, b: usize| squared_distance(&rows[a], &rows[b]);
        let mut hinges = Vec::new();
        for (a, own) in labels.iter().enumerate() {
            for p in (0..labels.len()).filter(|&p| p != a && labels[p] == *own) {
                let others: Vec<usize> = (0..labels.len()).filter(|&n| labels[n] != *own).collect();
                let near = d(a, p);
                let mut hinge = |far: f64| hinges.push((near - far + config.margin).max(0.0));
                if config.mining != Mining::SemiHard {
                    others.iter().for_each(|&n| hinge(d(a, n)));
                    continue;
                }
                let distances = others.iter().map(|&n| d(a, n));
                let farther = distances.clone().filter(|&far| far > near);
                let nearest = farther.fold(f64::INFINITY, f64::min);
                hinge(match nearest.is_finite() {
                    true => nearest,
                    false => distances.fold(0.0, f64::max),
                });
            }
        }
        if config.mining == Mining::Active {
            hinges.retain(|&hinge| hinge > 0.0);
        }
        mean(&hinges)
    }

    fn contrastive(&self, config: &ContrastiveConfig) -> f64 {
        let rows = self.rows();
        let (mut same, mut different) = (Vec::new(), Vec::new());
        for ((a, b), is_same) in self.case.batch().compared() {
            let d = squared_distance(&rows[a], &rows[b]).sqrt();
            match is_same {
                true => same.push(0.5 * d * d),
                false => different.push(0.5 * (config.margin - d).max(0.0).powi(2)),
            }
        }
        let w = match config.weighting {
            Weighting::AsCounted => same.len() as f64 / (same.len() + different.len()) as f64,
            Weighting::Balanced => 0.5,
            Weighting::SameShare(w) => w,
        };
        w * mean(&same) + (1.0 - w) * mean(&different)
    }

    fn supervised_contrastive(&self, config: &SupervisedContrastiveConfig) -> f64 {
        let rows = self.rows();
        let labels = self.labels();
        let mut losses = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            let power = |j: usize| (cosine(row, &rows[j]) / config.temperature).exp();
            let others = (0..rows.len()).filter(|&j| j != i);
            let sum: f64 = others.clone().map(power).sum();
            let own = others.filter(|&j| labels[j] == labels[i]);
            let own: Vec<f64> = own.map(|j| -(power(j) / sum).ln()).collect();
            if !own.is_empty() {
                losses.push(mean(&own));
            }
        }
        mean(&losses)
    }

    fn sum(&self, config: &SumConfig) -> f64 {
        let parts = config.parts.iter().enumerate().map(|(place, part)| {
            let world = World {
                prefix: format!("{}parts.{place}.", self.prefix),
                ..*self
            };
            part.weight * world.value(&part.loss)
        });
        parts.sum()
    }

    fn value(&self, config: &LossConfig) -> f64 {
        macro_rules! one_of {
            ($($Config:ident: $name:ident),+) => {
                $(if let Some(config) = config.downcast_ref::<$Config>() {
                    return self.$name(config);
                })+
            };
        }
        one_of!(
            SoftmaxConfig: softmax, AmSoftmaxConfig: am_softmax, AamSoftmaxConfig: aam_softmax,
            SphereFace2Config: sphere_face2, Ge2eConfig: ge2e, PrototypicalConfig: prototypical,
            AngularPrototypicalConfig: angular_prototypical, TripletConfig: triplet,
            ContrastiveConfig: contrastive,
            SupervisedContrastiveConfig: supervised_contrastive, TeacherCosineConfig: teacher_cosine,
            TeacherContrastiveConfig: teacher_contrastive, SumConfig: sum
        );
        panic!("{config:?} has no definition here")
    }
}

/// The definition's value for other tensors than the case's own.
fn defined(case: &Case, tensors: &Named) -> f64 {
    let world = World {
        case,
        tensors,
        prefix: String::new(),
    };
    world.value(&case.config)
}

/// Further settings than the examples'.
const MORE: [&str; 10] = [
    r#"{"kind": "softmax", "bias": false}"#,
    r#"{"kind": "am_softmax", "scale": 10.0, "sub_centres": 3, "top_k": 2, "margin_schedule": {"from_step": 2, "to_step": 12}}"#,
    r#"{"kind": "aam_softmax", "scale": 10.0, "sub_centres": 2, "top_k": 2, "margin_schedule": {"from_step": 2, "to_step": 12, "growth": "exponential"}}"#,
    r#"{"kind": "aam_softmax", "scale": 3.0, "margin": 1.5}"#,
    r#"{"kind": "sphere_face2", "scale": 10.0, "power": 1, "lambda": 0.4}"#,
    r#"{"kind": "triplet", "mining": "semi_hard", "distance": "squared", "margin": 1.0}"#,
    r#"{"kind": "triplet", "mining": "active", "margin": 0.5}"#,
    r#"{"kind": "contrastive", "margin": 1.5, "weighting": {"same_share": 0.3}}"#,
    r#"{"kind": "sum", "parts": [{"kind": "triplet"}, {"kind": "triplet", "weight": 0.3, "mining": "all"}, {"kind": "sphere_face2", "scale": 6.0}]}"#,
    r#"{"kind": "sum", "parts": [{"kind": "teacher_cosine", "weight": 5.0}, {"kind": "teacher_contrastive", "weight": 0.5}, {"kind": "aam_softmax", "scale": 6.0, "weight": 0.3}]}"#,
];

/// Relative to the largest number of a gradient: hundreds of roundings of 32 bits. The definitions' own differences are good to
/// 1e-8.
const TOLERANCE: f64 = 1e-4;

#[test]
fn values_and_gradients_equal_the_definitions() {
    let input = |teacher_dim| LossInput {
        embedding_dim: 5,
        num_speakers: 6,
        teacher_dim: Some(teacher_dim),
    };
    // Labels, segments without one, and dimensions of the teacher.
    let batches: [(&[usize], usize, usize); 3] = [
        (&[0, 0, 1, 1, 4, 4], 0, 5),
        (&[3, 1, 3, 3, 1, 1, 5, 5, 1], 0, 3),
        (&[2, 2, 0, 0, 5, 5], 3, 4),
    ];
    let configs = LossConfig::examples()
        .into_iter()
        .filter(|config| config.downcast_ref::<KlHingeConfig>().is_none())
        .chain(MORE.iter().map(|json| loss(json)));
    let (mut checked, mut cells) = (0, 0);
    for config in configs {
        for (seed, &(labels, num_unlabelled, dim)) in (0..6).zip(batches.iter().cycle()) {
            let fill = |name: &str, shape: &[usize]| formula(&format!("{seed} {name}"), shape);
            let mut case =
                Case::partly_labelled(config.clone(), input(dim), labels, num_unlabelled, fill);
            case.step = 5;
            // Two of the segments are of one recording; two without a label, where there are some.
            case.recordings[1] = case.recordings[0];
            case.recordings[5] = *case.recordings.last().unwrap();
            let expected = defined(&case, &case.tensors);
            let (output, found) = case.run().unwrap();
            let value = f64::from(output.value.into_scalar::<f32>());
            assert!(
                (value - expected).abs() < TOLERANCE * expected.max(0.1),
                "{config:?}: {value} {expected}"
            );
            for (name, (_, gradient)) in &found {
                let mut moved = case.tensors.clone();
                let mut at = |cell: usize, step: f64| {
                    let here = case.tensors[name].1[cell];
                    moved.get_mut(name).unwrap().1[cell] = here + step;
                    let value = defined(&case, &moved);
                    moved.get_mut(name).unwrap().1[cell] = here;
                    value
                };
                let mut slope = |cell, step| (at(cell, step) - at(cell, -step)) / (2.0 * step);
                let slopes: Vec<[f64; 2]> = (0..gradient.len())
                    .map(|cell| [slope(cell, 1e-6), slope(cell, 1e-5)])
                    .collect();
                let largest = slopes
                    .iter()
                    .fold(0.05_f64, |most, [v, _]| most.max(v.abs()));
                for (&found, [fine, coarse]) in gradient.iter().zip(slopes) {
                    cells += 1;
                    // Where the two steps disagree a hinge, or the choice of a nearest, lies in between.
                    if (fine - coarse).abs() < 1e-5 * largest {
                        checked += 1;
                        assert!(
                            (found - fine).abs() < TOLERANCE * largest,
                            "{config:?}: {name}: {found} {fine}"
                        );
                    }
                }
            }
        }
    }
    assert!(50 * checked >= 49 * cells, "{checked} of {cells} cells");
}
