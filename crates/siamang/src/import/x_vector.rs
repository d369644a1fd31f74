//! x-vectors of WeSpeaker and of SpeechBrain.

use foreign_weights::families::{Architecture, Family, Network};
use speaker_model::{
    Deviation, EncoderConfig, FramePadding, InputConfig, LinearConfig, MeanDeviationConfig,
    PoolingConfig, ProjectionConfig, Rectifier, TdnnConfig, TdnnLayer, TrunkConfig,
};

use super::taken::Taken;

/// Frames from one frame of a layer's kernel to the next: tensors do not tell.
const DILATIONS: [usize; 5] = [1, 2, 3, 1, 1];

/// SpeechBrain's pooling adds noise to means, at inference as well: 1e-5 to 9e-5, drawn anew. Its mean is added here, so that a
/// recording has one embedding.
const MEAN_NOISE: f64 = 5e-5;
/// What it adds to deviations.
const DEVIATION_RAISE: f64 = 1e-5;

pub(super) fn translated(
    network: &Network,
    taken: &mut Taken<'_>,
) -> Result<EncoderConfig, String> {
    let Architecture::XVector {
        layers,
        second_layer,
    } = &network.architecture
    else {
        return Err("is no x-vector network".to_owned());
    };
    if *second_layer && !taken.has("seg_bn_1.running_mean") {
        return Err("has a second dense layer without its batch norm".to_owned());
    }
    let is_theirs = network.family == Family::SpeechBrain;
    for index in 0..layers.len() {
        let to = format!("trunk.layers.{index}");
        let (conv, norm) = match is_theirs {
            // Blocks are convolution, activation and batch norm by turns.
            true => (
                format!("blocks.{}.conv", 3 * index),
                format!("blocks.{}.norm", 3 * index + 2),
            ),
            false => (
                format!("frame_{}.conv_1d", index + 1),
                format!("frame_{}.bn", index + 1),
            ),
        };
        taken.frames(&conv, &to)?;
        taken.norm(&norm, &format!("{to}.after.norm"))?;
    }
    let described = layers
        .iter()
        .zip(DILATIONS.iter().chain(std::iter::repeat(&1)));
    // The embedding of x-vectors is the first dense layer's output; the second serves training.
    let width = match is_theirs {
        true => {
            let dense = format!("blocks.{}.w", 3 * layers.len() + 1);
            let width = taken.projection(&dense, None, None)?;
            let pooled = layers.last().map_or(0, |&(channels, _)| channels);
            taken.raise_projection_input(0..pooled, MEAN_NOISE);
            taken.raise_projection_input(pooled..2 * pooled, DEVIATION_RAISE);
            width
        }
        false => taken.projection("seg_1", None, None)?,
    };
    Ok(EncoderConfig {
        input: InputConfig::default(),
        trunk: TrunkConfig::from(TdnnConfig {
            layers: described
                .map(|(&(channels, kernel), &dilation)| TdnnLayer {
                    channels,
                    kernel,
                    dilation,
                })
                .collect(),
            padding: match is_theirs {
                true => FramePadding::Reflect,
                false => FramePadding::None,
            },
            rectifier: match is_theirs {
                true => Rectifier::Leaky,
                false => Rectifier::Plain,
            },
        }),
        pooling: PoolingConfig::from(MeanDeviationConfig {
            deviation: match is_theirs {
                true => Deviation::Sample,
                false => Deviation::SampleRaised,
            },
        }),
        projection: ProjectionConfig::from(LinearConfig {
            width,
            standardise: false,
        }),
    })
}
