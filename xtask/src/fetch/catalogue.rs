//! The corpora, their files and sums.

use anyhow::{Result, bail};

use super::sum::Sum;

/// A corpus that is downloaded file by file.
#[derive(Debug)]
pub(crate) struct Corpus {
    pub(crate) name: &'static str,
    /// Where its files are, unless the user says another place.
    pub(crate) base_url: &'static str,
    pub(crate) licence: &'static str,
    pub(crate) files: &'static [File],
    /// What to run next, in the folder of the files.
    pub(crate) next: &'static str,
}

/// One file of a corpus.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) sum: Sum,
    /// A server that sends more has another file.
    pub(crate) most_bytes: u64,
}

/// Sums: OpenSLR's md5sum.txt, TensorFlow Datasets' checksums.tsv, torchaudio's VCTK_092.
pub(crate) const CORPORA: [Corpus; 3] = [
    Corpus {
        name: "mini-librispeech",
        base_url: "https://www.openslr.org/resources/31",
        licence: "CC BY 4.0",
        files: &[
            File {
                name: "train-clean-5.tar.gz",
                sum: Sum::Md5("5df7d4e78065366204ca6845bb08f490"),
                most_bytes: 1 << 30,
            },
            File {
                name: "dev-clean-2.tar.gz",
                sum: Sum::Md5("6d7ab67ac6a1d2c993d050e16d61080d"),
                most_bytes: 1 << 30,
            },
        ],
        next: "tar xzf train-clean-5.tar.gz && tar xzf dev-clean-2.tar.gz && siamang prepare librispeech . --out libri.store",
    },
    Corpus {
        name: "speech-commands",
        base_url: "https://storage.googleapis.com/download.tensorflow.org/data",
        licence: "CC BY 4.0",
        files: &[File {
            name: "speech_commands_v0.02.tar.gz",
            sum: Sum::Sha256("af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58"),
            most_bytes: 4 << 30,
        }],
        next: "tar xzf speech_commands_v0.02.tar.gz",
    },
    Corpus {
        name: "vctk",
        base_url: "https://datashare.ed.ac.uk/bitstream/handle/10283/3443",
        licence: "CC BY 4.0",
        files: &[File {
            name: "VCTK-Corpus-0.92.zip",
            sum: Sum::Sha256("f96258be9fdc2cbff6559541aae7ea4f59df3fcaf5cf963aae5ca647357e359c"),
            most_bytes: 16 << 30,
        }],
        next: "unzip -q VCTK-Corpus-0.92.zip -d VCTK-Corpus-0.92 && siamang prepare vctk . --out vctk.store",
    },
];

/// The corpus of a name.
pub(crate) fn find(name: &str) -> Result<&'static Corpus> {
    match CORPORA.iter().find(|corpus| corpus.name == name) {
        Some(corpus) => Ok(corpus),
        None => {
            let known: Vec<&str> = CORPORA.iter().map(|corpus| corpus.name).collect();
            bail!(
                "there is no corpus `{name}` to fetch; known are {}",
                known.join(", ")
            )
        }
    }
}
