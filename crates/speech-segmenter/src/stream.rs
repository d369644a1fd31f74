//! Windows over a recording, one beginning a step behind the other, computed some at a time.

use std::collections::VecDeque;

use crate::frames::{SAMPLE_RATE, check_window};
use crate::segmenter::check_samples;
use crate::window_settings::WindowSettings;
use crate::{Posteriors, SegmentError, Segmenter};

/// Windows that go through the network together.
const BATCH: usize = 32;
/// Samples that are taken at once.
const BLOCK: usize = SAMPLE_RATE;

impl Segmenter {
    /// Overlapping windows of a recording's samples at 16 kHz, in order. What is held at a time does not grow with the
    /// recording. The last window is padded with zeros; a recording without samples has none.
    ///
    /// # Errors
    /// Settings that no window can have.
    pub fn windows<'a>(
        &'a self,
        samples: &'a [f32],
        settings: WindowSettings,
    ) -> Result<Windows<'a>, SegmentError> {
        Ok(Windows::new(WindowStream::new(self, settings)?, samples))
    }

    /// The same windows of a recording whose samples come piece by piece.
    ///
    /// # Errors
    /// Settings that no window can have.
    pub fn stream(&self, settings: WindowSettings) -> Result<WindowStream<'_>, SegmentError> {
        WindowStream::new(self, settings)
    }
}

impl WindowSettings {
    fn check(self) -> Result<Self, SegmentError> {
        check_window(self.window)?;
        if (1..=self.window).contains(&self.step) {
            return Ok(self);
        }
        Err(SegmentError::Step {
            found: self.step,
            most: self.window,
        })
    }
}

/// A window of a recording and what the network says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    pub(crate) start: usize,
    pub(crate) samples: usize,
    pub(crate) posteriors: Posteriors,
}

impl Window {
    /// Its first sample.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Where it begins (s from the start of the recording).
    pub fn start_s(&self) -> f64 {
        self.start as f64 / SAMPLE_RATE as f64
    }

    /// How many of its samples are the recording's: all but the last window's padding.
    pub fn num_samples(&self) -> usize {
        self.samples
    }

    /// What the network says, also of the padding.
    pub fn posteriors(&self) -> &Posteriors {
        &self.posteriors
    }
}

/// Makes windows of samples that come piece by piece. How they are cut into pieces makes no difference.
#[derive(Debug)]
pub struct WindowStream<'a> {
    segmenter: &'a Segmenter,
    settings: WindowSettings,
    /// From the next window's first sample on.
    samples: Vec<f32>,
    /// That sample.
    next: usize,
    /// Samples that came.
    num_samples: usize,
}

impl<'a> WindowStream<'a> {
    pub(crate) fn new(
        segmenter: &'a Segmenter,
        settings: WindowSettings,
    ) -> Result<Self, SegmentError> {
        Ok(Self {
            segmenter,
            settings: settings.check()?,
            samples: Vec::new(),
            next: 0,
            num_samples: 0,
        })
    }

    /// Takes the next samples; gives the windows that became whole, some at a time.
    ///
    /// # Errors
    /// A sample that is not a number, and what [`Segmenter::window`] refuses.
    pub fn push(&mut self, samples: &[f32]) -> Result<Vec<Window>, SegmentError> {
        check_samples(samples, self.num_samples)?;
        let WindowSettings { window, step } = self.settings;
        let whole = (BATCH - 1) * step + window;
        let mut windows = Vec::new();
        for block in samples.chunks(BLOCK) {
            self.samples.extend_from_slice(block);
            self.num_samples += block.len();
            while self.samples.len() >= whole {
                self.run(BATCH, &mut windows)?;
            }
        }
        Ok(windows)
    }

    /// The windows that are left, the last of them padded with zeros if it is not whole.
    ///
    /// # Errors
    /// As [`WindowStream::push`].
    pub fn finish(mut self) -> Result<Vec<Window>, SegmentError> {
        let WindowSettings { window, step } = self.settings;
        let mut windows = Vec::new();
        let rest = self.samples.len().checked_sub(window);
        let whole = rest.map_or(0, |rest| rest / step + 1);
        // Samples behind the last whole window, or a recording that is shorter than one.
        let is_padded = match rest {
            Some(rest) => rest % step > 0,
            None => self.num_samples > self.next.saturating_add(window - step) || self.next == 0,
        };
        let count = whole + usize::from(is_padded && self.num_samples > 0);
        if count > 0 {
            self.samples.resize((count - 1) * step + window, 0.0);
            self.run(count, &mut windows)?;
        }
        Ok(windows)
    }

    /// Computes the next `count` windows, which are there.
    fn run(&mut self, count: usize, windows: &mut Vec<Window>) -> Result<(), SegmentError> {
        let WindowSettings { window, step } = self.settings;
        let answers = self.segmenter.batch(&self.samples, count, self.settings)?;
        for posteriors in answers {
            windows.push(Window {
                start: self.next,
                samples: window.min(self.num_samples - self.next),
                posteriors,
            });
            self.next += step;
        }
        self.samples.drain(..count * step);
        Ok(())
    }
}

/// The windows of a recording, in order, some computed at a time.
#[derive(Debug)]
pub struct Windows<'a> {
    /// None behind the end, or an error.
    stream: Option<WindowStream<'a>>,
    /// What was not handed over.
    samples: &'a [f32],
    ready: VecDeque<Window>,
}

impl<'a> Windows<'a> {
    pub(crate) fn new(stream: WindowStream<'a>, samples: &'a [f32]) -> Self {
        Self {
            stream: Some(stream),
            samples,
            ready: VecDeque::new(),
        }
    }
}

impl Iterator for Windows<'_> {
    type Item = Result<Window, SegmentError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            let mut stream = self.stream.take()?;
            let windows = if self.samples.is_empty() {
                stream.finish()
            } else {
                let (block, rest) = self.samples.split_at(BLOCK.min(self.samples.len()));
                self.samples = rest;
                let windows = stream.push(block);
                self.stream = windows.is_ok().then_some(stream);
                windows
            };
            match windows {
                Ok(windows) => self.ready.extend(windows),
                Err(error) => return Some(Err(error)),
            }
        }
        self.ready.pop_front().map(Ok)
    }
}
