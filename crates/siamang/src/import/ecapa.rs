//! ECAPA-TDNN of WeSpeaker and of SpeechBrain.

use foreign_weights::families::{Architecture, EcapaLayout};
use speaker_model::{
    AttentiveConfig, Deviation, EcapaConfig, EncoderConfig, FramePadding, InputConfig, KeptGroup,
    LinearConfig, MeanDeviationConfig, PoolingConfig, ProjectionConfig, TrunkConfig,
};

use super::taken::Taken;

/// Frames from one frame of a block's kernel to the next: tensors do not tell.
const DILATIONS: [usize; 3] = [2, 3, 4];

pub(super) fn translated(
    architecture: &Architecture,
    taken: &mut Taken<'_>,
) -> Result<EncoderConfig, String> {
    let Architecture::Ecapa {
        layout,
        channels,
        pooled,
        scale,
        attention,
        global_context,
    } = architecture
    else {
        return Err("is no ECAPA-TDNN".to_owned());
    };
    let names = match layout {
        EcapaLayout::WeSpeaker => &WESPEAKER,
        EcapaLayout::SpeechBrain => &SPEECHBRAIN,
    };
    let unit = |taken: &mut Taken<'_>, from: &str, to: &str| {
        taken.frames(&format!("{from}{}", names.conv), to)?;
        taken.norm(
            &format!("{from}{}", names.norm),
            &format!("{to}.after.norm"),
        )
    };
    unit(taken, names.entry, "trunk.entry")?;
    for index in 0..DILATIONS.len() {
        let from = (names.block)(index);
        let to = format!("trunk.blocks.{index}");
        unit(
            taken,
            &format!("{from}{}", names.enter),
            &format!("{to}.enter"),
        )?;
        for group in 0..scale - 1 {
            let (conv, norm) = (names.group)(group);
            let to = format!("{to}.groups.{group}");
            taken.frames(&format!("{from}{conv}"), &to)?;
            taken.norm(&format!("{from}{norm}"), &format!("{to}.after.norm"))?;
        }
        unit(
            taken,
            &format!("{from}{}", names.leave),
            &format!("{to}.leave"),
        )?;
        taken.frames(
            &format!("{from}{}", names.squeeze),
            &format!("{to}.squeeze"),
        )?;
        taken.frames(&format!("{from}{}", names.excite), &format!("{to}.excite"))?;
    }
    let squeezed = taken
        .tensor(&format!("{}{}.weight", (names.block)(0), names.squeeze))?
        .shape[0];
    let is_theirs = *layout == EcapaLayout::SpeechBrain;
    let shape = &taken
        .tensor(&format!("{}{}.weight", names.entry, names.conv))?
        .shape;
    let entry_kernel = shape.get(2).copied().unwrap_or(1);
    let pooling = match (layout, attention) {
        (EcapaLayout::WeSpeaker, 0) => PoolingConfig::from(MeanDeviationConfig {
            deviation: Deviation::SampleRaised,
        }),
        (EcapaLayout::WeSpeaker, _) => {
            taken.frames("pool.linear1", "pooling.enter")?;
            taken.frames("pool.linear2", "pooling.weigh")?;
            attentive(*attention, *global_context, false)
        }
        (EcapaLayout::SpeechBrain, _) => {
            unit(taken, "asp.tdnn", "pooling.enter")?;
            taken.frames("asp.conv.conv", "pooling.weigh")?;
            attentive(*attention, *global_context, true)
        }
    };
    let width = match layout {
        EcapaLayout::WeSpeaker => {
            taken.frames("conv", "trunk.output")?;
            taken.projection("linear", Some("bn"), None)?
        }
        EcapaLayout::SpeechBrain => {
            unit(taken, "mfa", "trunk.output")?;
            taken.projection("fc.conv", Some("asp_bn.norm"), None)?
        }
    };
    Ok(EncoderConfig {
        input: InputConfig::default(),
        trunk: TrunkConfig::from(EcapaConfig {
            channels: *channels,
            output: *pooled,
            entry_kernel,
            kernel: 3,
            dilations: DILATIONS.to_vec(),
            scale: *scale,
            squeezed,
            kept: match is_theirs {
                true => KeptGroup::First,
                false => KeptGroup::Last,
            },
            padding: match is_theirs {
                true => FramePadding::Reflect,
                false => FramePadding::Zeros,
            },
            output_norm: is_theirs,
        }),
        pooling,
        projection: ProjectionConfig::from(LinearConfig {
            width,
            standardise: false,
        }),
    })
}

fn attentive(width: usize, context: bool, norm: bool) -> PoolingConfig {
    PoolingConfig::from(AttentiveConfig {
        width,
        context,
        norm,
    })
}

/// How a family names the layers.
struct Names {
    /// Of a unit: its convolution and its batch norm.
    conv: &'static str,
    norm: &'static str,
    entry: &'static str,
    /// A block, counted from 0, and its layers.
    block: fn(usize) -> String,
    enter: &'static str,
    leave: &'static str,
    group: fn(usize) -> (String, String),
    squeeze: &'static str,
    excite: &'static str,
}

const WESPEAKER: Names = Names {
    conv: ".conv",
    norm: ".bn",
    entry: "layer1",
    block: |index| format!("layer{}.se_res2block.", index + 2),
    enter: "0",
    leave: "2",
    group: |group| (format!("1.convs.{group}"), format!("1.bns.{group}")),
    squeeze: "3.linear1",
    excite: "3.linear2",
};

const SPEECHBRAIN: Names = Names {
    conv: ".conv.conv",
    norm: ".norm.norm",
    entry: "blocks.0",
    block: |index| format!("blocks.{}.", index + 1),
    enter: "tdnn1",
    leave: "tdnn2",
    group: |group| {
        let part = format!("res2net_block.blocks.{group}");
        (format!("{part}.conv.conv"), format!("{part}.norm.norm"))
    },
    squeeze: "se_block.conv1.conv",
    excite: "se_block.conv2.conv",
};
