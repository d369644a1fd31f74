//! ONNX files that `siamang import` does not take: hostile ones, and those whose embeddings would be wrong. Each is refused by
//! name, with exit code 1, and no bundle is written.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use end_to_end::{GRAPH_BINS, GRAPH_WIDTH, Place, graph_of, tdnn, voice, write_graph, write_wav};
use onnx_graph::write::{Attribute, BatchNorm, Builder, Handle, Size};
use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataLocation, DataType, Dimension, GraphProto, ModelProto,
    NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto,
    TypeProto, TypeProtoTensor, ValueInfoProto,
};

/// Imports these bytes as `x.onnx`, and gives what was said.
fn refused(what: &str, bytes: &[u8], words: &[&str]) -> String {
    let place = Place::new();
    std::fs::write(place.path("x.onnx"), bytes).unwrap();
    let run = place.run("import x.onnx --family wespeaker --out net");
    assert_eq!(run.code, Some(1), "{what}: {run:#?}");
    assert!(!place.path("net").exists(), "{what}");
    assert!(!run.stderr.contains("panicked"), "{what}: {run:#?}");
    for word in words.iter().chain(&["error: ", "x.onnx", "help: "]) {
        assert!(run.stderr.contains(word), "{what}: {word}: {run:#?}");
    }
    run.stderr
}

/// The network of other tests, with something else at its output.
fn behind(change: impl FnOnce(&mut Builder, &Handle) -> Handle) -> Vec<u8> {
    graph_of(|builder, features| {
        let embedding = tdnn(builder, features, GRAPH_BINS);
        change(builder, &embedding)
    })
}

#[test]
fn a_network_that_gives_the_same_for_a_voice_and_for_noise() {
    let bytes = behind(|builder, embedding| {
        let nothing = builder.float(0.0);
        let zero = builder.node("Mul", &[embedding, &nothing], &[]);
        let vector: Vec<f32> = (0..GRAPH_WIDTH).map(|at| at as f32 - 3.0).collect();
        builder.subtract(&zero, &vector).unwrap()
    });
    refused(
        "constant",
        &bytes,
        &["the same vector for a voice and for noise", "hears nothing"],
    );
}

#[test]
fn a_network_whose_outputs_depend_on_the_batch() {
    let softmax = behind(|builder, embedding| {
        builder.node("Softmax", &[embedding], &[("axis", Attribute::Int(0))])
    });
    // Alone, every item has all of the softmax: such a network is the constant 1.
    refused("softmax over the batch", &softmax, &["the same vector"]);
    let beside = behind(|builder, embedding| {
        let softmax = builder.node("Softmax", &[embedding], &[("axis", Attribute::Int(0))]);
        builder.node("Mul", &[embedding, &softmax], &[])
    });
    refused("softmax beside it", &beside, &["depend on the batch"]);
    let mean = behind(|builder, embedding| {
        let axes = [
            ("axes", Attribute::Ints(&[0])),
            ("keepdims", Attribute::Int(1)),
        ];
        let mean = builder.node("ReduceMean", &[embedding], &axes);
        let half = builder.float(0.5);
        let mean = builder.node("Mul", &[&mean, &half], &[]);
        builder.node("Sub", &[embedding, &mean], &[])
    });
    refused("less the batch's mean", &mean, &["depend on the batch"]);
}

#[test]
fn a_batch_norm_that_is_in_training() {
    let ones = [1.0; GRAPH_WIDTH];
    let zeros = [0.0; GRAPH_WIDTH];
    let bytes = behind(|builder, embedding| {
        let width = [GRAPH_WIDTH];
        let parts = [&ones, &zeros, &zeros, &ones]
            .map(|values| builder.weights("norm", &width, values).unwrap());
        let [scale, bias, mean, variance] = &parts;
        builder.node(
            "BatchNormalization",
            &[embedding, scale, bias, mean, variance],
            &[("training_mode", Attribute::Int(1))],
        )
    });
    refused("in training", &bytes, &["BatchNormalization", "training"]);
    // The same at rest is taken.
    let at_rest = behind(|builder, embedding| {
        let norm = BatchNorm {
            scale: &ones,
            bias: &zeros,
            mean: &zeros,
            variance: &ones,
            epsilon: 1e-5,
        };
        builder.batch_norm(embedding, norm).unwrap()
    });
    let place = Place::new();
    std::fs::write(place.path("x.onnx"), at_rest).unwrap();
    let run = place.run("import x.onnx --out net");
    assert_eq!(run.code, Some(0), "{run:#?}");
}

#[test]
fn a_network_that_gives_numbers_which_are_none() {
    let bytes = behind(|builder, embedding| {
        let large = builder.float(1e6);
        let below = builder.node("Sub", &[embedding, &large], &[]);
        builder.node("Log", &[&below], &[])
    });
    refused("NaN", &bytes, &["NaN", "finite numbers"]);
}

#[test]
fn a_fixed_number_of_frames() {
    let mut builder = Builder::new("network");
    let sizes = [
        Size::Dynamic("B"),
        Size::Fixed(200),
        Size::Fixed(GRAPH_BINS),
    ];
    let features = builder.input("feats", &sizes);
    let embedding = tdnn(&mut builder, &features, GRAPH_BINS);
    builder.output(
        "embs",
        &embedding,
        &[Size::Dynamic("B"), Size::Fixed(GRAPH_WIDTH)],
    );
    let bytes = builder.finish().unwrap();
    refused(
        "fixed time",
        &bytes,
        &["exactly 200 frames", "dynamic_axes"],
    );
}

#[test]
fn more_memory_than_was_allowed() {
    let place = Place::new();
    write_graph(&place.path("x.onnx"));
    let run = place.run("import x.onnx --memory 1 --out net");
    assert_eq!(run.code, Some(1), "{run:#?}");
    for word in ["bytes of one run", "the limit is 1048576", "--memory"] {
        assert!(run.stderr.contains(word), "{word}: {run:#?}");
    }
    // A minute takes more than what is allowed: it is cut.
    let run = place.run("import x.onnx --memory 6 --out net --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let notes = run.json()["notes"].to_string();
    assert!(
        notes.contains("cut into equal parts") && notes.contains("6 MB"),
        "{notes}"
    );
    let text = std::fs::read_to_string(place.path("net/bundle.toml")).unwrap();
    let config: toml::Table = text.parse().unwrap();
    let frames = config["segmentation"]["up_to"].as_integer().unwrap();
    assert!([400, 800, 1500, 3000].contains(&frames), "{frames}");
    assert_eq!(config["graph"]["memory_mb"].as_integer(), Some(6));
    // A bundle that claims less than its graph takes is refused, not run.
    std::fs::write(
        place.path("net/bundle.toml"),
        text.replace("memory_mb = 6", "memory_mb = 1"),
    )
    .unwrap();
    write_wav(&place.path("a.wav"), &voice(0, 0), 16_000, 1);
    let run = place.run("embed --model net a.wav --out a.npy");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stderr.contains("graph.onnx") && run.stderr.contains("1048576"),
        "{run:#?}"
    );
    let bytes = behind(|builder, embedding| {
        // [items, 1, 24] over [1, 200 million, 1]
        let axes = builder.ints(&[1]);
        let row = builder.node("Unsqueeze", &[embedding, &axes], &[]);
        let sizes = builder.ints(&[1, 200_000_000, 1]);
        let all = builder.node("Expand", &[&row, &sizes], &[]);
        builder.mean_over_frames(&all)
    });
    let said = refused(
        "large",
        &bytes,
        &["bytes", "the limit is 2147483648", "--memory"],
    );
    assert!(said.contains("Expand"), "{said}");
}

/// `x [B, T, 80]` through these nodes, which make `y [B, 24]`.
fn model(nodes: Vec<NodeProto>, initializer: Vec<TensorProto>) -> Vec<u8> {
    let port = |name: &str, axes: &[i64]| ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            tensor_type: Some(TypeProtoTensor {
                elem_type: Some(DataType::FLOAT),
                shape: Some(TensorShapeProto {
                    dim: axes
                        .iter()
                        .map(|&size| Dimension {
                            dim_value: (size > 0).then_some(size),
                            dim_param: (size <= 0).then(|| "T".to_owned()),
                        })
                        .collect(),
                }),
            }),
            sequence: None,
        }),
    };
    let model = ModelProto {
        ir_version: Some(8),
        opset_import: vec![OperatorSetIdProto {
            domain: None,
            version: Some(14),
        }],
        graph: Some(GraphProto {
            node: nodes,
            initializer,
            input: vec![port("x", &[0, 0, GRAPH_BINS as i64])],
            output: vec![port("y", &[0, GRAPH_BINS as i64])],
            value_info: Vec::new(),
        }),
        ..ModelProto::default()
    };
    model.write_buf().unwrap()
}

fn node(operator: &str, inputs: &[&str], output: &str, axes: Option<&[i64]>) -> NodeProto {
    let attributes = axes.map(|axes| {
        vec![
            AttributeProto {
                name: Some("axes".to_owned()),
                r#type: Some(AttributeType::INTS),
                ints: axes.to_vec(),
                ..AttributeProto::default()
            },
            AttributeProto {
                name: Some("keepdims".to_owned()),
                r#type: Some(AttributeType::INT),
                i: Some(0),
                ..AttributeProto::default()
            },
        ]
    });
    NodeProto {
        op_type: Some(operator.to_owned()),
        name: Some(format!("the {operator}")),
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute: attributes.unwrap_or_default(),
        ..NodeProto::default()
    }
}

fn weights(dims: &[i64], values: Vec<f32>) -> TensorProto {
    TensorProto {
        name: Some("w".to_owned()),
        dims: dims.to_vec(),
        data_type: Some(DataType::FLOAT),
        float_data: values,
        ..TensorProto::default()
    }
}

#[test]
fn circles_unknown_operators_giant_sizes_and_other_files() {
    let mean = || node("ReduceMean", &["b"], "y", Some(&[1]));
    let circle = model(
        vec![
            node("Add", &["x", "b"], "a", None),
            node("Relu", &["a"], "b", None),
            mean(),
        ],
        vec![],
    );
    refused(
        "circle",
        &circle,
        &["the Add", "`b`", "no node before it makes"],
    );
    let unknown = model(vec![node("Loop", &["x"], "b", None), mean()], vec![]);
    refused("unknown operator", &unknown, &["Loop", "is not run"]);
    let add = || vec![node("Add", &["x", "w"], "b", None), mean()];
    let giant = model(add(), vec![weights(&[1 << 40, 80], vec![0.0])]);
    refused("giant initialiser", &giant, &["`w`"]);
    let negative = model(add(), vec![weights(&[-5, 80], vec![0.0; 80])]);
    refused("negative size", &negative, &["negative size"]);
    let outside = model(
        add(),
        vec![TensorProto {
            data_location: Some(DataLocation::EXTERNAL),
            external_data: vec![StringStringEntryProto {
                key: Some("location".to_owned()),
                value: Some("../../etc/passwd".to_owned()),
            }],
            ..weights(&[1, 80], Vec::new())
        }],
    );
    refused("another file", &outside, &["passwd"]);
    let plain = model(vec![node("Relu", &["x"], "b", None), mean()], vec![]);
    for length in [0, 1, 10, plain.len() / 2, plain.len() - 1] {
        refused(&format!("{length} bytes"), &plain[..length], &[]);
    }
}

#[test]
fn inputs_that_leave_open_which_they_are_want_a_name() {
    let mut builder = Builder::new("network");
    let sizes = [
        Size::Dynamic("B"),
        Size::Dynamic("T"),
        Size::Fixed(GRAPH_BINS),
    ];
    let features = builder.input("first", &sizes);
    let other = builder.input("second", &sizes);
    let sum = builder.add(&features, &other);
    let embedding = tdnn(&mut builder, &sum, GRAPH_BINS);
    let alone = tdnn(&mut builder, &features, GRAPH_BINS);
    let width = [Size::Dynamic("B"), Size::Fixed(GRAPH_WIDTH)];
    builder.output("together", &embedding, &width);
    builder.output("alone", &alone, &width);
    let bytes = builder.finish().unwrap();
    refused("two inputs", &bytes, &["`first`", "`second`", "--input"]);
    let place = Place::new();
    std::fs::write(place.path("x.onnx"), &bytes).unwrap();
    let import = |arguments: &str| {
        place.run(&format!(
            "import x.onnx --family wespeaker --out net {arguments}"
        ))
    };
    for (arguments, word) in [
        ("--input first", "`together`"),
        ("--input third --output alone", "third"),
        ("--input first --output together", "`second`"),
    ] {
        let run = import(arguments);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains(word), "{arguments}: {run:#?}");
        assert!(run.stderr.contains("--output"), "{arguments}: {run:#?}");
    }
    let run = import("--input first --output alone");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let config = std::fs::read_to_string(place.path("net/bundle.toml")).unwrap();
    assert!(
        config.contains("input = \"first\"") && config.contains("output = \"alone\""),
        "{config}"
    );
}

#[test]
fn a_graph_of_no_family_wants_one() {
    let mut builder = Builder::new("network");
    let sizes = [
        Size::Dynamic("B"),
        Size::Dynamic("T"),
        Size::Fixed(GRAPH_BINS),
    ];
    let features = builder.input("input_values", &sizes);
    let embedding = tdnn(&mut builder, &features, GRAPH_BINS);
    let width = [Size::Dynamic("B"), Size::Fixed(GRAPH_WIDTH)];
    builder.output("result", &embedding, &width);
    let place = Place::new();
    std::fs::write(place.path("x.onnx"), builder.finish().unwrap()).unwrap();
    let run = place.run("import x.onnx --out net");
    assert_eq!(run.code, Some(1), "{run:#?}");
    for word in [
        "no family that we know",
        "`input_values`",
        "`result`",
        "--family custom --features",
    ] {
        assert!(run.stderr.contains(word), "{word}: {run:#?}");
    }
    let run = place.run("import x.onnx --family pyannote --out net");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("front end is not known"), "{run:#?}");
    let run = place.run("import x.onnx --family speechbrain --out net --json");
    assert_eq!(
        (run.code, &run.json()["family"]),
        (Some(0), &"speechbrain".into())
    );
}

#[test]
fn silero_finds_speech_and_no_speakers() {
    let Some(wheel) = testing::wheel("silero-vad==6.2.3") else {
        return;
    };
    let place = Place::new();
    for member in ["silero_vad.onnx", "silero_vad_16k_op15.onnx"] {
        let run = place.run(&format!(
            "import {} --member {member} --out net",
            wheel.display()
        ));
        assert_eq!(run.code, Some(1), "{run:#?}");
        for word in ["Silero VAD", "no embeddings of speakers"] {
            assert!(run.stderr.contains(word), "{word}: {run:#?}");
        }
        assert!(!place.path("net").exists());
    }
}
