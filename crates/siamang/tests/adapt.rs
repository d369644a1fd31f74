//! Adapting to embeddings that were made so that the answer is known.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use siamang::{
    EmbeddingSet, Error, Input, LEAST_TO_ADAPT, LabelledSet, Model, find_map, recordings_hash,
    watch,
};
use speaker_eval::BootstrapSettings;
use speaker_scoring::{EmbeddingMatrix, MapChoice};
use speech_data::{Manifest, Trial, TrialList, Utterance};

const DIM: usize = 24;
/// Directions in which sessions differ.
const NUISANCES: usize = 3;

/// Normal numbers from a seed.
struct Normal(u64);

impl Normal {
    fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64 + 0.5) / f64::from(1_u32 << 31)
    }

    fn next(&mut self) -> f64 {
        // Twelve uniform numbers have variance 1.
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Speakers in three sessions of two recordings; a session moves all of its recordings by `nuisance` along the first dimensions, which tell
/// no speaker. All lie off the origin.
fn made(num_speakers: usize, nuisance: f64, seed: u64) -> (EmbeddingSet, Manifest) {
    let mut normal = Normal(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let (mut ids, mut rows, mut utterances) = (vec![], vec![], vec![]);
    for speaker in 0..num_speakers {
        let voice: Vec<f64> = (0..DIM).map(|_| normal.next()).collect();
        for session in 0..3 {
            let moved: Vec<f64> = (0..NUISANCES).map(|_| nuisance * normal.next()).collect();
            for take in 0..2 {
                let row: Vec<f32> = (0..DIM)
                    .map(|at| {
                        let moved = moved.get(at).copied().unwrap_or(0.0);
                        (1.0 + voice[at] + moved + 0.7 * normal.next()) as f32
                    })
                    .collect();
                let id = format!("s{speaker:02}/{session}/{take}.wav");
                let mut utterance =
                    Utterance::new(id.clone(), id.clone(), format!("s{speaker:02}"));
                utterance.session = Some(session.to_string());
                utterances.push(utterance);
                ids.push(id);
                rows.push(row);
            }
        }
    }
    (set(ids, &rows), Manifest::new("made", utterances))
}

fn set(ids: Vec<String>, rows: &[Vec<f32>]) -> EmbeddingSet {
    let mut matrix = EmbeddingMatrix::from_rows(rows).unwrap();
    matrix.l2_normalise();
    EmbeddingSet {
        speakers: vec![None; ids.len()],
        seconds: vec![None; ids.len()],
        quality: vec![None; ids.len()],
        ids,
        matrix,
        note: None,
        unusable: Vec::new(),
        remarks: Vec::new(),
    }
}

fn settings() -> BootstrapSettings {
    BootstrapSettings {
        resamples: 300,
        ..BootstrapSettings::default()
    }
}

#[test]
fn a_planted_nuisance_is_found_and_taken_out() {
    let (set, manifest) = made(30, 3.0, 1);
    let (labelled, skipped) = LabelledSet::new(set, &manifest).unwrap();
    assert_eq!((skipped.len(), labelled.num_tried()), (0, 30));
    assert!(labelled.is_across_sessions());
    let found = find_map(&labelled, false, &settings(), &()).unwrap();
    assert!(found.is_helpful(), "{:?}", found.change);
    assert!(found.change.eer.after < 0.5 * found.change.eer.before);
    assert_eq!(found.num_sessions_beyond, 60);
    // The planted directions are damped, the others are not.
    let map = found.map.as_ref().unwrap();
    let kept = |at: usize| map.matrix[at * DIM + at];
    let most = (0..NUISANCES).map(kept).fold(0.0, f32::max);
    let least = (NUISANCES..DIM).map(kept).fold(f32::INFINITY, f32::min);
    assert!(most < 0.7 * least, "{most} {least}");
    // Speakers of another draw, whom nothing was chosen by, see the same.
    let (others, of_others) = made(20, 3.0, 99);
    let trial = |target, a: &str, b: &str| Trial {
        enrolment: a.to_owned(),
        test: b.to_owned(),
        target,
    };
    let trials = (0..20).flat_map(|speaker| {
        let next = (speaker + 7) % 20;
        [
            trial(
                true,
                &format!("s{speaker:02}/0/0.wav"),
                &format!("s{speaker:02}/1/0.wav"),
            ),
            trial(
                true,
                &format!("s{speaker:02}/0/1.wav"),
                &format!("s{speaker:02}/2/0.wav"),
            ),
            trial(
                false,
                &format!("s{speaker:02}/0/0.wav"),
                &format!("s{next:02}/1/0.wav"),
            ),
            trial(
                false,
                &format!("s{speaker:02}/0/1.wav"),
                &format!("s{next:02}/2/0.wav"),
            ),
        ]
    });
    let list = TrialList::new("others".to_owned(), trials.collect());
    let seen = watch(&list, &others, map, Some(&of_others), &settings()).unwrap();
    assert!(seen.after < 0.6 * seen.before, "{seen:?}");
    assert!(seen.change.unwrap().eer.is_better());
    assert_eq!((seen.num_trials, seen.num_skipped_trials), (80, 0));
}

/// Labels that are drawn tell nothing: no map is shown to help.
#[test]
fn shuffled_labels_teach_nothing() {
    for seed in 0..6 {
        let (set, manifest) = made(20, 1.0, 100 + seed);
        let mut utterances = manifest.utterances.clone();
        let mut normal = Normal(seed * 77 + 13);
        let mut speakers: Vec<String> = utterances.iter().map(|one| one.speaker.clone()).collect();
        for place in (1..speakers.len()).rev() {
            let other = (normal.uniform() * (place + 1) as f64) as usize;
            speakers.swap(place, other);
        }
        for (utterance, speaker) in utterances.iter_mut().zip(speakers) {
            utterance.speaker = speaker;
            utterance.session = None;
        }
        let shuffled = Manifest::new("made", utterances);
        let (labelled, _) = LabelledSet::new(set, &shuffled).unwrap();
        let found = find_map(&labelled, false, &settings(), &()).unwrap();
        assert!(found.change.eer.before > 0.4, "{:?}", found.change);
        assert!(!found.is_helpful(), "{:?}", found.change);
    }
}

/// What differs within speakers has no direction, and embeddings have no common offset: there is nothing to mend.
#[test]
fn embeddings_that_are_right_already_are_left_alone() {
    let mut normal = Normal(5);
    let (mut ids, mut rows, mut utterances) = (vec![], vec![], vec![]);
    for speaker in 0..30 {
        let voice: Vec<f64> = (0..DIM).map(|_| normal.next()).collect();
        for take in 0..4 {
            let id = format!("s{speaker:02}/{take}.wav");
            rows.push(voice.iter().map(|v| (v + normal.next()) as f32).collect());
            utterances.push(Utterance::new(
                id.clone(),
                id.clone(),
                format!("s{speaker:02}"),
            ));
            ids.push(id);
        }
    }
    let manifest = Manifest::new("made", utterances);
    let (labelled, _) = LabelledSet::new(set(ids, &rows), &manifest).unwrap();
    let found = find_map(&labelled, false, &settings(), &()).unwrap();
    assert!(!found.is_helpful(), "{:?} {:?}", found.choice, found.change);
    // Some map is made where it is asked for in any case.
    let forced = find_map(&labelled, true, &settings(), &()).unwrap();
    assert!(forced.map.is_some() && forced.choice != MapChoice::IDENTITY);
    assert!(!forced.is_helpful());
}

#[test]
fn threads_and_the_order_of_recordings_are_of_no_account() {
    let (embeddings, manifest) = made(12, 2.0, 3);
    let find = |set: EmbeddingSet, threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let (labelled, _) = LabelledSet::new(set, &manifest).unwrap();
            find_map(&labelled, false, &settings(), &()).unwrap()
        })
    };
    let (one, three) = (find(embeddings.clone(), 1), find(embeddings, 3));
    assert_eq!(one.map, three.map);
    assert_eq!((one.change, one.threshold), (three.change, three.threshold));
}

fn refused(set: EmbeddingSet, manifest: &Manifest) -> String {
    let error = LabelledSet::new(set, manifest).unwrap_err();
    assert!(matches!(error, Error::TooFewToAdapt { .. }), "{error}");
    error.explained()
}

#[test]
fn too_few_speakers_are_refused_with_how_many_are_needed() {
    let (few, manifest) = made(LEAST_TO_ADAPT - 1, 1.0, 4);
    let said = refused(few, &manifest);
    assert!(
        said.starts_with("42 recordings of 7 speakers, 7 of them with two recordings or more: ")
            && said.contains("at least 8 such speakers"),
        "{said}"
    );
    // One recording each: however many they are.
    let (many, manifest) = made(40, 1.0, 4);
    let first: Vec<bool> = (0..many.ids.len()).map(|row| row % 6 == 0).collect();
    let mut single = many;
    single.retain(&first).unwrap();
    let said = refused(single, &manifest);
    assert!(
        said.starts_with("40 recordings of 40 speakers, 0 of them"),
        "{said}"
    );
}

#[test]
fn copies_and_silence_are_left_out_and_named() {
    let (set, manifest) = made(12, 1.0, 6);
    let mut rows: Vec<Vec<f32>> = set.matrix.rows().map(<[f32]>::to_vec).collect();
    rows[1] = rows[0].clone();
    rows[8] = vec![0.0; DIM];
    let mut changed = self::set(set.ids, &rows);
    // Normalised again, which leaves the copies alike.
    changed.matrix.l2_normalise();
    let (labelled, skipped) = LabelledSet::new(changed, &manifest).unwrap();
    let reasons: Vec<&str> = skipped.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "`s00/0/1.wav` is a copy of `s00/0/0.wav`: it has the same embedding",
            "`s01/1/0.wav` has an embedding of zeros"
        ]
    );
    assert_eq!(labelled.num_recordings(), 70);
    // Twice each, and nothing else, is one recording each.
    let twice: Vec<Vec<f32>> = (0..rows.len())
        .map(|row| rows[row / 6 * 6].clone())
        .collect();
    let ids = manifest
        .utterances
        .iter()
        .map(|one| one.id.clone())
        .collect();
    let said = refused(self::set(ids, &twice), &manifest);
    assert!(
        said.starts_with("12 recordings of 12 speakers, 0 of them"),
        "{said}"
    );
}

/// With sessions of too few speakers, trials are within sessions as well, and that is said.
#[test]
fn sessions_count_where_enough_speakers_have_two() {
    let (set, manifest) = made(10, 1.0, 7);
    let mut utterances = manifest.utterances.clone();
    for utterance in &mut utterances {
        if utterance.speaker.as_str() > "s04" {
            utterance.session = Some("0".to_owned());
        }
    }
    let single = Manifest::new("made", utterances);
    let (labelled, _) = LabelledSet::new(set, &single).unwrap();
    assert!(!labelled.is_across_sessions() && labelled.knows_sessions());
    assert_eq!(labelled.num_tried(), 10);
}

#[test]
fn the_hash_of_recordings_is_of_their_names_and_speakers() {
    let of = |id: &str, speaker: &str| recordings_hash(&[Utterance::new(id, "x.wav", speaker)]);
    assert_eq!(of("a", "b"), of("a", "b"));
    assert_ne!(of("a", "b"), of("ab", ""));
}

/// What equalisers change is heard, and is the same on any number of threads.
#[test]
fn copies_through_other_channels_change_the_map_and_no_thread_does() {
    let voices = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/voices");
    let all = Manifest::read(voices.as_ref(), None).unwrap();
    let few = all.utterances.iter().filter(|one| {
        one.id.as_str() < "v11" && (one.id.ends_with("u1.ogg") || one.id.ends_with("u2.ogg"))
    });
    let manifest = all.with_utterances(few.cloned().collect());
    let model = Model::builtin().unwrap();
    let inputs: Vec<Input> = manifest.utterances.iter().map(Input::of).collect();
    let (set, _) = model.embed(&inputs, &()).unwrap();
    let map = |copies, threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let (mut labelled, _) = LabelledSet::new(set.clone(), &manifest).unwrap();
            let embedder = model.bundle().embedder();
            labelled.hear_channels(embedder, copies, 5, &()).unwrap();
            assert_eq!(
                (labelled.num_copies(), labelled.num_speakers()),
                (copies, 10)
            );
            find_map(&labelled, true, &settings(), &())
                .unwrap()
                .map
                .unwrap()
        })
    };
    let with = map(1, 1);
    assert_eq!(with, map(1, 3));
    assert_ne!(with.matrix, map(0, 1).matrix);
}
