//! The vector that a training goes by for each of its utterances.

use std::collections::BTreeMap;

use speech_data::Manifest;

use crate::config::Vectors;

/// One vector of length 1 for each utterance that batches are drawn from.
#[derive(Debug)]
pub(crate) struct TeacherVectors {
    dim: usize,
    /// `[utterances, dim]`, row-major.
    values: Vec<f32>,
    /// The mean of each speaker's, in the order of their names, which is that of their labels.
    speakers: Vec<Vec<f32>>,
}

impl TeacherVectors {
    /// Of the utterances of `heard`, of which `vector` gives the teacher's, of `dim` numbers: as `kind` says its own, the mean over its
    /// speaker's, or something between these. All have length 1 before they are added, and after that.
    pub(crate) fn new<'a>(
        heard: &Manifest,
        dim: usize,
        kind: Vectors,
        vector: impl Fn(usize) -> &'a [f32],
    ) -> Self {
        let own = |number: usize| unit(numbers(vector(number)));
        let mut speakers: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for (number, utterance) in heard.utterances.iter().enumerate() {
            let sum = speakers
                .entry(&utterance.speaker)
                .or_insert_with(|| vec![0.0; dim]);
            sum.iter_mut()
                .zip(own(number))
                .for_each(|(sum, v)| *sum += v);
        }
        let share = kind.speaker_share();
        let mut values = Vec::with_capacity(heard.utterances.len() * dim);
        for (number, utterance) in heard.utterances.iter().enumerate() {
            let own = own(number);
            let of_speaker = unit(speakers[utterance.speaker.as_str()].iter().copied());
            let mixed = own.iter().zip(of_speaker);
            let mut row = unit(mixed.map(|(own, all)| (1.0 - share) * own + share * all));
            // Vectors that cancel say nothing: the recording's own does.
            if row.iter().all(|&v| v == 0.0) {
                row = own;
            }
            values.extend(row.into_iter().map(|v| v as f32));
        }
        let speakers = speakers.into_values().map(|sum| {
            let mean = unit(sum.into_iter()).into_iter();
            mean.map(|v| v as f32).collect()
        });
        Self {
            dim,
            values,
            speakers: speakers.collect(),
        }
    }

    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    /// The mean over each speaker's vectors, at length 1, label by label.
    pub(crate) fn speakers(&self) -> &[Vec<f32>] {
        &self.speakers
    }

    /// The vector of an utterance.
    pub(crate) fn of(&self, utterance: usize) -> &[f32] {
        &self.values[utterance * self.dim..(utterance + 1) * self.dim]
    }
}

/// A teacher's numbers in 64 bits.
pub(super) fn numbers(vector: &[f32]) -> impl Iterator<Item = f64> + '_ {
    vector.iter().map(|&value| f64::from(value))
}

/// The same of length 1; zeros, but for rounding, stay zeros.
pub(super) fn unit(row: impl Iterator<Item = f64>) -> Vec<f64> {
    let row: Vec<f64> = row.collect();
    let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
    let scale = if length > 1e-9 { 1.0 / length } else { 0.0 };
    row.into_iter().map(|v| v * scale).collect()
}

#[cfg(test)]
mod tests {
    use speech_data::Utterance;

    use super::*;

    #[test]
    fn vectors_are_of_recordings_of_speakers_or_of_both() {
        let utterances = [
            ("a/0", "a"),
            ("a/1", "a"),
            ("b/0", "b"),
            ("c/0", "c"),
            ("c/1", "c"),
        ]
        .map(|(id, speaker)| Utterance::new(id, id, speaker));
        let heard = Manifest::new("root", utterances.to_vec());
        let given = [
            [2.0, 0.0],
            [0.0, 5.0],
            [3.0, 4.0],
            [1.0, 0.0],
            [-7.0, 0.0_f32],
        ];
        let found = |kind| {
            let vectors = TeacherVectors::new(&heard, 2, kind, |number| given[number].as_slice());
            (0..5)
                .map(|number| vectors.of(number).to_vec())
                .collect::<Vec<_>>()
        };
        let close = |found: &[f32], expected: [f32; 2]| {
            let far = found
                .iter()
                .zip(expected)
                .any(|(a, b)| (a - b).abs() > 1e-6);
            assert!(!far && found.len() == 2, "{found:?} {expected:?}");
        };
        let half = 0.5_f32.sqrt();
        let own = found(Vectors::Recording);
        for (row, expected) in
            own.iter()
                .zip([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [1.0, 0.0], [-1.0, 0.0]])
        {
            close(row, expected);
        }
        // Of a speaker whose recordings are opposites there is no mean.
        let of_speakers = found(Vectors::Speaker);
        for (row, expected) in of_speakers.iter().zip([
            [half, half],
            [half, half],
            [0.6, 0.8],
            [1.0, 0.0],
            [-1.0, 0.0],
        ]) {
            close(row, expected);
        }
        let speakers = TeacherVectors::new(&heard, 2, Vectors::Recording, |number| {
            given[number].as_slice()
        });
        for (row, expected) in speakers.speakers().iter().zip([[half, half], [0.6, 0.8]]) {
            close(row, expected);
        }
        // Half way between 0 and 45 degrees.
        let eighth = std::f32::consts::FRAC_PI_8;
        let mixed = found(Vectors::SpeakerShare(0.5));
        close(&mixed[0], [eighth.cos(), eighth.sin()]);
        close(&mixed[1], [eighth.sin(), eighth.cos()]);
    }
}
