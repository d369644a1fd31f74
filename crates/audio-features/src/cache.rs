//! Log-mel features on disk, one memory-mapped file a recording.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytemuck::{Pod, Zeroable};
use durable::NewFile;
use memmap2::Mmap;

use crate::feature_config::{FeatureConfig, Normalisation};
use crate::feature_error::FeatureError;
use crate::features::Features;

const MAGIC: [u8; 8] = *b"SIAMFEAT";
const FORMAT_VERSION: u32 = 1;
/// Raise whenever the same bytes and configuration would give other features: a change in decoding,
/// resampling or log-mel.
const COMPUTATION_VERSION: u32 = 2;
/// Written in the machine's own byte order, so that a file from one of the other order is foreign.
const BYTE_ORDER: u32 = 0x0102_0304;
const HEADER_BYTES: usize = size_of::<Header>();

/// What precedes the values. It has no padding and a multiple of 4 bytes, so the values that follow
/// are aligned in a page-aligned mapping.
#[derive(Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
struct Header {
    magic: [u8; 8],
    format_version: u32,
    byte_order: u32,
    num_frames: u64,
    num_bins: u64,
    /// BLAKE3 of the configuration and the audio, also the name of the file.
    key: [u8; 32],
    /// BLAKE3 of the values.
    checksum: [u8; 32],
}

/// What the features of a recording are found by: made of the audio and of the configuration. Making one reads all of
/// the audio; whoever keeps it finds the features again without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FeatureKey([u8; 32]);

impl FeatureKey {
    /// The key of a part of the recording; `part` says which.
    #[must_use]
    pub fn of_part(self, part: &str) -> Self {
        Self(*blake3::keyed_hash(&self.0, part.as_bytes()).as_bytes())
    }
}

/// A directory of raw log-mel features, keyed by the *content* of the audio file and by the part of
/// the configuration that shapes raw log-mel (speech activity, relative level and normalisation come after it).
///
/// Renamed or copied audio keeps its entry, edited audio gets a new one, and finding an entry needs
/// no decoding, nor the audio itself where its [`FeatureKey`] is known. Entries are written beside, synced and renamed, so any number of processes may share
/// a directory; each entry is checked when it is opened, and one that is damaged or foreign is
/// computed again and replaced. Nothing is ever deleted: remove the directory to be rid of it.
#[derive(Debug)]
pub struct FeatureCache {
    directory: PathBuf,
    config_key: [u8; 32],
    num_bins: usize,
    /// Why the first entry could not be written that could not.
    failure: OnceLock<String>,
}

/// Raw log-mel features from a [`FeatureCache`]; dereferences to the values, `[frames, bins]`
/// row-major.
///
/// It may hold a memory mapping, of which a process can have some tens of thousands: keep it while
/// the recording is in use, not for a whole corpus.
#[derive(Debug)]
pub struct CachedFeatures {
    storage: Storage,
    num_bins: usize,
}

#[derive(Debug)]
enum Storage {
    Mapped(Mmap),
    Computed(Arc<Features>),
}

impl FeatureCache {
    /// Opens the cache in `directory`, which is made if it does not exist.
    ///
    /// # Errors
    /// What [`FeatureConfig::validate`] refuses, or [`FeatureError::Cache`] if the directory cannot
    /// be made.
    pub fn open(directory: &Path, config: &FeatureConfig) -> Result<Self, FeatureError> {
        let cache = Self::at(directory, config)?;
        create_dir(directory)?;
        Ok(cache)
    }

    /// The cache in `directory`, which is made when the first entry is written: where it cannot be, features are computed
    /// whenever they are asked for, and [`Self::failure`] says why.
    ///
    /// # Errors
    /// What [`FeatureConfig::validate`] refuses.
    pub fn at(directory: &Path, config: &FeatureConfig) -> Result<Self, FeatureError> {
        config.validate()?;
        let raw = FeatureConfig {
            top_db: None,
            normalisation: Normalisation::None,
            speech_activity: None,
            relative_level: None,
            ..config.clone()
        };
        let text = format!("{COMPUTATION_VERSION} {raw:?}");
        Ok(Self {
            directory: directory.to_owned(),
            config_key: blake3::derive_key("siamang feature cache: configuration", text.as_bytes()),
            num_bins: config.num_bins,
            failure: OnceLock::new(),
        })
    }

    /// Why an entry could not be written, if one could not: since then none is written, and what is not in the cache is
    /// computed whenever it is asked for.
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// The key of `audio`, the bytes of an audio file.
    pub fn key(&self, audio: &[u8]) -> FeatureKey {
        FeatureKey(*blake3::keyed_hash(&self.config_key, audio).as_bytes())
    }

    /// The features of a key, if a sound entry exists. All of the entry is read and compared with its checksum.
    pub fn get(&self, key: &FeatureKey) -> Option<CachedFeatures> {
        self.map(key, true)
    }

    /// The features of a key that this process has had from the cache before: only the header is compared, so that no
    /// more is read than is used.
    pub fn get_again(&self, key: &FeatureKey) -> Option<CachedFeatures> {
        self.map(key, false)
    }

    /// The features of a key; `compute` decodes the recording and extracts raw log-mel when there is no sound entry, and
    /// the result is stored. A cache that cannot be written costs time, never features: see [`Self::failure`].
    ///
    /// # Errors
    /// What `compute` returns.
    pub fn get_or_compute<E>(
        &self,
        key: &FeatureKey,
        compute: impl FnOnce() -> Result<Features, E>,
    ) -> Result<CachedFeatures, E> {
        if let Some(features) = self.get(key) {
            return Ok(features);
        }
        let features = compute()?;
        if self.failure.get().is_none()
            && let Err(error) = self.write(key, &features)
        {
            // Another thread may have failed first; the first reason is as good as the second.
            let _ = self.failure.set(error.to_string());
        }
        Ok(CachedFeatures {
            num_bins: features.num_bins(),
            storage: Storage::Computed(Arc::new(features)),
        })
    }

    /// One of 256 directories by the first byte, which keeps each of them small.
    fn path(&self, key: &FeatureKey) -> PathBuf {
        let name = blake3::Hash::from_bytes(key.0).to_hex();
        self.directory
            .join(&name[..2])
            .join(format!("{name}.features"))
    }

    /// Maps an entry, if it is there and sound; any fault is answered by computing again.
    fn map(&self, key: &FeatureKey, verify: bool) -> Option<CachedFeatures> {
        let file = File::open(self.path(key)).ok()?;
        // SAFETY: entries are never written in place, only replaced by renaming, which leaves the
        // mapped file as it was.
        let map = unsafe { Mmap::map(&file) }.ok()?;
        let (header, body) = map.split_at_checked(HEADER_BYTES)?;
        let header: Header = bytemuck::pod_read_unaligned(header);
        let num_values = header.num_frames.checked_mul(header.num_bins)?;
        let expected = Header {
            magic: MAGIC,
            format_version: FORMAT_VERSION,
            byte_order: BYTE_ORDER,
            num_frames: header.num_frames,
            num_bins: self.num_bins as u64,
            key: key.0,
            checksum: match verify {
                true => *blake3::hash(body).as_bytes(),
                false => header.checksum,
            },
        };
        let sound = header == expected
            && num_values.checked_mul(size_of::<f32>() as u64) == Some(body.len() as u64)
            && bytemuck::try_cast_slice::<u8, f32>(body).is_ok();
        sound.then_some(CachedFeatures {
            storage: Storage::Mapped(map),
            num_bins: self.num_bins,
        })
    }

    fn write(&self, key: &FeatureKey, features: &Features) -> Result<(), FeatureError> {
        let path = self.path(key);
        let directory = path.parent().unwrap_or(&self.directory);
        create_dir(directory)?;
        let body: &[u8] = bytemuck::cast_slice(features.data());
        let header = Header {
            magic: MAGIC,
            format_version: FORMAT_VERSION,
            byte_order: BYTE_ORDER,
            num_frames: features.num_frames() as u64,
            num_bins: features.num_bins() as u64,
            key: key.0,
            checksum: *blake3::hash(body).as_bytes(),
        };
        let store = || {
            let mut file = NewFile::create(&path)?;
            file.write_all(bytemuck::bytes_of(&header))?;
            file.write_all(body)?;
            file.finish()
        };
        match store() {
            Ok(()) => Ok(()),
            // Some systems refuse to replace a file that another process has mapped; then that
            // process has the entry, and this one its features.
            Err(error) if error.kind() == ErrorKind::PermissionDenied && path.exists() => Ok(()),
            Err(source) => Err(FeatureError::Cache {
                action: "write",
                path,
                source,
            }),
        }
    }
}

impl CachedFeatures {
    /// Number of frames (rows).
    pub fn num_frames(&self) -> usize {
        self.len().checked_div(self.num_bins).unwrap_or(0)
    }

    /// Number of bins (columns).
    pub fn num_bins(&self) -> usize {
        self.num_bins
    }

    /// The features, where they have just been computed: they are in memory and can be kept there.
    pub fn computed(&self) -> Option<&Arc<Features>> {
        match &self.storage {
            Storage::Mapped(_) => None,
            Storage::Computed(features) => Some(features),
        }
    }

    /// A copy in memory, to be changed or kept.
    pub fn to_features(&self) -> Features {
        Features::new(self.to_vec(), self.num_bins)
    }
}

impl Deref for CachedFeatures {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.storage {
            Storage::Mapped(map) => bytemuck::cast_slice(&map[HEADER_BYTES..]),
            Storage::Computed(features) => features.data(),
        }
    }
}

fn create_dir(path: &Path) -> Result<(), FeatureError> {
    std::fs::create_dir_all(path).map_err(|source| FeatureError::Cache {
        action: "create the directory",
        path: path.to_owned(),
        source,
    })
}
