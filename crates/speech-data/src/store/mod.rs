//! The packed audio store: many recordings in a few large files, with random access to every sample.
//!
//! A store is a folder: `shard-00000.audio`, … hold the audio of the utterances one after the other in the order of
//! their names, `index.bin` says where each lies and who speaks, and `store.json` is the [`StoreSummary`], written
//! last. While a store is being made it has a `journal` instead of the latter two: what the journal says is in the
//! shards for good, and whatever follows in them is cut when work goes on. The bytes of a store depend on what was
//! packed and on the [`StoreSettings`] alone, not on threads, interruptions, or the number of machines.
//!
//! ```
//! use speech_data::store::{Pack, SourceFault, Store, StoreItem, StoreSettings, pack};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let out = folder.path().join("voices.store");
//! # let wav = |_: usize| {
//! #     let mut bytes = std::io::Cursor::new(Vec::new());
//! #     let spec = hound::WavSpec { channels: 1, sample_rate: 16_000, bits_per_sample: 16,
//! #         sample_format: hound::SampleFormat::Int };
//! #     let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
//! #     for index in 0..16_000 { writer.write_sample((index % 100) as i16).unwrap(); }
//! #     writer.finalize().unwrap();
//! #     Ok::<_, SourceFault>(bytes.into_inner())
//! # };
//! let items = [
//!     StoreItem::new("ann/1.wav", "ann").session("monday").column("gender", "f"),
//!     StoreItem::new("bob/1.wav", "bob"),
//! ];
//! let job = Pack { settings: StoreSettings::default(), part: None, items: &items };
//! // `wav` gives the bytes of the file behind item `index`; decoding and encoding run on all cores.
//! let summary = pack(&out, &job, &wav, &|_| {})?;
//! assert!(summary.complete && summary.utterances == 2);
//!
//! let store = Store::open(&out)?;
//! let index = store.find("ann/1.wav").ok_or("not there")?;
//! let mut samples = Vec::new();
//! store.read(index, 8_000..8_400, &mut samples)?;
//! assert_eq!((samples.len(), store.column(index, "gender")?), (400, Some("f")));
//! # Ok(())
//! # }
//! ```

mod audio;
mod division;
mod encode;
mod error;
mod flac;
mod index;
mod item;
mod job;
mod journal;
mod layout;
mod merge;
mod pack;
mod reader;
mod remarks;
mod repair;
#[cfg(test)]
mod scale;
mod settings;
mod summary;
mod union;
mod work;
mod writer;

pub use division::check_division;
pub use encode::{EncodedSize, encoded_size};
pub use error::StoreError;
pub use item::StoreItem;
pub use job::{Pack, PackProgress, PackSource, Retry, SourceCopy, SourceFault};
pub use merge::merge;
pub use pack::{pack, pack_from};
pub use reader::{Entry, Store};
pub use remarks::Remark;
pub use settings::{Part, StoreEncoding, StoreSettings};
pub use summary::{Missing, StoreSummary};
