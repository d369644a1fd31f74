//! A network that was imported, and where it comes from.

use std::path::Path;

use foreign_weights::ForeignFile;
use foreign_weights::families::{Family, KNOWN, KnownNetwork, Network};
use speaker_model::{Bundle, Imported};

use crate::error::{Error, ImportRemedy};

/// Longest stretch that a network is given at once, in frames of 10 ms: a minute. Longer recordings are cut into equal parts.
pub(super) const LONGEST_FRAMES: usize = 6_000;

/// A network that was imported.
pub struct Import {
    /// It, with its front end.
    pub bundle: Bundle,
    /// What it was recognised as.
    pub network: Option<Network>,
    /// Whose it is; none of a graph that was not recognised and has a front end of its own.
    pub family: Option<Family>,
    /// The front end was chosen by the family of the file's tensors, which another family shares; which one.
    pub or_family: Option<Family>,
    /// Tensors and other things of the file that no embedding needs, in words.
    pub left_out: Vec<String>,
    /// What else was settled by the file, in words.
    pub notes: Vec<String>,
}

/// A network that is not imported.
pub(super) fn refused(path: &Path, found: String, remedy: ImportRemedy) -> Error {
    Error::NotImported {
        path: path.to_owned(),
        found,
        remedy,
    }
}

/// Where a network comes from.
pub(super) fn origin(
    path: &Path,
    file: &ForeignFile,
    network: Option<&Network>,
    family: Option<Family>,
) -> Imported {
    let said = |key: &str| file.metadata.get(key).filter(|text| !text.is_empty());
    Imported {
        family: family.map_or("custom", Family::name).to_owned(),
        network: network
            .map_or("a network", |network| &network.name)
            .to_owned(),
        file: named(path, file.member.as_deref()),
        sha256: file.sha256.clone(),
        licence: match said("license").or_else(|| said("licence")) {
            Some(text) => text.clone(),
            None => known(network, |known| known.licence),
        },
        authors: known(network, |known| known.given_out_by),
    }
}

fn named(path: &Path, member: Option<&str>) -> String {
    let file = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    match member {
        Some(member) => format!("{file}!{member}"),
        None => file,
    }
}

/// What the table of known networks says of this one, where all of its rows agree.
fn known(network: Option<&Network>, of: impl Fn(&KnownNetwork) -> &'static str) -> String {
    let is_it = |known: &&KnownNetwork| {
        network.is_some_and(|network| {
            known.family == network.family && known.name.starts_with(&network.name)
        })
    };
    let mut found: Vec<&str> = KNOWN.iter().filter(is_it).map(of).collect();
    found.dedup();
    match found.as_slice() {
        [] => "not known".to_owned(),
        several => several.join("; "),
    }
}
