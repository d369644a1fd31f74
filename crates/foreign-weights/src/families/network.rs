//! A network that is known.

use std::fmt;

/// Whose networks they are: who trained them, and by whose code features are made for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "their names are what they are")]
pub enum Family {
    WeSpeaker,
    Speaker3d,
    Nemo,
    SpeechBrain,
    Resemblyzer,
    Pyannote,
    Silero,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::WeSpeaker,
        Self::Speaker3d,
        Self::Nemo,
        Self::SpeechBrain,
        Self::Resemblyzer,
        Self::Pyannote,
        Self::Silero,
    ];

    /// Its name in commands and files. Also that of its front end, where it has one
    /// (`audio_features::FeatureConfig::of_family`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::WeSpeaker => "wespeaker",
            Self::Speaker3d => "3d-speaker",
            Self::Nemo => "nemo",
            Self::SpeechBrain => "speechbrain",
            Self::Resemblyzer => "resemblyzer",
            Self::Pyannote => "pyannote",
            Self::Silero => "silero",
        }
    }

    /// The one of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Whose names and order of layers an ECAPA-TDNN has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EcapaLayout {
    /// `layer1.conv`, `layer2.se_res2block` ...: convolution, ReLU, batch norm.
    WeSpeaker,
    /// `blocks.0.conv.conv`, `blocks.1.tdnn1` ...: the same order; reflecting padding.
    SpeechBrain,
}

/// What a network is made of, with the sizes that its tensors have. Dilations are not in tensors: they are the published ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// CAM++: two-dimensional front of `channels`, dense TDNN blocks. Dilations 1, 2, 2; the first TDNN layer has stride 2.
    CamPlusPlus {
        /// Channels of the two-dimensional front.
        channels: usize,
        /// Channels behind the first TDNN layer.
        initial: usize,
        /// Channels that each layer adds.
        growth: usize,
        /// Layers of each block.
        layers: Vec<usize>,
    },
    /// ResNet of two dimensions with statistics pooling.
    ResNet {
        /// Channels of the first layer.
        channels: usize,
        /// Blocks of each of the four stages.
        blocks: Vec<usize>,
        /// Whether blocks have three convolutions.
        bottleneck: bool,
        /// Whether the pooling weighs frames (ASTP), not only takes mean and deviation.
        attention: bool,
        /// Whether the embedding is that of a second dense layer.
        second_layer: bool,
    },
    /// ECAPA-TDNN. Dilations 2, 3, 4.
    Ecapa {
        /// Whose names.
        layout: EcapaLayout,
        /// Channels of the frame layers.
        channels: usize,
        /// Channels before the pooling.
        pooled: usize,
        /// Parts of a Res2 block.
        scale: usize,
        /// Width of the attention's hidden layer.
        attention: usize,
        /// Whether attention sees mean and deviation of all frames.
        global_context: bool,
    },
    /// x-vector TDNN. Kernels and widths of the frame layers; dilations 1, 2, 3, 1, 1.
    XVector {
        /// Outputs and kernel of each layer.
        layers: Vec<(usize, usize)>,
        /// Whether there is a second dense layer, whose output is the embedding.
        second_layer: bool,
    },
    /// LSTM layers of one direction, whose last state a dense layer takes.
    Lstm {
        /// Units.
        hidden: usize,
        /// Layers.
        layers: usize,
    },
    /// One that is known by name alone.
    Named,
}

/// Whether it can be run here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// By kernels of ours, from its weights.
    Native,
    /// As a graph: an ONNX file.
    Graph,
    /// Its weights alone cannot be run; an ONNX file of it can.
    NeedsGraph,
    /// It is no network that makes embeddings of speakers; what it is.
    NoSpeakerNetwork(&'static str),
}

/// What was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Whose it is.
    pub family: Family,
    /// Another family whose networks have the same tensors: which of the two it is, the file does not say.
    pub or_family: Option<Family>,
    /// Its name, `CAM++` or `ResNet34`.
    pub name: String,
    /// What it is made of.
    pub architecture: Architecture,
    /// Bands of the features that it takes; `None` where the file does not say.
    pub num_bins: Option<usize>,
    /// Length of its embedding; `None` where the file does not say.
    pub embedding_width: Option<usize>,
    /// What the names of all its tensors begin with, with the dot.
    pub prefix: String,
    /// Whether it can be run here.
    pub running: Running,
    /// What it was recognised by.
    pub recognised_by: String,
}

impl Network {
    /// A network of a family.
    pub(super) fn new(
        family: Family,
        name: impl Into<String>,
        recognised_by: impl Into<String>,
    ) -> Self {
        Self {
            family,
            or_family: None,
            name: name.into(),
            architecture: Architecture::Named,
            num_bins: None,
            embedding_width: None,
            prefix: String::new(),
            running: Running::NeedsGraph,
            recognised_by: recognised_by.into(),
        }
    }
}
