//! The names that a pickle may use.

use crate::element::Element;

/// A function or class that is known, none of which is ever called.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Known<'a> {
    /// `collections.OrderedDict` and other kinds of dictionaries.
    Dict,
    /// `set`, `list` and the like.
    Sequence,
    /// `torch._utils._rebuild_tensor_v2`; the older one without gradients, the newer one with an element type.
    Tensor,
    TensorOfType,
    /// `torch._utils._rebuild_parameter`: its first argument.
    Parameter,
    /// `torch.FloatStorage` and so on.
    Storage(Option<Element>),
    /// `torch.float32` and so on.
    Type(Element),
    /// Harmless classes whose objects are not built, by their names.
    Inert(&'a str, &'a str),
}

/// Classes that checkpoints of well-known trainers name beside their tensors. Their objects are data, and are left out.
const INERT: &[(&str, &[&str])] = &[
    ("_codecs", &["encode"]),
    ("argparse", &["Namespace"]),
    ("builtins", &["bytearray", "bytes", "complex", "slice"]),
    ("datetime", &["date", "datetime", "timedelta"]),
    ("lightning.fabric.utilities.data", &["AttributeDict"]),
    (
        "lightning.pytorch.callbacks.early_stopping",
        &["EarlyStopping"],
    ),
    (
        "lightning.pytorch.callbacks.model_checkpoint",
        &["ModelCheckpoint"],
    ),
    ("lightning_fabric.utilities.data", &["AttributeDict"]),
    (
        "numpy",
        &[
            "dtype", "ndarray", "bool_", "float32", "float64", "int32", "int64",
        ],
    ),
    ("numpy._core.multiarray", &["_reconstruct", "scalar"]),
    ("numpy.core.multiarray", &["_reconstruct", "scalar"]),
    (
        "numpy.dtypes",
        &["Float32DType", "Float64DType", "Int32DType", "Int64DType"],
    ),
    ("omegaconf.base", &["ContainerMetadata", "Metadata"]),
    ("omegaconf.dictconfig", &["DictConfig"]),
    ("omegaconf.listconfig", &["ListConfig"]),
    (
        "omegaconf.nodes",
        &[
            "AnyNode",
            "BooleanNode",
            "FloatNode",
            "IntegerNode",
            "StringNode",
        ],
    ),
    (
        "pathlib",
        &[
            "Path",
            "PosixPath",
            "PurePath",
            "PurePosixPath",
            "WindowsPath",
        ],
    ),
    ("pathlib._local", &["Path", "PosixPath", "WindowsPath"]),
    (
        "pyannote.audio.core.task",
        &["Problem", "Resolution", "Specifications"],
    ),
    ("pyannote.audio.core.model", &["Introspection"]),
    (
        "pytorch_lightning.callbacks.early_stopping",
        &["EarlyStopping"],
    ),
    (
        "pytorch_lightning.callbacks.model_checkpoint",
        &["ModelCheckpoint"],
    ),
    ("pytorch_lightning.utilities.parsing", &["AttributeDict"]),
    (
        "torch",
        &[
            "device",
            "Generator",
            "strided",
            "per_tensor_affine",
            "contiguous_format",
        ],
    ),
    ("torch.serialization", &["_get_layout"]),
    ("torch.torch_version", &["TorchVersion"]),
    ("typing", &["Any", "Dict", "List", "Union"]),
];

impl<'a> Known<'a> {
    /// The one of that name; `None` is to be refused.
    pub(crate) fn of(module: &'a str, name: &'a str) -> Option<Self> {
        // Python 2's name, which protocol 2 writes.
        let module = if module == "__builtin__" {
            "builtins"
        } else {
            module
        };
        if let ("torch" | "torch.cuda", Some(kind)) = (module, name.strip_suffix("Storage")) {
            return storage(kind).map(Self::Storage);
        }
        match (module, name) {
            ("collections", "OrderedDict" | "defaultdict" | "Counter") | ("builtins", "dict") => {
                return Some(Self::Dict);
            }
            ("builtins", "set" | "frozenset" | "list" | "tuple") | ("torch", "Size") => {
                return Some(Self::Sequence);
            }
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => {
                return Some(Self::Tensor);
            }
            ("torch._utils", "_rebuild_tensor_v3") => return Some(Self::TensorOfType),
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
                return Some(Self::Parameter);
            }
            ("torch.storage", "UntypedStorage" | "_UntypedStorage") => {
                return Some(Self::Storage(None));
            }
            // Factories of a `defaultdict`.
            ("builtins", "int" | "float" | "str" | "bool") => {
                return Some(Self::Inert(module, name));
            }
            _ => {}
        }
        if let ("torch", Some(element)) = (module, data_type(name)) {
            return Some(Self::Type(element));
        }
        let listed = INERT
            .iter()
            .any(|(m, names)| *m == module && names.contains(&name));
        listed.then_some(Self::Inert(module, name))
    }

    /// How it is called in messages.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Dict => "a dictionary".to_owned(),
            Self::Sequence => "a list".to_owned(),
            Self::Tensor | Self::TensorOfType | Self::Parameter => "a tensor".to_owned(),
            Self::Storage(_) => "a storage".to_owned(),
            Self::Type(element) => format!("the type {element:?}"),
            Self::Inert(module, name) => format!("{module}.{name}"),
        }
    }
}

/// The element of `torch.KINDStorage`.
fn storage(kind: &str) -> Option<Option<Element>> {
    Some(Some(match kind {
        "Double" => Element::F64,
        "Float" => Element::F32,
        "Half" => Element::F16,
        "BFloat16" => Element::Bf16,
        "Long" => Element::I64,
        "Int" => Element::I32,
        "Short" => Element::I16,
        "Char" => Element::I8,
        "Byte" => Element::U8,
        "Bool" => Element::Bool,
        "Untyped" => return Some(None),
        _ => return None,
    }))
}

/// The element of `torch.NAME`.
fn data_type(name: &str) -> Option<Element> {
    Some(match name {
        "float64" | "double" => Element::F64,
        "float32" | "float" => Element::F32,
        "float16" | "half" => Element::F16,
        "bfloat16" => Element::Bf16,
        "int64" | "long" => Element::I64,
        "int32" | "int" => Element::I32,
        "int16" | "short" => Element::I16,
        "int8" => Element::I8,
        "uint64" => Element::U64,
        "uint32" => Element::U32,
        "uint16" => Element::U16,
        "uint8" => Element::U8,
        "bool" => Element::Bool,
        _ => return None,
    })
}
