//! `siamang report`: what a training leaves to look at.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use end_to_end::{Place, write_corpus};

/// A small training on made voices, in `run`.
fn trained() -> Place {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 12, 4);
    let run = place.run("train --data corpus --preset paper --sampler pk --batch-speakers 4 --batch-segments 2 --max-steps 20 --eval-every 10 --print-config");
    let mut config: toml::Table = run.stdout.parse().unwrap();
    let model = config["model"].as_table_mut().unwrap();
    model["encoder"]["hidden"] = 16.into();
    model["head"]["hidden"] = toml::Value::Array(vec![20.into()]);
    config["crop_frames"] = 20.into();
    place.write("tiny.toml", &toml::to_string(&config).unwrap());
    let run =
        place.run("train --data corpus --config tiny.toml --cache cache --tensorboard --out run");
    assert_eq!(run.code, Some(0), "{run:#?}");
    place
}

fn read(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.path(name)).unwrap()
}

#[test]
fn a_training_ends_with_a_page_that_shows_it() {
    let place = trained();
    let page = read(&place, "run/report.html");
    assert!(page.contains("id=\"loss\""));
    // A recording of the development list, which is made of speakers held out.
    let list = read(&place, "run/dev/trials.txt");
    let name = list.split_whitespace().nth(1).unwrap();
    assert!(page.contains(name), "no {name}");
    // These voices are all told apart; with the labels exchanged every trial is a bad one.
    let exchanged: String = list
        .lines()
        .map(|line| match line.split_at(1) {
            ("1", rest) => format!("0{rest}\n"),
            (_, rest) => format!("1{rest}\n"),
        })
        .collect();
    place.write("run/dev/trials.txt", &exchanged);
    let run = place.run("report run");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let page = read(&place, "run/report.html");
    for part in ["<audio", "data:image/gif", "data:audio/wav"] {
        assert!(page.contains(part), "no {part}");
    }
    let scalars = std::fs::read_dir(place.path("run/tensorboard")).unwrap();
    assert_eq!(scalars.count(), 1);

    let run = place.run("report run --audio-mb 0 --out quiet.html --json");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let quiet = read(&place, "quiet.html");
    assert_eq!(run.json()["bytes"], quiet.len());
    assert!(!quiet.contains("data:audio/wav"));

    let run = place.run("report run run --out both.html");
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(read(&place, "both.html").contains("Runs compared"));

    // Recordings that are gone cost their figures, not the page.
    std::fs::remove_dir_all(place.path("corpus")).unwrap();
    let run = place.run("report run");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let page = read(&place, "run/report.html");
    assert!(page.contains("could not be examined") && page.contains("id=\"loss\""));
}

#[test]
fn a_folder_that_is_no_run_is_an_error() {
    let place = Place::new();
    std::fs::create_dir(place.path("nothing")).unwrap();
    let run = place.run("report nothing");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("journal.jsonl"), "{run:#?}");
}
