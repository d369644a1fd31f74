//! What a preparation will take, from a few recordings done beforehand.

use std::time::Instant;

use speech_data::store::{Part, StoreSettings, encoded_size};

use crate::plan::PackPlan;

/// Recordings that are done to tell what all will take.
const PROBES: usize = 24;

/// What a preparation will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Utterances to deal with.
    pub utterances: u64,
    /// Bytes to be read.
    pub bytes_to_read: u64,
    /// Length of the audio, about, in h.
    pub hours: f64,
    /// Bytes to be written, about, index and all.
    pub bytes_to_write: u64,
    /// Time on `jobs` cores, about, in s; what the disk takes is not in it.
    pub seconds: f64,
}

impl dyn PackPlan + '_ {
    /// What packing will take, from a few recordings done for it.
    #[must_use]
    pub fn estimate(&self, settings: &StoreSettings, part: Option<Part>, jobs: usize) -> Estimate {
        let own: Vec<usize> = (0..self.items().len())
            .filter(|&index| part.is_none_or(|part| part.contains(&self.items()[index].name)))
            .collect();
        Estimate::make(self, &own, settings, jobs)
    }
}

impl Estimate {
    /// Decodes and encodes a few recordings from all over the plan. `own` says which are to be packed.
    fn make(plan: &dyn PackPlan, own: &[usize], settings: &StoreSettings, jobs: usize) -> Self {
        let size = |index: usize| plan.items()[index].source_bytes;
        let bytes_to_read: u64 = own.iter().map(|&index| size(index)).sum();
        let (mut read, mut samples, mut written) = (0, 0, 0);
        if plan.is_sequential()
            && let Some(&first) = own.first()
        {
            // What it takes to come to the first recording is no measure of the others.
            let _ = plan.read(first);
        }
        let begin = Instant::now();
        for probe in 0..PROBES.min(own.len()) {
            // One after another, the first cost no more than they would anyway.
            let index = match plan.is_sequential() {
                true => own[probe],
                false => own[probe * own.len() / PROBES.min(own.len())],
            };
            let item = &plan.items()[index];
            // Damaged recordings tell nothing of the others.
            if let Ok(bytes) = plan.read(index)
                && let Ok(one) = encoded_size(bytes, &item.name, settings)
            {
                read += size(index);
                samples += one.num_samples;
                written += one.num_bytes;
            }
        }
        let seconds = begin.elapsed().as_secs_f64();
        let factor = bytes_to_read as f64 / (read as f64).max(1.0);
        let rate = f64::from(settings.sample_rate_hz.max(1));
        Self {
            utterances: own.len() as u64,
            bytes_to_read,
            hours: factor * samples as f64 / rate / 3_600.0,
            // Journal and index take less than 600 bytes an utterance while both are there.
            bytes_to_write: (factor * written as f64) as u64 + 600 * own.len() as u64,
            seconds: factor * seconds / jobs.max(1) as f64,
        }
    }
}
