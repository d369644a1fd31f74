//! What is published of VoxCeleb: files with their sums, and counts.
//!
//! Sums are those of the lists `fileparts.txt` and `files.txt` of voxceleb_trainer, which WeSpeaker, 3D-Speaker and
//! PaddleSpeech repeat; counts were taken from lists of all utterances.

use speech_data::split;

/// A published file.
#[derive(Debug)]
pub(crate) struct KnownFile {
    pub(crate) name: &'static str,
    pub(crate) md5: &'static str,
    /// Size in bytes, where it is known exactly.
    pub(crate) bytes: Option<u64>,
}

const GIB_10: Option<u64> = Some(10 << 30);

const fn file(name: &'static str, md5: &'static str, bytes: Option<u64>) -> KnownFile {
    KnownFile { name, md5, bytes }
}

pub(crate) const FILES: [KnownFile; 17] = [
    file(
        "vox1_dev_wav_partaa",
        "e395d020928bc15670b570a21695ed96",
        GIB_10,
    ),
    file(
        "vox1_dev_wav_partab",
        "bbfaaccefab65d82b21903e81a8a8020",
        GIB_10,
    ),
    file(
        "vox1_dev_wav_partac",
        "017d579a2a96a077f40042ec33e51512",
        GIB_10,
    ),
    file(
        "vox1_dev_wav_partad",
        "7bb1e9f70fddc7a678fa998ea8b3ba19",
        None,
    ),
    file("vox1_dev_wav.zip", "ae63e55b951748cc486645f532ba230b", None),
    file(
        "vox1_test_wav.zip",
        "185fdc63c3c739954633d50379a3d102",
        None,
    ),
    file(
        "vox2_dev_aac_partaa",
        "da070494c573e5c0564b1d11c3b20577",
        GIB_10,
    ),
    file(
        "vox2_dev_aac_partab",
        "17fe6dab2b32b48abaf1676429cdd06f",
        GIB_10,
    ),
    file(
        "vox2_dev_aac_partac",
        "1de58e086c5edf63625af1cb6d831528",
        GIB_10,
    ),
    file(
        "vox2_dev_aac_partad",
        "5a043eb03e15c5a918ee6a52aad477f9",
        GIB_10,
    ),
    file(
        "vox2_dev_aac_partae",
        "cea401b624983e2d0b2a87fb5d59aa60",
        GIB_10,
    ),
    file(
        "vox2_dev_aac_partaf",
        "fc886d9ba90ab88e7880ee98effd6ae9",
        GIB_10,
    ),
    file(
        "vox2_dev_aac_partag",
        "d160ecc3f6ee3eed54d55349531cb42e",
        GIB_10,
    ),
    file(
        "vox2_dev_aac_partah",
        "6b84a81b9af72a9d9eecbb3b1f602e65",
        Some(2_315_355_528),
    ),
    file(
        "vox2_dev_aac.zip",
        "bbc063c46078a602ca71605645c2a402",
        Some(77_477_283_208),
    ),
    file(
        "vox2_aac.zip",
        "bbc063c46078a602ca71605645c2a402",
        Some(77_477_283_208),
    ),
    file(
        "vox2_test_aac.zip",
        "0d2b3ea430a821c33263b5ea37ede312",
        None,
    ),
];

/// The published file of a name.
pub(crate) fn known_file(name: &str) -> Option<&'static KnownFile> {
    FILES.iter().find(|known| known.name == name)
}

/// One of the four sets of VoxCeleb, as published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct KnownSet {
    /// `voxceleb1` or `voxceleb2`.
    pub corpus: &'static str,
    /// `train` for what VoxCeleb calls dev, or `test`.
    pub split: &'static str,
    /// Speakers.
    pub speakers: u64,
    /// Videos.
    pub videos: u64,
    /// Utterances.
    pub utterances: u64,
    /// Length of all utterances, in h.
    pub hours: f64,
}

/// The four sets.
pub(crate) const SETS: [KnownSet; 4] = [
    KnownSet {
        corpus: "voxceleb1",
        split: split::TRAIN,
        speakers: 1_211,
        videos: 21_820,
        utterances: 148_642,
        hours: 340.40,
    },
    KnownSet {
        corpus: "voxceleb1",
        split: split::TEST,
        speakers: 40,
        videos: 676,
        utterances: 4_874,
        hours: 11.20,
    },
    KnownSet {
        corpus: "voxceleb2",
        split: split::TRAIN,
        speakers: 5_994,
        videos: 145_569,
        utterances: 1_092_009,
        hours: 2_360.15,
    },
    KnownSet {
        corpus: "voxceleb2",
        split: split::TEST,
        speakers: 118,
        videos: 4_911,
        utterances: 36_237,
        hours: 80.61,
    },
];

/// Whether a speaker of VoxCeleb1 belongs to its test set, whose ids follow one another.
pub(crate) fn is_vox1_test(speaker: &str) -> bool {
    ("id10270"..="id10309").contains(&speaker)
}
