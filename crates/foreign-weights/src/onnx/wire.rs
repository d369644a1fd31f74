//! Protocol Buffers' wire format.

use crate::error::Fault;

/// The value of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    /// An integer or a truth value.
    Varint(u64),
    /// Four bytes.
    Fixed32([u8; 4]),
    /// Eight bytes.
    Fixed64([u8; 8]),
    /// A text, bytes, a message, or many numbers.
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Fault> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Fault::Malformed(
                "a field is a number where a message is expected".to_owned(),
            )),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, Fault> {
        std::str::from_utf8(self.bytes()?)
            .map_err(|_| Fault::Malformed("a text of its messages is no UTF-8".to_owned()))
    }

    pub(super) fn integer(self) -> Result<i64, Fault> {
        match self {
            // Two's complement, as the format says.
            Self::Varint(value) => Ok(value.cast_signed()),
            _ => Err(Fault::Malformed(
                "a field is no integer where one is expected".to_owned(),
            )),
        }
    }
}

/// The fields of a message, by number.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// An integer of seven bits a byte.
    pub(super) fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or_else(ends)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Fault::Malformed(
            "an integer of its messages has no end".to_owned(),
        ))
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Fault> {
        let count = usize::try_from(count).map_err(|_| ends())?;
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(ends)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let bytes = self.take(N as u64)?;
        bytes.first_chunk().copied().ok_or_else(ends)
    }

    fn field(&mut self) -> Result<(u64, Field<'a>), Fault> {
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(self.array()?),
            2 => {
                let count = self.varint()?;
                Field::Bytes(self.take(count)?)
            }
            5 => Field::Fixed32(self.array()?),
            other => {
                return Err(Fault::Malformed(format!(
                    "a field of its messages is of kind {other}, which there is not"
                )));
            }
        };
        match tag >> 3 {
            0 => Err(Fault::Malformed(
                "a field of its messages has the number 0".to_owned(),
            )),
            number => Ok((number, field)),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

fn ends() -> Fault {
    Fault::Malformed(
        "it ends within a message, or a message is longer than what holds it".to_owned(),
    )
}
