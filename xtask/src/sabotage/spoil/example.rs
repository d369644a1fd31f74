//! A small corpus for tests: tones of each speaker's own frequency.

use std::f64::consts::PI;
use std::path::Path;
use std::sync::Arc;

use crate::sabotage::kit::Kit;
use crate::sabotage::lists::fair_trials;
use crate::sabotage::material::{Material, Part, RATE_HZ, Recording, Sound};

/// Twenty training speakers with five recordings of half a second each, and eight of development with four in two sessions.
pub(crate) fn example() -> Material {
    let mut recordings = Vec::new();
    for (part, speakers, count) in [(Part::Train, 20, 5), (Part::Dev, 8, 4)] {
        for speaker in 0..speakers {
            for take in 0..count {
                let place = speaker * count + take;
                let hz = 200.0 + 10.0 * f64::from(place);
                let samples = (0..RATE_HZ / 2)
                    .map(|n| 0.1 * (2.0 * PI * hz * f64::from(n) / f64::from(RATE_HZ)).sin() as f32)
                    .collect();
                recordings.push(Recording {
                    id: format!("audio/{part:?}{place:03}"),
                    speaker: format!("{part:?}{speaker:02}"),
                    corpus: format!("c{}", speaker % 2),
                    session: Some(format!("{part:?}{speaker:02}-{}", take % 2)),
                    gender: Some(["f", "m"][speaker as usize / 2 % 2].to_owned()),
                    part,
                    sound: Sound::mono(Arc::new(samples)),
                });
            }
        }
    }
    let dev: Vec<&Recording> = recordings
        .iter()
        .filter(|one| one.part == Part::Dev)
        .collect();
    let trials = fair_trials(&dev, &mut kit().draws);
    Material {
        recordings,
        trials,
        has_table: true,
    }
}

pub(crate) fn kit() -> Kit {
    Kit::new("a test", 1, Path::new("nowhere"))
}
