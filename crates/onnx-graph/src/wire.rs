//! Protocol Buffers' wire format (<https://protobuf.dev/programming-guides/encoding/>): the fields of a message where they lie.
//! Nothing is decoded into structures, and nothing allocated.

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found}")]
pub struct WireError {
    /// Where, in bytes from the beginning of the message.
    pub offset: usize,
    /// What stands there.
    pub found: String,
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
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
    /// A message, or bytes.
    ///
    /// # Errors
    /// [`WireError`] where it is a number.
    pub fn bytes(self) -> Result<&'a [u8], WireError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(fault(0, "a number where a message is expected")),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// [`WireError`] where it is none.
    pub fn text(self) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| fault(0, "a text that is no UTF-8"))
    }

    /// An integer, in two's complement.
    ///
    /// # Errors
    /// [`WireError`] where it is none.
    pub fn integer(self) -> Result<i64, WireError> {
        match self {
            Self::Varint(value) => Ok(value.cast_signed()),
            _ => Err(fault(0, "a field that is no integer where one is expected")),
        }
    }
}

/// The fields of a message, by number.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Fields<'a> {
    /// Those of a message, or the numbers of a packed list.
    #[must_use]
    pub fn of(message: &'a [u8]) -> Self {
        Self {
            rest: message,
            length: message.len(),
        }
    }

    /// Whether there is nothing more.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Bytes before the next field.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.length - self.rest.len()
    }

    /// An integer of seven bits a byte.
    ///
    /// # Errors
    /// [`WireError`] where the message ends, or ten bytes do not end it.
    pub fn varint(&mut self) -> Result<u64, WireError> {
        let begin = self.offset();
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let Some((byte, rest)) = self.rest.split_first() else {
                return Err(fault(begin, "the end in the middle of a number"));
            };
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(fault(begin, "a number of more than ten bytes"))
    }

    fn array<const N: usize>(&mut self, begin: usize) -> Result<[u8; N], WireError> {
        let Some((bytes, rest)) = self.rest.split_first_chunk() else {
            return Err(fault(begin, "a number that ends early"));
        };
        self.rest = rest;
        Ok(*bytes)
    }

    fn field(&mut self) -> Result<(u64, Field<'a>), WireError> {
        let begin = self.offset();
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(self.array(begin)?),
            2 => {
                let length = self.varint()?;
                let bytes = usize::try_from(length).ok();
                let Some((bytes, rest)) = bytes.and_then(|at| self.rest.split_at_checked(at))
                else {
                    let rest = self.rest.len();
                    let found = format!("a field of {length} bytes, but {rest} are left");
                    return Err(fault(begin, found));
                };
                self.rest = rest;
                Field::Bytes(bytes)
            }
            5 => Field::Fixed32(self.array(begin)?),
            other => return Err(fault(begin, format!("a field of wire type {other}"))),
        };
        match tag >> 3 {
            0 => Err(fault(begin, "a field of the number 0")),
            number => Ok((number, field)),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), WireError>;

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

fn fault(offset: usize, found: impl Into<String>) -> WireError {
    WireError {
        offset,
        found: found.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_the_encoding_s_own_examples() {
        // From the page that the module names: 150, "testing", 150 in a message, and packed numbers.
        let fields = |bytes| Fields::of(bytes).collect::<Result<Vec<_>, _>>();
        assert_eq!(
            fields(&[0x08, 0x96, 0x01]),
            Ok(vec![(1, Field::Varint(150))])
        );
        let text = [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67];
        assert_eq!(fields(&text).unwrap()[0].1.text(), Ok("testing"));
        let message = fields(&[0x1a, 0x03, 0x08, 0x96, 0x01]).unwrap()[0].1;
        assert_eq!(
            fields(message.bytes().unwrap()),
            fields(&[0x08, 0x96, 0x01])
        );
        let mut packed = Fields::of(&[0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]);
        let numbers: Vec<u64> = (0..3).map(|_| packed.varint().unwrap()).collect();
        assert_eq!((numbers, packed.is_empty()), (vec![3, 270, 86942], true));
    }

    #[test]
    fn what_is_no_message_is_said_with_its_place() {
        let place = |bytes| Fields::of(bytes).find_map(Result::err).unwrap().offset;
        assert_eq!(place(&[0x08, 0x01, 0x12, 0x05, 0x41]), 2);
        assert_eq!(place(&[0x08, 0x01, 0x08, 0x80]), 3);
        assert_eq!(place(&[0x08, 0x01, 0x0b]), 2);
        assert_eq!(place(&[0x08, 0x01, 0x0d, 0x00]), 2);
        assert_eq!(place(&[0x02, 0x00]), 0);
        assert_eq!(place(&[0x08; 1]), 1);
        assert_eq!(place(&[0xff; 11]), 0);
    }
}
