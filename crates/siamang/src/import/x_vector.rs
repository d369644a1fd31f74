//! x-vectors of WeSpeaker and of SpeechBrain.

use foreign_weights::families::{Architecture, Family, Network};
use speaker_model::{
    Deviation, EncoderConfig, FramePadding, InputConfig, LinearConfig, MeanDeviationConfig,
    PoolingConfig, ProjectionConfig, TdnnConfig, TdnnLayer, TrunkConfig,
};

use super::taken::Taken;

/// Frames from one frame of a layer's kernel to the next: tensors do not tell.
const DILATIONS: [usize; 5] = [1, 2, 3, 1, 1];

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
    if network.family != Family::WeSpeaker {
        return Err(format!(
            "is the x-vector network of {}, whose layers are activated otherwise: it is not run natively",
            network.family
        ));
    }
    if *second_layer && !taken.has("seg_bn_1.running_mean") {
        return Err("has a second dense layer without its batch norm".to_owned());
    }
    for index in 0..layers.len() {
        let from = format!("frame_{}", index + 1);
        let to = format!("trunk.layers.{index}");
        taken.frames(&format!("{from}.conv_1d"), &to)?;
        taken.norm(&format!("{from}.bn"), &format!("{to}.after.norm"))?;
    }
    let described = layers
        .iter()
        .zip(DILATIONS.iter().chain(std::iter::repeat(&1)));
    // The embedding of x-vectors is the first dense layer's output; the second serves training.
    let width = taken.projection("seg_1", None, None)?;
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
            padding: FramePadding::None,
        }),
        pooling: PoolingConfig::from(MeanDeviationConfig {
            deviation: Deviation::SampleRaised,
        }),
        projection: ProjectionConfig::from(LinearConfig {
            width,
            standardise: false,
        }),
    })
}
