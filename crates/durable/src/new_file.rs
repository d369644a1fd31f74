//! A file on its way to its place.

use std::fs::File;
use std::io::{BufWriter, Result, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// How the names of files begin that are not at their place yet. A process that is killed leaves them behind.
pub const UNFINISHED: &str = ".unfinished-";

/// A file that is written beside its place, and takes it when it is whole. Dropped before [`NewFile::finish`], it is
/// deleted, and what was at its place stays.
///
/// What is at a place that is no file, a pipe or a device, stays there and is given the whole of it at the end.
#[derive(Debug)]
pub struct NewFile {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
    is_stream: bool,
}

/// Whether what is at `path` is neither a file nor a folder, but a pipe, a device or one of the process's own outputs: it
/// cannot be replaced, but be written to.
pub fn is_stream(path: &Path) -> bool {
    let is_own = ["/dev/fd", "/dev/std", "/proc/self/fd"]
        .iter()
        .any(|begin| {
            path.as_os_str()
                .as_encoded_bytes()
                .starts_with(begin.as_bytes())
        });
    let metadata = std::fs::metadata(path);
    metadata.is_ok_and(|found| is_own || !(found.is_file() || found.is_dir()))
}

impl NewFile {
    /// Begins a file that will be at `path`, whose folder must exist.
    ///
    /// # Errors
    /// The system's, where the folder is missing, full or not writable.
    pub fn create(path: &Path) -> Result<Self> {
        Self::create_with(path, builder())
    }

    /// As [`NewFile::create`], a file that nobody but its owner may read or write.
    ///
    /// # Errors
    /// As [`NewFile::create`].
    pub fn create_private(path: &Path) -> Result<Self> {
        Self::create_with(path, private_builder())
    }

    fn create_with(path: &Path, builder: tempfile::Builder<'_, '_>) -> Result<Self> {
        let is_stream = is_stream(path);
        let file = match is_stream {
            true => builder.tempfile()?,
            false => builder.tempfile_in(folder_of(path))?,
        };
        Ok(Self {
            file: BufWriter::new(file),
            path: path.to_owned(),
            is_stream,
        })
    }

    /// Where the file will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the file, gives it its name and syncs the folder.
    ///
    /// # Errors
    /// The system's. Where it is the folder that cannot be synced, the file has its name already.
    pub fn finish(self) -> Result<()> {
        self.finish_by(|file| file.sync_all())
    }

    /// As [`NewFile::finish`]; `sync` is given the file and then its folder.
    fn finish_by(self, mut sync: impl FnMut(&File) -> Result<()>) -> Result<()> {
        let file = self.file.into_inner().map_err(|error| error.into_error())?;
        if self.is_stream {
            let mut file = file.into_file();
            file.rewind()?;
            let mut stream = File::options().write(true).open(&self.path)?;
            std::io::copy(&mut file, &mut stream)?;
            return stream.flush();
        }
        sync(file.as_file())?;
        file.persist(&self.path).map_err(|error| error.error)?;
        with_folder(folder_of(&self.path), sync)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }
}

impl Seek for NewFile {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.file.seek(to)
    }
}

/// Writes `bytes` to a new file that takes the place of what is at `path`.
///
/// # Errors
/// The system's, where the folder is missing, full or not writable.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = NewFile::create(path)?;
    file.write_all(bytes)?;
    file.finish()
}

/// Makes sure that the names in `folder` outlive a power failure: those of files that were renamed or deleted by other
/// means, or of folders that were made in it.
///
/// # Errors
/// The system's.
pub fn sync_folder(folder: &Path) -> Result<()> {
    with_folder(folder, |folder| folder.sync_all())
}

/// Windows has no handle of a folder that could be synced.
#[cfg_attr(
    not(unix),
    allow(unused_variables, reason = "there is nothing to do for them")
)]
fn with_folder(folder: &Path, sync: impl FnOnce(&File) -> Result<()>) -> Result<()> {
    #[cfg(unix)]
    sync(&File::open(folder)?)?;
    Ok(())
}

/// The folder that `path` lies in; the current one for a name alone.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Temporary files are private to their owner.
fn private_builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    builder
}

/// A finished file has the permissions of any other new file.
#[cfg_attr(
    not(unix),
    allow(unused_mut, reason = "there are no permissions to set")
)]
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = private_builder();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    fn begun(path: &Path) -> NewFile {
        std::fs::write(path, "old").unwrap();
        let mut file = NewFile::create(path).unwrap();
        file.write_all(b"new").unwrap();
        file
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_synced_before_it_has_its_name_and_the_folder_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut synced = Vec::new();
        let file = begun(&path);
        file.finish_by(|file| {
            let is_folder = file.metadata()?.is_dir();
            synced.push((is_folder, std::fs::read_to_string(&path)?));
            file.sync_all()
        })
        .unwrap();
        assert_eq!(
            synced,
            [(false, "old".to_owned()), (true, "new".to_owned())]
        );
    }

    #[test]
    fn a_file_that_cannot_be_synced_leaves_the_old_one_and_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let full = |_: &File| Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
        let error = begun(&path).finish_by(full).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn a_file_that_is_given_up_leaves_the_old_one_and_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        drop(begun(&path));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn a_name_that_is_a_folder_is_refused_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("folder");
        std::fs::create_dir(&path).unwrap();
        write(&path, b"new").unwrap_err();
        assert_eq!(names(folder.path()), ["folder"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_stays_and_is_given_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        if !made.is_ok_and(|status| status.success()) {
            // Some file systems have no pipes.
            return;
        }
        assert!(is_stream(&path) && !is_stream(folder.path()));
        let reader = {
            let path = path.clone();
            std::thread::spawn(move || std::fs::read_to_string(path).unwrap())
        };
        write(&path, b"whole").unwrap();
        assert_eq!(reader.join().unwrap(), "whole");
        assert!(is_stream(&path));
        assert_eq!(names(folder.path()), ["pipe"]);
        write(Path::new("/dev/null"), b"gone").unwrap();
        assert!(is_stream(Path::new("/dev/null")));
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("none/file"), b"new").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    }

    #[test]
    fn a_name_alone_lies_in_the_current_folder() {
        assert_eq!(folder_of(Path::new("file")), Path::new("."));
        assert_eq!(folder_of(Path::new("a/file")), Path::new("a"));
    }
}
