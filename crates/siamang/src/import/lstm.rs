//! The LSTM of Resemblyzer (Wan et al. 2018).

use audio_features::Windows;
use foreign_weights::families::Architecture;
use speaker_model::{
    Activation, Direction, EncoderConfig, InputConfig, LastStateConfig, LstmConfig, PoolingConfig,
    ProjectionConfig, Segmentation, TrunkConfig, UnitLengthConfig,
};

use super::taken::Taken;

/// Resemblyzer's partial utterances: 1.6 s, 1.3 a second.
pub(super) const WINDOWS: Segmentation = Segmentation::Windows(Windows::RESEMBLYZER);

pub(super) fn translated(
    architecture: &Architecture,
    taken: &mut Taken<'_>,
) -> Result<(EncoderConfig, Segmentation), String> {
    let Architecture::Lstm { hidden, layers } = *architecture else {
        return Err("is no LSTM".to_owned());
    };
    for layer in 0..layers {
        let to = format!("trunk.layers.{layer}.forward");
        for (theirs, ours) in [("weight_ih", "input"), ("weight_hh", "recurrent")] {
            let tensor = taken.tensor(&format!("lstm.{theirs}_l{layer}"))?;
            let &[gates, width] = tensor.shape.as_slice() else {
                return Err(format!(
                    "has `lstm.{theirs}_l{layer}` of {:?}",
                    tensor.shape
                ));
            };
            // [gates, width] to [width, gates]; the gates' order i, f, g, o is PyTorch's.
            let values = (0..width)
                .flat_map(|column| (0..gates).map(move |row| row * width + column))
                .map(|place| tensor.values[place])
                .collect();
            taken.put(&format!("{to}.{ours}"), vec![width, gates], values);
        }
        let [one, other] = ["bias_ih", "bias_hh"].map(|name| format!("lstm.{name}_l{layer}"));
        let one = &taken.tensor(&one)?.values;
        let other = &taken.tensor(&other)?.values;
        let sum: Vec<f32> = one.iter().zip(other).map(|(a, b)| a + b).collect();
        taken.put(&format!("{to}.bias"), vec![sum.len()], sum);
    }
    let width = taken.projection("linear", None, None)?;
    let encoder = EncoderConfig {
        input: InputConfig::default(),
        trunk: TrunkConfig::from(LstmConfig {
            num_layers: layers,
            direction: Direction::Forward,
            hidden,
            dropout: 0.0,
        }),
        pooling: PoolingConfig::from(LastStateConfig {}),
        projection: ProjectionConfig::from(UnitLengthConfig {
            width,
            activation: Activation::Relu,
        }),
    };
    Ok((encoder, WINDOWS))
}
