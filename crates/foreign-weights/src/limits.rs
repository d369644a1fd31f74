//! How much a file from elsewhere may ask for.

use crate::error::Fault;

/// How much a file from elsewhere may ask for. What it claims beyond that is refused before anything is allocated for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes.
    pub file_bytes: u64,
    /// Largest member of an archive once inflated, in bytes.
    pub member_bytes: u64,
    /// Files that an archive may hold.
    pub num_members: usize,
    /// Longest pickle, or header of safetensors, in bytes.
    pub header_bytes: u64,
    /// Objects that a pickle may make, entries that its containers may have once unfolded, and nodes of a graph.
    pub num_objects: usize,
    /// Containers in containers.
    pub depth: usize,
    /// Tensors in one file.
    pub num_tensors: usize,
    /// Values, as f32, per byte of the file that holds them. Bytes become four times their size; views of shared storage count
    /// each by itself.
    pub values_per_byte: u64,
}

impl Default for Limits {
    /// Files of 4 GB, of 100,000 tensors.
    fn default() -> Self {
        Self {
            file_bytes: 4 << 30,
            member_bytes: 4 << 30,
            num_members: 100_000,
            header_bytes: 64 << 20,
            num_objects: 1_000_000,
            depth: 64,
            num_tensors: 100_000,
            values_per_byte: 1,
        }
    }
}

/// How many values may still be made of one file.
pub(crate) struct Budget {
    left: u64,
    all: u64,
}

impl Budget {
    /// Values beyond the file's own bytes that are always granted.
    const GRACE: u64 = 1 << 14;

    pub(crate) fn new(file_bytes: u64, limits: &Limits) -> Self {
        let all = file_bytes
            .saturating_mul(limits.values_per_byte)
            .saturating_add(Self::GRACE);
        Self { left: all, all }
    }

    /// Takes `num_values` off for the tensor `name`.
    pub(crate) fn take(&mut self, name: &str, num_values: u64) -> Result<(), Fault> {
        match self.left.checked_sub(num_values) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Fault::TooLarge {
                found: format!(
                    "with tensor `{}` it claims more values than its bytes can hold",
                    crate::error::shown(name)
                ),
                limit: self.all,
            }),
        }
    }
}
