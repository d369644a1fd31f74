//! The audio of a store's utterances.

use std::ops::Range;

#[cfg(unix)]
use memmap2::Advice;

use audio_features::{Recording, decode_recording, pcm16_recording, pcm16_samples};

use super::error::StoreError;
use super::layout::{checksum, shard_name};
use super::reader::Store;
use super::settings::StoreEncoding;

impl Store {
    /// Appends the samples of a range of utterance `index` to `out`, full scale being 1.
    ///
    /// With [`StoreEncoding::Pcm`] this touches nothing but the range; else the whole utterance is decoded.
    ///
    /// # Errors
    /// [`StoreError::Range`], [`StoreError::DamagedAudio`] for what is decoded, and as [`entry`](Self::entry).
    pub fn read(
        &self,
        index: usize,
        range: Range<u64>,
        out: &mut Vec<f32>,
    ) -> Result<(), StoreError> {
        let row = *self.row(index)?;
        if range.start > range.end || range.end > row.num_samples {
            return Err(StoreError::Range {
                name: self.entry(index)?.name.to_owned(),
                start: range.start,
                end: range.end,
                num_samples: row.num_samples,
            });
        }
        if row.encoding == StoreEncoding::Pcm.code() {
            if row.num_bytes < 2 * range.end {
                let found = format!("it has {} bytes for its samples", row.num_bytes);
                return Err(self.damaged(index, found));
            }
            pcm16_samples(self.part(index, 2 * range.start..2 * range.end)?, out);
            return Ok(());
        }
        let recording = self.recording(index, row.sample_rate_hz)?;
        let samples = &recording.waveform.samples;
        match samples.get(range.start as usize..range.end as usize) {
            Some(samples) => {
                out.extend_from_slice(samples);
                Ok(())
            }
            None => {
                let found = format!("{} samples were decoded", samples.len());
                Err(self.damaged(index, found))
            }
        }
    }

    /// All samples of utterance `index` at any rate, and what is odd about them: what
    /// [`read_recording`](audio_features::read_recording) would give for the file. The bytes are checked.
    ///
    /// # Errors
    /// [`StoreError::DamagedAudio`], [`StoreError::Audio`] for an impossible rate, and as [`entry`](Self::entry).
    pub fn recording(&self, index: usize, sample_rate_hz: u32) -> Result<Recording, StoreError> {
        self.verify(index)?;
        let entry = self.entry(index)?;
        let bytes = self.payload(index)?;
        if entry.encoding != StoreEncoding::Pcm {
            return Ok(decode_recording(
                bytes.to_vec(),
                entry.name,
                sample_rate_hz,
            )?);
        }
        Ok(pcm16_recording(
            bytes,
            entry.sample_rate_hz,
            entry.name,
            sample_rate_hz,
        )?)
    }

    /// The bytes that are kept of utterance `index`, unchecked: samples, or a file by
    /// [`Entry::encoding`](super::Entry::encoding).
    ///
    /// # Errors
    /// As [`entry`](Self::entry).
    pub fn payload(&self, index: usize) -> Result<&[u8], StoreError> {
        let num_bytes = self.row(index)?.num_bytes;
        self.part(index, 0..num_bytes)
    }

    /// Some of those bytes, asked of the system at once.
    fn part(&self, index: usize, range: Range<u64>) -> Result<&[u8], StoreError> {
        let row = self.row(index)?;
        if range.is_empty() {
            return Ok(&[]);
        }
        let shard = self.shards.get(row.shard as usize).and_then(Option::as_ref);
        let start = row.offset.checked_add(range.start);
        let end = row.offset.checked_add(range.end);
        let bytes = shard.zip(start.zip(end)).and_then(|(shard, (start, end))| {
            let range = start as usize..end as usize;
            let bytes = shard.get(range.clone())?;
            // Only a hint: without it each page is read when it is touched.
            #[cfg(unix)]
            let _ = shard.advise_range(Advice::WillNeed, range.start, range.len());
            Some(bytes)
        });
        bytes.ok_or_else(|| self.nonsense(format!("utterance {index} lies outside its shard")))
    }

    /// Compares the audio of utterance `index` with its checksum.
    ///
    /// # Errors
    /// [`StoreError::DamagedAudio`], and as [`entry`](Self::entry).
    pub fn verify(&self, index: usize) -> Result<(), StoreError> {
        let expected = self.row(index)?.checksum;
        if checksum(self.payload(index)?) == expected {
            return Ok(());
        }
        Err(self.damaged(index, "the checksum of its bytes is wrong".to_owned()))
    }

    fn damaged(&self, index: usize, found: String) -> StoreError {
        let entry = self.entry(index).ok();
        let shard = entry.map_or(0, |entry| entry.shard);
        StoreError::DamagedAudio {
            path: self.folder.join(shard_name(shard)),
            name: entry.map_or(String::new(), |entry| entry.name.to_owned()),
            found,
        }
    }
}
