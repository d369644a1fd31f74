//! `siamang cluster`.

use end_to_end::{Place, voice, write_corpus, write_wav};

fn corpus() -> Place {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 4, 3);
    place
}

#[test]
fn known_speakers_are_scored() {
    let place = corpus();
    let run = place.run("cluster --model model corpus --num-speakers 4 --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let report = run.json();
    for key in ["mr", "ari", "acp", "nmi"] {
        assert!(report[key].is_number(), "{key}: {report}");
    }
    assert_eq!(
        (
            &report["n_clusters"],
            &report["n_points"],
            &report["n_speakers"]
        ),
        (&4.into(), &12.into(), &4.into())
    );
    assert_eq!(run.stdout.matches("\n  \"n_clusters\"").count(), 1);
    let members: usize = report["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c.as_array().unwrap().len())
        .sum();
    assert_eq!(members, 12);
    assert!(report["oracle"]["scores"]["mr"].as_f64() <= report["mr"].as_f64());
}

#[test]
fn a_file_of_embeddings_gives_the_same() {
    let place = corpus();
    let direct = place
        .run("cluster --model model corpus --num-speakers 4 --json")
        .json();
    for name in ["e.jsonl", "e.npy", "e.parquet"] {
        assert_eq!(
            place
                .run(&format!("embed --model model corpus --out {name}"))
                .code,
            Some(0)
        );
        let run = place.run(&format!(
            "cluster --embeddings {name} --num-speakers 4 --json"
        ));
        assert_eq!(
            (&run.json()["mr"], &run.json()["clusters"]),
            (&direct["mr"], &direct["clusters"]),
            "{name}"
        );
    }
}

#[test]
fn labels_of_a_table_replace_those_of_folders() {
    let place = corpus();
    let mut labels = "id\tspeaker\n".to_owned();
    for speaker in 0..4 {
        for take in 0..3 {
            labels += &format!("s{speaker}/{take}.wav\tone\n");
        }
    }
    place.write("labels.tsv", &labels);
    let report = place
        .run("cluster --model model corpus --labels labels.tsv --threshold 2 --json")
        .json();
    assert_eq!(
        (&report["n_speakers"], &report["n_clusters"], &report["mr"]),
        (&1.into(), &1.into(), &0.0.into())
    );
    place.write("labels.tsv", "s0/0.wav\tone\n");
    let run = place.run("cluster --model model corpus --labels labels.tsv --json");
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("names no speaker of `s0/1.wav`"),
        "{run:#?}"
    );
}

#[test]
fn unknown_speakers_are_clustered_without_scores() {
    let place = corpus();
    let run = place.run("cluster --model model corpus/s0 --linkage ward --num-speakers 2 --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let report = run.json();
    assert_eq!((&report["n_clusters"], report.get("mr")), (&2.into(), None));
    assert_eq!(
        place.run("cluster --model model corpus/s0 --oracle").code,
        Some(2)
    );
    let one = place.run("cluster --model model corpus/s0/0.wav");
    assert_eq!(one.code, Some(0), "{one:#?}");
    assert!(
        one.stdout
            .starts_with("speaker 1 (1 recording)\n  corpus/s0/0.wav\n"),
        "{one:#?}"
    );
}

#[test]
fn the_protocol_reports_every_cut_over_the_draws() {
    let place = corpus();
    let mut table = "path\tspeaker\tsplit\n".to_owned();
    for speaker in 0..4 {
        let split = if speaker < 2 { "dev" } else { "test" };
        for take in 0..3 {
            table += &format!("s{speaker}/{take}.wav\ts{speaker}\t{split}\n");
        }
    }
    place.write("corpus/split.tsv", &table);
    let protocol =
        "cluster-protocol --model model corpus --splits test --num-speakers-drawn 2 --seeds 2";
    let run = place.run(&format!("{protocol} --json"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    let report = run.json();
    for kind in ["as_embedded", "centred"] {
        for cut in ["oracle", "dev_threshold", "known_speakers"] {
            let mean = report[kind][cut]["mr"]["mean"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&mean), "{kind} {cut}");
        }
    }
    assert_eq!(
        (
            report["draws"].as_array().unwrap().len(),
            &report["num_speakers"]
        ),
        (2, &2.into())
    );
    assert!(place.run(protocol).stdout.contains("dev threshold"));
    let wrong = place.run("cluster-protocol --model model corpus --splits tset");
    assert_eq!(wrong.code, Some(1));
    assert!(
        wrong
            .stderr
            .contains("no split `tset`; its splits are `dev`, `test`"),
        "{wrong:#?}"
    );
}

#[test]
fn the_protocols_old_flag_says_what_its_command_is_called() {
    let place = corpus();
    let run = place.run("cluster --model model corpus --protocol --splits test --seeds 2");
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(
        run.stderr.contains("siamang cluster-protocol PATH"),
        "{run:#?}"
    );
}

#[test]
fn guessed_speakers_are_called_a_guess() {
    let place = Place::new();
    // One speaker, two sessions.
    for session in ["a", "b"] {
        for take in 0..2 {
            let path = place.path(&format!("ann/{session}/{take}.wav"));
            write_wav(&path, &voice(0, take), 16_000, 1);
        }
    }
    let paths = "ann/a/0.wav ann/a/1.wav ann/b/0.wav ann/b/1.wav";
    let run = place.run(&format!("cluster --model model {paths}"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(!run.stdout.contains("known"), "{run:#?}");
    assert!(run.stdout.contains("(a guess: "), "{run:#?}");
    let report = place
        .run(&format!("cluster --model model {paths} --json"))
        .json();
    assert_eq!(report["speakers_guessed"], true, "{report}");
    let oracle = place.run(&format!("cluster --model model {paths} --oracle"));
    assert_eq!(oracle.code, Some(2), "{oracle:#?}");
    // Of a folder with one folder per speaker it is known.
    let known = corpus().run("cluster --model model corpus --json").json();
    assert_eq!(known.get("speakers_guessed"), None);
    assert_eq!(known["speakers_from"], "the folders or the manifest");
}

#[test]
fn the_cards_distance_is_for_the_cards_centre() {
    let place = corpus();
    place.write("model/card.toml", "[thresholds]\ncluster = 2.0\n");
    for (centre, from) in [
        ("model", "the model's card"),
        ("none", "no calibration"),
        ("these", "no calibration"),
    ] {
        let run = place.run(&format!(
            "cluster --model model corpus --centre {centre} --json"
        ));
        assert_eq!(run.json()["cut"]["from"], from, "{centre}");
    }
}
