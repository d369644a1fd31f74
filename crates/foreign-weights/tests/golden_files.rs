//! Files that PyTorch, safetensors and onnx themselves wrote: every number, bit for bit.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::PathBuf;

use foreign_weights::{Container, Element, ForeignError, ForeignFile, Limits};

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn open(name: &str) -> ForeignFile {
    ForeignFile::open(&golden(name), None, &Limits::default())
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A file holds exactly the tensors of another that Python wrote as plain f32, with every bit.
fn assert_same(name: &str, found: &ForeignFile, expected: &str) {
    let bytes = std::fs::read(golden(&format!("{expected}.expected.safetensors"))).unwrap();
    let expected = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut names = expected.names();
    names.sort_unstable();
    let found_names: Vec<&str> = found.tensors.keys().map(String::as_str).collect();
    assert_eq!(found_names, names, "{name}");
    for (key, view) in expected.iter() {
        let tensor = &found.tensors[key];
        assert_eq!(tensor.shape, view.shape(), "{name}: {key}");
        let bits: Vec<u8> = tensor
            .values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        assert_eq!(bits, view.data(), "{name}: {key}");
    }
}

#[test]
fn state_dicts_of_all_types_views_and_protocols_are_read_to_the_bit() {
    for (name, container) in [
        ("plain.pt", Container::TorchZip),
        ("protocol4.pt", Container::TorchZip),
        ("legacy.pt", Container::TorchLegacy),
    ] {
        let file = open(name);
        assert_eq!(file.container, container, "{name}");
        assert_same(name, &file, "plain");
        assert_eq!(file.tensors["bfloat"].element, Element::Bf16);
        assert!(file.left_out.is_empty(), "{name}: {:?}", file.left_out);
        assert_eq!(file.sha256.len(), 64);
        assert_eq!(file.sha256, file.weights_sha256);
    }
}

#[test]
fn checkpoints_are_unwrapped_and_what_is_no_network_is_named() {
    for name in [
        "lightning.ckpt",
        "step.pt",
        "parallel.ckpt",
        "network.safetensors",
    ] {
        let file = open(name);
        let mut same = file.clone();
        if name == "lightning.ckpt" {
            // One tensor of a callback keeps the others' wrapper: their names are whole.
            let score = same
                .tensors
                .keys()
                .find(|name| name.contains("best_model_score"))
                .cloned()
                .unwrap();
            same.tensors.remove(&score);
            same.tensors = same
                .tensors
                .into_iter()
                .map(|(name, tensor)| {
                    (name.strip_prefix("state_dict.").unwrap().to_owned(), tensor)
                })
                .collect();
            assert_eq!(file.metadata["epoch"], "3");
            assert_eq!(file.metadata["hyper_parameters.sizes.1"], "2");
        }
        assert_same(name, &same, "network");
        let left_out = |part: &str| file.left_out.iter().any(|left| left.name.contains(part));
        match name {
            "lightning.ckpt" => {
                assert!(left_out("optimizer_states") && left_out("hyper_parameters.numpy"))
            }
            "step.pt" => assert!(left_out("optimizer_state") && file.metadata["step"] == "7"),
            "network.safetensors" => assert_eq!(file.metadata["made"], "here"),
            _ => assert!(file.left_out.is_empty()),
        }
    }
}

#[test]
fn a_graph_tells_its_ports_operators_metadata_and_initialisers() {
    let file = open("graph.onnx");
    let mut plain = file.clone();
    // Those of the two branches are theirs.
    plain
        .tensors
        .retain(|name, _| !name.starts_with("subgraph"));
    assert_eq!(file.tensors.len() - plain.tensors.len(), 2);
    assert_same("graph.onnx", &plain, "graph");
    let graph = file.graph.unwrap();
    assert_eq!((graph.ir_version, graph.opsets[""]), (8, 14));
    assert_eq!(graph.inputs.len(), 1);
    let input = &graph.inputs[0];
    assert_eq!((input.name.as_str(), input.data_type), ("feats", 1));
    assert_eq!(
        input.shape,
        [Err("B".to_owned()), Err("T".to_owned()), Ok(80)]
    );
    assert_eq!(graph.outputs[0].name, "embs");
    assert_eq!((graph.operators["If"], graph.operators["Identity"]), (1, 2));
    assert_eq!(file.metadata["framework"], "wespeaker");
    assert_eq!(file.left_out[0].name, "text");
}

#[test]
fn values_beside_a_graph_are_read_from_its_folder_alone() {
    let file = open("external.onnx");
    assert_eq!(
        file.tensors["weight"].values,
        open("graph.onnx").tensors["weight"].values
    );
    assert!(file.graph.unwrap().external_files.contains("external.bin"));
    let bytes = std::fs::read(golden("external.onnx")).unwrap();
    let error = ForeignFile::of_bytes(&bytes, "x", None, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("external.bin"), "{error}");
    // The same length in other letters: a path that leaves the folder, and one that is absolute.
    for location in ["../xtern.bin", "/tmp/tn.bin1"] {
        let mut hostile = bytes.clone();
        let at = hostile
            .windows(12)
            .position(|part| part == b"external.bin")
            .unwrap();
        hostile[at..at + 12].copy_from_slice(location.as_bytes());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.onnx");
        std::fs::write(&path, hostile).unwrap();
        let error = ForeignFile::open(&path, None, &Limits::default()).unwrap_err();
        assert!(matches!(error, ForeignError::Refused { .. }), "{error}");
        assert!(error.to_string().contains(location), "{error}");
    }
    // A link out of it.
    #[cfg(unix)]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.onnx");
        std::fs::write(&path, &bytes).unwrap();
        std::os::unix::fs::symlink(golden("external.bin"), folder.path().join("external.bin"))
            .unwrap();
        let error = ForeignFile::open(&path, None, &Limits::default()).unwrap_err();
        assert!(matches!(error, ForeignError::Refused { .. }), "{error}");
    }
}
