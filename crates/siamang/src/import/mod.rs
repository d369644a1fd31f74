//! Networks that others trained, as bundles: their weights in our encoders, behind their own front ends.

mod cam_plus_plus;
mod ecapa;
mod fronts;
mod lstm;
mod res_net;
mod taken;
mod x_vector;

use std::path::Path;

use audio_features::{FeatureConfig, FrontEnd};
use foreign_weights::families::{Architecture, Family, KNOWN, KnownNetwork, Network, Running};
use foreign_weights::{ForeignFile, Limits};
use speaker_model::{Bundle, Embedder, EncoderConfig, Imported, Origin, Segmentation, encoder_of};

use crate::error::Error;
use taken::Taken;

pub use fronts::{FrontTrial, compare_fronts};

/// Longest stretch that a network is given at once, in frames of 10 ms: a minute. Longer recordings are cut into equal parts.
const LONGEST_FRAMES: usize = 6_000;

/// A network that was imported.
pub struct Import {
    /// It, with its front end.
    pub bundle: Bundle,
    /// What it was recognised as.
    pub network: Network,
    /// Whose front end it has.
    pub family: Family,
    /// The front end was chosen by the family of the file's tensors, which another family shares; which one.
    pub or_family: Option<Family>,
    /// Tensors and other things of the file that no embedding needs, in words.
    pub left_out: Vec<String>,
}

/// Reads the network in the file at `path` (in an archive: its only one, or `member`) and puts it behind the front end of
/// its family, or of `family`, or behind `features`.
///
/// # Errors
/// [`Error::Foreign`] for a file that cannot be read, [`Error::NotImported`] for a network that is not known or cannot be
/// run here, [`Error::Model`] where weights do not fit together.
pub fn import(
    path: &Path,
    member: Option<&str>,
    family: Option<Family>,
    features: Option<FeatureConfig>,
) -> Result<Import, Error> {
    let file = ForeignFile::open(path, member, &Limits::default())?;
    let refused = |found: String, remedy: &'static str| Error::NotImported {
        path: path.to_owned(),
        found,
        remedy,
    };
    if let Some(name) = file.first_not_finite() {
        return Err(refused(
            format!("has NaN or infinite numbers in `{name}`"),
            "take another copy: a network with such weights gives no embeddings",
        ));
    }
    let network = foreign_weights::recognise(&file).ok_or_else(|| {
        refused(
            format!(
                "holds {} tensors that are no network we know",
                file.tensors.len()
            ),
            "take a network that is known",
        )
    })?;
    match network.running {
        Running::Native => {}
        Running::NoSpeakerNetwork(what) => {
            return Err(refused(
                format!(
                    "is {}: {what}, which makes no embeddings of speakers",
                    network.name
                ),
                "name the file of a speaker network",
            ));
        }
        Running::Graph | Running::NeedsGraph => {
            return Err(refused(
                format!(
                    "is {} of {}, which is not run natively",
                    network.name, network.family
                ),
                "take a network that is run natively",
            ));
        }
    }
    let family = family.unwrap_or(network.family);
    let features = match features {
        Some(features) => features,
        None => front_end_of(family, &network).ok_or_else(|| {
            refused(
                format!("is of {family}, whose front end is not known"),
                "describe its front end with `features`",
            )
        })?,
    };
    let mut taken = Taken::new(&file, &network.prefix);
    let (encoder, segmentation) = translate(&network, &mut taken)
        .map_err(|missing| refused(missing, "take a whole copy of the file"))?;
    let translation = taken.done(encoder, segmentation);
    let device = speaker_model::device("flex")?;
    let front_end = FrontEnd::new(features, None).map_err(speaker_model::ModelError::from)?;
    let encoder = encoder_of(
        front_end.config().num_bins,
        &translation.encoder,
        translation.weights,
        path,
        &device,
    )?;
    let embedder = Embedder::new(front_end, encoder, translation.segmentation, None, &device)?;
    let imported = Imported {
        family: family.name().to_owned(),
        network: network.name.clone(),
        file: named(path, file.member.as_deref()),
        sha256: file.sha256.clone(),
        licence: known(&network, |known| known.licence),
        authors: known(&network, |known| known.given_out_by),
    };
    let mut left_out: Vec<String> = translation.unused;
    left_out.extend(
        file.left_out
            .iter()
            .map(|left| format!("{} ({})", left.name, left.what)),
    );
    Ok(Import {
        bundle: Bundle::new(embedder, Origin::default()).with_import(imported),
        or_family: network.or_family.filter(|_| family == network.family),
        family,
        network,
        left_out,
    })
}

/// The encoder for what was recognised; its weights are taken from the file as it is made.
///
/// # Errors
/// What is missing or has other sizes, in words.
fn translate(
    network: &Network,
    taken: &mut Taken<'_>,
) -> Result<(EncoderConfig, Segmentation), String> {
    let whole = Segmentation::UpTo(LONGEST_FRAMES);
    Ok(match &network.architecture {
        Architecture::CamPlusPlus { .. } => (
            cam_plus_plus::translated(&network.architecture, taken)?,
            whole,
        ),
        Architecture::Ecapa { .. } => (ecapa::translated(&network.architecture, taken)?, whole),
        Architecture::ResNet { .. } => (res_net::translated(&network.architecture, taken)?, whole),
        Architecture::XVector { .. } => (x_vector::translated(network, taken)?, whole),
        Architecture::Lstm { .. } => lstm::translated(&network.architecture, taken)?,
        Architecture::Named => {
            return Err(format!("is {}, which is known by name alone", network.name));
        }
    })
}

/// The front end of a family, with as many bands as the network takes.
fn front_end_of(family: Family, network: &Network) -> Option<FeatureConfig> {
    let features = FeatureConfig::of_family(family.name())?;
    let num_bins = network.num_bins.unwrap_or(features.num_bins);
    Some(FeatureConfig {
        num_bins,
        ..features
    })
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
fn known(network: &Network, of: impl Fn(&KnownNetwork) -> &'static str) -> String {
    let mut found: Vec<&str> = KNOWN
        .iter()
        .filter(|known| known.family == network.family && known.name.starts_with(&network.name))
        .map(of)
        .collect();
    found.dedup();
    match found.as_slice() {
        [] => "not known".to_owned(),
        several => several.join("; "),
    }
}
