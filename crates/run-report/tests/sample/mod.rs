//! A small run that was never trained, with names that try to break out of the page.

use std::collections::BTreeMap;
use std::fmt::Write;

use diagnosis::journal::Journal;
use diagnosis::{Diagnosis, Finding, Name, Severity, Verdict};
use run_report::{
    Audio, Decision, DevList, DevTrial, DevUtterance, Development, Examination, MapSettings,
    RunReport, Sound, Spectrogram,
};
use speaker_scoring::EmbeddingMatrix;

/// What a name must not do.
pub(crate) const HOSTILE: &str =
    r#"</script><script>globalThis.pwned=1</script><img src=x onerror="globalThis.pwned=1">'&amp;"#;

const SPEAKERS: usize = 9;
const UTTERANCES: usize = 6;

/// Numbers between -1 and 1 that look random: the sine hash that shaders use.
fn noise(index: usize) -> f32 {
    let value = (index as f32 * 12.9898).sin() * 43_758.547;
    2.0 * (value - value.floor()) - 1.0
}

/// Clusters of recordings that overlap, two lists of trials.
pub(crate) fn development() -> Development {
    let mut utterances = Vec::new();
    let mut rows = Vec::new();
    for speaker in 0..SPEAKERS {
        for number in 0..UTTERANCES {
            utterances.push(DevUtterance {
                file: format!("s{speaker}/{number}{HOSTILE}.wav"),
                speaker: format!("s{speaker}{HOSTILE}"),
                session: Some(format!("{}", number % 2)),
                gender: (speaker > 0).then(|| if speaker % 2 == 0 { "f" } else { "m" }.to_owned()),
                corpus: None,
                seconds: 2.0 + number as f64,
            });
            let row: Vec<f32> = (0..8)
                .map(|dim| {
                    noise(100 * speaker + dim) + 0.7 * noise(10_000 + 100 * utterances.len() + dim)
                })
                .collect();
            rows.push(row);
        }
    }
    let all = SPEAKERS * UTTERANCES;
    let mut lists = vec![
        DevList {
            name: format!("near{HOSTILE}"),
            trials: vec![],
        },
        DevList {
            name: "far".to_owned(),
            trials: vec![],
        },
    ];
    for first in 0..all {
        for second in first + 1..all {
            let list = &mut lists[(first + second) % 2];
            list.trials.push(DevTrial {
                first,
                second,
                is_target: first / UTTERANCES == second / UTTERANCES,
            });
        }
    }
    Development {
        utterances,
        embeddings: EmbeddingMatrix::from_rows(&rows).unwrap(),
        lists,
        decision: Some(Decision {
            threshold: 0.5,
            source: format!("so says its card{HOSTILE}"),
        }),
    }
}

/// A journal of 200 steps whose loss falls, with a value that was not finite.
pub(crate) fn journal() -> Journal {
    let start = serde_json::json!({
        "event": "start", "step": 0, "max_steps": 200, "num_speakers": 30, "commit": "abc",
        "command": format!("siamang train --data '{HOSTILE}'"),
        "data": {"description": "made voices", "hash": "0123456789abcdef"},
    });
    let mut text = format!("{start}\n");
    for step in (0..=200).step_by(50) {
        let eer = 0.4 - f64::from(step) / 1000.0;
        let lists = format!(
            r#"[{{"list":"near","eer":{eer},"min_dcf":0.9,"n_target":40,"n_nontarget":60,"eer_interval":{{"low":{},"high":{}}}}},{{"list":"near (augmented)","eer":{},"n_target":40,"n_nontarget":60}}]"#,
            eer - 0.02,
            eer + 0.03,
            eer + 0.05
        );
        writeln!(text, r#"{{"event":"diagnosis","step":{step},"measurements":{{"train_eer":{}}},"findings":[],"seconds":0.1}}"#, eer / 2.0).unwrap();
        writeln!(text, r#"{{"event":"evaluation","step":{step},"lists":{lists},"mean_eer":{eer},"untrained_eer":0.4}}"#).unwrap();
    }
    for step in (10..=200).step_by(10) {
        let loss = if step == 50 {
            "null".to_owned()
        } else {
            (4.0 - f64::from(step) / 100.0).to_string()
        };
        writeln!(
            text,
            r#"{{"event":"steps","step":{step},"loss":{loss},"plateau":4.8,"same_divergence":1.0,"different_divergence":{},"gradient_norm":1.5,"learning_rate":0.001,"segments_per_second":{}}}"#,
            1.0 + f64::from(step) / 100.0,
            500 + step
        )
        .unwrap();
    }
    text += "{\"event\":\"end\",\"step\":200,\"reason\":\"max_steps\",\"seconds\":83.2,\"training_seconds\":61.0}\n";
    Journal::parse(text.as_bytes())
}

/// One tenth of a second of a tone, as a WAV file of 8 bits.
fn tone() -> Vec<u8> {
    let samples: Vec<u8> = (0..800)
        .map(|n| (128.0 + 60.0 * (n as f32 * 0.35).sin()) as u8)
        .collect();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + samples.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(8000_u32.to_le_bytes());
    bytes.extend(8000_u32.to_le_bytes());
    bytes.extend(b"\x01\0\x08\0data");
    bytes.extend((samples.len() as u32).to_le_bytes());
    bytes.extend(samples);
    bytes
}

/// Everything that a report can show.
pub(crate) fn run() -> RunReport {
    let examination = Examination::new(
        development(),
        MapSettings {
            epochs: 250,
            ..MapSettings::default()
        },
    )
    .unwrap();
    let sound = Sound {
        audio: Some(Audio {
            media_type: "audio/wav".to_owned(),
            bytes: tone(),
            is_cut: false,
        }),
        spectrogram: Some(Spectrogram {
            values: (0..60 * 20)
                .map(|i| noise(i) + (i % 20) as f32 / 5.0)
                .collect(),
            num_bins: 20,
        }),
    };
    let sounds: BTreeMap<usize, Sound> = examination
        .wanted_sounds()
        .into_iter()
        .take(4)
        .map(|index| (index, sound.clone()))
        .collect();
    let finding = Finding {
        name: Name::Plateau,
        severity: Severity::Suspect,
        measured: format!("4.8{HOSTILE}"),
        expected: "below 4.5".to_owned(),
        reason: "outputs are alike".to_owned(),
        remedy: "raise the learning rate".to_owned(),
        step: 100,
    };
    RunReport {
        name: format!("run{HOSTILE}"),
        path: Some(format!("runs/{HOSTILE}")),
        data: None,
        journal: journal(),
        band: None,
        examination: Some(examination),
        sounds,
        diagnosis: Some(Diagnosis {
            verdict: Verdict::Suspect,
            findings: vec![finding],
        }),
        configuration: Some(format!("seed = 1 # {HOSTILE}\n[loss]\nmargin = 3.0\n")),
        notes: vec![format!("one recording is gone: {HOSTILE}")],
    }
}
