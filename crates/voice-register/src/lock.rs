//! One process writes at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::RegisterError;
use crate::layout::LOCK;

/// How often a lock is asked for that another process holds.
const EVERY: Duration = Duration::from_millis(10);

/// The right to write, until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "it is held")] File);

impl Lock {
    /// Waits for the lock of a register for so long.
    pub(crate) fn take(folder: &Path, wait: Duration) -> Result<Self, RegisterError> {
        let path = folder.join(LOCK);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options);
        let mut file = options
            .open(&path)
            .map_err(RegisterError::io("write to", &path))?;
        let begin = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begin.elapsed() < wait => {
                    std::thread::sleep(EVERY)
                }
                Err(TryLockError::WouldBlock) => {
                    let mut text = String::new();
                    let read = file.read_to_string(&mut text);
                    return Err(RegisterError::Busy {
                        path: folder.to_owned(),
                        by: read.ok().and_then(|_| text.trim().parse().ok()),
                    });
                }
                Err(TryLockError::Error(error)) => {
                    return Err(RegisterError::io("lock", &path)(error));
                }
            }
        }
        // Only so that others can say who writes: where there is no room for it, they say less.
        let _ = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| write!(file, "{}", std::process::id()));
        Ok(Self(file))
    }
}

/// A new file is its owner's alone.
pub(crate) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}
