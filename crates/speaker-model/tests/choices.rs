//! What has to hold for every loss and every encoder that a configuration can choose: a new one is covered by being listed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use audio_features::{FeatureConfig, FrontEnd};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use speaker_model::{
    Batches, Bundle, Embedder, EmbeddingModel, Encoder, EncoderConfig, Initialiser, InputConfig,
    Loss, LossBatch, LossChoice, LossConfig, LossInput, ModelError, ModulePath, Origin, Pass,
    PoolingConfig, ProjectionConfig, Segmentation, SpeakerNetwork, TeacherRows, TrunkConfig,
    WeightType,
};

const BINS: usize = 4;
const LABELS: [usize; 6] = [0, 0, 1, 1, 2, 2];

/// Embeddings of five dimensions, of more speakers than a batch has.
const INPUT: LossInput = LossInput {
    embedding_dim: 5,
    num_speakers: 4,
    teacher_dim: Some(3),
};

/// What a teacher says of six segments, two of them of one recording.
const TEACHER: TeacherRows<'static> = TeacherRows {
    dim: 3,
    vectors: &[
        0.3, -0.2, 0.9, 0.1, 0.8, -0.4, -0.7, 0.2, 0.1, 0.5, 0.5, -0.6, -0.1, 0.9, 0.3, -0.8, -0.2,
        0.4,
    ],
    recordings: &[0, 0, 1, 2, 3, 4],
};

/// Every trunk with every pooling, and every projection behind one of them.
fn encoders() -> Vec<EncoderConfig> {
    let trunks = TrunkConfig::examples();
    let poolings = PoolingConfig::examples();
    let with = |trunk: &TrunkConfig, pooling: &PoolingConfig, projection: ProjectionConfig| {
        EncoderConfig {
            input: InputConfig {
                scale: 0.5,
                centre: true,
                cepstra: 2,
                whiten: false,
            },
            trunk: trunk.clone(),
            pooling: pooling.clone(),
            projection,
        }
    };
    let mut encoders = Vec::new();
    for trunk in &trunks {
        for pooling in &poolings {
            encoders.push(with(trunk, pooling, ProjectionConfig::default()));
        }
        for projection in ProjectionConfig::examples() {
            encoders.push(with(trunk, &poolings[0], projection));
        }
    }
    encoders
}

fn values(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Adds `step` to the `cell`-th number of a module, counted over all of its parameters that are trained.
struct Nudge {
    cell: usize,
    step: f32,
}

impl ModuleMapper for Nudge {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !param.val().is_require_grad() {
            return param;
        }
        let shape = param.dims();
        let count: usize = shape.iter().product();
        let cell = self.cell;
        self.cell = cell.wrapping_sub(count);
        if cell >= count {
            return param;
        }
        self.cell = usize::MAX;
        let step = self.step;
        param.map(|tensor| {
            let device = tensor.device();
            let mut values = floats(tensor);
            values[cell] += step;
            Tensor::from_data(TensorData::new(values, shape), &device).require_grad()
        })
    }
}

/// Adds a little to every number that is trained: shifts of zero would leave channels without input exactly at a rectifier's
/// kink.
#[derive(Default)]
struct Moved {
    seed: u32,
}

impl ModuleMapper for Moved {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !param.val().is_require_grad() {
            return param;
        }
        self.seed += 1;
        let shape = param.dims();
        let count = shape.iter().product();
        param.map(|tensor| {
            let device = tensor.device();
            let moved = floats(tensor).into_iter().zip(values(self.seed, count));
            let moved: Vec<f32> = moved.map(|(value, by)| value + 0.2 * by).collect();
            Tensor::from_data(TensorData::new(moved, shape), &device).require_grad()
        })
    }
}

/// The gradient of every number of a module, in the order of [`Nudge`]; zeros where there is none.
struct Flat<'a> {
    gradients: &'a Gradients,
    found: Vec<f32>,
}

impl ModuleVisitor for Flat<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.val().is_require_grad() {
            let gradient = param.val().grad(self.gradients);
            let zeros = || vec![0.0; param.dims().iter().product()];
            self.found.extend(gradient.map_or_else(zeros, floats));
        }
    }
}

/// Compares the gradient of `value`, a function of a module, with central differences in 32 bits at every `stride`-th number.
///
/// Steps of 1e-2 and 2e-2 leave an error of their square times the third derivative, and the rounding of a value of order 1
/// over the step, 1e-5. Where the two steps disagree a kink lies between (a hinge, a rectifier): there is no derivative there,
/// and it may be so at a quarter of the numbers.
fn assert_gradient<M: Module>(
    name: &str,
    module: &M,
    stride: usize,
    value: impl Fn(&M) -> Result<Tensor<1>, ModelError>,
) {
    let gradients = value(module).unwrap().backward();
    let mut flat = Flat {
        gradients: &gradients,
        found: Vec::new(),
    };
    module.visit(&mut flat);
    let at = |cell, step| {
        let moved = module.clone().map(&mut Nudge { cell, step });
        f64::from(value(&moved).unwrap().into_scalar::<f32>())
    };
    let (mut compared, mut kinks) = (0, 0);
    for (cell, &found) in flat.found.iter().enumerate().step_by(stride) {
        let slope = |step: f32| (at(cell, step) - at(cell, -step)) / (2.0 * f64::from(step));
        let (fine, coarse) = (slope(1e-2), slope(2e-2));
        compared += 1;
        if (fine - coarse).abs() > 2e-3 + 0.02 * fine.abs() {
            kinks += 1;
            continue;
        }
        let agrees = |slope: f64| (f64::from(found) - slope).abs() < 3e-3 + 0.02 * slope.abs();
        if agrees(fine) {
            continue;
        }
        // A kink right at the number: the slope lies between those on its two sides.
        let here = at(cell, 0.0);
        let mut sides = [-1e-2, 1e-2].map(|step| (at(cell, step) - here) / f64::from(step));
        sides.sort_by(f64::total_cmp);
        let is_between = (sides[0]..=sides[1]).contains(&f64::from(found));
        assert!(
            is_between || sides.into_iter().any(agrees),
            "{name}, number {cell}: {found}, {fine}, {sides:?} on its sides"
        );
        kinks += 1;
    }
    assert!(
        4 * kinks <= compared,
        "{name}: {kinks} kinks at {compared} numbers"
    );
    assert!(compared > 0 || flat.found.is_empty(), "{name}");
}

fn pairs() -> Vec<(usize, usize)> {
    vec![(0, 1), (2, 3), (0, 2), (1, 4), (3, 5)]
}

/// The batches that a loss wants.
fn batches(wants: Batches, pairs: &[(usize, usize)]) -> Vec<LossBatch<'_>> {
    let with = |pairs| LossBatch {
        labels: &LABELS,
        pairs,
        teacher: Some(TEACHER),
        ..LossBatch::default()
    };
    match wants {
        Batches::Any => vec![with(None), with(Some(pairs))],
        Batches::Pairs => vec![with(Some(pairs))],
        _ => vec![with(None)],
    }
}

/// Through the head, centres or whatever stands before the loss, and by each of its own parameters.
#[test]
fn gradients_of_every_loss_equal_finite_differences() {
    let device = Device::flex().autodiff();
    let pairs = pairs();
    for config in LossConfig::examples() {
        config.validate().unwrap();
        let dim = INPUT.embedding_dim;
        let mut initialiser = Initialiser::seeded(3, &device);
        let loss = config.build(INPUT, &mut initialiser).unwrap();
        let embeddings = TensorData::new(values(5, 6 * dim), [6, dim]);
        let embeddings = Tensor::<2>::from_data(embeddings, &device);
        for batch in batches(config.wants(), &pairs) {
            let name = format!("{config:?} {:?}", batch.pairs);
            if loss.num_params() > 0 {
                assert_gradient(&name, &loss, 1, |loss| {
                    let outputs = loss.outputs(embeddings.clone(), &mut Pass::inference())?;
                    Ok(loss.loss(outputs, &batch)?.value)
                });
            }
            let by_embeddings = Embeddings {
                rows: Param::from_tensor(embeddings.clone()),
            };
            assert_gradient(&name, &by_embeddings, 1, |embeddings| {
                let outputs = loss.outputs(embeddings.rows.val(), &mut Pass::inference())?;
                Ok(loss.loss(outputs, &batch)?.value)
            });
        }
    }
}

#[derive(Module, Debug)]
struct Embeddings {
    rows: Param<Tensor<2>>,
}

#[test]
fn every_loss_says_what_it_is_where_all_outputs_are_alike() {
    let device = Device::flex();
    let pairs = pairs();
    for config in LossConfig::examples() {
        let mut initialiser = Initialiser::seeded(3, &device);
        let loss = config.build(INPUT, &mut initialiser).unwrap();
        for batch in batches(config.wants(), &pairs) {
            let outputs = loss.outputs(Tensor::ones([6, 5], &device), &mut Pass::inference());
            let [_, width] = outputs.unwrap().dims();
            let alike = Tensor::ones([6, width], &device) * 0.3;
            let found = loss.loss(alike, &batch).unwrap();
            let value = f64::from(found.value.into_scalar::<f32>());
            assert!(value.is_finite(), "{config:?}");
            if let Some(expected) = found.when_alike {
                assert!(
                    (value - expected).abs() < 1e-4,
                    "{config:?}: {value} {expected}"
                );
            }
        }
    }
}

/// Journal, report and diagnosis know terms by name: the same ones in every batch, and those of the pairs among them.
#[test]
fn every_loss_names_its_terms_and_the_distances_of_its_pairs() {
    let device = Device::flex();
    let pairs = pairs();
    for config in LossConfig::examples() {
        let mut initialiser = Initialiser::seeded(3, &device);
        let loss = config.build(INPUT, &mut initialiser).unwrap();
        let embeddings = TensorData::new(values(5, 30), [6, 5]);
        let embeddings = Tensor::<2>::from_data(embeddings, &device);
        for batch in batches(config.wants(), &pairs) {
            let outputs = loss
                .outputs(embeddings.clone(), &mut Pass::inference())
                .unwrap();
            let rows = floats(outputs.clone());
            let width = outputs.dims()[1];
            let rows: Vec<Vec<f32>> = rows.chunks_exact(width).map(<[f32]>::to_vec).collect();
            let found = loss.loss(outputs, &batch).unwrap();
            let mut names: Vec<&str> = found.terms.iter().map(|term| &*term.name).collect();
            let is_name = |name: &&str| {
                let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_part)
            };
            assert!(names.iter().all(is_name), "{names:?}");
            let distances = loss.pair_distances(&rows, &batch);
            if let Some(pairwise) = config.pairwise() {
                for (name, kind) in [(pairwise.same_term, true), (pairwise.different_term, false)] {
                    let term = found.terms.iter().find(|term| term.name == name).unwrap();
                    let reported = f64::from(term.value.clone().into_scalar::<f32>());
                    let of_kind: Vec<f64> = distances
                        .iter()
                        .filter(|pair| pair.same == kind)
                        .flat_map(|pair| pair.distances.clone())
                        .collect();
                    let mean = of_kind.iter().sum::<f64>() / of_kind.len() as f64;
                    assert!((reported - mean).abs() < 1e-4, "{name}: {reported} {mean}");
                }
            } else {
                assert!(distances.is_empty());
            }
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), found.terms.len(), "{config:?}");
        }
    }
}

#[test]
fn a_loss_refuses_labels_and_pairs_that_do_not_fit_its_batch() {
    let device = Device::flex();
    for config in LossConfig::examples() {
        let mut initialiser = Initialiser::seeded(3, &device);
        let loss = config.build(INPUT, &mut initialiser).unwrap();
        let outputs = loss
            .outputs(Tensor::ones([6, 5], &device), &mut Pass::inference())
            .unwrap();
        let few = LossBatch {
            labels: &LABELS[..4],
            teacher: Some(TEACHER),
            ..LossBatch::default()
        };
        assert!(loss.loss(outputs.clone(), &few).is_err(), "{config:?}");
        // A loss without weights takes embeddings of any width, and hands them on as they are.
        let narrow = loss.outputs(Tensor::ones([6, 4], &device), &mut Pass::inference());
        assert!(narrow.is_err() || narrow.unwrap().dims() == [6, 4]);
        let beyond = LossBatch {
            labels: &LABELS,
            pairs: Some(&[(0, 6)]),
            teacher: Some(TEACHER),
            ..LossBatch::default()
        };
        if config.wants() != Batches::Grouped(2) {
            assert!(loss.loss(outputs, &beyond).is_err(), "{config:?}");
        }
    }
}

/// Frames beyond an item's length change nothing, whatever they hold.
#[test]
fn every_encoder_gives_a_padded_batch_what_it_gives_one_by_one() {
    let device = Device::flex();
    let lengths = [7, 3, 1, 5];
    let (frames, batch) = (7, lengths.len());
    for config in encoders() {
        let mut initialiser = Initialiser::seeded(2, &device);
        let encoder = Encoder::new(BINS, &config, &mut initialiser).unwrap();
        if encoder.needs_statistics() {
            // Statistics over a batch of one are not those of the batch.
            continue;
        }
        let input = values(9, frames * batch * BINS);
        let whole = Tensor::<3>::from_data(
            TensorData::new(input.clone(), [frames, batch, BINS]),
            &device,
        );
        let pass = &mut Pass::inference();
        let together = floats(encoder.forward(whole, Some(&lengths), pass).unwrap());
        let dim = encoder.embedding_dim();
        assert_eq!(together.len(), batch * dim, "{config:?}");
        for (item, &length) in lengths.iter().enumerate() {
            let own: Vec<f32> = (0..length)
                .flat_map(|t| input[(t * batch + item) * BINS..][..BINS].to_vec())
                .collect();
            let own = Tensor::<3>::from_data(TensorData::new(own, [length, 1, BINS]), &device);
            let alone = floats(encoder.forward(own, None, pass).unwrap());
            for (a, b) in alone.iter().zip(&together[item * dim..]) {
                assert!((a - b).abs() < 1e-5, "{config:?}, item {item}: {a} {b}");
            }
        }
    }
}

#[test]
fn gradients_of_every_encoder_equal_finite_differences() {
    let device = Device::flex().autodiff();
    for config in encoders() {
        let mut initialiser = Initialiser::seeded(2, &device);
        let encoder = Encoder::new(BINS, &config, &mut initialiser).unwrap();
        let encoder = encoder.map(&mut Moved::default());
        let lengths = [5, 3, 4];
        let input = TensorData::new(values(9, 5 * 3 * BINS), [5, 3, BINS]);
        let input = Tensor::<3>::from_data(input, &device);
        let dim = encoder.embedding_dim();
        let weights = TensorData::new(values(4, 3 * dim), [3, dim]);
        let weights = Tensor::<2>::from_data(weights, &device);
        assert_gradient(&format!("{config:?}"), &encoder, 7, |encoder| {
            let pass = &mut Pass::inference();
            let embeddings = encoder.forward(input.clone(), Some(&lengths), pass)?;
            Ok((embeddings * weights.clone()).sum())
        });
    }
}

/// Who looks sees the same numbers, and every layer that is shown has parameters of its name.
#[test]
fn layers_show_themselves_by_the_names_of_their_parameters() {
    let device = Device::flex();
    for encoder in encoders() {
        let loss = &LossConfig::examples()[0];
        let network = SpeakerNetwork::new(BINS, 4, None, &encoder, loss, 1, &device).unwrap();
        let input = TensorData::new(values(9, 5 * 6 * BINS), [5, 6, BINS]);
        let input = Tensor::<3>::from_data(input, &device);
        let unseen = network
            .outputs(input.clone(), None, &mut Pass::inference())
            .unwrap();
        let mut layers = Vec::new();
        let mut look = |seen: speaker_model::Seen<'_>| layers.push(seen.layer.to_owned());
        let pass = &mut Pass::inference().seen_by(&mut look);
        let seen = network.outputs(input, None, pass).unwrap();
        for (a, b) in floats(unseen).iter().zip(floats(seen)) {
            assert!((a - b).abs() < 1e-5);
        }
        let mut names = Names::default();
        network.visit(&mut names);
        assert!(!layers.is_empty(), "{encoder:?}");
        for layer in layers {
            let has = |name: &String| name.starts_with(&format!("{layer}."));
            assert!(names.found.iter().any(has), "{layer} {:?}", names.found);
        }
    }
}

#[derive(Default)]
struct Names {
    path: ModulePath,
    found: Vec<String>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, _: &Param<Tensor<D>>) {
        self.found.push(self.path.name());
    }
}

/// Public functions gave way to panics of the operations below them for each of these.
#[test]
fn features_that_do_not_fit_an_encoder_are_an_error() {
    let device = Device::flex();
    for config in encoders() {
        let mut initialiser = Initialiser::seeded(2, &device);
        let encoder = Encoder::new(BINS, &config, &mut initialiser).unwrap();
        let shape = |shape: [usize; 3]| Tensor::<3>::ones(shape, &device);
        let cases: [(Tensor<3>, Option<&[usize]>); 5] = [
            (shape([5, 2, BINS + 1]), None),
            (shape([5, 2, BINS]), Some(&[5])),
            (shape([5, 2, BINS]), Some(&[5, 6])),
            (shape([5, 2, BINS]), Some(&[5, 4, 3])),
            (shape([5, 2, BINS - 1]), Some(&[5, 4])),
        ];
        for (features, lengths) in cases {
            let dims = features.dims();
            let result = encoder.forward(features, lengths, &mut Pass::inference());
            let is_shape = matches!(result, Err(ModelError::Shape { .. }));
            assert!(is_shape, "{config:?} {dims:?} {lengths:?}");
        }
    }
}

/// The bundle of every encoder has all of its weights, under names that are found again.
#[test]
fn bundles_of_every_encoder_load_to_the_same_embeddings() {
    let device = Device::flex();
    let front_end = FrontEnd::new(FeatureConfig::kaldi(), None).unwrap();
    let bins = front_end.config().num_bins;
    let recordings = [1, 2, 3].map(|seed| front_end.features(&values(seed, 8_000)));
    for config in encoders() {
        let mut initialiser = Initialiser::seeded(2, &device);
        let encoder = Encoder::new(bins, &config, &mut initialiser).unwrap();
        let (whole, front_end) = (Segmentation::Whole, front_end.clone());
        let embedder =
            Embedder::of_training(front_end, encoder, whole, true, &recordings, &device).unwrap();
        let written = Bundle::new(embedder, Origin::default());
        let directory = tempfile::tempdir().unwrap();
        written.save(directory.path(), WeightType::F32).unwrap();
        let read = Bundle::load(directory.path(), &device).unwrap();
        assert_eq!(read.config(), written.config());
        let embed = |bundle: &Bundle| bundle.embedder().embed_features(&recordings).unwrap();
        assert_eq!(embed(&read), embed(&written), "{config:?}");
    }
}

#[test]
fn configurations_of_every_kind_are_told_apart_by_name() {
    for config in encoders() {
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(
            serde_json::from_str::<EncoderConfig>(&text).unwrap(),
            config
        );
        let misspelt = text.replacen("\"kind\"", "\"unknown\":1,\"kind\"", 1);
        let error = serde_json::from_str::<EncoderConfig>(&misspelt).unwrap_err();
        assert!(error.to_string().contains("unknown"), "{error}");
    }
    for config in LossConfig::examples() {
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<LossConfig>(&text).unwrap(), config);
        assert!(
            text.starts_with(&format!("{{\"kind\":\"{}\"", config.kind())),
            "{text}"
        );
        let misspelt = text.replacen("\"kind\"", "\"unknown\":1,\"kind\"", 1);
        let error = serde_json::from_str::<LossConfig>(&misspelt).unwrap_err();
        assert!(error.to_string().contains("unknown"), "{error}");
    }
}
