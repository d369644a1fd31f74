//! Every corpus into a store, through the one way that all of them go.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;

use corpus_prep::{
    CheckOptions, CheckedData, CorpusKind, CorpusPlan, PackPlan, check, read_corpus,
};
use speech_data::TrialList;
use speech_data::store::{Part, Retry, Store, StoreEncoding, StoreSettings, StoreSummary, merge};

/// How the miniature of a corpus is made.
type Make = fn(&Path);

const MINIATURES: [(CorpusKind, Make, u64, u64); 6] = [
    (CorpusKind::LibriSpeech, common::librispeech, 3, 8),
    (CorpusKind::Timit, common::timit, 4, 40),
    (CorpusKind::Vctk, common::vctk, 4, 7),
    (CorpusKind::CommonVoice, common::common_voice, 3, 4),
    (CorpusKind::CnCeleb, common::cn_celeb, 5, 9),
    (CorpusKind::Kaldi, common::kaldi, 2, 3),
];

fn prepare(
    kind: CorpusKind,
    folder: &Path,
    out: &Path,
    part: Option<Part>,
    encoding: StoreEncoding,
) -> StoreSummary {
    let corpus = read_corpus(kind, folder).unwrap();
    let plan: &dyn PackPlan = &CorpusPlan::make(kind, corpus, None, None);
    let settings = StoreSettings {
        encoding,
        ..StoreSettings::default()
    };
    let estimate = plan.estimate(&settings, part, 1);
    plan.check_room(out, estimate.bytes_to_write).unwrap();
    let summary = plan
        .pack(out, &settings, part, Retry::Changed, &|_| {})
        .unwrap();
    plan.finish(&Store::open(out).unwrap()).unwrap();
    summary
}

#[test]
fn every_corpus_becomes_a_store_with_all_that_is_known() {
    for (kind, make, speakers, utterances) in MINIATURES {
        let place = tempfile::tempdir().unwrap();
        let (folder, out) = (place.path().join("corpus"), place.path().join("store"));
        make(&folder);
        let summary = prepare(kind, &folder, &out, None, StoreEncoding::Pcm);
        assert_eq!(
            (summary.speakers, summary.utterances),
            (speakers, utterances),
            "{kind}"
        );
        assert!(
            summary.complete && summary.failed == 0,
            "{kind}: {summary:?}"
        );
        let corpus = read_corpus(kind, &folder).unwrap();
        let store = Store::open(&out).unwrap();
        for utterance in &corpus.manifest.utterances {
            let index = store.find(&utterance.id).unwrap();
            let entry = store.entry(index).unwrap();
            assert_eq!(
                (entry.speaker, entry.session),
                (utterance.speaker.as_str(), utterance.session.as_deref())
            );
            let found = store.recording(index, 16_000).unwrap().waveform.samples;
            let mut expected =
                audio_features::read_recording(utterance.location.file().unwrap(), 16_000)
                    .unwrap()
                    .waveform
                    .samples;
            if let (Some(start), Some(end)) =
                (utterance.column("start_s"), utterance.column("end_s"))
            {
                let frame = |time: &str| (time.parse::<f64>().unwrap() * 16_000.0).round() as usize;
                expected = expected[frame(start)..frame(end)].to_vec();
            }
            assert_eq!(found, expected, "{kind} {}", utterance.id);
            let read = utterance.location.read(16_000).unwrap();
            assert_eq!(found, read.waveform.samples, "{kind} {}", utterance.id);
            for column in ["gender", "split"] {
                assert_eq!(
                    store.column(index, column).unwrap(),
                    utterance.column(column),
                    "{kind} {}",
                    utterance.id
                );
            }
        }
        // And what is made passes its own check.
        let report = check(
            CheckedData::open(&out, None),
            &CheckOptions::default(),
            &mut |_, _| {},
        )
        .unwrap();
        assert_eq!(
            (report.n_utterances as u64, report.errors.len()),
            (utterances, 0),
            "{kind}: {report}"
        );
    }
}

#[test]
fn parts_join_to_the_bytes_of_one_piece() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("corpus");
    common::timit(&folder);
    let whole = prepare(
        CorpusKind::Timit,
        &folder,
        &place.path().join("whole"),
        None,
        StoreEncoding::Flac,
    );
    let parts: Vec<_> = (1..=3)
        .map(|index| {
            let out = place.path().join(format!("part{index}"));
            let part = format!("{index}/3").parse().unwrap();
            prepare(
                CorpusKind::Timit,
                &folder,
                &out,
                Some(part),
                StoreEncoding::Flac,
            );
            out
        })
        .collect();
    let joined = merge(&place.path().join("joined"), &parts, &|_| {}).unwrap();
    assert_eq!(joined.checksum, whole.checksum);
    assert_eq!(joined.utterances, 40);
}

#[test]
fn what_is_damaged_is_named_and_the_rest_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let (folder, out) = (place.path().join("corpus"), place.path().join("store"));
    common::timit(&folder);
    let root = folder.join("TIMIT");
    let header = fs::read(root.join("TRAIN/DR1/FCJF0/SA1.WAV")).unwrap();
    // Shorten, a header alone, and no recording at all.
    let shorten = String::from_utf8_lossy(&header[..1024]).replace(
        "sample_sig_bits -i 16",
        "sample_coding -s26 pcm,embedded-shorten-v1.09",
    );
    fs::write(root.join("TRAIN/DR1/FCJF0/SA1.WAV"), shorten).unwrap();
    fs::write(root.join("TRAIN/DR1/FCJF0/SA2.WAV"), &header[..1024]).unwrap();
    fs::write(root.join("TRAIN/DR1/FCJF0/SX37.WAV"), "").unwrap();
    let summary = prepare(
        CorpusKind::Timit,
        &folder,
        &out,
        None,
        StoreEncoding::Original,
    );
    assert_eq!(
        (summary.utterances, summary.failed, summary.complete),
        (37, 3, false)
    );
    let reasons: Vec<String> = summary
        .missing
        .iter()
        .map(|missing| format!("{}: {}", missing.name, missing.reason))
        .collect();
    assert!(
        reasons[0].contains("SA1.WAV")
            && reasons[0].contains("shorten")
            && reasons[0].contains("sph2pipe"),
        "{reasons:?}"
    );
    assert!(
        reasons[1].contains("SA2.WAV") && reasons[2].contains("SX37.WAV"),
        "{reasons:?}"
    );
}

#[test]
fn trial_lists_of_a_corpus_come_along_and_name_its_utterances() {
    let place = tempfile::tempdir().unwrap();
    let (folder, out) = (place.path().join("corpus"), place.path().join("store"));
    common::cn_celeb(&folder);
    prepare(CorpusKind::CnCeleb, &folder, &out, None, StoreEncoding::Pcm);
    let list = out.join("trials/cn-celeb-e.txt");
    assert_eq!(TrialList::read(&list).unwrap().trials.len(), 3);
    let options = CheckOptions {
        trials: vec![list],
        ..CheckOptions::default()
    };
    let report = check(CheckedData::open(&out, None), &options, &mut |_, _| {}).unwrap();
    assert_eq!((report.n_trials, report.errors.len()), (3, 0), "{report}");
}

#[test]
fn segments_beyond_their_recording_are_left_out() {
    let place = tempfile::tempdir().unwrap();
    let (folder, out) = (place.path().join("corpus"), place.path().join("store"));
    common::kaldi(&folder);
    // Half a second long: 20 ms more is rounding, half a second more is not.
    common::put(
        &folder,
        "segments",
        "ann-call1-1 call1 0.00 0.52\nbob-call1-2 call1 0.25 1.0\nann-call2-1 call2 7 8\n",
    );
    let summary = prepare(CorpusKind::Kaldi, &folder, &out, None, StoreEncoding::Pcm);
    let store = Store::open(&out).unwrap();
    assert_eq!(
        (store.len(), store.entry(0).unwrap().num_samples),
        (1, 8_000)
    );
    let reasons: Vec<&str> = summary
        .missing
        .iter()
        .map(|missing| missing.reason.as_str())
        .collect();
    assert!(
        reasons[0].contains("from 7 to 8 s does not lie in")
            && reasons[1].contains("which has 0.500 s"),
        "{reasons:?}"
    );
}

#[test]
fn a_limit_takes_the_first_speakers() {
    let place = tempfile::tempdir().unwrap();
    common::librispeech(place.path());
    let corpus = read_corpus(CorpusKind::LibriSpeech, place.path()).unwrap();
    let plan = CorpusPlan::make(CorpusKind::LibriSpeech, corpus, None, Some(1));
    assert_eq!((plan.items().len(), plan.num_speakers()), (3, 1));
    assert!(plan.items().iter().all(|item| &*item.speaker == "19"));
}
