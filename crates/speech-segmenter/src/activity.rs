//! Of overlapping windows, what holds for the recording: how many speak in each frame, and whether anybody does.
//!
//! A window's speakers have numbers of its own, so that they cannot be brought together without voices; how many there are
//! can. As pyannote's `speaker_count`: a frame's count is the mean over the windows that have it, rounded (half to even).

use crate::Window;
use crate::frames::{FRAME_FIELD, FRAME_STEP, frame_middle_s, nearest_frame};

/// Brings windows together. What it holds is three numbers a frame.
#[derive(Clone, Debug, Default)]
pub struct Aggregator {
    /// Windows, their speakers, and how likely speech is, for each frame.
    frames: Vec<(u32, u32, f64)>,
    /// Samples of the recording, as far as windows have come.
    num_samples: usize,
}

/// What a recording's windows say together of each of its frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// How many speak, 0 to 2, `[frames]`.
    pub num_speakers: Vec<u8>,
    /// How likely anybody speaks, 0 to 1, `[frames]`: the mean over windows.
    pub speech: Vec<f32>,
}

impl Aggregator {
    /// Adds a window of the recording, each once, in any order; sums of probabilities depend on the order by what rounding
    /// does in f64.
    pub fn add(&mut self, window: &Window) {
        let first = nearest_frame(window.start);
        let posteriors = window.posteriors();
        self.num_samples = self.num_samples.max(window.start + window.samples);
        let len = self.frames.len().max(first + posteriors.num_frames());
        self.frames.resize(len, (0, 0, 0.0));
        let heard = posteriors.speakers().zip(posteriors.speech_probabilities());
        for ((windows, speakers, speech), (who, likely)) in
            self.frames[first..].iter_mut().zip(heard)
        {
            *windows += 1;
            *speakers += who.iter().map(|&speaks| u32::from(speaks)).sum::<u32>();
            *speech += f64::from(likely);
        }
    }

    /// What the windows say together, of frames whose middle lies in the recording.
    pub fn finish(self) -> Activity {
        // Middles lie half a sample behind a sample.
        let within = |frame: usize| frame * FRAME_STEP + FRAME_FIELD / 2 < self.num_samples;
        let frames = self.frames.iter().enumerate();
        let frames = frames.take_while(|(frame, _)| within(*frame));
        let (num_speakers, speech) = frames
            .map(|(_, &(windows, speakers, speech))| {
                let windows = f64::from(windows.max(1));
                let mean = (f64::from(speakers) / windows).round_ties_even();
                (mean as u8, (speech / windows) as f32)
            })
            .unzip();
        Activity {
            num_speakers,
            speech,
        }
    }
}

impl Activity {
    /// Where anybody speaks: spans (s) of frames whose likelihood of speech is at least `threshold`, from the first one's
    /// middle to that of the frame behind the last one. A span of the recording's very last frame ends a frame later.
    pub fn speech_spans(&self, threshold: f32) -> Vec<(f64, f64)> {
        let mut spans = Vec::new();
        let mut open = None;
        for (frame, &speech) in self.speech.iter().enumerate() {
            match (open, speech >= threshold) {
                (None, true) => open = Some(frame),
                (Some(first), false) => {
                    spans.push((frame_middle_s(first), frame_middle_s(frame)));
                    open = None;
                }
                _ => {}
            }
        }
        if let Some(first) = open {
            spans.push((frame_middle_s(first), frame_middle_s(self.speech.len())));
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::posteriors::{CLASSES, Posteriors};

    fn window(start: usize, samples: usize, classes: &[usize]) -> Window {
        let row = |&class: &usize| {
            let mut row = [-20.0; CLASSES];
            row[class] = -1e-6;
            row
        };
        Window {
            start,
            samples,
            posteriors: Posteriors::new(classes.iter().map(row).collect()).unwrap(),
        }
    }

    #[test]
    fn counts_are_means_over_windows_rounded_half_to_even() {
        let mut aggregator = Aggregator::default();
        aggregator.add(&window(0, 2_000, &[0, 1, 4, 4, 0]));
        aggregator.add(&window(270, 2_000, &[2, 1, 1, 1, 4]));
        let activity = aggregator.finish();
        // Means: 0, 1, 1.5, 1.5, 0.5, 2; the last frame's middle lies at sample 1845.
        assert_eq!(activity.num_speakers, [0, 1, 2, 2, 0, 2]);
        let spans = activity.speech_spans(0.5);
        assert_eq!(spans, [(frame_middle_s(1), frame_middle_s(6))]);
        assert!((activity.speech[4] - 0.5).abs() < 1e-5);
    }

    #[test]
    fn frames_of_padding_are_left_out() {
        let mut aggregator = Aggregator::default();
        aggregator.add(&window(0, 766, &[1; 9]));
        assert_eq!(aggregator.finish().num_speakers.len(), 2);
        assert_eq!(Aggregator::default().finish().num_speakers, []);
    }
}
