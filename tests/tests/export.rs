//! `siamang export`.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use end_to_end::{Place, write_corpus};

#[test]
fn the_card_goes_along() {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    place.write(
        "model/card.toml",
        "licence = \"any\"\n[thresholds]\nverify = 0.125\ncluster = 0.75\n",
    );
    let run = place.run("export --model model --out given --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(
        (&run.json()["out"], &run.json()["has_thresholds"]),
        (&"given".into(), &true.into())
    );
    let answer = place
        .run("verify --vad energy --model given corpus/s0/0.wav corpus/s1/0.wav --json")
        .json();
    assert_eq!(
        (&answer["threshold"], &answer["threshold_from"]),
        (&0.125.into(), &"the model's card".into())
    );
    // The one that is built in has a card, too.
    let run = place.run("export --out builtin");
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run:#?}");
    let clusters = place.run("cluster --model builtin corpus --json").json();
    assert_eq!(clusters["cut"]["from"], "the model's card", "{clusters}");
}

#[test]
fn a_model_without_a_card_is_exported_without() {
    let place = Place::new();
    let run = place.run("export --model model --out given --json");
    assert_eq!(run.json()["has_thresholds"], false, "{run:#?}");
    assert!(!place.path("given/card.toml").exists());
}
