//! `siamang verify`, `score` and `eval`.

use end_to_end::{Place, write_corpus};

fn corpus() -> Place {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 4, 3);
    let mut trials = String::new();
    for speaker in 0..4 {
        let next = (speaker + 1) % 4;
        for take in 0..2 {
            trials += &format!("1 s{speaker}/{take}.wav s{speaker}/2.wav\n");
            trials += &format!("0 s{speaker}/{take}.wav s{next}/2.wav\n");
        }
    }
    place.write("trials.txt", &trials);
    place
}

#[test]
fn verify_prints_the_score_and_the_answer() {
    let place = corpus();
    let run = place.run("verify --vad energy --model model corpus/s0/0.wav corpus/s0/1.wav --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let answer = run.json();
    let score = answer["score"].as_f64().unwrap();
    assert!((-1.0..=1.0).contains(&score));
    assert_eq!(answer["same_speaker"], score >= 0.5);
    assert_eq!(
        (&answer["scale"], &answer["a"]["seconds"]),
        (&"cosine, -1 to 1".into(), &0.5.into())
    );
    assert!(
        run.stderr
            .contains("note: the threshold 0.5 is not calibrated")
    );

    let same = place
        .run("verify --vad energy --model model corpus/s0/0.wav corpus/s0/0.wav --json")
        .json();
    assert!((same["score"].as_f64().unwrap() - 1.0).abs() < 1e-6);
    let strict = place
        .run("verify --vad energy --model model corpus/s0/0.wav corpus/s1/1.wav --threshold 1 --json")
        .json();
    assert_eq!(
        (&strict["same_speaker"], &strict["threshold"]),
        (&false.into(), &1.0.into())
    );
}

#[test]
fn the_models_card_states_the_threshold() {
    let place = corpus();
    place.write(
        "model/card.toml",
        "licence = \"any\"\n[thresholds]\nverify = -1.0\ncluster = 2.0\n",
    );
    let run = place.run("verify --vad energy --model model corpus/s0/0.wav corpus/s1/0.wav --json");
    assert_eq!(
        (&run.json()["same_speaker"], &run.json()["threshold_from"]),
        (&true.into(), &"the model's card".into())
    );
    assert!(!run.stderr.contains("note:"), "{run:#?}");
    let clusters = place.run("cluster --model model corpus --json").json();
    assert_eq!(
        (&clusters["n_clusters"], &clusters["cut"]["from"]),
        (&1.into(), &"the model's card".into())
    );
}

/// The card states its distance for embeddings less the mean of the training data.
#[test]
fn a_distance_made_for_another_centre_is_not_taken() {
    let place = corpus();
    place.write("model/card.toml", "[thresholds]\ncluster = 0.375\n");
    for (centre, distance, from) in [
        ("model", 0.375, "the model's card"),
        ("none", 0.5, "no calibration"),
        ("these", 0.5, "no calibration"),
    ] {
        let run = place.run(&format!(
            "cluster --model model corpus --centre {centre} --json"
        ));
        let cut = &run.json()["cut"];
        assert_eq!(
            (&cut["distance"], &cut["from"]),
            (&distance.into(), &from.into()),
            "{centre}"
        );
        let says_why = run.stderr.contains("`--centre model` alone");
        assert_eq!(says_why, centre != "model", "{run:#?}");
    }
}

#[test]
fn score_writes_a_line_a_trial() {
    let place = corpus();
    let run = place
        .run("score --vad energy --model model --root corpus --trials trials.txt --out scores.txt");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let scores = std::fs::read_to_string(place.path("scores.txt")).unwrap();
    assert_eq!(scores.lines().count(), 16);
    let fields: Vec<&str> = scores.lines().next().unwrap().split(' ').collect();
    assert_eq!(fields[..2], ["s0/0.wav", "s0/2.wav"]);
    assert!(fields[2].parse::<f64>().is_ok());

    assert_eq!(
        place.run("embed --model model corpus --out e.npy").code,
        Some(0)
    );
    let from_file = place.run("score --embeddings e.npy --trials trials.txt");
    assert_eq!((from_file.code, &from_file.stdout), (Some(0), &scores));
}

#[test]
fn eval_prints_one_object_for_one_list() {
    let place = corpus();
    let run = place.run("eval --model model --root corpus --trials trials.txt --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let report = run.json();
    for rate in ["eer", "min_dcf", "roc_auc"] {
        assert!(
            (0.0..=1.0).contains(&report[rate].as_f64().unwrap()),
            "{rate}: {report}"
        );
    }
    assert_eq!(report["p_target"], 0.01);
    assert_eq!(
        (&report["n_target"], &report["n_nontarget"]),
        (&8.into(), &8.into())
    );
    assert_eq!(report["list"]["name"], "trials");
    assert_eq!(report["list"]["hash"].as_str().unwrap().len(), 64);
    assert_eq!(report["interval"]["n_speakers"], 4);

    let two = place
        .run("eval --model model --root corpus --trials trials.txt trials.txt --resamples 0 --json")
        .json();
    assert_eq!(
        (
            two["lists"].as_array().unwrap().len(),
            &two["lists"][1]["eer"]
        ),
        (2, &report["eer"])
    );
}

#[test]
fn eval_of_a_file_equals_eval_of_the_recordings() {
    let place = corpus();
    let direct = place
        .run("eval --model model --root corpus --trials trials.txt --json")
        .json();
    assert_eq!(
        place.run("embed --model model corpus --out e.parquet").code,
        Some(0)
    );
    let from_file = place
        .run("eval --embeddings e.parquet --trials trials.txt --json")
        .json();
    for key in ["eer", "min_dcf", "interval", "list"] {
        assert_eq!(direct[key], from_file[key], "{key}");
    }
}

#[test]
fn centring_on_these_recordings_changes_the_scores() {
    let place = corpus();
    let mean = |centre: &str| {
        let run = place.run(&format!(
            "eval --model model --root corpus --trials trials.txt --centre {centre} --json"
        ));
        run.json()["mean_different"].as_f64().unwrap()
    };
    assert!(mean("these") < mean("none") - 0.1);
}

#[test]
fn trials_of_unreadable_recordings_are_left_out_and_named() {
    let place = corpus();
    place.write("corpus/s3/2.wav", "");
    let run = place.run("eval --model model --root corpus --trials trials.txt --json");
    assert_eq!(run.code, Some(3), "{run:#?}");
    let report = run.json();
    assert_eq!(
        (&report["n_skipped_trials"], &report["skipped"][0]["id"]),
        (&4.into(), &"s3/2.wav".into())
    );
    assert!(run.stderr.contains("skipped: ") && run.stderr.contains("s3/2.wav"));
}

#[test]
fn a_table_that_contradicts_the_list_costs_the_intervals() {
    let place = corpus();
    let mut table = "path\tspeaker\n".to_owned();
    for speaker in 0..4 {
        for take in 0..3 {
            table += &format!("s{speaker}/{take}.wav\teveryone\n");
        }
    }
    place.write("table.tsv", &table);
    let run =
        place.run("eval --model model --root corpus --split table.tsv --trials trials.txt --json");
    assert_eq!(
        (run.code, &run.json()["interval"]),
        (Some(0), &serde_json::Value::Null)
    );
    assert!(
        run.stderr
            .contains("warning: list `trials` has no intervals"),
        "{run:#?}"
    );
}
