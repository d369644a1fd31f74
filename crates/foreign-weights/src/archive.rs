//! Zip archives: what they hold, and one member of it within bounds.

use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::sync::Mutex;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::{Fault, shown};
use crate::limits::Limits;

/// Bytes of a member that tell what it is.
const FIRST_BYTES: usize = 512;
/// How much larger than its compressed bytes a member may be: weights hardly compress.
const MOST_INFLATION: u64 = 100;
/// The shortest entry of a zip's directory.
const ENTRY_BYTES: usize = 46;

/// An open archive.
pub(crate) struct Archive<'a> {
    zip: Mutex<ZipArchive<Cursor<&'a [u8]>>>,
    members: Vec<Member>,
    /// Where in `members` a name is.
    places: HashMap<String, usize>,
    num_bytes: u64,
}

/// A file in it.
struct Member {
    name: String,
    index: usize,
    num_bytes: u64,
    compressed_bytes: u64,
}

/// What the crate says of a broken archive.
fn broken(error: &ZipError) -> Fault {
    match error {
        ZipError::UnsupportedArchive(found) => {
            Fault::Unsupported(format!("its archive is of an unusual kind ({found})"))
        }
        error => Fault::Malformed(format!("its archive is broken ({error})")),
    }
}

impl<'a> Archive<'a> {
    pub(crate) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, Fault> {
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
        let most = limits.num_members.min(bytes.len() / ENTRY_BYTES);
        if zip.len() > most {
            return Err(Fault::TooLarge {
                found: format!("its archive lists {} files", zip.len()),
                limit: most as u64,
            });
        }
        let mut members = Vec::with_capacity(zip.len());
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index).map_err(|error| broken(&error))?;
            let name = entry.name().map_err(|error| broken(&error))?.into_owned();
            if entry.is_dir() {
                continue;
            }
            // Nothing is ever written by these names, but no archive of weights has them.
            let leaves = name.starts_with(['/', '\\'])
                || name.contains(':')
                || name.split(['/', '\\']).any(|part| part == "..");
            if leaves || entry.is_symlink() {
                return Err(Fault::Refused(format!(
                    "holds `{}`, which points out of its archive",
                    shown(&name)
                )));
            }
            members.push(Member {
                index,
                num_bytes: entry.size(),
                compressed_bytes: entry.compressed_size(),
                name,
            });
        }
        let names = members.iter().enumerate();
        let places = names
            .map(|(place, member)| (member.name.clone(), place))
            .collect();
        Ok(Self {
            zip: Mutex::new(zip),
            places,
            members,
            num_bytes: bytes.len() as u64,
        })
    }

    /// Bytes of the whole archive.
    pub(crate) fn num_bytes(&self) -> u64 {
        self.num_bytes
    }

    /// The names of its files, in its order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.name.as_str())
    }

    /// The bytes of a member, of which there may be `limit` at most; `None` if there is none of that name.
    pub(crate) fn bytes(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, Fault> {
        let place = self.places.get(name);
        let Some(member) = place.and_then(|place| self.members.get(*place)) else {
            return Ok(None);
        };
        let inflated = member.compressed_bytes.saturating_mul(MOST_INFLATION);
        if member.num_bytes > inflated.saturating_add(1 << 10) {
            return Err(Fault::Refused(format!(
                "holds `{}`, whose {} bytes would become {}: no weights compress like that",
                shown(name),
                member.compressed_bytes,
                member.num_bytes
            )));
        }
        if member.num_bytes > limit {
            return Err(Fault::TooLarge {
                found: format!("`{}` has {} bytes", shown(name), member.num_bytes),
                limit,
            });
        }
        let bytes = self.read(member, member.num_bytes.saturating_add(1))?;
        if bytes.len() as u64 != member.num_bytes {
            return Err(Fault::Malformed(format!(
                "`{}` has {} {} bytes, the archive's directory says {}",
                shown(name),
                if bytes.len() as u64 > member.num_bytes {
                    "more than"
                } else {
                    "only"
                },
                bytes
                    .len()
                    .min(usize::try_from(member.num_bytes).unwrap_or(usize::MAX)),
                member.num_bytes
            )));
        }
        Ok(Some(bytes))
    }

    /// Names of the members that `is_model` says are models by their first bytes. Members that cannot be read are none.
    pub(crate) fn models(&self, is_model: impl Fn(&[u8], u64) -> bool) -> Vec<String> {
        let mut models = Vec::new();
        for member in &self.members {
            let first = self.read(member, FIRST_BYTES as u64).unwrap_or_default();
            if is_model(&first, member.num_bytes) {
                models.push(member.name.clone());
            }
        }
        models
    }

    fn read(&self, member: &Member, limit: u64) -> Result<Vec<u8>, Fault> {
        let mut zip = self
            .zip
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let entry = zip.by_index(member.index).map_err(|error| broken(&error))?;
        // Never more at once than the archive itself has, whatever the directory claims.
        let likely = limit.min(member.num_bytes).min(self.num_bytes);
        let mut bytes = Vec::with_capacity(usize::try_from(likely).unwrap_or(0));
        entry.take(limit).read_to_end(&mut bytes).map_err(|error| {
            Fault::Malformed(format!(
                "`{}` cannot be unpacked ({error})",
                shown(&member.name)
            ))
        })?;
        Ok(bytes)
    }
}
