//! What is measured of a network before it is trusted tells networks that hear nothing, or their neighbours, from those that work.
#![cfg(feature = "run")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

mod common;

use common::{FAMILIES, features, load};
use onnx_graph::write::{Attribute, Builder, Handle, Size};
use onnx_graph::{Behaviour, Graph, Limits};

/// The mean over frames of what `change` makes of `x [B, T, 6]`.
fn measured(change: impl FnOnce(&mut Builder, &Handle) -> Handle) -> Behaviour {
    let mut builder = Builder::new("network");
    let x = builder.input(
        "x",
        &[Size::Dynamic("B"), Size::Dynamic("T"), Size::Fixed(6)],
    );
    let y = change(&mut builder, &x);
    let mean = builder.mean_over_frames(&y);
    builder.output("y", &mean, &[Size::Dynamic("B"), Size::Fixed(6)]);
    let graph = Graph::load(builder.finish().unwrap(), &Limits::default()).unwrap();
    let speech: Vec<f32> = features(100, 6)
        .iter()
        .enumerate()
        .map(|(at, x)| x + (at % 6) as f32)
        .collect();
    let noise: Vec<f32> = features(100, 6).iter().map(|x| x * x).collect();
    graph.behaviour(&speech, &noise, 100).unwrap()
}

#[test]
fn a_network_that_hears_nothing_gives_one_vector() {
    let deaf = measured(|builder, x| {
        let nothing = builder.float(0.0);
        let zero = builder.node("Mul", &[x, &nothing], &[]);
        builder
            .subtract(&zero, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
            .unwrap()
    });
    assert_eq!((deaf.cosine_between, deaf.difference_between), (1.0, 0.0));
    let hearing = measured(|_, x| x.clone());
    assert!(
        hearing.cosine_between < 0.95 && hearing.difference_between > 0.1,
        "{hearing:?}"
    );
    assert!(
        (hearing.cosine_doubled - 1.0).abs() < 1e-6 && hearing.cosine_raised < 0.999,
        "{hearing:?}"
    );
}

#[test]
fn a_network_that_hears_its_neighbours_differs_beside_them() {
    let coupled = measured(|builder, x| {
        let axes = [
            ("axes", Attribute::Ints(&[0])),
            ("keepdims", Attribute::Int(1)),
        ];
        let mean = builder.node("ReduceMean", &[x], &axes);
        builder.node("Add", &[x, &mean], &[])
    });
    assert!(
        coupled.difference_beside_others.unwrap() > 0.01,
        "{coupled:?}"
    );
    assert!(coupled.cosine_again == 1.0);
    for family in FAMILIES {
        let graph = load(family);
        let speech = features(300, graph.ports().bins);
        let noise: Vec<f32> = speech.iter().map(|x| x * x).collect();
        let found = graph.behaviour(&speech, &noise, 300).unwrap();
        assert!(
            found.difference_beside_others.unwrap() < 1e-4,
            "{family}: {found:?}"
        );
        assert!(found.difference_between > 1e-3, "{family}: {found:?}");
    }
}
