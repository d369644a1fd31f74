//! Impulse responses: what a room or a device makes of a click.

use std::sync::{Arc, PoisonError, RwLock};

use crate::workspace::{Bins, Workspace};

/// What is kept before the direct sound, in seconds: a microphone's filter rings on both sides of it.
const BEFORE_S: f64 = 0.001;

/// Share of a response over which its end is faded out, where it had to be cut.
const FADED: f64 = 0.1;

/// Spectra that a response keeps: one for each size of transform that its crops have.
const MOST_SPECTRA: usize = 4;

/// An impulse response. Filtering with it leaves the direct sound where it was.
pub struct Response {
    taps: Vec<f32>,
    /// Samples before the direct sound.
    before: usize,
    spectra: RwLock<Vec<(usize, Arc<Bins>)>>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Response of {} taps", self.taps.len())
    }
}

impl Response {
    /// The response that was measured as `samples`, from its direct sound, the largest of them, on: at most `longest_s`
    /// seconds of it, faded out where it is cut. None where all is silence.
    #[must_use]
    pub fn new(samples: &[f32], sample_rate_hz: u32, longest_s: f64) -> Option<Self> {
        let rate = f64::from(sample_rate_hz);
        let direct = (0..samples.len()).max_by(|&a, &b| {
            // The first of equal ones.
            let by_size = samples[a].abs().total_cmp(&samples[b].abs());
            by_size.then(b.cmp(&a))
        })?;
        if samples[direct] == 0.0 {
            return None;
        }
        let before = direct.min((BEFORE_S * rate) as usize);
        let longest = ((longest_s * rate) as usize).max(1);
        let all = &samples[direct - before..];
        let mut taps = all[..all.len().min(before + longest)].to_vec();
        if taps.len() < all.len() {
            let faded = ((taps.len() as f64 * FADED) as usize).max(1);
            for (place, tap) in taps.iter_mut().rev().take(faded).enumerate() {
                let turn = (place as f32 + 0.5) / faded as f32;
                *tap *= 0.5 - 0.5 * (std::f32::consts::PI * turn).cos();
            }
        }
        Some(Self {
            taps,
            before,
            spectra: RwLock::default(),
        })
    }

    /// Samples that a sound is heard for behind its end.
    pub(crate) fn tail(&self) -> usize {
        self.taps.len() - self.before - 1
    }

    /// Samples that its direct sound comes late in the filtered ones.
    pub(crate) fn lag(&self) -> usize {
        self.before
    }

    /// Its samples, from before the direct sound on.
    #[must_use]
    pub fn taps(&self) -> &[f32] {
        &self.taps
    }

    /// Its spectrum for transforms of `size`, computed once.
    pub(crate) fn spectrum(&self, size: usize, workspace: &mut Workspace) -> Arc<Bins> {
        let known = self.spectra.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bins)) = known.iter().find(|(known, _)| *known == size) {
            return Arc::clone(bins);
        }
        drop(known);
        let bins = Arc::new(workspace.transform(&self.taps, size).clone());
        let mut known = self.spectra.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been as quick; its spectrum is the same.
        if known.len() < MOST_SPECTRA && known.iter().all(|(known, _)| *known != size) {
            known.push((size, Arc::clone(&bins)));
        }
        bins
    }
}

/// Multiplies `bins` by those of a response.
pub(crate) fn multiply(bins: &mut Bins, response: &Bins) {
    for (bin, factor) in bins.iter_mut().zip(response) {
        *bin *= factor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{assert_near, filters, floats};
    use crate::workspace::fast_size;

    #[test]
    fn a_response_filters_as_scipys_convolution_does_and_the_direct_sound_stays_in_place() {
        let golden = filters();
        let taps = floats(&golden["response"]);
        let direct = golden["direct"].as_u64().unwrap() as usize;
        let response = Response::new(&taps, 16_000, 1.0).unwrap();
        assert_eq!(
            (response.lag(), response.tail()),
            (direct, taps.len() - 1 - direct)
        );
        // Silence before, for what would ring from the end.
        let mut samples = vec![0.0; response.tail()];
        samples.extend(floats(&golden["input"]));
        let begin = response.tail();
        samples.extend([0.0; 40]);
        let mut workspace = Workspace::default();
        let size = fast_size(samples.len() + response.lag());
        let bins = response.spectrum(size, &mut workspace);
        workspace.filter(&mut samples, size, response.lag(), |s| multiply(s, &bins));
        let expected = &floats(&golden["convolved"])[direct..];
        assert_near(&samples[begin..begin + 600], expected, 1e-5);
    }

    #[test]
    fn a_response_begins_at_its_direct_sound_and_silence_is_none() {
        let mut samples = vec![0.0; 1_000];
        samples[300] = 0.5;
        samples[500] = -0.25;
        let response = Response::new(&samples, 16_000, 1.0).unwrap();
        assert_eq!((response.lag(), response.tail()), (16, 699));
        assert_eq!(response.taps()[16], 0.5);
        let cut = Response::new(&samples, 16_000, 0.02).unwrap();
        assert_eq!(cut.taps().len(), 336);
        assert!(cut.taps()[216].abs() <= 0.25);
        assert!(Response::new(&[0.0; 40], 16_000, 1.0).is_none());
        assert!(Response::new(&[], 16_000, 1.0).is_none());
    }
}
