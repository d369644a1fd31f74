//! PyTorch's zip files: a pickle `data.pkl`, and a record `data/KEY` for each storage.

use super::{gather, state};
use crate::archive::Archive;
use crate::error::{Fault, shown};
use crate::limits::{Budget, Limits};
use crate::pickle;
use crate::tensor::Contents;

/// The name before `/data.pkl`.
fn folder(archive: &Archive<'_>) -> Option<String> {
    archive.names().find_map(|name| {
        let folder = name.strip_suffix("/data.pkl")?;
        (!folder.contains('/')).then(|| folder.to_owned())
    })
}

/// Whether an archive is a file of PyTorch.
pub(crate) fn is_torch(archive: &Archive<'_>) -> bool {
    folder(archive).is_some()
}

/// Its tensors.
pub(crate) fn read(archive: &Archive<'_>, limits: &Limits) -> Result<Contents, Fault> {
    let Some(folder) = folder(archive) else {
        return Err(Fault::Malformed("it lacks `data.pkl`".to_owned()));
    };
    let inside = format!("{folder}/code/");
    if archive.names().any(|name| name.starts_with(&inside)) {
        return Err(Fault::Unsupported(
            "it is a compiled program (TorchScript), not a state dict".to_owned(),
        ));
    }
    let order = archive.bytes(&format!("{folder}/byteorder"), 16)?;
    if order.is_some_and(|order| order != b"little") {
        return Err(Fault::Unsupported(
            "its numbers are not little-endian".to_owned(),
        ));
    }
    // The whole file may be unfolded about four times.
    let most = archive
        .num_bytes()
        .saturating_mul(4)
        .saturating_add(1 << 20);
    let pickle_bytes =
        archive.bytes(&format!("{folder}/data.pkl"), limits.header_bytes.min(most))?;
    let pickle_bytes = pickle_bytes.unwrap_or_default();
    let pickle = pickle::read(&pickle_bytes, 0, limits)?;
    let mut contents = Contents::default();
    let views = state::views(&pickle, &mut contents, limits)?;
    let mut budget = Budget::new(archive.num_bytes(), limits);
    let mut left = most;
    for shared in gather::by_storage(views, &mut budget)? {
        let name = format!("{folder}/data/{}", shared.key);
        let record = archive
            .bytes(&name, left)?
            .ok_or_else(|| Fault::Malformed(format!("it lacks the storage `{}`", shown(&name))))?;
        left = left.saturating_sub(record.len() as u64);
        if (record.len() as u64) < shared.num_bytes {
            return Err(Fault::Malformed(format!(
                "storage `{}` has {} bytes, its tensors need {}",
                shown(&name),
                record.len(),
                shared.num_bytes
            )));
        }
        for (name, view) in shared.views {
            match gather::tensor(view, &record) {
                Some(tensor) => contents.add(&name, tensor)?,
                None => {
                    return Err(Fault::Malformed(format!(
                        "tensor `{}` lies outside",
                        shown(&name)
                    )));
                }
            }
        }
    }
    Ok(contents)
}
