//! ResNet of WeSpeaker.

use foreign_weights::families::Architecture;
use speaker_model::{
    AttentiveConfig, Deviation, EncoderConfig, InputConfig, LinearConfig, MeanDeviationConfig,
    PoolingConfig, ProjectionConfig, ResNetConfig, TrunkConfig,
};

use super::taken::Taken;

pub(super) fn translated(
    architecture: &Architecture,
    taken: &mut Taken<'_>,
) -> Result<EncoderConfig, String> {
    let Architecture::ResNet {
        channels,
        blocks,
        attention,
        second_layer,
        ..
    } = architecture
    else {
        return Err("is no ResNet".to_owned());
    };
    if *second_layer {
        return Err("has a second dense layer, which is not run natively".to_owned());
    }
    taken.filters::<4>("conv1", "trunk.entry")?;
    taken.norm("bn1", "trunk.entry.after.norm")?;
    let mut number = 0;
    for (stage, &count) in blocks.iter().enumerate() {
        for index in 0..count {
            let from = format!("layer{}.{index}", stage + 1);
            block(taken, &from, &format!("trunk.blocks.{number}"))?;
            number += 1;
        }
    }
    let pooling = match attention {
        false => PoolingConfig::from(MeanDeviationConfig {
            deviation: Deviation::SampleRaised,
        }),
        true => {
            taken.frames("pool.linear1", "pooling.enter")?;
            taken.frames("pool.linear2", "pooling.weigh")?;
            let shape = &taken.tensor("pool.linear1.weight")?.shape;
            let pooled = taken.tensor("pool.linear2.weight")?.shape[0];
            PoolingConfig::from(AttentiveConfig {
                width: shape[0],
                context: shape.get(1).is_some_and(|&seen| seen > pooled),
                norm: false,
            })
        }
    };
    let width = taken.projection("seg_1", None, None)?;
    Ok(EncoderConfig {
        input: InputConfig::default(),
        trunk: TrunkConfig::from(ResNetConfig {
            channels: *channels,
            blocks: blocks.clone(),
        }),
        pooling,
        projection: ProjectionConfig::from(LinearConfig {
            width,
            standardise: false,
        }),
    })
}

/// A block of two convolutions.
pub(super) fn block(taken: &mut Taken<'_>, from: &str, to: &str) -> Result<(), String> {
    for (number, name) in [(1, "first"), (2, "second")] {
        taken.filters::<4>(&format!("{from}.conv{number}"), &format!("{to}.{name}"))?;
        taken.norm(
            &format!("{from}.bn{number}"),
            &format!("{to}.{name}.after.norm"),
        )?;
    }
    if taken.has(&format!("{from}.shortcut.0.weight")) {
        taken.filters::<4>(&format!("{from}.shortcut.0"), &format!("{to}.shortcut"))?;
        taken.norm(
            &format!("{from}.shortcut.1"),
            &format!("{to}.shortcut.after.norm"),
        )?;
    }
    Ok(())
}
