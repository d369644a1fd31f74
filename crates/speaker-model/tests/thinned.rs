//! Weights of a large encoder in a smaller one: where what is left out was read by nobody, nothing changes.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use speaker_model::{
    CamBlock, CamPlusPlusConfig, Deviation, Encoder, EncoderConfig, Initialiser, InputConfig,
    LinearConfig, MeanConfig, MeanDeviationConfig, NamedTensor, Pass, PoolingConfig,
    ProjectionConfig, ResNetConfig, TrunkConfig,
};

const BINS: usize = 16;

fn trunk(image_channels: usize, image_blocks: usize, layers: [usize; 2]) -> CamPlusPlusConfig {
    CamPlusPlusConfig {
        image_channels,
        image_blocks,
        channels: 8,
        growth: 4,
        bottleneck: 6,
        blocks: [(layers[0], 1), (layers[1], 2)]
            .map(|(layers, dilation)| CamBlock {
                layers,
                kernel: 3,
                dilation,
            })
            .to_vec(),
    }
}

fn config(trunk: impl Into<TrunkConfig>, pooling: impl Into<PoolingConfig>) -> EncoderConfig {
    EncoderConfig {
        input: InputConfig::default(),
        trunk: trunk.into(),
        pooling: pooling.into(),
        projection: ProjectionConfig::from(LinearConfig {
            width: 5,
            standardise: false,
        }),
    }
}

fn statistics() -> MeanDeviationConfig {
    MeanDeviationConfig {
        deviation: Deviation::Sample,
    }
}

fn encoder(config: &EncoderConfig) -> Encoder {
    Encoder::new(BINS, config, &mut Initialiser::seeded(3, &Device::flex())).unwrap()
}

/// Numbers as a training might leave them.
fn trained(config: &EncoderConfig) -> BTreeMap<String, NamedTensor> {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut tensors = encoder(config).tensors();
    for (name, tensor) in &mut tensors {
        let (centre, spread) = match name.rsplit('.').next().unwrap() {
            "scale" | "variance" => (1.0, 0.6),
            "shift" | "mean" | "bias" => (0.0, 0.4),
            _ => (0.0, 0.5),
        };
        for value in &mut tensor.values {
            *value = centre + spread * random.random_range(-1.0..1.0);
        }
    }
    tensors
}

fn embeddings(config: &EncoderConfig, tensors: BTreeMap<String, NamedTensor>) -> Vec<f32> {
    let (encoder, weights) = encoder(config).taking(tensors);
    assert!(
        weights.new.is_empty() && weights.unused.is_empty(),
        "{weights:?}"
    );
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let values: Vec<f32> = (0..30 * 2 * BINS)
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    let features = Tensor::<3>::from_data(TensorData::new(values, [30, 2, BINS]), &Device::flex());
    let embeddings = encoder.forward(features, None, &mut Pass::inference());
    embeddings.unwrap().into_data().try_into_vec().unwrap()
}

/// Sets the slices `places` along `axis` of those tensors to zero.
fn silence(
    tensors: &mut BTreeMap<String, NamedTensor>,
    names: impl Fn(&str) -> bool,
    axis: usize,
    places: impl Fn(usize) -> bool,
) {
    let mut count = 0;
    for (_, tensor) in tensors.iter_mut().filter(|(name, _)| names(name)) {
        let inner: usize = tensor.shape[axis + 1..].iter().product();
        let size = tensor.shape[axis];
        for (index, value) in tensor.values.iter_mut().enumerate() {
            if places(index / inner % size) {
                *value = 0.0;
            }
        }
        count += 1;
    }
    assert!(count > 0);
}

/// Of two blocks of four and three layers the first and the fourth, and the second, are read, of six channels of images those
/// at even places, and the second residual block of a stage adds nothing.
fn with_much_unread(large: &EncoderConfig) -> BTreeMap<String, NamedTensor> {
    let mut tensors = trained(large);
    let t = &mut tensors;
    // Images: channels at odd places are read by nobody, wherever they come from.
    let reads_images = |name: &str| {
        let is_weight = name.starts_with("trunk.images.") && name.ends_with(".weight");
        is_weight && !name.contains("images.entry")
    };
    silence(t, reads_images, 1, |channel| channel % 2 == 1);
    silence(
        t,
        |name| name == "trunk.entry.weight",
        1,
        |place| place / (BINS / 8) % 2 == 1,
    );
    for block in [1, 3] {
        let prefix = format!("trunk.images.blocks.{block}.second.after.norm.");
        silence(
            t,
            |name| name == format!("{prefix}scale") || name == format!("{prefix}shift"),
            0,
            |_| true,
        );
    }
    // First block, of channels 0 to 8 and four layers: the second and third are not read; nor are channels 6 to 12 of those
    // that leave it, of which (8 + 2 * 4) / 2 = 8 are to stay.
    let unread = |channel: usize| (12..20).contains(&channel);
    silence(
        t,
        |name| {
            name.starts_with("trunk.blocks.0.")
                && (name.ends_with("enter.weight") || name.ends_with("leave.weight"))
        },
        1,
        unread,
    );
    // Second block: 12 channels and three layers, of which the first and third are not read.
    let unread = |channel: usize| {
        (6..10).contains(&channel) || (12..16).contains(&channel) || (20..24).contains(&channel)
    };
    silence(
        t,
        |name| {
            name.starts_with("trunk.blocks.1.")
                && (name.ends_with("enter.weight") || name.ends_with("leave.weight"))
        },
        1,
        unread,
    );
    // Twelve channels leave it, of which (8 + 4) / 2 = 6 are to stay.
    let flat = |name: &str| name == "trunk.norm.scale" || name == "trunk.norm.shift";
    silence(t, flat, 0, |channel| channel % 2 == 0);
    tensors
}

#[test]
fn what_nobody_reads_is_left_out_and_nothing_changes() {
    for pooling in [
        PoolingConfig::from(statistics()),
        PoolingConfig::from(MeanConfig {}),
    ] {
        let large = config(trunk(6, 2, [4, 3]), pooling.clone());
        let small = config(trunk(3, 1, [2, 1]), pooling);
        let tensors = with_much_unread(&large);
        let thinned = small.thinned(&large, &tensors, BINS).unwrap();
        assert_eq!(
            thinned.words,
            "3 of 6 channels and 1 of 2 blocks a stage of images, 2 of 4 layers, 1 of 3 layers"
        );
        let expected = embeddings(&large, tensors);
        let found = embeddings(&small, thinned.tensors);
        assert!(expected.iter().any(|value| value.abs() > 0.1));
        for (expected, found) in expected.iter().zip(&found) {
            assert!((expected - found).abs() < 1e-4, "{expected}, {found}");
        }
    }
}

#[test]
fn a_trunk_that_is_alike_or_of_another_kind_is_not_thinned() {
    let large = config(trunk(6, 2, [4, 3]), statistics());
    let tensors = trained(&large);
    let wider = CamPlusPlusConfig {
        growth: 5,
        ..trunk(6, 2, [3, 3])
    };
    let res_net = ResNetConfig {
        channels: 4,
        blocks: vec![1],
    };
    for other in [
        large.clone(),
        config(wider, statistics()),
        config(trunk(7, 2, [3, 3]), statistics()),
        config(trunk(6, 3, [3, 3]), statistics()),
        config(trunk(6, 2, [5, 1]), statistics()),
        config(res_net, statistics()),
    ] {
        assert!(other.thinned(&large, &tensors, BINS).is_none(), "{other:?}");
    }
}
