//! What the names of VoxCeleb's utterances tell.

/// An utterance by its name: `id10270/x6uYqmx31kE/00001.wav`, or Kaldi's `id10270-x6uYqmx31kE-00001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VoxcelebName<'a> {
    /// `id10270`.
    pub speaker: &'a str,
    /// The YouTube id of the video: 11 characters.
    pub video: &'a str,
    /// `00001`.
    pub number: &'a str,
}

impl<'a> VoxcelebName<'a> {
    /// Reads a name; folders before it and an ending after it are allowed.
    pub fn parse(name: &'a str) -> Option<Self> {
        let mut parts = name.rsplit('/');
        let (file, video, speaker) = (parts.next()?, parts.next(), parts.next());
        let stem = file.split('.').next()?;
        let found = match (speaker, video) {
            (Some(speaker), Some(video)) => Self {
                speaker,
                video,
                number: stem,
            },
            // The video's id may hold and begin with hyphens itself.
            _ => Self {
                speaker: stem.get(..7)?,
                video: stem.get(7..)?.strip_prefix('-')?.get(..11)?,
                number: stem.get(19..)?.strip_prefix('-')?,
            },
        };
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let digits = found.speaker.strip_prefix("id")?;
        let is_right = digits.len() == 5
            && is_number(digits)
            && found.video.len() == 11
            && found.number.len() == 5
            && is_number(found.number);
        is_right.then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_name_are_read() {
        for name in [
            "id10270/x6uYqmx31kE/00001.wav",
            "wav/id10270/x6uYqmx31kE/00001.m4a",
            "id10270-x6uYqmx31kE-00001",
        ] {
            let found = VoxcelebName::parse(name).unwrap();
            assert_eq!(
                (found.speaker, found.video, found.number),
                ("id10270", "x6uYqmx31kE", "00001"),
                "{name}"
            );
        }
        assert_eq!(
            VoxcelebName::parse("id10270/-_uY-mx31kE/00001.wav")
                .unwrap()
                .video,
            "-_uY-mx31kE"
        );
        assert_eq!(
            VoxcelebName::parse("id10270--_uY-mx31kE-00001")
                .unwrap()
                .video,
            "-_uY-mx31kE"
        );
        for other in [
            "ann/day/1.wav",
            "id10270/x6uYqmx31kE/1.wav",
            "id1027/x6uYqmx31kE/00001.wav",
            "",
            "ïd10270-äöü",
        ] {
            assert_eq!(VoxcelebName::parse(other), None, "{other}");
        }
    }
}
