//! One NumPy array: its header, and its values as floats or texts.

use std::io::Read;

use half::f16;

/// An array in NumPy's format, of any kind.
#[derive(Debug)]
pub(super) struct Array {
    pub(super) shape: Vec<u64>,
    is_fortran: bool,
    kind: Kind,
    is_big_endian: bool,
    data: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Of so many bytes.
    Float(usize),
    /// Of so many characters of 4 bytes.
    Unicode(usize),
    /// Of so many bytes.
    Bytes(usize),
}

impl Array {
    /// Reads an array that has `size` bytes at most.
    pub(super) fn read(mut reader: impl Read, size: u64) -> Result<Self, String> {
        let header = npyz::NpyHeader::from_reader(&mut reader)
            .map_err(|error| format!("its header is not NumPy's ({error})"))?;
        let shape = header.shape().to_vec();
        let descr = header.dtype().descr();
        let (kind, is_big_endian) = kind_of(descr.trim_matches('\''))?;
        let width = match kind {
            Kind::Float(bytes) | Kind::Bytes(bytes) => bytes,
            Kind::Unicode(characters) => 4 * characters,
        };
        let claimed = shape
            .iter()
            .try_fold(width as u64, |all, &len| all.checked_mul(len));
        let claimed = claimed.filter(|claimed| *claimed <= size).ok_or_else(|| {
            let lengths: Vec<String> = shape.iter().map(u64::to_string).collect();
            format!(
                "its header claims {} values, but it has {size} bytes",
                lengths.join(" x ")
            )
        })?;
        let mut data = Vec::with_capacity(claimed as usize);
        reader
            .take(claimed)
            .read_to_end(&mut data)
            .map_err(|error| error.to_string())?;
        if (data.len() as u64) < claimed {
            return Err(format!(
                "it ends after {} of the {claimed} bytes that its header claims",
                data.len()
            ));
        }
        Ok(Self {
            is_fortran: header.order() == npyz::Order::Fortran,
            shape,
            kind,
            is_big_endian,
            data,
        })
    }

    pub(super) fn is_float(&self) -> bool {
        matches!(self.kind, Kind::Float(_))
    }

    /// What was changed to read it as 32-bit floats in C order, in words.
    pub(super) fn remark(&self) -> Option<String> {
        let mut words = Vec::new();
        match self.kind {
            Kind::Float(8) => words.push("its numbers are float64, read as 32-bit floats"),
            Kind::Float(2) => words.push("its numbers are float16, read as 32-bit floats"),
            _ => {}
        }
        if self.is_big_endian {
            words.push("its bytes are in big-endian order");
        }
        if self.is_fortran && self.shape.len() > 1 {
            words.push("its values are in Fortran order");
        }
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// The values as they lie in the file.
    pub(super) fn floats(&self) -> Result<Vec<f32>, String> {
        let Kind::Float(width) = self.kind else {
            return Err("it holds text, expected floats".to_owned());
        };
        let values = self.data.chunks_exact(width);
        let big = self.is_big_endian;
        Ok(match width {
            2 => values
                .map(|bytes| f16::from_bits(u16::from_le_bytes(ordered(bytes, big))).to_f32())
                .collect(),
            4 => values
                .map(|bytes| f32::from_le_bytes(ordered(bytes, big)))
                .collect(),
            _ => values
                .map(|bytes| f64::from_le_bytes(ordered(bytes, big)) as f32)
                .collect(),
        })
    }

    /// `[points, dim]` and the values row by row. Axes of length 1 are passed over.
    pub(super) fn matrix(&self) -> Result<(usize, usize, Vec<f32>), String> {
        let mut shape: Vec<usize> = self.shape.iter().map(|&len| len as usize).collect();
        while shape.len() > 2 {
            // The first axis is that of the recordings.
            match shape[1..].iter().position(|&len| len == 1) {
                Some(axis) => {
                    shape.remove(axis + 1);
                }
                None => break,
            }
        }
        let &[count, dim] = shape.as_slice() else {
            return Err(format!(
                "its shape is {:?}, expected [points, dim]",
                self.shape
            ));
        };
        let values = self.floats()?;
        if !self.is_fortran {
            return Ok((count, dim, values));
        }
        let mut rows = Vec::with_capacity(values.len());
        for row in 0..count {
            rows.extend((0..dim).map(|column| values[column * count + row]));
        }
        Ok((count, dim, rows))
    }

    /// The texts of an array of one axis.
    pub(super) fn texts(&self) -> Option<Vec<String>> {
        if self.shape.len() != 1 {
            return None;
        }
        let big = self.is_big_endian;
        match self.kind {
            Kind::Float(_) => None,
            // Texts of no characters have no bytes to be divided.
            Kind::Unicode(0) | Kind::Bytes(0) => None,
            Kind::Bytes(width) => {
                let texts = self.data.chunks_exact(width).map(|bytes| {
                    let end = bytes
                        .iter()
                        .rposition(|&byte| byte != 0)
                        .map_or(0, |at| at + 1);
                    std::str::from_utf8(&bytes[..end]).ok().map(str::to_owned)
                });
                texts.collect()
            }
            Kind::Unicode(width) => {
                let texts = self.data.chunks_exact(4 * width).map(|bytes| {
                    let codes = bytes
                        .chunks_exact(4)
                        .map(|code| u32::from_le_bytes(ordered(code, big)));
                    let mut text: String = codes.map(char::from_u32).collect::<Option<_>>()?;
                    text.truncate(text.trim_end_matches('\0').len());
                    Some(text)
                });
                texts.collect()
            }
        }
    }
}

/// Bytes in little-endian order.
fn ordered<const N: usize>(bytes: &[u8], is_big_endian: bool) -> [u8; N] {
    let mut ordered = [0; N];
    ordered.copy_from_slice(bytes);
    if is_big_endian {
        ordered.reverse();
    }
    ordered
}

/// What a description such as `<f4` means, and whether its bytes are in big-endian order.
fn kind_of(descr: &str) -> Result<(Kind, bool), String> {
    let order = descr.chars().next();
    let is_big_endian = order == Some('>');
    let rest = descr.trim_start_matches(['<', '>', '|', '=']);
    let width = rest.get(1..).and_then(|width| width.parse::<usize>().ok());
    let kind = match (rest.chars().next(), width) {
        (Some('f'), Some(width @ (2 | 4 | 8))) => Kind::Float(width),
        (Some('U'), Some(width)) if width < 1 << 16 => Kind::Unicode(width),
        (Some('S' | 'a'), Some(width)) if width < 1 << 18 => Kind::Bytes(width),
        (Some('O'), _) => {
            return Err(
                "it holds pickled Python objects, which are programs and are not run; write `np.save(file, np.stack(list(array)).astype(\"float32\"))`"
                    .to_owned(),
            );
        }
        _ => {
            return Err(format!(
                "its type is `{descr}`, expected floats; write `.astype(\"float32\")`"
            ));
        }
    };
    Ok((kind, is_big_endian))
}
