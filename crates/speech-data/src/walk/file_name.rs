//! Names of files as text, of which no two are alike.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

/// A name as text: bytes that are no UTF-8 are written `\xfc`, so that names which differ in them stay apart.
pub fn escaped(name: &OsStr) -> Cow<'_, str> {
    if let Some(name) = name.to_str() {
        return Cow::Borrowed(name);
    }
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    Cow::Owned(text)
}

/// The parts of a relative path with `/` between them on every system, each [`escaped`].
pub fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path
        .components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .map(|part| escaped(part.as_os_str()))
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_utf_8_stay_apart_and_all_others_stay_as_they_are() {
        use std::os::unix::ffi::OsStrExt;
        let text = |bytes: &[u8]| escaped(OsStr::from_bytes(bytes)).into_owned();
        assert_eq!(text("Müller\\".as_bytes()), "Müller\\");
        assert_eq!(text(b"M\xfcller"), "M\\xfcller");
        assert_eq!(text(b"M\xf6ller"), "M\\xf6ller");
        assert_eq!(text(b"\\xfc\xfc"), "\\\\xfc\\xfc");
        assert_eq!(
            slashed(Path::new(OsStr::from_bytes(b"./a/\xff.wav"))),
            "a/\\xff.wav"
        );
    }
}
