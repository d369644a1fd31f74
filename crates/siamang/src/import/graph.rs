//! A network that is run as the graph that its file holds.

use std::path::Path;

use audio_features::{FeatureConfig, FrontEnd, Normalisation};
use foreign_weights::families::{Architecture, Family, Network};
use foreign_weights::{ForeignFile, OnnxGraph};
use onnx_graph::{Choice, Layout, OnnxError};
use speaker_model::{
    Bundle, Embedder, GraphLayout, ModelError, Origin, Segmentation, SpeakerGraph,
};

use super::network::{Import, LONGEST_FRAMES, origin, refused};
use super::options::ImportOptions;
use super::own::OthersGraph;
use super::{judge, lstm, metadata, own};
use crate::error::{Error, ImportRemedy};

/// Frames that NeMo fills recordings up to a multiple of.
const NEMO_FRAMES: usize = 16;

/// Longest segments that are tried, in frames of 10 ms: those of a minute take more memory in some networks than they may.
const SEGMENTS: [usize; 5] = [LONGEST_FRAMES, 3_000, 1_500, 800, 400];

/// What is said of a file that Siamang wrote.
const WROTE_IT: &str = "its metadata say that Siamang wrote it: the front end and the cuts are those of its bundle, and it normalises features itself; a recording that is cut gets the mean of its segments' vectors after their centre and length, another one than the bundle's";

/// What is said of a file of others that Siamang described.
const DESCRIBED_IT: &str = "its metadata have the front end, the cuts and the ports of the bundle that Siamang wrote it from";

const OTHERS_WROTE_IT: &str = "take the siamang that wrote it, or describe its front end";

/// ONNX's number of the type f32.
const FLOAT: i64 = 1;

/// Imports the graph of `file`, recognised as `network`.
pub(super) fn import(
    mut file: ForeignFile,
    network: Option<Network>,
    path: &Path,
    options: &ImportOptions,
) -> Result<Import, Error> {
    let graph = file
        .graph
        .take()
        .ok_or(Error::Defect("a graph without its file"))?;
    // What a file says of itself is believed before what its tensors look like.
    let own = match (options.family, &options.features) {
        (None, None) => own::said(&file.metadata)
            .map_err(|found| refused(path, found, ImportRemedy::Other(OTHERS_WROTE_IT)))?,
        _ => None,
    };
    let said = metadata::family(&file.metadata);
    let recognised = network.as_ref().map(|network| network.family);
    let family = match own {
        Some(_) => None,
        None => options.family.or(said).or(recognised),
    };
    let (features, notes) = match &own {
        Some(own) => {
            let note = if own.run.is_some() {
                DESCRIBED_IT
            } else {
                WROTE_IT
            };
            (own.features.clone(), vec![note.to_owned()])
        }
        None => front_end(path, &file, &graph, family, options)?,
    };
    let described = own.as_ref().and_then(|own| own.run.as_ref());
    let choice = match described {
        Some(graph) => said_choice(graph, options, &features),
        None => choice(&graph, options, family, &features),
    };
    let frames_multiple = match (described, family) {
        (Some(graph), _) => graph.run.frames_multiple,
        (None, Some(Family::Nemo)) if options.features.is_none() => NEMO_FRAMES,
        _ => 1,
    };
    let opened = SpeakerGraph::open(graph.bytes, &choice, frames_multiple, options.memory_mb);
    let opened = opened.map_err(|error| explained(path, error))?;
    let features = with_bins(path, features, &opened, family, network.as_ref(), options)?;
    let segmentation = match family {
        None if let Some(own) = &own => own.segmentation,
        Some(Family::Resemblyzer) => lstm::WINDOWS,
        _ => Segmentation::UpTo(longest(&opened).map_err(|error| explained(path, error))?),
    };
    let front_end = FrontEnd::new(features, None).map_err(ModelError::from)?;
    let embedder = Embedder::of_graph(front_end, opened.clone(), segmentation, None)?;
    match judge::judge(&opened, &embedder) {
        Ok(None) => {}
        Ok(Some(found)) => {
            let remedy =
                "export the network again in eval mode, with the output that is the embedding";
            return Err(refused(path, found, ImportRemedy::Other(remedy)));
        }
        Err(Error::Model(error)) => return Err(explained(path, error)),
        Err(error) => return Err(error),
    }
    let or_family = match (options.family, said) {
        (None, None) => network.as_ref().and_then(|network| network.or_family),
        _ => None,
    };
    let notes = match segmentation {
        Segmentation::UpTo(frames) if frames < LONGEST_FRAMES && own.is_none() => {
            let note = format!(
                "longer recordings are cut into equal parts of at most {frames} frames: more would take more than {} MB of memory",
                options.memory_mb
            );
            notes.into_iter().chain([note]).collect()
        }
        _ => notes,
    };
    let imported = origin(path, &file, network.as_ref(), family);
    let bundle = Bundle::new(embedder, Origin::default());
    let bundle = match own {
        Some(own) => bundle
            .with_thresholds(own.thresholds.clone())
            .with_import(own.origin(imported)),
        None => bundle.with_import(imported),
    };
    Ok(Import {
        bundle,
        network,
        family,
        or_family,
        left_out: Vec::new(),
        notes,
    })
}

/// The front end, whose number of bands is not settled yet, and what the file changed in it.
fn front_end(
    path: &Path,
    file: &ForeignFile,
    graph: &OnnxGraph,
    family: Option<Family>,
    options: &ImportOptions,
) -> Result<(FeatureConfig, Vec<String>), Error> {
    if let Some(features) = &options.features {
        if features.normalisation == Normalisation::GlobalMean {
            return Err(refused(
                path,
                "would be behind a front end that subtracts the mean of its training data, which the file does not have".to_owned(),
                ImportRemedy::Other("take another `normalisation`: `none`, `utterance` or `utterance_deviation`"),
            ));
        }
        return Ok((features.clone(), Vec::new()));
    }
    let Some(family) = family else {
        let ports = |ports: &[foreign_weights::OnnxPort]| {
            let names = ports.iter().map(|port| format!("`{}`", port.name));
            names.take(8).collect::<Vec<_>>().join(", ")
        };
        return Err(refused(
            path,
            format!(
                "is a graph of no family that we know: inputs {}, outputs {}",
                ports(&graph.inputs),
                ports(&graph.outputs)
            ),
            ImportRemedy::Family,
        ));
    };
    let features = FeatureConfig::of_family(family.name()).ok_or_else(|| {
        let found = format!("is of {family}, whose front end is not known");
        refused(path, found, ImportRemedy::Family)
    })?;
    metadata::applied(&file.metadata, features)
        .map_err(|found| refused(path, found, ImportRemedy::Family))
}

/// What the caller settles, and the order of axes of which the file does not say.
/// What the file says of its graph, where nothing else was asked for.
fn said_choice(graph: &OthersGraph, options: &ImportOptions, features: &FeatureConfig) -> Choice {
    let or = |asked: &Option<String>, said: &String| asked.clone().or(Some(said.clone()));
    Choice {
        input: or(&options.input, &graph.input),
        length: options.length.clone().or(graph.run.length.clone()),
        output: or(&options.output, &graph.output),
        layout: Some(match graph.run.layout {
            GraphLayout::FramesBins => Layout::FramesBins,
            GraphLayout::BinsFrames => Layout::BinsFrames,
        }),
        bins: Some(features.num_bins),
    }
}

fn choice(
    graph: &OnnxGraph,
    options: &ImportOptions,
    family: Option<Family>,
    features: &FeatureConfig,
) -> Choice {
    let mut inputs = graph.inputs.iter().filter(|port| match &options.input {
        Some(name) => port.name == *name,
        None => port.data_type == FLOAT,
    });
    let is_open = inputs
        .next()
        .is_some_and(|port| match port.shape.as_slice() {
            [] => true,
            [_, one, other] => one.is_err() && other.is_err(),
            _ => false,
        });
    let layout = match family {
        Some(Family::Nemo) => Layout::BinsFrames,
        _ => Layout::FramesBins,
    };
    Choice {
        input: options.input.clone(),
        length: options.length.clone(),
        output: options.output.clone(),
        layout: is_open.then_some(layout),
        bins: is_open.then_some(features.num_bins),
    }
}

/// The front end with as many bands as the graph takes.
fn with_bins(
    path: &Path,
    features: FeatureConfig,
    graph: &SpeakerGraph,
    family: Option<Family>,
    network: Option<&Network>,
    options: &ImportOptions,
) -> Result<FeatureConfig, Error> {
    let (num_bins, own) = (graph.num_bins(), features.num_bins);
    if num_bins == own {
        return Ok(features);
    }
    if options.features.is_some() {
        return Err(refused(
            path,
            format!("takes frames of {num_bins} bands, the front end that was given has {own}"),
            ImportRemedy::Other("set `num_bins` of the front end"),
        ));
    }
    // A name of an output is not enough to say that so unusual a network is of the family.
    let is_guessed = options.family.is_none()
        && network.is_none_or(|network| network.architecture == Architecture::Named);
    if is_guessed {
        let family = family.map_or("its family", Family::name);
        return Err(refused(
            path,
            format!("takes frames of {num_bins} bands, the networks of {family} take {own}"),
            ImportRemedy::Family,
        ));
    }
    Ok(FeatureConfig {
        num_bins,
        ..features
    })
}

/// The longest segment whose run keeps to the limits.
fn longest(graph: &SpeakerGraph) -> Result<usize, ModelError> {
    let mut last = None;
    for frames in SEGMENTS {
        match graph.memory(frames) {
            Ok(_) => return Ok(frames),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or(ModelError::IsGraph))
}

/// In the words of an import, with the file's name.
fn explained(path: &Path, error: ModelError) -> Error {
    let ModelError::Graph(error) = error else {
        return Error::Model(error);
    };
    let remedy = match &error {
        OnnxError::Interface { .. } => ImportRemedy::Ports,
        OnnxError::Limit {
            is_memory: true, ..
        } => ImportRemedy::Memory,
        error => ImportRemedy::Other(
            error
                .remedy()
                .unwrap_or("export the network again for inference alone"),
        ),
    };
    refused(path, format!("cannot be run as a graph: {error}"), remedy)
}
