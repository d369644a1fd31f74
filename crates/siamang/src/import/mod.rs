//! Networks that others trained, as bundles: their weights in our encoders or their graphs, behind their own front ends.

mod cam_plus_plus;
mod ecapa;
mod expect;
mod fronts;
#[cfg(feature = "onnx")]
mod graph;
#[cfg(feature = "onnx")]
mod judge;
mod line;
mod lstm;
#[cfg(feature = "onnx")]
mod metadata;
mod network;
mod options;
#[cfg(feature = "onnx")]
mod own;
mod res_net;
mod taken;
mod voices;
mod weights;
mod x_vector;

use std::path::Path;

use foreign_weights::families::Running;
use foreign_weights::{ForeignFile, Limits};

use crate::error::{Error, ImportRemedy};
use network::refused;

pub use expect::{Expected, LEAST_EXPECTED, compare_expected};
pub use fronts::{FrontTrial, compare_fronts};
pub use network::Import;
pub use options::{GRAPH_MEMORY_MB, ImportOptions};

/// Reads the network in the file at `path` and puts it behind the front end of its family, or of the family or behind the
/// front end that `options` name. An ONNX file is run as the graph that it is, anything else by its weights.
///
/// # Errors
/// [`Error::Foreign`] for a file that cannot be read, [`Error::NotImported`] for a network that is not known, cannot be
/// run here or gives no embeddings of speakers, [`Error::Model`] where weights do not fit together.
pub fn import(path: &Path, options: &ImportOptions) -> Result<Import, Error> {
    let file = ForeignFile::open(path, options.member.as_deref(), &Limits::default())?;
    let network = foreign_weights::recognise(&file);
    if let Some(network) = &network
        && let Running::NoSpeakerNetwork(what) = network.running
    {
        return Err(refused(
            path,
            format!(
                "is {}: {what}, which makes no embeddings of speakers",
                network.name
            ),
            ImportRemedy::Other("name the file of a speaker network"),
        ));
    }
    match file.graph.is_some() {
        true => of_graph(file, network, path, options),
        false => weights::import(&file, network, path, options),
    }
}

#[cfg(feature = "onnx")]
use graph::import as of_graph;

#[cfg(not(feature = "onnx"))]
fn of_graph(
    _: ForeignFile,
    _: Option<foreign_weights::families::Network>,
    path: &Path,
    _: &ImportOptions,
) -> Result<Import, Error> {
    Err(refused(
        path,
        "is an ONNX graph, and this siamang was built without them".to_owned(),
        ImportRemedy::Other("take a siamang with the feature `onnx`, as it is by default"),
    ))
}
