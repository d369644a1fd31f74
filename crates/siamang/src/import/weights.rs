//! A network whose weights are put into an encoder of ours.

use std::path::Path;

use audio_features::{FeatureConfig, FrontEnd};
use foreign_weights::ForeignFile;
use foreign_weights::families::{Architecture, Family, Network, Running};
use speaker_model::{Bundle, Embedder, EncoderConfig, Origin, Segmentation, encoder_of};

use super::network::{Import, LONGEST_FRAMES, origin, refused};
use super::options::ImportOptions;
use super::taken::Taken;
use super::{cam_plus_plus, ecapa, lstm, res_net, x_vector};
use crate::error::{Error, ImportRemedy};

/// Imports the weights in `file`, recognised as `network`.
pub(super) fn import(
    file: &ForeignFile,
    network: Option<Network>,
    path: &Path,
    options: &ImportOptions,
) -> Result<Import, Error> {
    if let Some(name) = file.first_not_finite() {
        return Err(refused(
            path,
            format!("has NaN or infinite numbers in `{name}`"),
            ImportRemedy::Other(
                "take another copy: a network with such weights gives no embeddings",
            ),
        ));
    }
    let network = network.ok_or_else(|| {
        refused(
            path,
            format!(
                "holds {} tensors that are no network we know",
                file.tensors.len()
            ),
            ImportRemedy::Known,
        )
    })?;
    if network.running != Running::Native {
        return Err(refused(
            path,
            format!(
                "holds the weights of {} of {}, which are not run by themselves",
                network.name, network.family
            ),
            ImportRemedy::Other("export the network as ONNX and import that file"),
        ));
    }
    let family = options.family.unwrap_or(network.family);
    let features = match &options.features {
        Some(features) => features.clone(),
        None => front_end_of(family, &network).ok_or_else(|| {
            refused(
                path,
                format!("is of {family}, whose front end is not known"),
                ImportRemedy::Family,
            )
        })?,
    };
    let mut taken = Taken::new(file, &network.prefix);
    let (encoder, segmentation) = translate(&network, &mut taken).map_err(|missing| {
        let remedy = "take a whole copy of the file, or import an ONNX file of the network";
        refused(path, missing, ImportRemedy::Other(remedy))
    })?;
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
    let imported = origin(path, file, Some(&network), Some(family));
    let mut left_out: Vec<String> = translation.unused;
    left_out.extend(
        file.left_out
            .iter()
            .map(|left| format!("{} ({})", left.name, left.what)),
    );
    Ok(Import {
        bundle: Bundle::new(embedder, Origin::default()).with_import(imported),
        or_family: network.or_family.filter(|_| family == network.family),
        family: Some(family),
        network: Some(network),
        left_out,
        notes: Vec::new(),
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
