//! Opening a file from elsewhere.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::archive::Archive;
use crate::error::{Fault, ForeignError, shown};
use crate::kind::{Container, Kind, of};
use crate::limits::Limits;
use crate::onnx::{self, OnnxGraph};
use crate::tensor::{Contents, ForeignTensor, LeftOut};
use crate::{safetensors, torch};

/// A file from elsewhere: its tensors, and what it says of itself.
#[derive(Clone, Debug)]
pub struct ForeignFile {
    /// Tensors by name. Dictionaries in dictionaries are joined with `.`, and one that wraps them all (`state_dict`,
    /// `model`, `module` ...) is taken off.
    pub tensors: BTreeMap<String, ForeignTensor>,
    /// Texts and numbers beside them, by name: `metadata_props` of ONNX, `__metadata__` of safetensors, plain entries of
    /// checkpoints.
    pub metadata: BTreeMap<String, String>,
    /// What it holds beside: objects, the state of a training, tensors of unusual numbers.
    pub left_out: Vec<LeftOut>,
    /// How the tensors lie in it.
    pub container: Container,
    /// The graph of an ONNX file.
    pub graph: Option<OnnxGraph>,
    /// The member of the archive that it is from.
    pub member: Option<String>,
    /// Bytes of the file of weights itself, without the archive around it.
    pub num_bytes: u64,
    /// SHA-256 of the file that was opened, in hexadecimal digits.
    pub sha256: String,
    /// SHA-256 of the file of weights itself: the same unless it was in an archive.
    pub weights_sha256: String,
}

impl ForeignFile {
    /// Reads a file of weights, or `member` of an archive (its whole name, or the end of it from a `/` on); without a name,
    /// the only model that it holds. Nothing in the file is run, and nothing is written.
    ///
    /// # Errors
    /// [`ForeignError`], which names the file, what was found and what was expected. Sizes are checked against the file
    /// before anything is allocated for them.
    pub fn open(path: &Path, member: Option<&str>, limits: &Limits) -> Result<Self, ForeignError> {
        let bytes = read_file(path, limits)?;
        Self::read(
            &bytes,
            &path.display().to_string(),
            path.parent(),
            member,
            limits,
        )
    }

    /// As [`ForeignFile::open`], of bytes in memory. `name` is how they are called in errors. What lies in other files is
    /// not looked for.
    ///
    /// # Errors
    /// As [`ForeignFile::open`].
    pub fn of_bytes(
        bytes: &[u8],
        name: &str,
        member: Option<&str>,
        limits: &Limits,
    ) -> Result<Self, ForeignError> {
        Self::read(bytes, name, None, member, limits)
    }

    /// The names of the files in an archive that are models by their first bytes; none for any other file.
    ///
    /// # Errors
    /// Where the archive cannot be read.
    pub fn members(path: &Path, limits: &Limits) -> Result<Vec<String>, ForeignError> {
        let bytes = read_file(path, limits)?;
        let file = path.display().to_string();
        if of(&bytes, bytes.len() as u64) != Kind::Zip {
            return Ok(Vec::new());
        }
        let archive = Archive::open(&bytes, limits).map_err(|fault| fault.of(&file))?;
        Ok(if torch::is_torch(&archive) {
            Vec::new()
        } else {
            models(&archive)
        })
    }

    /// The first tensor that holds a number that is not finite.
    pub fn first_not_finite(&self) -> Option<&str> {
        let broken = |(_, tensor): &(&String, &ForeignTensor)| {
            tensor.values.iter().any(|value| !value.is_finite())
        };
        self.tensors
            .iter()
            .find(broken)
            .map(|(name, _)| name.as_str())
    }

    /// How many numbers its tensors have.
    pub fn num_values(&self) -> usize {
        self.tensors
            .values()
            .map(|tensor| tensor.values.len())
            .sum()
    }

    fn read(
        bytes: &[u8],
        file: &str,
        folder: Option<&Path>,
        member: Option<&str>,
        limits: &Limits,
    ) -> Result<Self, ForeignError> {
        let sha256 = digest(bytes);
        let kind = of(bytes, bytes.len() as u64);
        if kind == Kind::Zip {
            let archive = Archive::open(bytes, limits).map_err(|fault| fault.of(file))?;
            if !torch::is_torch(&archive) {
                let name = choose(&archive, file, member)?;
                let inner = format!("{file}: {}", shown(&name));
                let weights = archive
                    .bytes(&name, limits.member_bytes)
                    .map_err(|fault| fault.of(&inner))?;
                let weights = weights.unwrap_or_default();
                let mut read = read_weights(&weights, &inner, None, limits)?;
                read.weights_sha256 = digest(&weights);
                read.sha256 = sha256;
                read.member = Some(name);
                return Ok(read);
            }
        }
        if let Some(member) = member {
            return Err(ForeignError::NoSuchMember {
                file: file.to_owned(),
                member: shown(member),
                models: Vec::new(),
            });
        }
        let mut read = read_weights(bytes, file, folder, limits)?;
        read.weights_sha256.clone_from(&sha256);
        read.sha256 = sha256;
        Ok(read)
    }
}

/// The member that is wanted.
fn choose(archive: &Archive<'_>, file: &str, member: Option<&str>) -> Result<String, ForeignError> {
    let file = file.to_owned();
    if let Some(member) = member {
        let ends = |name: &str| {
            name.strip_suffix(member)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let found: Vec<&str> = archive.names().filter(|name| ends(name)).collect();
        let exact = found.iter().find(|name| **name == member);
        return match (exact, &found[..]) {
            (Some(name), _) | (None, [name]) => Ok((*name).to_owned()),
            (None, []) => Err(ForeignError::NoSuchMember {
                file,
                member: shown(member),
                models: models(archive),
            }),
            (None, several) => Err(ForeignError::ManyModels {
                file,
                models: several.iter().map(|name| shown(name)).collect(),
            }),
        };
    }
    let mut models = models(archive);
    match models.len() {
        0 => Err(ForeignError::NoModel {
            file,
            num_members: archive.names().count(),
        }),
        1 => Ok(models.remove(0)),
        _ => Err(ForeignError::ManyModels { file, models }),
    }
}

fn models(archive: &Archive<'_>) -> Vec<String> {
    archive.models(|first, num_bytes| match of(first, num_bytes) {
        Kind::Known(_) => true,
        // A zip in a zip is a model only if PyTorch wrote it: its first file is `NAME/data.pkl`, or `NAME/.format_version`.
        Kind::Zip => {
            let name = first.get(30..).unwrap_or_default();
            let contains = |needle: &[u8]| {
                name.windows(needle.len())
                    .take(200)
                    .any(|part| part == needle)
            };
            contains(b"/data.pkl") || contains(b"/.format_version") || contains(b"/byteorder")
        }
        Kind::Other(_) => false,
    })
}

/// Reads a file of weights that is no archive of others.
fn read_weights(
    bytes: &[u8],
    file: &str,
    folder: Option<&Path>,
    limits: &Limits,
) -> Result<ForeignFile, ForeignError> {
    let fault = |fault: Fault| fault.of(file);
    let (contents, container, graph) = match of(bytes, bytes.len() as u64) {
        Kind::Zip => {
            let archive = Archive::open(bytes, limits).map_err(fault)?;
            if !torch::is_torch(&archive) {
                return Err(ForeignError::Refused {
                    file: file.to_owned(),
                    found: "is an archive in an archive".to_owned(),
                });
            }
            let contents = torch::read_zip(&archive, limits).map_err(fault)?;
            (contents, Container::TorchZip, None)
        }
        Kind::Known(Container::TorchLegacy | Container::TorchZip) => {
            let contents = torch::read_legacy(bytes, limits).map_err(fault)?;
            (contents, Container::TorchLegacy, None)
        }
        Kind::Known(Container::Safetensors) => {
            let contents = safetensors::read(bytes, limits).map_err(fault)?;
            (contents, Container::Safetensors, None)
        }
        Kind::Known(Container::Onnx) => {
            let (contents, graph) = onnx::read(bytes, folder, limits).map_err(fault)?;
            (contents, Container::Onnx, Some(graph))
        }
        Kind::Other(found) => {
            return Err(ForeignError::NotRecognised {
                file: file.to_owned(),
                found: found.to_owned(),
            });
        }
    };
    let Contents {
        tensors,
        metadata,
        left_out,
    } = contents;
    Ok(ForeignFile {
        tensors,
        metadata,
        left_out,
        container,
        graph,
        member: None,
        num_bytes: bytes.len() as u64,
        sha256: String::new(),
        weights_sha256: String::new(),
    })
}

fn read_file(path: &Path, limits: &Limits) -> Result<Vec<u8>, ForeignError> {
    let unreadable = |source| ForeignError::Unreadable {
        path: path.to_owned(),
        source,
    };
    // A pipe would be waited for for ever.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(ForeignError::NotAFile {
            path: path.to_owned(),
        });
    }
    let too_large = |num_bytes: u64| ForeignError::TooLarge {
        file: path.display().to_string(),
        found: format!("it has {num_bytes} bytes or more"),
        limit: limits.file_bytes,
    };
    if metadata.len() > limits.file_bytes {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    let file = File::open(path).map_err(unreadable)?;
    file.take(limits.file_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > limits.file_bytes {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
