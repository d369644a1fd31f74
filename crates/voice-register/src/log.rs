//! The file `voices`: reading frames where they lie, and all of them in order.

use std::fs::File;
use std::io::{ErrorKind, Read, Result as IoResult};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Damage, RegisterError};
use crate::frame::{self, Frame, LARGEST};
use crate::layout::{
    FIRST_FRAME, FORMAT_VERSION, FRAME_HEAD, FRAME_MAGIC, FrameHead, Generation, HEAD_COPY,
    VOICES_MAGIC, VoicesHead,
};

/// Whose vectors a register holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Hash of what decides the model's vectors: no others may be compared with these.
    pub model_hash: String,
    /// Where the model was, or what it is called.
    pub model: String,
    /// Values of a vector.
    #[serde(skip)]
    pub dim: usize,
}

/// Where reading all frames stands.
pub(crate) enum Next {
    /// A frame and where it begins.
    Frame(u64, Frame),
    /// Bytes that are no frame.
    Damage(Damage),
    /// The end of what is whole; what is behind it was not confirmed.
    End(u64),
}

/// `voices`, open for reading.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) owner: Owner,
    pub(crate) generation: Generation,
    /// A copy of the head that is not what was written.
    pub(crate) head_damage: Option<Damage>,
}

/// A copy of the head.
pub(crate) fn head_copy(owner: &Owner, generation: Generation) -> Result<Vec<u8>, RegisterError> {
    let json = serde_json::to_vec(owner).unwrap_or_default();
    let most = HEAD_COPY - size_of::<VoicesHead>();
    if json.len() > most {
        return Err(RegisterError::TooLarge {
            what: "the description of a model",
            found: json.len(),
            most,
        });
    }
    let mut head = VoicesHead {
        magic: VOICES_MAGIC,
        format_version: FORMAT_VERSION,
        dim: owner.dim as u32,
        generation,
        json_len: json.len() as u32,
        check: 0,
    };
    let copy = |head: &VoicesHead| {
        let mut copy = bytemuck::bytes_of(head).to_vec();
        copy.extend(&json);
        copy.resize(HEAD_COPY, 0);
        copy
    };
    head.check = crc32c::crc32c(&copy(&head));
    Ok(copy(&head))
}

/// What a copy of the head says.
enum HeadCopy {
    Sound(Owner, Generation),
    Newer(u32),
    Damaged,
}

fn read_head(copy: &[u8]) -> HeadCopy {
    let size = size_of::<VoicesHead>();
    let head: VoicesHead = bytemuck::pod_read_unaligned(&copy[..size]);
    if head.magic != VOICES_MAGIC {
        return HeadCopy::Damaged;
    }
    let mut unsealed = copy.to_vec();
    unsealed[..size].copy_from_slice(bytemuck::bytes_of(&VoicesHead { check: 0, ..head }));
    if crc32c::crc32c(&unsealed) != head.check {
        return HeadCopy::Damaged;
    }
    if head.format_version > FORMAT_VERSION {
        return HeadCopy::Newer(head.format_version);
    }
    let json = copy[size..].get(..head.json_len as usize);
    match json.and_then(|json| serde_json::from_slice::<Owner>(json).ok()) {
        Some(owner) if head.dim > 0 => HeadCopy::Sound(
            Owner {
                dim: head.dim as usize,
                ..owner
            },
            head.generation,
        ),
        _ => HeadCopy::Damaged,
    }
}

impl Log {
    pub(crate) fn open(path: &Path) -> Result<Self, RegisterError> {
        let mut file = File::open(path).map_err(RegisterError::io("open", path))?;
        let mut head = Vec::new();
        (&mut file)
            .take(FIRST_FRAME)
            .read_to_end(&mut head)
            .map_err(RegisterError::io("read", path))?;
        head.resize(FIRST_FRAME as usize, 0);
        let (first, second) = head.split_at(HEAD_COPY);
        let damage = |offset: usize| Damage {
            path: path.to_owned(),
            offset: offset as u64,
            num_bytes: HEAD_COPY as u64,
            found: "one of the two copies of the file's head does not have its checksum".to_owned(),
        };
        let (owner, generation, head_damage) = match (read_head(first), read_head(second)) {
            (HeadCopy::Sound(owner, generation), HeadCopy::Sound(..)) => (owner, generation, None),
            (HeadCopy::Newer(found), _) | (_, HeadCopy::Newer(found)) => {
                return Err(RegisterError::Newer {
                    path: path.to_owned(),
                    found,
                    known: FORMAT_VERSION,
                });
            }
            (HeadCopy::Sound(owner, generation), _) => (owner, generation, Some(damage(HEAD_COPY))),
            (_, HeadCopy::Sound(owner, generation)) => (owner, generation, Some(damage(0))),
            (HeadCopy::Damaged, HeadCopy::Damaged) => {
                return Err(RegisterError::Damaged {
                    path: path.to_owned(),
                    found: "neither copy of its head has its checksum".to_owned(),
                });
            }
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            owner,
            generation,
            head_damage,
        })
    }

    /// Bytes that the file has by now.
    pub(crate) fn num_bytes(&self) -> Result<u64, RegisterError> {
        let metadata = self.file.metadata();
        Ok(metadata
            .map_err(RegisterError::io("read", &self.path))?
            .len())
    }

    /// The head of the frame at `offset`, where there is one.
    pub(crate) fn frame_head(&self, offset: u64) -> Result<Option<FrameHead>, RegisterError> {
        let mut bytes = [0; FRAME_HEAD];
        match read_at(&self.file, &mut bytes, offset) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(RegisterError::io("read", &self.path)(error)),
        }
        let head: FrameHead = bytemuck::pod_read_unaligned(&bytes);
        let is_ours = head.is_sound()
            && head.dim as usize == self.owner.dim
            && head.body_len() <= LARGEST
            && head.previous < offset;
        Ok(is_ours.then_some(head))
    }

    /// The frame at `offset`, or what is wrong with the bytes there.
    pub(crate) fn frame(&self, offset: u64) -> Result<Result<Frame, Damage>, RegisterError> {
        let damage = |num_bytes: u64, found: String| Damage {
            path: self.path.clone(),
            offset,
            num_bytes,
            found,
        };
        let Some(head) = self.frame_head(offset)? else {
            let found = "here an addition to a voice should begin".to_owned();
            return Ok(Err(damage(FRAME_HEAD as u64, found)));
        };
        let mut body = vec![0; head.body_len() as usize];
        match read_at(&self.file, &mut body, offset + FRAME_HEAD as u64) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                let found = "the file ends within an addition to a voice".to_owned();
                return Ok(Err(damage(head.frame_len(), found)));
            }
            Err(error) => return Err(RegisterError::io("read", &self.path)(error)),
        }
        Ok(frame::decode(&head, &body).map_err(|found| damage(head.frame_len(), found)))
    }

    /// The frame at `offset` or behind it, or what is there instead.
    pub(crate) fn next(&self, offset: u64) -> Result<Next, RegisterError> {
        let end = self.num_bytes()?;
        let head = match offset < end {
            true => self.frame_head(offset)?,
            false => return Ok(Next::End(offset)),
        };
        if let Some(head) = head {
            if offset + head.frame_len() > end {
                return self.unfinished_or_damaged(offset, end);
            }
            return Ok(match self.frame(offset)? {
                Ok(frame) => Next::Frame(offset, frame),
                Err(damage) => Next::Damage(damage),
            });
        }
        self.unfinished_or_damaged(offset, end)
    }

    /// No whole frame begins at `offset`: an addition that was cut off has nothing behind it, all else is damage up to the next frame.
    fn unfinished_or_damaged(&self, offset: u64, end: u64) -> Result<Next, RegisterError> {
        let found = "these bytes are no addition to a voice".to_owned();
        let damage = |until: u64, found: String| {
            Next::Damage(Damage {
                path: self.path.clone(),
                offset,
                num_bytes: until - offset,
                found,
            })
        };
        if let Some(next) = self.find_frame(offset + 1, end)? {
            return Ok(damage(next, found));
        }
        let mut begin = vec![0; (end - offset).min(FRAME_HEAD as u64) as usize];
        read_at(&self.file, &mut begin, offset).map_err(RegisterError::io("read", &self.path))?;
        // What a writer leaves that was killed or had no room: the beginning of a frame.
        let is_begun = match begin.first_chunk::<FRAME_HEAD>() {
            None => FRAME_MAGIC.iter().zip(&begin).all(|(a, b)| a == b),
            Some(head) => bytemuck::pod_read_unaligned::<FrameHead>(head).is_sound(),
        };
        // What a file system may leave after a power failure: room without content.
        let is_begun = is_begun || self.is_all_zero(offset, end)?;
        Ok(match is_begun {
            true => Next::End(offset),
            false => damage(end, found),
        })
    }

    /// Where the first sound frame begins in a range.
    fn find_frame(&self, from: u64, end: u64) -> Result<Option<u64>, RegisterError> {
        let mut found = None;
        self.pieces(from, end, |at, piece| {
            for place in memchr(FRAME_MAGIC[0], piece) {
                let offset = at + place as u64;
                if piece[place..]
                    .starts_with(&FRAME_MAGIC[..FRAME_MAGIC.len().min(piece.len() - place)])
                    && self
                        .frame_head(offset)?
                        .is_some_and(|head| offset + head.frame_len() <= end)
                {
                    found = Some(offset);
                    return Ok(false);
                }
            }
            Ok(true)
        })?;
        Ok(found)
    }

    fn is_all_zero(&self, from: u64, end: u64) -> Result<bool, RegisterError> {
        let mut is_zero = true;
        self.pieces(from, end, |_, piece| {
            is_zero = piece.iter().all(|&byte| byte == 0);
            Ok(is_zero)
        })?;
        Ok(is_zero)
    }

    /// Hands the bytes of a range to `each` piece by piece, until it says no.
    fn pieces(
        &self,
        from: u64,
        end: u64,
        mut each: impl FnMut(u64, &[u8]) -> Result<bool, RegisterError>,
    ) -> Result<(), RegisterError> {
        const PIECE: u64 = 1 << 18;
        let mut buffer = vec![0; PIECE as usize];
        let mut at = from;
        while at < end {
            let piece = &mut buffer[..PIECE.min(end - at) as usize];
            read_at(&self.file, piece, at).map_err(RegisterError::io("read", &self.path))?;
            if !each(at, piece)? {
                return Ok(());
            }
            at += piece.len() as u64;
        }
        Ok(())
    }
}

/// Places of a byte.
fn memchr(byte: u8, bytes: &[u8]) -> impl Iterator<Item = usize> {
    let places = bytes.iter().enumerate();
    places
        .filter(move |(_, found)| **found == byte)
        .map(|(at, _)| at)
}

/// Reads all of `bytes` from `offset` on, wherever other readers of the file stand.
#[cfg(unix)]
pub(crate) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> IoResult<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

/// Reads all of `bytes` from `offset` on, wherever other readers of the file stand.
#[cfg(windows)]
pub(crate) fn read_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> IoResult<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        let read = file.seek_read(bytes, offset)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        offset += read as u64;
    }
    Ok(())
}
