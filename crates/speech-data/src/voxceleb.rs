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
    /// Reads a name of either form; folders before it and an ending after it are allowed.
    pub fn parse(name: &'a str) -> Option<Self> {
        if let Some(found) = Self::of_path(name).filter(|found| found.is_right()) {
            return Some(found);
        }
        let stem = name.rsplit('/').next()?.split('.').next()?;
        // The video's id may hold and begin with hyphens itself.
        let found = Self {
            speaker: stem.get(..7)?,
            video: stem.get(7..)?.strip_prefix('-')?.get(..11)?,
            number: stem.get(19..)?.strip_prefix('-')?,
        };
        found.is_right().then_some(found)
    }

    /// Reads `…/id10270/x6uYqmx31kE/00001.wav`, with any folders before it. Archives and trees say by their layout that they are
    /// VoxCeleb's, so that a video may have a name of any length here, and a number any digits.
    pub fn of_path(path: &'a str) -> Option<Self> {
        let mut parts = path.rsplit('/');
        let file = parts.next()?;
        let (video, speaker) = (parts.next()?, parts.next()?);
        let number = file.split('.').next()?;
        let is_video = !video.is_empty() && !video.starts_with('.');
        (is_speaker(speaker) && is_video && is_digits(number)).then_some(Self {
            speaker,
            video,
            number,
        })
    }

    fn is_right(&self) -> bool {
        let is_number = |text: &str| text.len() == 5 && is_digits(text);
        is_speaker(self.speaker) && self.video.len() == 11 && is_number(self.number)
    }
}

fn is_speaker(text: &str) -> bool {
    let digits = text.strip_prefix("id");
    digits.is_some_and(|digits| digits.len() == 5 && is_digits(digits))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_may_name_its_videos_as_it_likes() {
        let found = VoxcelebName::of_path("wav/id10001/video/1.wav").unwrap();
        assert_eq!(
            (found.speaker, found.video, found.number),
            ("id10001", "video", "1")
        );
        for other in [
            "id10001//1.wav",
            "id10001/.video/1.wav",
            "id1000x/video/1.wav",
            "id10001/video/._1.wav",
        ] {
            assert_eq!(VoxcelebName::of_path(other), None, "{other}");
        }
    }

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

    #[test]
    fn a_path_needs_its_three_parts() {
        let path = "dev/aac/id00012/21Uxsk56VDQ/00001.m4a";
        let found = VoxcelebName::of_path(path).unwrap();
        assert_eq!((found.speaker, found.video), ("id00012", "21Uxsk56VDQ"));
        assert_eq!(VoxcelebName::of_path("id00012-21Uxsk56VDQ-00001"), None);
        assert_eq!(VoxcelebName::of_path("21Uxsk56VDQ/00001.m4a"), None);
        // Kaldi's names may lie in a folder, too.
        let kaldi = VoxcelebName::parse("wav/id10270-x6uYqmx31kE-00001.wav").unwrap();
        assert_eq!(kaldi.number, "00001");
    }
}
