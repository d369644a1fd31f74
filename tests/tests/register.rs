//! A register of voices, from enrolling to forgetting, as its user sees it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::{Path, PathBuf};
use std::process::Output;

use end_to_end::{siamang, write_bundle, write_wav};
use serde_json::Value;

fn voices() -> PathBuf {
    testing::repository().join("data/voices")
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = siamang(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn json(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let (code, out, err) = run(folder, &[arguments, &["--json"]].concat());
    (
        code,
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}")),
    )
}

fn path(name: &str) -> String {
    voices().join(name).display().to_string()
}

#[test]
fn a_voice_is_enrolled_named_renamed_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (v31, v32) = (path("v31/s1"), path("v32/s1"));
    let (code, out, err) = run(
        here,
        &[
            "enrol",
            "Zoë B.",
            &v31,
            "--register",
            "r",
            "--note",
            "agreed",
        ],
    );
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.starts_with("Zoë B.: 7 recordings enrolled, 7 by now, a new voice"),
        "{out}"
    );
    assert_eq!(run(here, &["enrol", "bob", &v32, "--register", "r"]).0, 0);

    let (code, answer) = json(
        here,
        &[
            "identify",
            &path("v31/s2/u1.ogg"),
            &path("v32/s2/u1.ogg"),
            "--register",
            "r",
        ],
    );
    assert_eq!(code, 0);
    let names: Vec<&Value> = answer["recordings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["Zoë B.", "bob"]);
    let (code, answer) = json(
        here,
        &[
            "identify",
            &path("v31/s2/u1.ogg"),
            "--threshold",
            "0.9999",
            "--register",
            "r",
        ],
    );
    assert_eq!(
        (code, &answer["recordings"][0]["decision"]),
        (0, &Value::from("unknown"))
    );

    // The same recording again, under the name in another Unicode form.
    let (code, again) = json(
        here,
        &[
            "enrol",
            "Zoe\u{308} B.",
            &path("v31/s1/u1.ogg"),
            "--register",
            "r",
        ],
    );
    assert_eq!(
        (code, &again["voices"][0]["num_recordings"]),
        (0, &Value::from(7))
    );
    assert_eq!(again["voices"][0]["not_enrolled"][0]["is_known"], true);

    let (code, list) = json(here, &["list", "--register", "r"]);
    assert_eq!((code, &list["num_voices"]), (0, &Value::from(2)));
    let (code, out, _) = run(here, &["show", "Zoë B.", "--register", "r"]);
    assert!(
        code == 0 && out.contains("note: agreed") && out.contains("alike 0."),
        "{out}"
    );
    assert_eq!(
        run(here, &["rename", "Zoë B.", "zoe", "--register", "r"]).0,
        0
    );
    let (code, _, err) = run(here, &["rename", "zoe", "bob", "--register", "r"]);
    assert!(code == 1 && err.contains("called `bob` already"), "{err}");
    assert_eq!(
        run(here, &["check", "--register", "r"]),
        (0, "2 voices can be read\n".to_owned(), String::new())
    );
    let (code, _, err) = run(here, &["export", "--register", "r", "--out", "r.jsonl"]);
    assert!(
        code == 0 && err.contains("14 recordings of 2 voices"),
        "{err}"
    );
    let lines = std::fs::read_to_string(here.join("r.jsonl")).unwrap();
    assert_eq!(
        lines
            .lines()
            .filter(|line| line.contains(r#""speaker":"zoe""#))
            .count(),
        7
    );

    let (code, out, _) = run(here, &["forget", "zoe", "--register", "r"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "forgot 1 voice with 7 recordings; 1 voice left\n")
    );
    for file in std::fs::read_dir(here.join("r")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for gone in ["zoe", "Zoë", "v31/s1"] {
            assert!(
                !bytes
                    .windows(gone.len())
                    .any(|part| part == gone.as_bytes()),
                "{gone}"
            );
        }
    }
    let (code, _, err) = run(here, &["show", "zoe", "--register", "r"]);
    assert!(
        code == 1 && err.contains("no voice is called `zoe`"),
        "{err}"
    );
}

#[test]
fn what_would_spoil_a_voice_is_refused_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    assert_eq!(
        run(here, &["enrol", "ann", &path("v31/s1"), "--register", "r"]).0,
        0
    );
    assert_eq!(
        run(here, &["enrol", "bob", &path("v35/s1"), "--register", "r"]).0,
        0
    );
    let silence = here.join("silence.wav");
    write_wav(&silence, &vec![0.0; 48_000], 16_000, 1);
    let (code, answer) = json(
        here,
        &[
            "enrol",
            "ann",
            silence.to_str().unwrap(),
            &path("v35/s2/u1.ogg"),
            "none.wav",
            "--register",
            "r",
        ],
    );
    assert_eq!(code, 3);
    assert_eq!(answer["voices"][0]["added"], serde_json::json!([]));
    let reasons = answer["voices"][0]["not_enrolled"].to_string();
    assert!(reasons.contains("0.00 s of speech in 3.00 s"), "{reasons}");
    assert!(
        reasons.contains("does not sound like the other recordings of `ann`"),
        "{reasons}"
    );
    assert!(answer["skipped"].to_string().contains("none.wav"));
    // What is enrolled as another is not enrolled, whatever the user says of its sound.
    let (code, answer) = json(
        here,
        &[
            "enrol",
            "ann",
            &path("v35/s2/u1.ogg"),
            "--trust",
            "--register",
            "r",
        ],
    );
    assert_eq!(
        (code, &answer["voices"][0]["num_recordings"]),
        (0, &Value::from(8))
    );
    let (code, answer) = json(
        here,
        &["identify", silence.to_str().unwrap(), "--register", "r"],
    );
    assert_eq!(
        (code, &answer["recordings"][0]["decision"]),
        (3, &Value::from("no-verdict"))
    );
    for name in ["", "a\nb", &"x".repeat(300)] {
        let (code, _, err) = run(here, &["enrol", name, &path("v31/s1"), "--register", "r"]);
        assert!(
            code == 1 && err.contains("cannot be the name of a voice"),
            "{err}"
        );
    }
    let (code, _, err) = run(here, &["identify", "x.wav", "--register", "none"]);
    assert!(
        code == 1 && err.contains("`none` is not a register of voices: it does not exist"),
        "{err}"
    );
}

#[test]
fn a_register_belongs_to_a_model_and_moves_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::copy(voices().join("v31/s1/u1.ogg"), here.join("kept.ogg")).unwrap();
    std::fs::copy(voices().join("v31/s1/u2.ogg"), here.join("gone.ogg")).unwrap();
    std::fs::copy(voices().join("v31/s1/u3.ogg"), here.join("changed.ogg")).unwrap();
    let names = ["kept.ogg", "gone.ogg", "changed.ogg"];
    let enrol = [&["enrol", "ann"], names.as_slice(), &["--register", "r"]].concat();
    assert_eq!(run(here, &enrol).0, 0);
    let other = "other-model";
    write_bundle(&here.join(other));
    let (code, _, err) = run(
        here,
        &["identify", "kept.ogg", "--register", "r", "--model", other],
    );
    assert!(code == 1 && err.contains("belongs to the model"), "{err}");
    std::fs::remove_file(here.join("gone.ogg")).unwrap();
    std::fs::copy(voices().join("v32/s1/u3.ogg"), here.join("changed.ogg")).unwrap();
    let (code, answer) = json(
        here,
        &[
            "reembed",
            "--register",
            "r",
            "--model",
            other,
            "--out",
            "r2",
        ],
    );
    assert_eq!(
        (code, &answer["num_recordings"], &answer["num_voices"]),
        (3, &Value::from(1), &Value::from(1))
    );
    let lost = answer["lost"].to_string();
    assert!(
        lost.contains("gone.ogg") && lost.contains("is another recording by now"),
        "{lost}"
    );
    let (code, answer) = json(
        here,
        &[
            "identify",
            "kept.ogg",
            "--register",
            "r2",
            "--model",
            other,
            "--threshold",
            "0.5",
        ],
    );
    assert_eq!(
        (code, &answer["recordings"][0]["name"]),
        (0, &Value::from("ann"))
    );
}

#[test]
fn identification_is_measured_on_folders() {
    let (code, answer) = json(
        &voices(),
        &[
            "identify-protocol",
            ".",
            "--filter",
            "split=test",
            "--draws",
            "3",
            "--fpir",
            "0.05",
        ],
    );
    assert_eq!(code, 0);
    let rates = &answer["rates"];
    let [fnir, fpir] = ["fnir", "fpir"].map(|name| rates[name].as_f64().unwrap());
    assert!((0.0..=1.0).contains(&fnir) && fpir <= 0.05, "{answer}");
    let interval = ["low", "high"].map(|end| rates["fnir_interval"][end].as_f64().unwrap());
    assert!(interval[0] <= fnir && fnir <= interval[1]);
    let (code, _, err) = run(
        &voices(),
        &["identify-protocol", "v31", "v32", "--recordings", "50"],
    );
    assert!(
        code == 1 && err.contains("identification cannot be measured"),
        "{err}"
    );
}
