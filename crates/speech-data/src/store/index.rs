//! Building the index, in memory, about a hundred bytes an utterance.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

use durable::NewFile;

use super::error::StoreError;
use super::item::Facts;
use super::layout::{BYTE_ORDER, FORMAT_VERSION, Header, INDEX, MAGIC, NONE, Row};

#[derive(Debug, Default)]
pub(super) struct IndexBuilder {
    rows: Vec<Row>,
    names: Vec<u8>,
    numbers: HashMap<Box<str>, u32>,
    strings: Vec<u8>,
    string_ends: Vec<u64>,
    /// Values of each column; shorter than the rows where the last ones have none.
    columns: BTreeMap<Box<str>, Vec<u32>>,
    /// By the number of the speaker's name.
    is_speaker: Vec<bool>,
    num_speakers: u64,
    num_samples: u64,
    num_bytes: u64,
}

/// Where the audio of an utterance went.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) shard: u32,
    pub(super) offset: u64,
    pub(super) num_bytes: u64,
    pub(super) num_samples: u64,
    pub(super) sample_rate_hz: u32,
    pub(super) encoding: u32,
    pub(super) checksum: [u8; 16],
}

impl IndexBuilder {
    pub(super) fn push(&mut self, facts: &Facts<'_>, placed: &Placed) {
        let speaker = self.number(facts.speaker);
        let session = facts.session.map_or(NONE, |session| self.number(session));
        self.is_speaker.resize(self.string_ends.len(), false);
        if !std::mem::replace(&mut self.is_speaker[speaker as usize], true) {
            self.num_speakers += 1;
        }
        let row = self.rows.len();
        for (key, value) in &facts.columns {
            let value = self.number(value);
            if !self.columns.contains_key(*key) {
                self.columns.insert((*key).into(), Vec::new());
            }
            if let Some(values) = self.columns.get_mut(*key) {
                values.resize(row, NONE);
                values.push(value);
            }
        }
        self.num_samples += placed.num_samples;
        self.num_bytes += placed.num_bytes;
        self.rows.push(Row {
            offset: placed.offset,
            num_bytes: placed.num_bytes,
            num_samples: placed.num_samples,
            name_at: self.names.len() as u64,
            name_len: facts.name.len() as u32,
            speaker,
            session,
            sample_rate_hz: placed.sample_rate_hz,
            shard: placed.shard,
            encoding: placed.encoding,
            checksum: placed.checksum,
        });
        self.names.extend_from_slice(facts.name.as_bytes());
    }

    fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.string_ends.len() as u32;
        self.strings.extend_from_slice(text.as_bytes());
        self.string_ends.push(self.strings.len() as u64);
        self.numbers.insert(text.into(), number);
        number
    }

    pub(super) fn num_rows(&self) -> u64 {
        self.rows.len() as u64
    }

    pub(super) fn num_speakers(&self) -> u64 {
        self.num_speakers
    }

    pub(super) fn num_samples(&self) -> u64 {
        self.num_samples
    }

    pub(super) fn num_bytes(&self) -> u64 {
        self.num_bytes
    }

    /// Writes `index.bin` beside, syncs and renames it; gives its checksum.
    pub(super) fn write(
        mut self,
        store: &Path,
        shard_sizes: &[u64],
    ) -> Result<blake3::Hash, StoreError> {
        let names: Vec<Box<str>> = self.columns.keys().cloned().collect();
        let column_names: Vec<u32> = names.iter().map(|name| self.number(name)).collect();
        let num_rows = self.rows.len();
        for values in self.columns.values_mut() {
            values.resize(num_rows, NONE);
        }
        let mut header = Header {
            magic: MAGIC,
            format_version: FORMAT_VERSION,
            byte_order: BYTE_ORDER,
            num_rows: num_rows as u64,
            num_strings: self.string_ends.len() as u64,
            num_shards: shard_sizes.len() as u64,
            num_columns: self.columns.len() as u64,
            string_bytes: self.strings.len() as u64,
            name_bytes: self.names.len() as u64,
            checksum: [0; 32],
        };
        let mut sections: Vec<&[u8]> = vec![
            bytemuck::cast_slice(&self.rows),
            bytemuck::cast_slice(&self.string_ends),
            bytemuck::cast_slice(shard_sizes),
            bytemuck::cast_slice(&column_names),
        ];
        sections.extend(
            self.columns
                .values()
                .map(|values| bytemuck::cast_slice(values)),
        );
        sections.extend([&self.strings[..], &self.names[..]]);
        let mut hasher = blake3::Hasher::new();
        for section in &sections {
            hasher.update(section);
        }
        header.checksum = *hasher.finalize().as_bytes();
        let path = store.join(INDEX);
        let write = || {
            let mut file = NewFile::create(&path)?;
            file.write_all(bytemuck::bytes_of(&header))?;
            for section in &sections {
                file.write_all(section)?;
            }
            file.finish()
        };
        write().map_err(StoreError::io("write", &path))?;
        Ok(blake3::Hash::from_bytes(header.checksum))
    }
}
