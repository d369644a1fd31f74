//! A loss with given weights, its value and its gradients.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use speaker_model::Loss;
use speaker_model::{
    AnyLoss, Initialiser, LossBatch, LossChoice, LossConfig, LossInput, LossOutput, ModelError,
    ModulePath, Pass, TeacherRows,
};

/// Numbers by the name of their tensor, row-major, with its shape.
pub(crate) type Named = BTreeMap<String, (Vec<usize>, Vec<f64>)>;

/// A loss, and embeddings of a batch.
pub(crate) struct Case {
    pub(crate) config: LossConfig,
    pub(crate) input: LossInput,
    pub(crate) labels: Vec<usize>,
    pub(crate) pairs: Option<Vec<(usize, usize)>>,
    pub(crate) step: u64,
    pub(crate) num_unlabelled: usize,
    /// Dimensions and vectors of a teacher, and whose they are.
    pub(crate) teacher: Option<(usize, Vec<f32>)>,
    pub(crate) recordings: Vec<usize>,
    /// `embeddings` and the parameters of the loss.
    pub(crate) tensors: Named,
}

impl Case {
    /// With the values of `fill` for embeddings and weights; a scale or offset has that of the configuration.
    pub(crate) fn new(
        config: LossConfig,
        input: LossInput,
        labels: &[usize],
        fill: impl Fn(&str, &[usize]) -> Vec<f64>,
    ) -> Self {
        Self::partly_labelled(config, input, labels, 0, fill)
    }

    /// The same with segments behind the others that have no label. Every segment is of a recording of its own.
    pub(crate) fn partly_labelled(
        config: LossConfig,
        input: LossInput,
        labels: &[usize],
        num_unlabelled: usize,
        fill: impl Fn(&str, &[usize]) -> Vec<f64>,
    ) -> Self {
        config.validate().unwrap();
        let device = Device::flex();
        let loss = config
            .build(input, &mut Initialiser::seeded(1, &device))
            .unwrap();
        let mut found = Walk::default();
        loss.visit(&mut found);
        let mut tensors = found.tensors;
        for (name, (shape, values)) in &mut tensors {
            if !name.ends_with("scale") && !name.ends_with("offset") {
                *values = fill(name, shape);
            }
        }
        let num_segments = labels.len() + num_unlabelled;
        let shape = vec![num_segments, input.embedding_dim];
        let values = fill("embeddings", &shape);
        let teacher = input.teacher_dim.map(|dim| {
            let vectors = fill("teacher", &[num_segments, dim]);
            (dim, vectors.iter().map(|&v| v as f32).collect())
        });
        tensors.insert("embeddings".to_owned(), (shape, values));
        Self {
            config,
            input,
            labels: labels.to_vec(),
            pairs: None,
            step: 0,
            num_unlabelled,
            teacher,
            recordings: (0..num_segments).collect(),
            tensors,
        }
    }

    pub(crate) fn batch(&self) -> LossBatch<'_> {
        LossBatch {
            labels: &self.labels,
            pairs: self.pairs.as_deref(),
            step: self.step,
            num_unlabelled: self.num_unlabelled,
            teacher: self.teacher.as_ref().map(|(dim, vectors)| TeacherRows {
                dim: *dim,
                vectors,
                recordings: &self.recordings,
            }),
        }
    }

    fn loss(&self, device: &Device) -> AnyLoss {
        let mut initialiser = Initialiser::seeded(1, device);
        let loss = self.config.build(self.input, &mut initialiser).unwrap();
        loss.map(&mut Fill {
            tensors: &self.tensors,
            path: ModulePath::default(),
        })
    }

    /// The product's loss, and its gradients by the names of the tensors.
    pub(crate) fn run(&self) -> Result<(LossOutput, Named), ModelError> {
        let device = Device::flex().autodiff();
        let loss = self.loss(&device);
        let (shape, values) = &self.tensors["embeddings"];
        let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        let data = TensorData::new(values, [shape[0], shape[1]]);
        let embeddings = Tensor::<2>::from_data(data, &device).require_grad();
        let outputs = loss.outputs(embeddings.clone(), &mut Pass::inference())?;
        let output = loss.loss(outputs, &self.batch())?;
        let gradients = output.value.backward();
        let mut walk = Walk {
            gradients: Some(&gradients),
            ..Walk::default()
        };
        loss.visit(&mut walk);
        let mut found = walk.tensors;
        let gradient = embeddings.grad(&gradients).unwrap();
        found.insert("embeddings".to_owned(), (shape.clone(), numbers(gradient)));
        Ok((output, found))
    }

    pub(crate) fn value(&self) -> f64 {
        let (output, _) = self.run().unwrap();
        f64::from(output.value.into_scalar::<f32>())
    }

    /// The terms of the loss by name.
    pub(crate) fn terms(&self) -> BTreeMap<String, f64> {
        let (output, _) = self.run().unwrap();
        let terms = output.terms.into_iter().map(|term| {
            let value = f64::from(term.value.into_scalar::<f32>());
            (term.name.into_owned(), value)
        });
        terms.collect()
    }
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Parameters, or their gradients.
#[derive(Default)]
struct Walk<'a> {
    gradients: Option<&'a Gradients>,
    path: ModulePath,
    tensors: Named,
}

impl ModuleVisitor for Walk<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let values = match self.gradients {
            Some(gradients) => numbers(param.val().grad(gradients).unwrap()),
            None => numbers(param.val()),
        };
        let shape = param.dims().to_vec();
        self.tensors.insert(self.path.name(), (shape, values));
    }
}

/// Puts numbers into a module.
struct Fill<'a> {
    tensors: &'a Named,
    path: ModulePath,
}

impl ModuleMapper for Fill<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (shape, values) = &self.tensors[&self.path.name()];
        let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        let shape: [usize; D] = shape.clone().try_into().unwrap();
        param.map(|old| {
            let filled = Tensor::from_data(TensorData::new(values, shape), &old.device());
            if old.is_require_grad() {
                filled.require_grad()
            } else {
                filled
            }
        })
    }
}

/// The murmur3 finaliser of k * 0x9e3779b1 + crc32(name), uniform in [-1, 1), in 32 bits.
pub(crate) fn formula(name: &str, shape: &[usize]) -> Vec<f64> {
    let start = crc32(name.as_bytes());
    let count: usize = shape.iter().product();
    let cell = |k: usize| {
        let mut x = (k as u32).wrapping_mul(0x9e37_79b1).wrapping_add(start);
        x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
        x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
        x ^= x >> 16;
        f64::from((f64::from(x) / f64::from(1_u32 << 31) - 1.0) as f32)
    };
    (0..count).map(cell).collect()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// A loss as one writes it below `[loss]`.
pub(crate) fn loss(json: &str) -> LossConfig {
    serde_json::from_str(json).unwrap()
}
