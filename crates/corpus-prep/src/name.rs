//! Names in archives and trees: what they mean, and which are not to be trusted.

/// An utterance by the last three parts of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UtteranceName<'a> {
    /// `id10001`.
    pub(crate) speaker: &'a str,
    /// The video's id, which may begin with `-` or `_`.
    pub(crate) video: &'a str,
    /// `00001.wav`.
    pub(crate) file: &'a str,
}

impl<'a> UtteranceName<'a> {
    /// Reads `…/id10001/VIDEO/00001.wav` with any folders before; `None` for whatever is no recording of VoxCeleb.
    pub(crate) fn parse(path: &'a str) -> Option<Self> {
        let mut parts = path.rsplit('/');
        let (file, video, speaker) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = speaker.strip_prefix("id")?;
        let (stem, ending) = file.rsplit_once('.')?;
        let is_audio = ["wav", "m4a", "aac", "mp4", "flac"].contains(&ending);
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let is_video = !video.is_empty() && !video.starts_with('.');
        (digits.len() == 5 && is_number(digits) && is_audio && is_number(stem) && is_video)
            .then_some(Self {
                speaker,
                video,
                file,
            })
    }

    /// The name that trial lists use: `id10001/VIDEO/00001.wav`.
    pub(crate) fn joined(self) -> String {
        format!("{}/{}/{}", self.speaker, self.video, self.file)
    }
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
            let name = UtteranceName::parse(&path).unwrap();
            assert_eq!(name.joined(), "id10001/-_zXg3Jd5ZE/00001.wav");
        }
        for other in [
            "wav/id10001/00001.wav",
            "wav/id10001/video/",
            "wav/id10001/video/._00001.wav",
            "wav/id10001/video/00001.txt",
            "wav/id1000x/video/00001.wav",
            "id10001/../00001.wav",
        ] {
            assert_eq!(UtteranceName::parse(other), None, "{other}");
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
