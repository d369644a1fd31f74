//! Miniature corpora in the layouts of the real ones.

#![allow(dead_code, clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// 16-bit samples of half a second of a buzz at 16 kHz that differs from seed to seed.
pub(crate) fn samples(seed: u32) -> Vec<i16> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    (0..8_000u32)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 20) as i32 - 2_048;
            let buzz = (i * (97 + seed % 31) % 16_000) as i32 - 8_000;
            (buzz / 2 + noise) as i16
        })
        .collect()
}

/// The samples as a WAV file. Decoders go by content, so that this serves under any name.
pub(crate) fn wav(seed: u32) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
    samples(seed)
        .into_iter()
        .for_each(|sample| writer.write_sample(sample).unwrap());
    writer.finalize().unwrap();
    file.into_inner()
}

/// The samples as TIMIT has them: SPHERE, with the header fields of its discs.
pub(crate) fn sphere(seed: u32, sentence: &str) -> Vec<u8> {
    let samples = samples(seed);
    let text = format!(
        "NIST_1A\n   1024\ndatabase_id -s5 TIMIT\ndatabase_version -s3 1.0\nutterance_id -s8 {sentence}\nchannel_count -i 1\nsample_count -i {}\nsample_rate -i 16000\nsample_min -i -2191\nsample_max -i 2790\nsample_n_bytes -i 2\nsample_byte_format -s2 01\nsample_sig_bits -i 16\nend_head\n",
        samples.len()
    );
    let mut bytes = text.into_bytes();
    bytes.resize(1024, b' ');
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    bytes
}

/// Writes a file and the folders above it.
pub(crate) fn put(root: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

pub(crate) fn librispeech(folder: &Path) {
    let root = folder.join("LibriSpeech");
    put(&root, "README.TXT", "1. General information\n");
    put(
        &root,
        "CHAPTERS.TXT",
        ";ID |READER|MINUTES| SUBSET| PROJ.|BOOK ID| CH. TITLE\n",
    );
    put(
        &root,
        "SPEAKERS.TXT",
        "; Some pipe(|) separated metadata about all LibriVox readers, whose work was used\n; in the corpus.\n;\n;ID  |SEX| SUBSET           |MINUTES| NAME\n19   | F | train-clean-100  | 25.19 | Kara Shallenberg\n60   | M | train-clean-100  | 20.18 | |CBW|Simon\n84   | F | dev-clean        | 8.02  | Christie Nowak\n174  | M | dev-clean        | 8.04  | Peter Eastman\n",
    );
    let takes = [
        ("train-clean-100", 19, 198, 2),
        ("train-clean-100", 19, 227, 1),
        ("train-clean-100", 60, 121082, 2),
        ("dev-clean", 84, 121123, 2),
        ("dev-clean", 84, 121550, 1),
    ];
    for (subset, speaker, chapter, count) in takes {
        for number in 0..count {
            let name = format!("{subset}/{speaker}/{chapter}/{speaker}-{chapter}-{number:04}.flac");
            put(&root, &name, wav(speaker * 100 + chapter + number));
        }
        let text = format!("{subset}/{speaker}/{chapter}/{speaker}-{chapter}.trans.txt");
        put(
            &root,
            &text,
            format!("{speaker}-{chapter}-0000 CHAPTER ONE\n"),
        );
    }
}

/// Ten sentences of two speakers in each split, as on the disc.
pub(crate) fn timit(folder: &Path) {
    let root = folder.join("TIMIT");
    put(
        &root,
        "DOC/SPKRINFO.TXT",
        "; Speaker information\n;ID  Sex DR Use  RecDate   BirthDate  Ht    Race Edu  Comments\nCJF0  F  1  TRN  02/14/86  03/08/60  5'05\"  WHT  HS   \nDAC0  F  1  TRN  02/21/86  01/04/62  5'06\"  WHT  ??   RAISED ALL OVER\nAKS0  F  1  TST  02/14/86  03/08/60  5'05\"  WHT  MS\nDAB0  M  1  TST  02/14/86  11/28/61  5'11\"  WHT  BS\n",
    );
    let sentences = [
        "SA1", "SA2", "SI1027", "SI1657", "SI648", "SX127", "SX217", "SX307", "SX37", "SX397",
    ];
    let speakers = [
        ("TRAIN", "FCJF0"),
        ("TRAIN", "FDAC0"),
        ("TEST", "FAKS0"),
        ("TEST", "MDAB0"),
    ];
    for (at, (split, speaker)) in speakers.into_iter().enumerate() {
        for (number, sentence) in sentences.into_iter().enumerate() {
            let stem = format!("{split}/DR1/{speaker}/{sentence}");
            put(
                &root,
                &format!("{stem}.WAV"),
                sphere((10 * at + number) as u32, &sentence.to_lowercase()),
            );
            put(
                &root,
                &format!("{stem}.TXT"),
                "0 46797 She had your dark suit in greasy wash water all year.\n",
            );
            put(&root, &format!("{stem}.PHN"), "0 3050 h#\n");
            put(&root, &format!("{stem}.WRD"), "3050 5723 she\n");
        }
    }
}

pub(crate) fn vctk(folder: &Path) {
    let root = folder.join("VCTK-Corpus-0.92");
    put(
        &root,
        "speaker-info.txt",
        "ID  AGE  GENDER  ACCENTS  REGION COMMENTS \np225  23  F    English    Southern  England\np226  22  M    English    Surrey\np315  18  M    American   New   England (mic2 files unavailable)\ns5     22  F   British \n",
    );
    for (at, speaker) in ["p225", "p226", "s5"].into_iter().enumerate() {
        for sentence in 1..=2 {
            for microphone in 1..=2 {
                let name = format!(
                    "wav48_silence_trimmed/{speaker}/{speaker}_{sentence:03}_mic{microphone}.flac"
                );
                put(
                    &root,
                    &name,
                    wav((100 * at + 10 * sentence + microphone) as u32),
                );
            }
            put(
                &root,
                &format!("txt/{speaker}/{speaker}_{sentence:03}.txt"),
                "Please call Stella.\n",
            );
        }
    }
    put(
        &root,
        "wav48_silence_trimmed/p315/p315_001_mic1.flac",
        wav(900),
    );
    put(&root, "wav48_silence_trimmed/log.txt", "");
}

pub(crate) fn common_voice(folder: &Path) {
    let root = folder.join("cy");
    let header = "client_id\tpath\tsentence_id\tsentence\tsentence_domain\tup_votes\tdown_votes\tage\tgender\taccents\tvariant\tlocale\tsegment\n";
    let row = |client: &str, number: u32, gender: &str, sentence: &str| {
        format!(
            "{client}\tcommon_voice_cy_{number}.mp3\tf00d\t{sentence}\t\t2\t0\ttwenties\t{gender}\t\t\tcy\t\n"
        )
    };
    let [ann, bob, eve] = ["a", "b", "e"].map(|letter| letter.repeat(128));
    let train = [
        row(&ann, 1, "female_feminine", "Mae \"hi'n braf"),
        row(&ann, 2, "female_feminine", "Bore da"),
    ]
    .concat();
    let test = row(&bob, 3, "male", "Nos da");
    let other = row(&eve, 5, "", "Diolch");
    put(&root, "train.tsv", format!("{header}{train}"));
    put(&root, "dev.tsv", header);
    put(&root, "test.tsv", format!("{header}{test}"));
    let alone = row(&eve, 4, "do_not_wish_to_say", "Iechyd da");
    put(
        &root,
        "validated.tsv",
        format!("{header}{train}{test}{alone}"),
    );
    put(&root, "other.tsv", format!("{header}{other}"));
    put(&root, "clip_durations.tsv", "clip\tduration[ms]\n");
    for number in 1..=5 {
        put(
            &root,
            &format!("clips/common_voice_cy_{number}.mp3"),
            wav(number),
        );
    }
}

pub(crate) fn cn_celeb(folder: &Path) {
    let root = folder.join("CN-Celeb_flac");
    put(&root, "dev/dev.lst", "id00000\nid00001\n");
    let files = [
        "data/id00000/singing-01-001",
        "data/id00000/singing-01-002",
        "data/id00000/interview-02-001",
        "data/id00001/vlog-01-001",
        "data/id00800/singing-01-001",
        "eval/enroll/id00800-enroll",
        "eval/enroll/id00801-enroll",
        "eval/test/id00800-singing-01-001",
        "eval/test/id00801-live_broadcast-03-002",
    ];
    for (at, file) in files.into_iter().enumerate() {
        put(&root, &format!("{file}.flac"), wav(at as u32));
    }
    put(
        &root,
        "eval/lists/enroll.lst",
        "id00800-enroll enroll/id00800-enroll.wav\nid00801-enroll enroll/id00801-enroll.wav\n",
    );
    put(
        &root,
        "eval/lists/test.lst",
        "test/id00800-singing-01-001.wav\ntest/id00801-live_broadcast-03-002.wav\n",
    );
    put(
        &root,
        "eval/lists/trials.lst",
        "id00800-enroll test/id00800-singing-01-001.wav 1\nid00800-enroll test/id00801-live_broadcast-03-002.wav 0\nid00801-enroll test/id00801-live_broadcast-03-002.wav 1\n",
    );
    let second = folder.join("CN-Celeb2_flac");
    put(&second, "spk.lst", "id10000\n");
    put(&second, "data/id10000/drama-01-001.flac", wav(50));
}

/// One recording of two speakers, and one with a segment of a third.
pub(crate) fn kaldi(folder: &Path) {
    put(folder, "call1.wav", wav(1));
    put(folder, "call2.wav", wav(2));
    put(folder, "wav.scp", "call1 call1.wav\ncall2 call2.wav\n");
    put(
        folder,
        "segments",
        "ann-call1-1 call1 0.00 0.25\nbob-call1-2 call1 0.25 0.5\nann-call2-1 call2 0.1 0.4\n",
    );
    put(
        folder,
        "utt2spk",
        "ann-call1-1 ann\nann-call2-1 ann\nbob-call1-2 bob\n",
    );
    put(
        folder,
        "spk2utt",
        "ann ann-call1-1 ann-call2-1\nbob bob-call1-2\n",
    );
    put(folder, "spk2gender", "ann f\nbob m\n");
}
