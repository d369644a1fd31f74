//! What the network says of a window, and who that means speaks.

/// Classes of a frame: the sets of at most two of three speakers.
pub const CLASSES: usize = 7;
/// Speakers of a window. Their numbers hold in that window alone.
pub const SPEAKERS: usize = 3;
/// Which speakers each class means: nobody, one of the three, two of them.
pub const POWERSET: [[bool; SPEAKERS]; CLASSES] = [
    [false, false, false],
    [true, false, false],
    [false, true, false],
    [false, false, true],
    [true, true, false],
    [true, false, true],
    [false, true, true],
];

/// Log probabilities of the seven classes in each frame of a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Posteriors(Vec<[f32; CLASSES]>);

impl Posteriors {
    /// Of rows as they come from the network, or the first frame whose numbers are none.
    pub(crate) fn new(rows: Vec<[f32; CLASSES]>) -> Result<Self, usize> {
        let broken = |row: &[f32; CLASSES]| row.iter().any(|value| !value.is_finite());
        match rows.iter().position(broken) {
            Some(frame) => Err(frame),
            None => Ok(Self(rows)),
        }
    }

    /// Log probabilities, `[frames, classes]`.
    pub fn rows(&self) -> &[[f32; CLASSES]] {
        &self.0
    }

    /// How many frames the window has.
    pub fn num_frames(&self) -> usize {
        self.0.len()
    }

    /// The likeliest class of each frame; the first of equal ones.
    pub fn classes(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|row| {
            let others = row.iter().enumerate().skip(1);
            let larger = |best, (class, value): (usize, &f32)| {
                if *value > row[best] { class } else { best }
            };
            others.fold(0, larger)
        })
    }

    /// Which of the window's speakers speak in each frame, by the likeliest class: `[frames, speakers]`.
    pub fn speakers(&self) -> impl Iterator<Item = [bool; SPEAKERS]> {
        self.classes().map(|class| POWERSET[class])
    }

    /// How likely each of the window's speakers speaks in each frame, 0 to 1: the sum of the classes that have him,
    /// `[frames, speakers]`.
    pub fn speaker_probabilities(&self) -> impl Iterator<Item = [f32; SPEAKERS]> {
        self.0.iter().map(|row| {
            let mut sums = [0.0; SPEAKERS];
            for (log_probability, members) in row.iter().zip(POWERSET) {
                for (sum, _) in sums.iter_mut().zip(members).filter(|(_, member)| *member) {
                    *sum += log_probability.exp();
                }
            }
            sums.map(|sum: f32| sum.min(1.0))
        })
    }

    /// How likely anybody speaks in each frame, 0 to 1.
    pub fn speech_probabilities(&self) -> impl Iterator<Item = f32> {
        self.0.iter().map(|row| (-row[0].exp_m1()).clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_another_set_of_at_most_two() {
        for (class, members) in POWERSET.iter().enumerate() {
            assert!(members.iter().filter(|&&member| member).count() <= 2);
            assert!(!POWERSET[..class].contains(members));
        }
    }

    #[test]
    fn speakers_are_those_of_the_likeliest_class() {
        let mut row = [-9.0; CLASSES];
        row[5] = -0.001;
        let posteriors = Posteriors::new(vec![[-1.9459; CLASSES], row]).unwrap();
        let speakers: Vec<_> = posteriors.speakers().collect();
        assert_eq!(speakers, [[false; 3], [true, false, true]]);
        let likely: Vec<_> = posteriors.speaker_probabilities().collect();
        assert!((likely[0][1] - 3.0 / 7.0).abs() < 1e-4, "{likely:?}");
        assert!(likely[1][0] > 0.99 && likely[1][1] < 0.01);
        let speech: Vec<_> = posteriors.speech_probabilities().collect();
        assert!((speech[0] - 6.0 / 7.0).abs() < 1e-4 && speech[1] > 0.99);
        assert_eq!(Posteriors::new(vec![row, [f32::NAN; CLASSES]]), Err(1));
    }
}
