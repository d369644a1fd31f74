//! What a user reads who made a mistake.

use end_to_end::{Place, siamang, write_corpus};

fn shown(arguments: &str) -> String {
    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    place.write("bad.wav", "");
    place.write("short.txt", "1 s0/0.wav\nnonsense\n");
    place.run(arguments).shown()
}

#[test]
fn a_model_that_is_none() {
    insta::assert_snapshot!(shown("embed --model corpus corpus --out e.npy"), @r#"
    exit code: 1
    --- stderr
    error: `--model`: `corpus` is neither a bundle (no `bundle.toml`) nor a run with a checkpoint

    help: give the directory that `siamang train --out` wrote, or one that holds `bundle.toml`
    --- stdout
    "#);
    insta::assert_snapshot!(shown("embed --model nowhere corpus --out e.npy"), @r#"
    exit code: 1
    --- stderr
    error: `--model`: `nowhere` does not exist

    help: give the directory that `siamang train --out` wrote, or one that holds `bundle.toml`
    --- stdout
    "#);
}

#[test]
fn an_ending_that_is_no_format() {
    insta::assert_snapshot!(shown("embed --model model corpus --out e.csv"), @r#"
    exit code: 2
    --- stderr
    error: `e.csv`: no format of embeddings has the ending `csv`

    help: name the file `.jsonl`, `.npy` or `.parquet`
    --- stdout
    "#);
}

#[test]
fn a_device_that_is_not_built_in() {
    let text = shown("verify --device gpu --model model bad.wav bad.wav");
    // What is built in depends on the features of the build.
    insta::assert_snapshot!(text.split(" are: ").next().unwrap_or_default(), @r#"
    exit code: 2
    --- stderr
    error: `--device`: `gpu` is not built in

    help: the devices of this build
    "#);
}

#[test]
fn a_recording_that_is_none() {
    insta::assert_snapshot!(shown("verify --model model bad.wav corpus/s0/0.wav"), @r#"
    exit code: 1
    --- stderr
    error: `bad.wav` is empty (0 bytes), expected audio; make or download the file again

    help: all recordings are needed; see `siamang check` for a look at many
    --- stdout
    "#);
    insta::assert_snapshot!(shown("embed --model model bad.wav nowhere.wav --out e.npy"), @r#"
    exit code: 1
    --- stderr
    skipped: `bad.wav` is empty (0 bytes), expected audio; make or download the file again
    skipped: cannot read `nowhere.wav`: No such file or directory (os error 2); check that the path exists and may be read
    error: none of the 2 recordings can be used

    help: the lines above say why; check the paths, or convert the files
    --- stdout
    "#);
}

/// What to do is not part of the message, so that nothing in a name can be taken for it.
#[test]
fn a_name_with_a_semicolon_is_shown_whole() {
    let place = Place::new();
    let output = siamang(&place.path(""))
        .args(["doctor", "my; run"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let (message, help) = stderr.split_once("\nhelp: ").unwrap();
    assert!(
        message.starts_with("error: ") && message.contains("my; run"),
        "{stderr}"
    );
    assert!(message.contains("does not exist"), "{stderr}");
    assert!(!help.contains("run/"), "{stderr}");
}

#[test]
fn a_list_of_bad_lines() {
    insta::assert_snapshot!(shown("eval --model model --root corpus --trials short.txt"), @r#"
    exit code: 1
    --- stderr
    error: short.txt: 2 bad lines of a trial list, expected `1 pathA pathB` and `0 pathA pathB`, or `uttA uttB target` and `uttA uttB nontarget`, one form per file
      short.txt:1: `1 s0/0.wav` has 2 fields instead of 3
      short.txt:2: `nonsense` has 1 fields instead of 3
    --- stdout
    "#);
}

#[test]
fn a_folder_without_recordings() {
    insta::assert_snapshot!(shown("cluster --model model model"), @r#"
    exit code: 1
    --- stderr
    error: no recordings in `model`

    help: in folders, recordings are recognised by their endings (wav, flac, mp3, ogg, m4a, aiff, caf and their relatives); name others one by one
    --- stdout
    "#);
    insta::assert_snapshot!(shown("check model"), @r#"
    exit code: 1
    --- stderr
    error: model: no recordings found. None of 3 files is audio in a speaker's folder; 0 could not be placed.
    layouts looked for:
      a folder:      <speaker>/<utterance>.<audio> and <speaker>/<session>/<utterance>.<audio>
      a split file:  <folder>/split.tsv with the columns path, speaker, split, …
      CSV or TSV:    a header with path (or audio_filepath, wav, …) and speaker (or spk_id, label, …)
      JSON lines:    {"audio_filepath": …, "speaker": …} a line
      a Kaldi folder: wav.scp and utt2spk, optional segments, spk2gender, utt2session, utt2dur
      others:        Lhotse cuts, WeSpeaker raw.list, shard.list and tars, WebDataset tars, Parquet with sounds,
                     lines of a speaker and a path
    --- stdout
    "#);
}

#[test]
fn an_option_that_is_missing() {
    insta::assert_snapshot!(shown("embed corpus"), @r#"
    exit code: 2
    --- stderr
    error: the following required arguments were not provided:
      --out <FILE>

    Usage: siamang embed --out <FILE> <PATHS>...

    For more information, try '--help'.
    --- stdout
    "#);
}

/// A closed output is not a failure: `siamang … | head -1`.
#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_failure() {
    use std::process::{Command, Stdio};

    let place = Place::new();
    write_corpus(&place.path("corpus"), 2, 2);
    let mut child = Command::new(siamang(&place.path("")).get_program())
        .args(["cluster", "--model", "model", "corpus"])
        .current_dir(place.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("error"), "{stderr}");
}
