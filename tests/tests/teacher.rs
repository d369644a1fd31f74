//! `siamang train --teacher`: the built-in voices, learned from the built-in model.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::PathBuf;

use end_to_end::{Place, Run};

fn model() -> PathBuf {
    testing::repository().join("data/models/default")
}

/// A tiny network, and the losses of a student.
fn place(vectors: &str) -> Place {
    let place = Place::new();
    place.tiny_config("--sampler pk", |config| {
        config.remove("augment");
        config["encoder"]["trunk"]["num_layers"] = 1.into();
        config["encoder"]["trunk"]["hidden"] = 6.into();
        config["encoder"]["projection"]["width"] = 12.into();
        config["sampler"]["speakers"] = 6.into();
        config["max_steps"] = 20.into();
        config["eval_every"] = 10.into();
        let recipe = r#"
            kind = "sum"
            parts = [
                { kind = "teacher_cosine", weight = 5.0 },
                { kind = "teacher_contrastive", weight = 0.5 },
                { kind = "aam_softmax", weight = 0.3 },
            ]"#;
        config.insert(
            "loss".to_owned(),
            recipe.parse::<toml::Table>().unwrap().into(),
        );
        if !vectors.is_empty() {
            let table = format!("vectors = {vectors}")
                .parse::<toml::Table>()
                .unwrap();
            config.insert("teacher".to_owned(), table.into());
        }
    });
    place
}

fn weights(place: &Place, run: &str) -> Vec<u8> {
    std::fs::read(place.path(&format!(
        "{run}/checkpoints/step-0000020/network.safetensors"
    )))
    .unwrap()
}

fn trained(place: &Place, arguments: &str) -> Run {
    let model = model();
    let run = place.run(&format!(
        "train --config tiny.toml --cache cache --no-report --teacher {} {arguments}",
        model.display()
    ));
    assert_eq!(run.code, Some(0), "{run:#?}");
    run
}

#[test]
fn a_student_of_the_built_in_model_is_the_same_with_any_number_of_threads_and_after_an_interruption()
 {
    let place = place("{ speaker_share = 0.5 }");
    let one = trained(&place, "--out one --threads 1");
    for part in ["teacher: default, dev EER ", "cosine to the teacher: "] {
        assert!(one.stderr.contains(part), "{part}: {one:#?}");
    }
    std::fs::remove_dir_all(place.path("cache/teacher")).unwrap();
    trained(&place, "--out two --threads 2 --workers 2");
    assert!(weights(&place, "one") == weights(&place, "two"));
    std::fs::remove_dir_all(place.path("two/checkpoints/step-0000020")).unwrap();
    trained(&place, "--out two --resume");
    assert!(weights(&place, "one") == weights(&place, "two"));
    let card =
        std::fs::read_to_string(place.path("one/checkpoints/step-0000020/card.toml")).unwrap();
    assert!(card.contains("[teacher]\nname = \"default\""), "{card}");
    // The student is a model like any other: it can teach.
    let second =
        place.run("train --config tiny.toml --cache cache --no-report --teacher one --out second");
    assert_eq!(second.code, Some(0), "{second:#?}");
    let other = place
        .run("train --config tiny.toml --cache cache --no-report --teacher one --out one --resume");
    assert_eq!(other.code, Some(1), "{other:#?}");
    assert!(other.stderr.contains("another teacher"), "{other:#?}");
}

#[test]
fn what_does_not_go_together_is_refused_with_the_flag_that_mends_it() {
    let place = place("");
    let none = place.run("train --config tiny.toml --cache cache --out x");
    assert_eq!(none.code, Some(1), "{none:#?}");
    for part in ["embeddings of a teacher", "`--teacher MODEL`"] {
        assert!(none.stderr.contains(part), "{part}: {none:#?}");
    }
    let model = model();
    let unheard = place.run(&format!(
        "train --max-steps 1 --cache cache --out x --teacher {}",
        model.display()
    ));
    assert_eq!(unheard.code, Some(1), "{unheard:#?}");
    for part in ["teacher `default`", "`teacher_cosine`", "`--teacher`"] {
        assert!(unheard.stderr.contains(part), "{part}: {unheard:#?}");
    }
    let nowhere = place.run("train --config tiny.toml --out x --teacher nowhere");
    assert_eq!(nowhere.code, Some(1), "{nowhere:#?}");
    assert!(
        nowhere.stderr.contains("--teacher") && nowhere.stderr.contains("nowhere"),
        "{nowhere:#?}"
    );
    assert!(!place.path("x").exists());
    let doctor = place.run(&format!(
        "doctor --config tiny.toml --cache cache --teacher {}",
        model.display()
    ));
    assert_eq!(doctor.code, Some(0), "{doctor:#?}");
}

/// The voices that the built-in training does not learn from, as if nobody knew who speaks.
#[test]
fn speech_without_labels_is_heard_and_development_speakers_are_kept_out_of_it() {
    let place = place("");
    let voices = testing::repository().join("data/voices");
    let voices = voices.display();
    let run = trained(
        &place,
        &format!("--unlabelled {voices} --out one --tensorboard"),
    );
    // The folder has all splits: who is trained on is in it with a label, who is developed on is known by name.
    for part in [
        "recordings without labels are left out, since they are of speakers of the development trials",
        "trained on with their labels already",
        "recordings without labels, 25 % of each batch",
    ] {
        assert!(run.stderr.contains(part), "{part}: {run:#?}");
    }
    let alone = place.run(&format!(
        "train --config tiny.toml --out x --unlabelled {voices}"
    ));
    assert_eq!(alone.code, Some(2), "{alone:#?}");
    assert!(alone.stderr.contains("--teacher"), "{alone:#?}");
    let nothing = place.run(&format!(
        "train --config tiny.toml --cache cache --out x --teacher {} --unlabelled nowhere",
        model().display()
    ));
    assert_ne!(nothing.code, Some(0), "{nothing:#?}");
    assert!(nothing.stderr.contains("nowhere"), "{nothing:#?}");
    let report = place.run("report one --out page.html");
    assert_eq!(report.code, Some(0), "{report:#?}");
    let page = std::fs::read_to_string(place.path("page.html")).unwrap();
    for part in [
        "Agreement with the teacher",
        "the teacher&#39;s dev EER",
        "recordings without labels",
    ] {
        let plain = part.replace("&#39;", "'");
        assert!(page.contains(part) || page.contains(&plain), "{part}");
    }
}
