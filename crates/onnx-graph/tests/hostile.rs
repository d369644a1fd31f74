//! Files that mean ill are refused by name, without a panic and without an allocation beyond the limits.
#![cfg(feature = "run")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot prepare its data has failed"
)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once};

use common::{FAMILIES, bytes, features};
use onnx_graph::{Choice, Graph, Limits, OnnxError};
use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataLocation, DataType, Dimension, GraphProto, ModelProto,
    NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto,
    TypeProto, TypeProtoTensor, ValueInfoProto,
};

#[global_allocator]
static ALLOCATOR: testing::Counting = testing::Counting::new();

/// One test at a time: they share the counters.
static ALONE: Mutex<()> = Mutex::new(());
static PANICS: AtomicUsize = AtomicUsize::new(0);
static HOOK: Once = Once::new();

/// Counts panics of all threads, the runtime's among them.
fn watch() {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.fetch_add(1, Ordering::Relaxed);
            before(info);
        }));
    });
}

fn limits() -> Limits {
    Limits {
        memory_bytes: 256 << 20,
        ..Limits::default()
    }
}

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(kind),
        ..AttributeProto::default()
    }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        i: Some(value),
        ..attribute(name, AttributeType::INT)
    }
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        ints: values.to_vec(),
        ..attribute(name, AttributeType::INTS)
    }
}

fn node(
    operator: &str,
    inputs: &[&str],
    outputs: &[&str],
    attributes: Vec<AttributeProto>,
) -> NodeProto {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    NodeProto {
        op_type: Some(operator.to_owned()),
        name: Some(format!("the {operator}")),
        input: owned(inputs),
        output: owned(outputs),
        attribute: attributes,
        ..NodeProto::default()
    }
}

fn numbers(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: vec![values.len() as i64],
        data_type: Some(DataType::INT64),
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

fn port(name: &str, axes: &[i64]) -> ValueInfoProto {
    let dim = axes.iter().map(|&size| Dimension {
        dim_value: (size > 0).then_some(size),
        dim_param: (size <= 0).then(|| "T".to_owned()),
    });
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            tensor_type: Some(TypeProtoTensor {
                elem_type: Some(DataType::FLOAT),
                shape: Some(TensorShapeProto { dim: dim.collect() }),
            }),
            sequence: None,
        }),
    }
}

/// A mean over the frames of `x [1, T, 4]`, after these nodes, which make `y` of three axes from it.
fn model(nodes: Vec<NodeProto>, initializer: Vec<TensorProto>) -> ModelProto {
    let mut node_list = nodes;
    node_list.push(node(
        "ReduceMean",
        &["y"],
        &["z"],
        vec![ints("axes", &[1]), int("keepdims", 0)],
    ));
    ModelProto {
        ir_version: Some(8),
        opset_import: vec![OperatorSetIdProto {
            domain: None,
            version: Some(14),
        }],
        graph: Some(GraphProto {
            node: node_list,
            initializer,
            input: vec![port("x", &[1, 0, 4])],
            output: vec![port("z", &[1, 4])],
            value_info: Vec::new(),
        }),
        ..ModelProto::default()
    }
}

/// Refused by `Graph::load`, within bounds; gives what was said.
fn refused(what: &str, bytes: Vec<u8>) -> OnnxError {
    watch();
    let size = bytes.len();
    let panics = PANICS.load(Ordering::Relaxed);
    let (result, most) = ALLOCATOR.most_of(|| Graph::load(bytes, &limits()));
    assert!(
        most < 20 * size + (16 << 20),
        "{what}: {most} bytes allocated"
    );
    assert_eq!(PANICS.load(Ordering::Relaxed), panics, "{what}: a panic");
    match result {
        Ok(_) => panic!("{what} was taken"),
        Err(error) => {
            println!("{what}: {error}");
            error
        }
    }
}

fn refused_model(what: &str, model: &ModelProto) -> OnnxError {
    refused(what, model.write_buf().unwrap())
}

#[test]
fn the_plain_model_of_these_tests_is_taken() {
    let _alone = ALONE.lock();
    let model = model(vec![node("Relu", &["x"], &["y"], vec![])], vec![]);
    let graph = Graph::load(model.write_buf().unwrap(), &limits()).unwrap();
    let vector = graph
        .run(&[1.0, 2.0, -3.0, 4.0, 3.0, 2.0, 1.0, 0.0], 2)
        .unwrap();
    assert_eq!(vector, [2.0, 2.0, 0.5, 2.0]);
}

#[test]
fn sizes_that_are_made_from_nothing_are_refused() {
    let _alone = ALONE.lock();
    let huge = 1 << 30;
    for (what, nodes, constants) in [
        (
            "ConstantOfShape",
            vec![
                node("ConstantOfShape", &["s"], &["c"], vec![]),
                node("Add", &["x", "c"], &["y"], vec![]),
            ],
            vec![numbers("s", &[huge, 1, 4])],
        ),
        (
            "Expand",
            vec![node("Expand", &["x", "s"], &["y"], vec![])],
            vec![numbers("s", &[huge, 1, 1])],
        ),
        (
            "Tile",
            vec![node("Tile", &["x", "s"], &["y"], vec![])],
            vec![numbers("s", &[huge, huge, 1])],
        ),
        (
            "Pad",
            vec![node("Pad", &["x", "s"], &["y"], vec![])],
            vec![numbers("s", &[0, huge, 0, 0, 0, 0])],
        ),
        (
            "Range",
            vec![
                node("Range", &["a", "b", "c"], &["r"], vec![]),
                node("Cast", &["r"], &["f"], vec![int("to", 1)]),
                node("Unsqueeze", &["f", "s"], &["g"], vec![]),
                node("Add", &["x", "g"], &["y"], vec![]),
            ],
            vec![
                TensorProto {
                    dims: vec![],
                    ..numbers("a", &[0])
                },
                TensorProto {
                    dims: vec![],
                    ..numbers("b", &[huge])
                },
                TensorProto {
                    dims: vec![],
                    ..numbers("c", &[1])
                },
                numbers("s", &[0, 2]),
            ],
        ),
        (
            "Gather",
            vec![node("Gather", &["x", "i"], &["y"], vec![int("axis", 1)])],
            vec![TensorProto {
                dims: vec![i64::MAX, i64::MAX],
                ..numbers("i", &[0])
            }],
        ),
    ] {
        let error = refused_model(what, &model(nodes, constants));
        assert!(
            matches!(
                error,
                OnnxError::Limit { .. } | OnnxError::Initialiser { .. }
            ),
            "{what}: {error}"
        );
        assert!(error.remedy().is_some());
    }
}

#[test]
fn memory_that_grows_with_the_square_of_the_frames_is_refused_where_it_is_too_much() {
    let _alone = ALONE.lock();
    let nodes = vec![
        node("Transpose", &["x"], &["t"], vec![ints("perm", &[0, 2, 1])]),
        node("MatMul", &["x", "t"], &["q"], vec![]),
        node("MatMul", &["q", "x"], &["y"], vec![]),
    ];
    let graph = Graph::load(model(nodes, vec![]).write_buf().unwrap(), &limits()).unwrap();
    assert!(graph.run(&features(1000, 4), 1000).is_ok());
    let frames = features(20_000, 4);
    let (result, most) = ALLOCATOR.most_of(|| graph.run(&frames, 20_000));
    assert!(matches!(result, Err(OnnxError::Limit { .. })), "{result:?}");
    assert!(most < 1 << 20);
}

#[test]
fn a_doubling_chain_is_refused() {
    let _alone = ALONE.lock();
    let mut nodes = Vec::new();
    for step in 0..60 {
        let input = if step == 0 {
            "x".to_owned()
        } else {
            format!("c{step}")
        };
        let output = if step == 59 {
            "y".to_owned()
        } else {
            format!("c{}", step + 1)
        };
        nodes.push(node(
            "Concat",
            &[&input, &input],
            &[&output],
            vec![int("axis", 1)],
        ));
    }
    assert!(matches!(
        refused_model("doubling", &model(nodes, vec![])),
        OnnxError::Limit { .. }
    ));
}

#[test]
fn circles_and_values_from_nowhere_are_refused() {
    let _alone = ALONE.lock();
    let circle = vec![
        node("Add", &["x", "b"], &["y"], vec![]),
        node("Relu", &["y"], &["b"], vec![]),
    ];
    let error = refused_model("circle", &model(circle, vec![]));
    assert!(matches!(error, OnnxError::Order { .. }), "{error}");
    let own = vec![node("Add", &["x", "y"], &["y"], vec![])];
    assert!(matches!(
        refused_model("own output", &model(own, vec![])),
        OnnxError::Order { .. }
    ));
    let twice = vec![
        node("Relu", &["x"], &["y"], vec![]),
        node("Relu", &["x"], &["y"], vec![]),
    ];
    assert!(matches!(
        refused_model("made twice", &model(twice, vec![])),
        OnnxError::Interface { .. }
    ));
}

#[test]
fn loops_and_operators_that_are_not_on_the_list_are_refused_by_name() {
    let _alone = ALONE.lock();
    for operator in [
        "Loop",
        "Scan",
        "If",
        "NonZero",
        "RandomNormal",
        "Resize",
        "Einsum",
        "EvilOp",
    ] {
        let error = refused_model(
            operator,
            &model(vec![node(operator, &["x"], &["y"], vec![])], vec![]),
        );
        assert!(
            matches!(&error, OnnxError::Operator { operator: found, .. } if found == operator),
            "{error}"
        );
    }
    let mut own = node("Relu", &["x"], &["y"], vec![]);
    own.domain = Some("com.evil".to_owned());
    let error = refused_model("domain", &model(vec![own], vec![]));
    assert!(error.to_string().contains("com.evil.Relu"), "{error}");
}

#[test]
fn graphs_in_graphs_are_refused_before_they_are_decoded() {
    let _alone = ALONE.lock();
    // Fields 7 (graph), then 1 (node), 5 (attribute), 6 (graph) over and over.
    let mut bytes = Vec::new();
    for level in 0..10_000 {
        let tag = match level % 3 {
            0 => (6 << 3) | 2,
            1 => (5 << 3) | 2,
            _ => (1 << 3) | 2,
        };
        let mut outer = vec![tag];
        let mut length = bytes.len();
        while length > 127 {
            outer.push((length & 127) as u8 | 128);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.extend(&bytes);
        bytes = outer;
    }
    for tag in [(6 << 3) | 2_u8, (5 << 3) | 2, (1 << 3) | 2, (7 << 3) | 2] {
        let mut outer = vec![tag];
        let mut length = bytes.len();
        while length > 127 {
            outer.push((length & 127) as u8 | 128);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.extend(&bytes);
        let error = refused("nested", outer);
        assert!(
            matches!(error, OnnxError::Limit { .. } | OnnxError::Malformed { .. }),
            "{error}"
        );
    }
}

#[test]
fn lengths_beyond_the_file_are_refused() {
    let _alone = ALONE.lock();
    for length in [
        vec![0xff, 0xff, 0xff, 0xff, 0x0f],
        vec![0xff; 9],
        [vec![0xff; 9], vec![1]].concat(),
    ] {
        let bytes = [vec![(7 << 3) | 2], length, vec![0; 20]].concat();
        assert!(matches!(
            refused("length", bytes),
            OnnxError::Malformed { .. }
        ));
    }
    for bytes in [
        vec![],
        vec![0],
        b"RTEN and so on".to_vec(),
        vec![0xff; 1000],
    ] {
        refused("no ONNX", bytes);
    }
}

#[test]
fn many_empty_messages_are_refused() {
    let _alone = ALONE.lock();
    let nodes = [(1 << 3) | 2, 0].repeat(10_000_000);
    let mut bytes = vec![(7 << 3) | 2];
    let mut length = nodes.len();
    while length > 127 {
        bytes.push((length & 127) as u8 | 128);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(nodes);
    assert!(matches!(
        refused("empty nodes", bytes),
        OnnxError::Limit { .. }
    ));
}

#[test]
fn weights_that_lie_elsewhere_are_not_opened() {
    let _alone = ALONE.lock();
    let weights = TensorProto {
        data_location: Some(DataLocation::EXTERNAL),
        external_data: [
            ("location", "../../../../etc/passwd"),
            ("offset", "0"),
            ("length", "16"),
        ]
        .map(|(key, value)| StringStringEntryProto {
            key: Some(key.to_owned()),
            value: Some(value.to_owned()),
        })
        .to_vec(),
        int64_data: vec![],
        ..numbers("w", &[1, 2, 3, 4])
    };
    let error = refused_model(
        "external",
        &model(
            vec![node("Add", &["x", "w"], &["y"], vec![])],
            vec![weights],
        ),
    );
    assert!(
        matches!(&error, OnnxError::External { location, .. } if location.contains("passwd")),
        "{error}"
    );
}

#[test]
fn weights_whose_sizes_and_bytes_differ_are_refused() {
    let _alone = ALONE.lock();
    for dims in [
        vec![1 << 40, 1 << 40],
        vec![i64::MAX],
        vec![-1],
        vec![5],
        vec![1; 40],
        vec![0],
    ] {
        let weights = TensorProto {
            dims,
            ..numbers("w", &[1, 2, 3, 4])
        };
        let error = refused_model(
            "sizes",
            &model(
                vec![node("Add", &["x", "w"], &["y"], vec![])],
                vec![weights],
            ),
        );
        assert!(matches!(error, OnnxError::Initialiser { .. }), "{error}");
    }
}

#[test]
fn a_fixed_time_axis_or_batch_is_refused_with_the_remedy() {
    let _alone = ALONE.lock();
    let plain = || model(vec![node("Relu", &["x"], &["y"], vec![])], vec![]);
    let mut fixed = plain();
    fixed.graph.as_mut().unwrap().input = vec![port("x", &[1, 200, 4])];
    let error = refused_model("time", &fixed);
    assert!(
        matches!(error, OnnxError::FixedTime { frames: 200, .. }),
        "{error}"
    );
    assert!(error.remedy().unwrap().contains("dynamic"));
    let mut batch = plain();
    batch.graph.as_mut().unwrap().input = vec![port("x", &[16, 0, 4])];
    assert!(matches!(
        refused_model("batch", &batch),
        OnnxError::FixedBatch { batch: 16, .. }
    ));
    // Traced for 100 frames, while its input says that it takes any number.
    let baked = model(
        vec![node("Reshape", &["x", "s"], &["y"], vec![])],
        vec![numbers("s", &[1, 100, 4])],
    );
    let error = refused_model("baked", &baked);
    assert!(
        matches!(error, OnnxError::BakedTime { works: 100, .. }),
        "{error}"
    );
}

#[test]
fn sizes_that_depend_on_what_is_computed_are_refused_unless_that_is_allowed() {
    let _alone = ALONE.lock();
    let nodes = vec![
        node("ArgMax", &["x"], &["i"], vec![int("axis", 1)]),
        node("Flatten", &["i"], &["f"], vec![]),
        node("Squeeze", &["f", "zero"], &["s"], vec![]),
        node("Slice", &["s", "zero", "three"], &["t"], vec![]),
        node("Expand", &["x", "t"], &["y"], vec![]),
    ];
    let constants = vec![numbers("zero", &[0]), numbers("three", &[3])];
    let model = model(nodes, constants);
    let error = refused_model("data", &model);
    assert!(
        matches!(&error, OnnxError::Unfollowed { operator, .. } if operator == "Expand"),
        "{error}"
    );
    let trusted = Limits {
        allow_unfollowed: true,
        ..limits()
    };
    assert!(Graph::load(model.write_buf().unwrap(), &trusted).is_ok());
}

#[test]
fn a_vector_that_is_not_finite_is_refused() {
    let _alone = ALONE.lock();
    for operator in ["Log", "Exp"] {
        let model = model(vec![node(operator, &["x"], &["y"], vec![])], vec![]);
        let graph = Graph::load(model.write_buf().unwrap(), &limits()).unwrap();
        let x = if operator == "Log" { -1.0 } else { 1000.0 };
        let error = graph.run(&[x; 40], 10).unwrap_err();
        assert!(
            matches!(error, OnnxError::OutputNotFinite { index: 0, .. }),
            "{error}"
        );
        assert!(matches!(
            graph.run(&[f32::NAN; 40], 10),
            Err(OnnxError::InputNotFinite { index: 0, .. })
        ));
        assert!(matches!(
            graph.run(&[0.0; 40], 11),
            Err(OnnxError::Frames { expected: 44, .. })
        ));
        assert!(matches!(graph.run(&[], 0), Err(OnnxError::Frames { .. })));
    }
}

#[test]
fn a_long_chain_does_not_overflow_the_stack() {
    let _alone = ALONE.lock();
    let count = 19_000;
    let name = |step: usize| match step {
        0 => "x".to_owned(),
        step if step == count => "y".to_owned(),
        step => format!("c{step}"),
    };
    let nodes = (0..count)
        .map(|step| node("Tanh", &[&name(step)], &[&name(step + 1)], vec![]))
        .collect();
    let bytes = model(nodes, vec![]).write_buf().unwrap();
    // From a thread with a small stack, as rayon's.
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || {
            let graph = Graph::load(bytes, &limits()).unwrap();
            assert!(graph.run(&[0.5; 8], 2).is_ok());
        })
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn a_run_takes_no_more_than_was_estimated() {
    let _alone = ALONE.lock();
    for family in FAMILIES {
        for frames in [50, 300, 2000] {
            let graph = common::load(family);
            let input = features(frames, graph.ports().bins);
            let estimate = graph.estimate(frames).unwrap();
            let (result, most) = ALLOCATOR.most_of(|| graph.run(&input, frames));
            assert!(result.is_ok());
            println!(
                "{family} {frames}: {most} bytes, estimated {}",
                estimate.bytes
            );
            assert!(
                (most as u64) < estimate.bytes,
                "{family}, {frames} frames: {most} of {}",
                estimate.bytes
            );
        }
    }
    // A fan of branches, all of which the runtime begins before it ends one.
    let mut nodes = Vec::new();
    let names: Vec<String> = (0..50).map(|index| format!("b{index}")).collect();
    for (index, name) in names.iter().enumerate() {
        nodes.push(node("Tile", &["x", "s"], &[&format!("t{index}")], vec![]));
        nodes.push(node(
            "ReduceMax",
            &[&format!("t{index}")],
            &[name],
            vec![ints("axes", &[1])],
        ));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    nodes.push(node("Concat", &names, &["y"], vec![int("axis", 1)]));
    let bytes = model(nodes, vec![numbers("s", &[1, 10, 1])])
        .write_buf()
        .unwrap();
    let graph = Graph::load(bytes, &limits()).unwrap();
    let input = features(3000, 4);
    let (result, most) = ALLOCATOR.most_of(|| graph.run(&input, 3000));
    let estimate = graph.estimate(3000).unwrap();
    assert!(result.is_ok());
    println!("fan: {most} bytes, estimated {}", estimate.bytes);
    assert!(
        (most as u64) < estimate.bytes,
        "{most} of {}",
        estimate.bytes
    );
}

/// A stream of numbers that is the same everywhere.
struct Stream(u64);

impl Stream {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % below
    }
}

#[test]
fn damaged_copies_are_refused_or_give_a_vector() {
    let _alone = ALONE.lock();
    watch();
    let files: Vec<Vec<u8>> = FAMILIES.map(bytes).to_vec();
    let mut stream = Stream(18);
    let (mut taken, mut refused, mut stopped) = (0, 0, Vec::new());
    for copy in 0..2000 {
        let mut bytes = files[copy % files.len()].clone();
        match stream.next(4) {
            _ if copy >= 500 => bytes = bent(&bytes, &mut stream),
            0 => bytes.truncate(stream.next(bytes.len())),
            1 => {
                for _ in 0..1 + stream.next(20) {
                    let at = stream.next(bytes.len());
                    bytes[at] = stream.next(256) as u8;
                }
            }
            2 => {
                // Where the structure is: behind the start.
                for _ in 0..1 + stream.next(4) {
                    let at = stream.next(bytes.len().min(8000));
                    bytes[at] ^= 1 << stream.next(8);
                }
            }
            _ => {
                let at = stream.next(bytes.len());
                let end = (at + stream.next(400)).min(bytes.len());
                bytes.drain(at..end);
            }
        }
        let size = bytes.len();
        let panics = PANICS.load(Ordering::Relaxed);
        let (result, most) = ALLOCATOR.most_of(|| {
            let graph = Graph::load(bytes, &limits())?;
            graph.run(&features(120, graph.ports().bins), 120)
        });
        if PANICS.load(Ordering::Relaxed) != panics {
            stopped.push(copy);
        }
        assert!(most < 20 * size + (64 << 20), "copy {copy}: {most} bytes");
        match result {
            Ok(vector) => {
                assert!(vector.iter().all(|x| x.is_finite()));
                taken += 1;
            }
            Err(error) => {
                println!("copy {copy}: {error}");
                refused += 1;
            }
        }
    }
    assert!(stopped.is_empty(), "panics in copies {stopped:?}");
    println!("{taken} gave a vector, {refused} were refused");
    assert!(refused > 100 && taken > 20);
}

/// Changes one thing that only a reader of the structure would notice.
fn bent(bytes: &[u8], stream: &mut Stream) -> Vec<u8> {
    const NUMBERS: [i64; 12] = [
        0,
        1,
        -1,
        2,
        3,
        7,
        80,
        1 << 20,
        1 << 31,
        i64::MAX,
        i64::MIN,
        -100,
    ];
    const OPERATORS: [&str; 12] = [
        "Tile",
        "Expand",
        "Reshape",
        "Concat",
        "MatMul",
        "Conv",
        "Gather",
        "Range",
        "LSTM",
        "Softmax",
        "AveragePool",
        "Div",
    ];
    let mut model = ModelProto::parse_buf(bytes).unwrap();
    let graph = model.graph.as_mut().unwrap();
    for _ in 0..1 + stream.next(2) {
        let number = NUMBERS[stream.next(NUMBERS.len())];
        let count = graph.node.len();
        let at = stream.next(count);
        match stream.next(6) {
            0 => graph.node[at].op_type = Some(OPERATORS[stream.next(OPERATORS.len())].to_owned()),
            1 => {
                let other = graph.node[stream.next(count)].output[0].clone();
                if let Some(input) = graph.node[at].input.first_mut() {
                    *input = other;
                }
            }
            2 => {
                let inputs = &mut graph.node[at].input;
                if !inputs.is_empty() {
                    let index = stream.next(inputs.len());
                    inputs.remove(index);
                }
            }
            3 => {
                let index = stream.next(graph.initializer.len());
                let dims = &mut graph.initializer[index].dims;
                if stream.next(2) == 0 {
                    dims.reverse();
                } else if let Some(dim) = dims.first_mut() {
                    *dim = number;
                }
            }
            _ => {
                // A number of an attribute, or of a constant tensor.
                for attribute in &mut graph.node[at].attribute {
                    if let Some(i) = &mut attribute.i {
                        *i = number;
                    }
                    if !attribute.ints.is_empty() {
                        let index = stream.next(attribute.ints.len());
                        attribute.ints[index] = number;
                    }
                    if let Some(raw) = attribute
                        .t
                        .as_ref()
                        .and_then(|tensor| tensor.raw_data.as_ref())
                        && raw.borrow().len() >= 8
                    {
                        raw.borrow_mut()[..8].copy_from_slice(&number.to_le_bytes());
                    }
                }
            }
        }
    }
    model.write_buf().unwrap()
}

#[test]
fn choices_that_do_not_fit_are_refused() {
    let _alone = ALONE.lock();
    let with = |choice: Choice| {
        Graph::load_with(bytes("wespeaker_ecapa"), &limits(), &choice).unwrap_err()
    };
    let named = |name: &str| Some(name.to_owned());
    for choice in [
        Choice {
            input: named("nothing"),
            ..Choice::default()
        },
        Choice {
            output: named("nothing"),
            ..Choice::default()
        },
        Choice {
            bins: Some(40),
            ..Choice::default()
        },
    ] {
        let error = with(choice);
        assert!(matches!(error, OnnxError::Interface { .. }), "{error}");
    }
}
