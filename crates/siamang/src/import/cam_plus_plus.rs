//! CAM++ of 3D-Speaker and WeSpeaker.

use foreign_weights::families::Architecture;
use speaker_model::{
    CamBlock, CamPlusPlusConfig, Deviation, EncoderConfig, InputConfig, LinearConfig,
    MeanDeviationConfig, PoolingConfig, ProjectionConfig, TrunkConfig,
};

use super::taken::Taken;

/// Frames from one frame of a layer's kernel to the next, block by block: tensors do not tell.
const DILATIONS: [usize; 3] = [1, 2, 2];

pub(super) fn translated(
    architecture: &Architecture,
    taken: &mut Taken<'_>,
) -> Result<EncoderConfig, String> {
    let Architecture::CamPlusPlus {
        channels,
        initial,
        growth,
        layers,
    } = architecture
    else {
        return Err("is no CAM++".to_owned());
    };
    if layers.len() != DILATIONS.len() {
        return Err(format!(
            "has {} blocks, expected {}",
            layers.len(),
            DILATIONS.len()
        ));
    }
    let bottleneck = taken.tensor("xvector.block1.tdnnd1.linear1.weight")?.shape[0];
    image(taken, "head.conv1", "head.bn1", "trunk.images.entry")?;
    for (index, block) in ["layer1.0", "layer1.1", "layer2.0", "layer2.1"]
        .iter()
        .enumerate()
    {
        super::res_net::block(
            taken,
            &format!("head.{block}"),
            &format!("trunk.images.blocks.{index}"),
        )?;
    }
    image(taken, "head.conv2", "head.bn2", "trunk.images.leave")?;
    taken.frames("xvector.tdnn.linear", "trunk.entry")?;
    taken.norm("xvector.tdnn.nonlinear.batchnorm", "trunk.entry.after.norm")?;
    let mut blocks = Vec::new();
    for (index, &count) in layers.iter().enumerate() {
        let number = index + 1;
        for layer in 0..count {
            let from = format!("xvector.block{number}.tdnnd{}", layer + 1);
            let to = format!("trunk.blocks.{index}.layers.{layer}");
            taken.norm(
                &format!("{from}.nonlinear1.batchnorm"),
                &format!("{to}.norm"),
            )?;
            taken.frames(&format!("{from}.linear1"), &format!("{to}.enter"))?;
            taken.norm(
                &format!("{from}.nonlinear2.batchnorm"),
                &format!("{to}.enter.after.norm"),
            )?;
            taken.frames(
                &format!("{from}.cam_layer.linear_local"),
                &format!("{to}.local"),
            )?;
            taken.frames(
                &format!("{from}.cam_layer.linear1"),
                &format!("{to}.squeeze"),
            )?;
            taken.frames(
                &format!("{from}.cam_layer.linear2"),
                &format!("{to}.excite"),
            )?;
        }
        let (from, to) = (
            format!("xvector.transit{number}"),
            format!("trunk.blocks.{index}"),
        );
        taken.norm(
            &format!("{from}.nonlinear.batchnorm"),
            &format!("{to}.norm"),
        )?;
        taken.frames(&format!("{from}.linear"), &format!("{to}.leave"))?;
        blocks.push(CamBlock {
            layers: count,
            kernel: 3,
            dilation: DILATIONS[index],
        });
    }
    taken.norm("xvector.out_nonlinear.batchnorm", "trunk.norm")?;
    let width = taken.projection(
        "xvector.dense.linear",
        None,
        Some("xvector.dense.nonlinear.batchnorm"),
    )?;
    Ok(EncoderConfig {
        input: InputConfig::default(),
        trunk: TrunkConfig::from(CamPlusPlusConfig {
            image_channels: *channels,
            image_blocks: 2,
            channels: *initial,
            growth: *growth,
            bottleneck,
            blocks,
        }),
        pooling: PoolingConfig::from(MeanDeviationConfig {
            deviation: Deviation::Sample,
        }),
        projection: ProjectionConfig::from(LinearConfig {
            width,
            standardise: false,
        }),
    })
}

/// A convolution over an image and the batch norm behind it.
fn image(taken: &mut Taken<'_>, conv: &str, norm: &str, to: &str) -> Result<(), String> {
    taken.filters::<4>(conv, to)?;
    taken.norm(norm, &format!("{to}.after.norm"))
}
