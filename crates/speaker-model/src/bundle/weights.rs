//! Weights as safetensors: names are the paths of the parameters in the module.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::module_path::ModulePath;

/// How weights are stored; they are computed with in 32 bits either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightType {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit floats: half the size.
    F16,
}

/// A parameter's numbers; its name is its path in the encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Its sizes.
    pub shape: Vec<usize>,
    /// Its numbers, row-major.
    pub values: Vec<f32>,
}

impl NamedTensor {
    /// The slices `places` along `axis`, where it has them.
    pub(crate) fn selected(&self, axis: usize, places: &[usize]) -> Option<Self> {
        let &size = self.shape.get(axis)?;
        let inner: usize = self.shape[axis + 1..].iter().product();
        let mut values = Vec::with_capacity(self.values.len() / size.max(1) * places.len());
        for outer in self.values.chunks_exact((size * inner).max(1)) {
            for &place in places {
                values.extend(outer.get(place * inner..(place + 1) * inner)?);
            }
        }
        let mut shape = self.shape.clone();
        shape[axis] = places.len();
        Some(Self { shape, values })
    }
}

/// Largest weight file that is read, so that a wrong path cannot exhaust memory.
const MAX_FILE_BYTES: u64 = 4 << 30;

/// Every float parameter of `module` by its path.
pub(crate) fn tensors_of(module: &impl Module) -> BTreeMap<String, NamedTensor> {
    let mut collector = Collector::default();
    module.visit(&mut collector);
    collector.tensors
}

#[derive(Default)]
struct Collector {
    path: ModulePath,
    tensors: BTreeMap<String, NamedTensor>,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let shape = tensor.dims().to_vec();
        let values = tensor
            .into_data()
            .convert::<f32>()
            .try_into_vec()
            .unwrap_or_default();
        self.tensors
            .insert(self.path.name(), NamedTensor { shape, values });
    }
}

/// What became of the tensors of one network in another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenWeights {
    /// Parameters that have the other's numbers.
    pub taken: Vec<String>,
    /// Parameters that the other has not, or has in other sizes.
    pub new: Vec<String>,
    /// Tensors of the other that fit nowhere.
    pub unused: Vec<String>,
}

/// `module` with its parameters replaced by those of `tensors`, which are removed from it.
pub(crate) fn with_tensors<M: Module>(
    module: M,
    tensors: &mut BTreeMap<String, NamedTensor>,
    path: &Path,
) -> Result<M, ModelError> {
    let mut loader = Loader::new(tensors);
    let module = module.map(&mut loader);
    match loader.missing.into_iter().next() {
        None => Ok(module),
        Some(missing) => Err(ModelError::Bundle {
            path: path.to_owned(),
            found: match missing.found {
                Some(shape) => format!("shape {shape:?}"),
                None => "missing".to_owned(),
            },
            field: missing.name,
            expected: format!("shape {:?}", missing.expected),
            remedy: "the weights belong to another configuration: take both from one bundle",
        }),
    }
}

/// `module` with those of `tensors` that have the name and the sizes of one of its parameters, and what became of them.
pub(crate) fn taking<M: Module>(
    module: M,
    mut tensors: BTreeMap<String, NamedTensor>,
) -> (M, TakenWeights) {
    let mut loader = Loader::new(&mut tensors);
    let module = module.map(&mut loader);
    let Loader { taken, missing, .. } = loader;
    let taken = TakenWeights {
        taken,
        new: missing.into_iter().map(|missing| missing.name).collect(),
        unused: tensors.into_keys().collect(),
    };
    (module, taken)
}

/// A parameter that no tensor fits.
struct Missing {
    name: String,
    /// Sizes of the tensor of its name, if there is one.
    found: Option<Vec<usize>>,
    expected: Vec<usize>,
}

struct Loader<'a> {
    path: ModulePath,
    tensors: &'a mut BTreeMap<String, NamedTensor>,
    taken: Vec<String>,
    missing: Vec<Missing>,
}

impl<'a> Loader<'a> {
    fn new(tensors: &'a mut BTreeMap<String, NamedTensor>) -> Self {
        Self {
            path: ModulePath::default(),
            tensors,
            taken: Vec::new(),
            missing: Vec::new(),
        }
    }
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let expected = param.dims().to_vec();
        let found = self.tensors.get(&name).map(|tensor| tensor.shape.clone());
        if found.as_ref() != Some(&expected) {
            self.missing.push(Missing {
                name,
                found,
                expected,
            });
            return param;
        }
        let Some(tensor) = self.tensors.remove(&name) else {
            return param;
        };
        self.taken.push(name);
        param.map(|old| {
            let data = TensorData::new(tensor.values, tensor.shape);
            let new = Tensor::from_data(data, &old.device());
            if old.is_require_grad() {
                new.require_grad()
            } else {
                new
            }
        })
    }
}

/// Writes `tensors` beside `path`, syncs and renames.
pub(crate) fn write(
    path: &Path,
    tensors: &BTreeMap<String, NamedTensor>,
    weight_type: WeightType,
) -> Result<(), ModelError> {
    let dtype = match weight_type {
        WeightType::F32 => Dtype::F32,
        WeightType::F16 => Dtype::F16,
    };
    let bytes: Vec<(&String, Vec<u8>)> = tensors
        .iter()
        .map(|(name, tensor)| {
            let values = tensor.values.iter();
            let bytes = match weight_type {
                WeightType::F32 => values.flat_map(|v| v.to_le_bytes()).collect(),
                WeightType::F16 => values
                    .flat_map(|&v| f16::from_f32(v).to_le_bytes())
                    .collect(),
            };
            (name, bytes)
        })
        .collect();
    let mut views = Vec::with_capacity(bytes.len());
    for (name, bytes) in &bytes {
        let view = TensorView::new(dtype, tensors[*name].shape.clone(), bytes)
            .map_err(|error| malformed(path, &error))?;
        views.push((name.as_str(), view));
    }
    let file = safetensors::serialize(views, None).map_err(|error| malformed(path, &error))?;
    durable::write(path, &file).map_err(ModelError::io(path))
}

/// The tensors of a safetensors file of 16- or 32-bit floats, by their names.
///
/// # Errors
/// [`ModelError::Io`], or [`ModelError::Bundle`] for a file of other things, or with a number that is not finite.
pub fn read(path: &Path) -> Result<BTreeMap<String, NamedTensor>, ModelError> {
    parse(&read_bytes(path)?, path)
}

/// The bytes of a file that may be one of weights.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, ModelError> {
    let size = std::fs::metadata(path).map_err(ModelError::io(path))?.len();
    if size > MAX_FILE_BYTES {
        return Err(ModelError::Bundle {
            path: path.to_owned(),
            field: "file size".to_owned(),
            found: format!("{size} bytes"),
            expected: format!("at most {MAX_FILE_BYTES}"),
            remedy: "check that the path is a bundle's",
        });
    }
    std::fs::read(path).map_err(ModelError::io(path))
}

/// The tensors of the safetensors file `bytes`, which messages call `path`.
pub(crate) fn parse(
    bytes: &[u8],
    path: &Path,
) -> Result<BTreeMap<String, NamedTensor>, ModelError> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| malformed(path, &error))?;
    let mut tensors = BTreeMap::new();
    for (name, view) in file.tensors() {
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 => view
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
            Dtype::F16 => view
                .data()
                .chunks_exact(2)
                .map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32())
                .collect(),
            other => {
                return Err(ModelError::Bundle {
                    path: path.to_owned(),
                    field: name.clone(),
                    found: format!("{other:?}"),
                    expected: "F32 or F16".to_owned(),
                    remedy: "convert the tensor",
                });
            }
        };
        if let Some(index) = values.iter().position(|v| !v.is_finite()) {
            return Err(ModelError::Bundle {
                path: path.to_owned(),
                field: format!("{name}[{index}]"),
                found: values[index].to_string(),
                expected: "a finite number".to_owned(),
                remedy: "the training that wrote it had diverged: take an earlier checkpoint",
            });
        }
        let shape = view.shape().to_vec();
        tensors.insert(name.clone(), NamedTensor { shape, values });
    }
    Ok(tensors)
}

fn malformed(path: &Path, error: &safetensors::SafeTensorError) -> ModelError {
    ModelError::Bundle {
        path: path.to_owned(),
        field: "file".to_owned(),
        found: error.to_string(),
        expected: "a whole safetensors file".to_owned(),
        remedy: "copy the bundle again",
    }
}
