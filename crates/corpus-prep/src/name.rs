//! Names in archives and trees: what they mean, and which are not to be trusted.

use std::path::Path;

use audio_features::is_audio_path;
use speech_data::VoxcelebName;

/// The recording of VoxCeleb that `…/id10001/VIDEO/00001.wav` is, with any folders before it, and the name that trial
/// lists use: its last three parts. `None` for whatever is not one.
pub(crate) fn recording(path: &str) -> Option<(VoxcelebName<'_>, &str)> {
    let name = VoxcelebName::of_path(path).filter(|_| is_audio_path(Path::new(path)))?;
    let start = path.rmatch_indices('/').nth(2).map_or(0, |(at, _)| at + 1);
    Some((name, path.get(start..)?))
}

/// Why a name from an archive is refused, if it is.
pub(crate) fn hostile(name: &str) -> Option<&'static str> {
    if name.starts_with('/') || name.starts_with('\\') || name.get(1..2) == Some(":") {
        return Some("an absolute path, expected one below the archive");
    }
    if name.split(['/', '\\']).any(|part| part == "..") {
        return Some("`..` in its path, expected folders below the archive");
    }
    if name.contains('\\') {
        return Some("a backslash in its path, expected `/`");
    }
    if name.chars().any(char::is_control) {
        return Some("a control character in its path");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_three_parts_name_an_utterance() {
        for prefix in ["", "wav/", "dev/aac/", "a/b/c/"] {
            let path = format!("{prefix}id10001/-_zXg3Jd5ZE/00001.wav");
            let (name, joined) = recording(&path).unwrap();
            assert_eq!(name.video, "-_zXg3Jd5ZE");
            assert_eq!(joined, "id10001/-_zXg3Jd5ZE/00001.wav");
        }
        for other in [
            "wav/id10001/00001.wav",
            "wav/id10001/video/",
            "wav/id10001/video/._00001.wav",
            "wav/id10001/video/00001.txt",
            "wav/id1000x/video/00001.wav",
            "id10001/../00001.wav",
        ] {
            assert_eq!(recording(other), None, "{other}");
        }
    }

    #[test]
    fn names_that_leave_the_archive_are_refused() {
        for bad in [
            "/etc/id10001/v/00001.wav",
            "../id10001/v/00001.wav",
            "wav/../../id10001/v/00001.wav",
            "C:/id10001/v/00001.wav",
            "wav\\id10001\\v\\00001.wav",
            "wav/id10001/v\n/00001.wav",
        ] {
            assert!(hostile(bad).is_some(), "{bad}");
        }
        assert_eq!(hostile("wav/id10001/..video/00001.wav"), None);
    }
}
