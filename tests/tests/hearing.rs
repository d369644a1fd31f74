//! A verdict only where somebody was heard: silence, noise, telephones, padding, level, channels; with the built-in model.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::{Path, PathBuf};

use audio_features::read_recording;
use end_to_end::{Place, write_wav};
use serde_json::Value;

/// The answer of `siamang verify` to two recordings, and the exit code.
fn verify(place: &Place, a: &Path, b: &Path, flags: &str) -> (Value, Option<i32>) {
    let run = place.run(&format!(
        "verify {} {} --json {flags}",
        a.display(),
        b.display()
    ));
    (run.json(), run.code)
}

fn score(place: &Place, a: &Path, b: &Path) -> f64 {
    verify(place, a, b, "").0["score"].as_f64().unwrap()
}

fn samples(path: &Path) -> Vec<f32> {
    read_recording(path, 16_000).unwrap().waveform.samples
}

/// Recordings of the repository's voices: two of each of the first speakers.
fn voices() -> Vec<[PathBuf; 2]> {
    let folder = testing::repository().join("data/voices");
    let mut speakers: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("s1").is_dir())
        .collect();
    speakers.sort();
    let recordings = speakers.iter().take(4).map(|speaker| {
        let mut files: Vec<PathBuf> = std::fs::read_dir(speaker.join("s1"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        [files[0].clone(), files[1].clone()]
    });
    recordings.collect()
}

/// Half the rate: a windowed sinc that passes up to 3.7 kHz, every second sample.
fn at_8_khz(samples: &[f32]) -> Vec<f32> {
    let half = 64i32;
    let taps: Vec<f32> = (-half..=half)
        .map(|i| {
            let x = std::f32::consts::PI * i as f32 * 0.475;
            let sinc = if i == 0 { 1.0 } else { x.sin() / x };
            let phase = std::f32::consts::PI * i as f32 / half as f32;
            0.475 * sinc * (0.5 + 0.5 * phase.cos())
        })
        .collect();
    let at = |index: i64| {
        usize::try_from(index)
            .ok()
            .and_then(|index| samples.get(index))
            .copied()
            .unwrap_or_default()
    };
    (0..samples.len() as i64 / 2)
        .map(|index| {
            let near = taps.iter().zip(-i64::from(half)..);
            near.map(|(tap, offset)| tap * at(2 * index + offset)).sum()
        })
        .collect()
}

/// A recording changed in ways that leave the voice what it was, written below `place`; with what was done.
fn changed(place: &Place, name: &str, samples: &[f32]) -> Vec<(&'static str, PathBuf)> {
    let path = |what: &str| place.path(&format!("{name}-{what}.wav"));
    let both = |left: f32, right: f32| {
        let frames = samples.iter().flat_map(|x| [x * left, x * right]);
        frames.collect::<Vec<f32>>()
    };
    let mut padded = samples.to_vec();
    padded.extend(vec![0.0; 16_000 * 8]);
    let quiet: Vec<f32> = samples.iter().map(|x| x * 0.0316).collect();
    let forms = [
        ("8 kHz", at_8_khz(samples), 8_000, 1),
        ("padded", padded, 16_000, 1),
        ("quiet", quiet, 16_000, 1),
        ("opposite", both(1.0, -1.0), 16_000, 2),
        ("stereo", both(1.0, 1.0), 16_000, 2),
    ];
    let written = forms.into_iter().map(|(what, samples, rate, channels)| {
        let path = path(&what.replace(' ', ""));
        write_wav(&path, &samples, rate, channels);
        (what, path)
    });
    written.collect()
}

#[test]
fn the_same_sound_in_other_forms_is_the_same_speaker_and_strangers_stay_strangers() {
    let place = Place::new();
    let voices = voices();
    let plain: Vec<Vec<f32>> = voices.iter().map(|[a, _]| samples(a)).collect();
    let forms: Vec<Vec<(&str, PathBuf)>> = plain
        .iter()
        .enumerate()
        .map(|(index, samples)| changed(&place, &format!("v{index}"), samples))
        .collect();
    for (index, [original, _]) in voices.iter().enumerate() {
        let next = (index + 1) % voices.len();
        let strangers = score(&place, original, &voices[next][0]);
        for (kind, (what, path)) in forms[index].iter().enumerate() {
            let same = score(&place, original, path);
            // The bar of 0.9 is one of means over recordings; of these made voices at 8 kHz the least has 0.887.
            let least = if *what == "8 kHz" { 0.85 } else { 0.9 };
            assert!(same >= least, "{what}: {same}");
            // Both changed alike: a stranger is hardly nearer than before.
            let changed = score(&place, path, &forms[next][kind].1);
            assert!(
                (changed - strangers).abs() < 0.15,
                "{what}: {changed}, as they are {strangers}"
            );
        }
    }
}

#[test]
fn silence_and_noise_get_no_verdict_and_exit_code_3() {
    let place = Place::new();
    let mut state = 1u32;
    let mut noise = |level: f32| -> Vec<f32> {
        (0..48_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                level * ((state >> 8) as f32 / (1 << 23) as f32 - 1.0)
            })
            .collect()
    };
    for (name, level) in [("silent", 0.0), ("dither", 0.000_06), ("white", 0.3)] {
        write_wav(
            &place.path(&format!("{name}.wav")),
            &noise(level),
            16_000,
            1,
        );
    }
    let voice = &voices()[0][0];
    for name in ["silent", "dither", "white"] {
        let path = place.path(&format!("{name}.wav"));
        for (a, b) in [(&path, &path), (&path, voice), (voice, &path)] {
            let (answer, code) = verify(&place, a, b, "");
            assert_eq!(
                (&answer["same_speaker"], code),
                (&Value::Null, Some(3)),
                "{name}"
            );
            let reason = answer["no_verdict"].as_str().unwrap();
            assert!(
                reason.contains(&format!("{name}.wav` holds 0.00 s of speech")),
                "{reason}"
            );
        }
    }
    let run = place.run("verify silent.wav white.wav");
    assert!(
        run.stdout.starts_with("no verdict: `silent.wav` holds"),
        "{run:#?}"
    );
    // Whoever does not want that gets the score and the answer.
    let white = place.path("white.wav");
    let (answer, code) = verify(&place, &white, &white, "--vad none");
    assert_eq!(
        (&answer["same_speaker"], code),
        (&Value::Bool(true), Some(0))
    );
    // A list leaves such trials out, and says so.
    place.write(
        "t.txt",
        &format!("1 {0} {0}\n0 {0} white.wav\n", voice.display()),
    );
    let run = place.run("score --trials t.txt --root . --out s.txt --json");
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert_eq!(run.json()["unheard"][0], "white.wav");
    assert_eq!(run.json()["n_scored"], 1);
    // `embed` keeps the embedding, and warns.
    let run = place.run("embed white.wav --out e.jsonl");
    assert!(
        run.stderr.contains("white.wav: 0.00 s of speech in 3.00 s"),
        "{run:#?}"
    );
}

#[test]
fn every_embedding_comes_with_how_its_recording_sounds() {
    let place = Place::new();
    let voice = samples(&voices()[0][0]);
    write_wav(
        &place.path("loud.wav"),
        &voice
            .iter()
            .map(|x| x * 40.0)
            .map(|x| x.clamp(-1.0, 1.0))
            .collect::<Vec<_>>(),
        16_000,
        1,
    );
    write_wav(&place.path("phone.wav"), &at_8_khz(&voice), 8_000, 1);
    for detector in ["energy", "network"] {
        let run = place.run(&format!(
            "embed loud.wav phone.wav --out e.jsonl --vad {detector}"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
        let text = std::fs::read_to_string(place.path("e.jsonl")).unwrap();
        let rows: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let number = |row: usize, name: &str| rows[row]["quality"][name].as_f64().unwrap();
        assert_eq!(rows[0]["quality"]["speech_by"], detector);
        assert!(number(0, "clipped_share") > 0.01, "{text}");
        assert!((3_300.0..4_100.0).contains(&number(1, "band_hz")), "{text}");
        let seconds = voice.len() as f64 / 16_000.0;
        assert!((number(1, "seconds") - seconds).abs() < 0.01);
        let share = number(1, "speech_s") / seconds;
        assert!(
            (number(1, "speech_share") - share).abs() < 0.01 && share > 0.5,
            "{text}"
        );
    }
}

#[test]
fn a_channel_of_a_call_can_be_chosen() {
    let place = Place::new();
    let voices = voices();
    let (left, right) = (samples(&voices[0][0]), samples(&voices[1][0]));
    let len = left.len().min(right.len());
    let call: Vec<f32> = (0..len).flat_map(|i| [left[i], right[i]]).collect();
    write_wav(&place.path("call.wav"), &call, 16_000, 2);
    let call = place.path("call.wav");
    for (channel, [alone, _]) in voices[..2].iter().enumerate() {
        let flags = format!("--channel {channel}");
        // The other recording has one channel: number 1 is not there, which is said.
        write_wav(
            &place.path("alone.wav"),
            &samples(alone)
                .iter()
                .flat_map(|x| [*x, *x])
                .collect::<Vec<_>>(),
            16_000,
            2,
        );
        let (answer, _) = verify(&place, &call, &place.path("alone.wav"), &flags);
        assert!(
            answer["score"].as_f64().unwrap() > 0.9,
            "{channel}: {answer}"
        );
    }
    let run = place.run("verify call.wav call.wav --channel 2");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("channel 2"), "{run:#?}");
    assert_eq!(
        place.run("verify call.wav call.wav --channel each").code,
        Some(2)
    );
    let run = place.run("embed call.wav alone.wav --channel each --out e.npy");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let names = std::fs::read_to_string(place.path("e.npy.ids.txt")).unwrap();
    assert_eq!(names, "call.wav#0\ncall.wav#1\nalone.wav#0\nalone.wav#1\n");
    // A mix of two speakers is not passed off as one.
    let run = place.run("embed call.wav --out e.npy");
    assert!(run.stderr.contains("different sound"), "{run:#?}");
}

#[test]
fn a_recording_comes_from_standard_input() {
    let place = Place::new();
    let voice = &voices()[0][0];
    let bytes = std::fs::read(voice).unwrap();
    let run = place.run_with(&format!("verify - {} --json", voice.display()), &bytes);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.json()["score"].as_f64().unwrap() > 0.999);
    assert_eq!(place.run_with("verify - -", &bytes).code, Some(2));
    assert_eq!(
        place
            .run_with(&format!("verify - {}", voice.display()), b"a.wav\n")
            .code,
        Some(1)
    );
}

#[test]
fn the_shared_cases_are_judged_right() {
    let place = Place::new();
    let Some(cases) = testing::shared("cases") else {
        return;
    };
    let case = |name: &str| cases.join(name);
    let same = |a: &str, b: &str| {
        let value = score(&place, &case(a), &case(b));
        assert!(value >= 0.9, "{a} and {b}: {value}");
    };
    let narrow = "narrowband-verify/spkA_8k.wav";
    same(narrow, "narrowband-verify/spkA_8k_upsampled_by_ffmpeg.wav");
    same(narrow, "narrowband-verify/spkA_16k.wav");
    same("trailing-silence/a.wav", "trailing-silence/a_pad8.wav");
    same("trailing-silence/a.wav", "trailing-silence/a_pad2.wav");
    same(
        "stereo-antiphase/mono.wav",
        "stereo-antiphase/antiphase.wav",
    );
    for (a, b, plain_a, plain_b) in [
        (
            narrow,
            "narrowband-verify/spkB_8k.wav",
            "narrowband-verify/spkA_16k.wav",
            "narrowband-verify/spkB_16k.wav",
        ),
        (
            "trailing-silence/a_pad2.wav",
            "trailing-silence/b_pad2.wav",
            "trailing-silence/a.wav",
            "trailing-silence/b.wav",
        ),
    ] {
        let (changed, _) = verify(&place, &case(a), &case(b), "");
        let (plain, _) = verify(&place, &case(plain_a), &case(plain_b), "");
        let value = |answer: &Value| answer["score"].as_f64().unwrap();
        assert!(
            (value(&changed) - value(&plain)).abs() < 0.1,
            "{changed} {plain}"
        );
        assert_eq!(changed["same_speaker"], plain["same_speaker"]);
    }
    for name in ["s1", "s2", "white", "pink"] {
        let path = case(&format!("silence-same-speaker/{name}.wav"));
        let (answer, code) = verify(&place, &path, &case("silence-same-speaker/s2.wav"), "");
        assert_eq!(
            (&answer["same_speaker"], code),
            (&Value::Null, Some(3)),
            "{name}"
        );
    }
}

/// On real recordings, 100 of the shared corpora in five other forms. At 8 kHz the model that comes with the program has 0.908 on these
/// and 0.919 on 100 of all test recordings (docs/results.md).
#[test]
fn a_hundred_recordings_in_other_forms_keep_their_embeddings() {
    let Some(corpora) = testing::shared("corpora/trials/dev.msc.txt") else {
        return;
    };
    let root = corpora.parent().unwrap().parent().unwrap();
    let place = Place::new();
    let mut names = Vec::new();
    for corpus in ["asc", "dsp", "msc", "sc", "wuw2"] {
        let list = std::fs::read_to_string(root.join(format!("trials/dev.{corpus}.txt"))).unwrap();
        let mut of_corpus: Vec<String> = list
            .lines()
            .filter_map(|line| Some(line.split(' ').nth(1)?.to_owned()))
            .collect();
        of_corpus.sort();
        of_corpus.dedup();
        names.extend(of_corpus.into_iter().step_by(3).take(20));
    }
    assert_eq!(names.len(), 100);
    let mut kinds: Vec<(String, Vec<PathBuf>)> = vec![("as it is".to_owned(), Vec::new())];
    for (index, name) in names.iter().enumerate() {
        let path = root.join(name);
        for (kind, (what, written)) in changed(&place, &index.to_string(), &samples(&path))
            .into_iter()
            .enumerate()
        {
            if kinds.len() < kind + 2 {
                kinds.push((what.to_owned(), Vec::new()));
            }
            kinds[kind + 1].1.push(written);
        }
        kinds[0].1.push(path);
    }
    let embed = |paths: &[PathBuf]| -> Vec<Vec<f32>> {
        let list: Vec<String> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let run = place.run_with("embed - --out e.jsonl --quiet", list.join("\n").as_bytes());
        assert_eq!(run.code, Some(0), "{run:#?}");
        let text = std::fs::read_to_string(place.path("e.jsonl")).unwrap();
        text.lines()
            .map(|line| {
                let row: Value = serde_json::from_str(line).unwrap();
                serde_json::from_value(row["embedding"].clone()).unwrap()
            })
            .collect()
    };
    let plain = embed(&kinds[0].1);
    for (what, paths) in &kinds[1..] {
        let cosines = plain
            .iter()
            .zip(embed(paths))
            .map(|(a, b)| a.iter().zip(&b).map(|(a, b)| f64::from(a * b)).sum::<f64>());
        let mean = cosines.sum::<f64>() / plain.len() as f64;
        println!("{what}: mean cosine {mean:.3}");
        let least = if what == "8 kHz" { 0.9 } else { 0.97 };
        assert!(mean >= least, "{what}: {mean}");
    }
}

#[test]
fn an_evaluation_says_which_of_its_recordings_are_silent_and_what_it_is_without_them() {
    let place = Place::new();
    let voices = voices();
    let (mut list, mut plain) = (String::new(), String::new());
    for (a, side) in voices.iter().enumerate() {
        for (b, other) in voices.iter().enumerate() {
            let names = [&side[0], &other[1]].map(|path| path.display().to_string());
            plain += &format!("{} {} {}\n", u8::from(a == b), names[0], names[1]);
        }
    }
    write_wav(&place.path("silence.wav"), &[0.0; 32_000], 16_000, 1);
    let silence = place.path("silence.wav").display().to_string();
    for voice in &voices {
        list += &format!("0 {} {silence}\n", voice[0].display());
    }
    std::fs::write(place.path("plain.txt"), &plain).unwrap();
    std::fs::write(place.path("list.txt"), plain + &list).unwrap();
    let of = |list: &str| place.run(&format!("eval --trials {list} --root / --json"));
    let (run, reference) = (of("list.txt"), of("plain.txt").json());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let (report, without) = (run.json(), &run.json()["without_unheard"]);
    assert_eq!(report["n_unheard_trials"], 4);
    assert_eq!(report["unheard"].as_array().unwrap().len(), 1);
    assert_eq!(report["n_trials"], 20);
    for figure in ["eer", "min_dcf", "roc_auc", "n_target", "n_nontarget"] {
        assert_eq!(without[figure], reference[figure], "{figure}");
    }
    assert!(reference["unheard"].as_array().unwrap().is_empty());
    assert!(
        run.stderr
            .contains("1 recording with less than 0.2 s of speech")
            && run.stderr.contains("4 of 20 trials"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_threshold_is_doubted_on_sound_unlike_that_of_its_card() {
    let place = Place::new();
    let [a, b] = voices().swap_remove(0);
    let long: Vec<f32> = (0..4).flat_map(|_| samples(&a)).collect();
    write_wav(&place.path("long.wav"), &long, 16_000, 1);
    let card = std::fs::read_to_string(testing::repository().join("data/models/default/card.toml"))
        .unwrap();
    let card: toml::Table = card.parse().unwrap();
    let most = card["sound"]["speech_s"][1].as_float().unwrap();
    // Without a calibration the card's threshold decides.
    assert_eq!(place.run("export --out plain").code, Some(0));
    for file in ["calibration.json", "cohort.safetensors"] {
        std::fs::remove_file(place.path("plain").join(file)).unwrap();
    }
    let doubts = |path: &Path, flags: &str| {
        let (answer, code) = verify(&place, path, &b, &format!("--model plain {flags}"));
        assert_eq!(code, Some(0));
        assert!(answer["same_speaker"].is_boolean());
        let warnings = answer["a"]["warnings"].as_array().unwrap().clone();
        warnings
            .iter()
            .filter(|warning| {
                warning
                    .as_str()
                    .unwrap()
                    .contains("the threshold on the model's card")
            })
            .map(|warning| warning.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(doubts(&a, "").is_empty());
    let found = doubts(&place.path("long.wav"), "");
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains(&format!("where they had 0.29 to {most} s")),
        "{found:?}"
    );
    // Somebody who gives a threshold knows what it was measured on.
    assert!(doubts(&place.path("long.wav"), "--threshold 0.3").is_empty());
    // `score` says the same of all at once.
    std::fs::write(
        place.path("pairs.txt"),
        format!("{} {}\n", place.path("long.wav").display(), b.display()),
    )
    .unwrap();
    let run = place.run("score --trials pairs.txt --root /");
    assert!(
        run.stderr
            .contains("1 of 2 recordings is unlike those that the thresholds on the model's card"),
        "{}",
        run.stderr
    );
}

/// A model whose card says that it was measured on telephones too doubts none of them; without that word it is doubted whether
/// a model that listens to more than a recording has was made for it.
#[test]
fn a_narrow_band_is_doubted_unless_the_card_was_measured_on_such() {
    let place = Place::new();
    let [a, b] = voices().swap_remove(0);
    write_wav(&place.path("call.wav"), &at_8_khz(&samples(&a)), 8_000, 1);
    let exported = place.run("export --out model");
    assert_eq!(exported.code, Some(0), "{exported:#?}");
    let card = std::fs::read_to_string(place.path("model/card.toml")).unwrap();
    let said = |band: Option<[f64; 2]>| {
        let mut card: toml::Table = card.parse().unwrap();
        let sound = card["sound"].as_table_mut().unwrap();
        sound.remove("band_hz");
        if let Some(band) = band {
            sound.insert("band_hz".to_owned(), band.to_vec().into());
        }
        place.write("model/card.toml", &toml::to_string(&card).unwrap());
        let (answer, code) = verify(&place, &place.path("call.wav"), &b, "--model model");
        assert_eq!(code, Some(0), "{answer:#}");
        let warnings = answer["a"]["warnings"].to_string();
        warnings.contains("the sound ends near")
    };
    assert!(!said(Some([3_300.0, 8_000.0])));
    assert!(said(Some([6_000.0, 8_000.0])));
    assert!(said(None));
}
