//! Bytes with a place.

use crate::error::Fault;

/// The next bytes of a file.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: u64) -> Result<&'a [u8], Fault> {
        let end = usize::try_from(count).ok();
        let end = end.and_then(|count| self.at.checked_add(count));
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| {
            Fault::at(
                self.at,
                format_args!(
                    "it ends where {count} more bytes are expected, {} are left",
                    self.bytes.len().saturating_sub(self.at)
                ),
            )
        })?;
        self.at += taken.len();
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let bytes = self.take(N as u64)?;
        Ok(bytes.first_chunk().copied().unwrap_or([0; N]))
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.array::<1>()?[0])
    }

    /// The bytes up to the next line feed, which is passed over.
    pub(crate) fn line(&mut self) -> Result<&'a [u8], Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n');
        let length = length.ok_or_else(|| Fault::at(self.at, "a line has no end"))?;
        let line = self.take(length as u64)?;
        self.at += 1;
        Ok(line)
    }

    /// Text of UTF-8 of `count` bytes.
    pub(crate) fn text(&mut self, count: u64) -> Result<&'a str, Fault> {
        let at = self.at;
        std::str::from_utf8(self.take(count)?).map_err(|_| Fault::at(at, "a text is no UTF-8"))
    }
}
