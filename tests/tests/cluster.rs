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

/// Points on a smooth curve whose speakers take turns, so that no cluster is a speaker's: each cut of the tree wants a large
/// assignment. What stood here took 110 s for 4,000 points, and grew with the power 4.5 of them.
#[test]
fn labels_that_do_not_fit_the_clusters_take_no_longer_than_the_clustering() {
    const SPEAKERS: usize = 400;
    const POINTS: usize = 8000;
    let place = Place::new();
    let mut values = Vec::new();
    for point in 0..POINTS {
        let t = 40.0 * point as f64 / POINTS as f64;
        for k in 0..32 {
            values.push((t * f64::from(k % 8 + 1) / 5.0 + f64::from(k * k)).sin() as f32);
        }
    }
    let mut npy =
        format!("\u{1}\0v\0{{'descr': '<f4', 'fortran_order': False, 'shape': ({POINTS}, 32), }}");
    npy += &" ".repeat(122 - npy.len() - 1);
    npy += "\n";
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend(npy.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    for name in ["known.npy", "unknown.npy"] {
        std::fs::write(place.path(name), &bytes).unwrap();
    }
    let known: String = (0..POINTS)
        .map(|point| format!("s{}/u{point}\n", point % SPEAKERS))
        .collect();
    place.write("known.npy.ids.txt", &known);
    let unknown: String = (0..POINTS).map(|point| format!("u{point}\n")).collect();
    place.write("unknown.npy.ids.txt", &unknown);
    let timed = |name: &str| {
        let begin = std::time::Instant::now();
        let run = place.run(&format!(
            "cluster --embeddings {name} --threshold 0.5 --json"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        (run.json(), begin.elapsed().as_secs_f64())
    };
    let (without, seconds_without) = timed("unknown.npy");
    let (with, seconds_with) = timed("known.npy");
    assert!(with["oracle"]["scores"]["mr"].is_number(), "no figure");
    assert_eq!(with["n_clusters"], without["n_clusters"]);
    // A second's grace for a machine that does other work.
    assert!(
        seconds_with <= 3.0 * seconds_without + 1.0,
        "{seconds_with} s with labels, {seconds_without} s without"
    );
}
