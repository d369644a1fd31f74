//! The corpus's README, which is made with it so that the table cannot differ from the audio.

use std::fmt::Write as _;

use super::cast::{CAST, speaker_name};
use super::lists::{Row, Trial};
use super::tools::Versions;
use super::{NUM_SESSIONS, UTTERANCES_PER_SESSION};

/// The text of `README.md`.
pub(crate) fn readme(
    seed: u64,
    versions: &Versions,
    rows: &[Row],
    dev: &[Trial],
    test: &[Trial],
) -> String {
    let minutes = rows.iter().map(|row| row.seconds).sum::<f64>() / 60.0;
    let voices = CAST.len();
    let utterances = rows.len();
    let (espeak_ng, oggenc) = (&versions.espeak_ng, &versions.oggenc);
    let (num_dev, num_test) = (dev.len(), test.len());
    let mut text = format!(
        "# Synthetic voices

{voices} voices of a speech synthesiser, {NUM_SESSIONS} sessions of {UTTERANCES_PER_SESSION} utterances each: {utterances} files, {minutes:.0} minutes, Ogg Vorbis, 16 kHz, mono.
It is what `siamang train` learns from when it is given no corpus, so that a first run needs no download.

Nobody speaks here. A model trained on these voices tells synthetic voices apart; it says nothing about people, and no
figure measured on them compares with one measured on recordings.

## Files

- `<speaker>/<session>/<utterance>.ogg`
- `split.tsv`: path, speaker, corpus, session, gender, split and seconds of each file. The splits share no voice, and no
  espeak-ng variant. Session names are unique within a voice only.
- `trials/dev.txt` ({num_dev} trials) and `trials/test.txt` ({num_test} trials), in VoxCeleb's form: `1` for one speaker, `0` for
  two, and two paths. Half are targets: every pair of a voice's utterances across its sessions. The non-targets are pairs
  of voices of one gender, equally many a pair.

This README, the lists and the audio are made by one command; do not edit them:

    cargo xtask make-voices --seed {seed}

The same seed with the same versions of the tools gives the same bytes. This copy was made with

- espeak-ng {espeak_ng} (Debian package `espeak-ng`)
- {oggenc} (Debian package `vorbis-tools`)

`cargo xtask make-voices --check` checks counts, sizes, durations, splits and trials of the copy that is here.

## How it is made

espeak-ng reads sentences that were invented for this corpus, and strings of digits, with its own formant voices (no
MBROLA voices). A voice is a language or accent, a variant (formants, bandwidths, voicing, tone), a pitch, a speed and a
warp: a factor on all frequencies, got by resampling, which stands for the length of the vocal tract. Within a voice, pitch
and speed vary a little from utterance to utterance. Voices that share a variant are in one split and differ in the rest.

Each session has a room (a decaying tail of random reflections: reverberation time 0.15 to 0.55 s, tail energy -12 to -1 dB
against the direct sound), a microphone tilt, a noise (power falling as 1/f^0 to 1/f^1.6, signal-to-noise ratio 12 to 30 dB)
and a level (-30 to -20 dBFS). They are drawn without regard to the voice, so that the room does not tell who speaks.

## Voices

| speaker | split | gender | espeak-ng voice | pitch (`-p`) | words a minute | warp |
|---|---|---|---|---|---|---|
"
    );
    for (index, voice) in CAST.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | `{}` | {} | {} | {:.2} |",
            speaker_name(index),
            voice.split.name(),
            voice.gender,
            voice.espeak_name(),
            voice.pitch,
            voice.words_per_minute,
            voice.warp
        );
    }
    text.push_str(
        "
The gender is that of espeak-ng's variant.

## Licence

The sentences, the lists and this README are part of Siamang (MIT OR Apache-2.0). The audio is our own output of a
synthesiser, run on our own sentences and then changed (warp, room, noise, compression).

espeak-ng is free software under the GNU General Public Licence, version 3 or later. None of its program or its data files is
in this folder. Its vowels are computed; for voiceless consonants it plays or mixes short recorded noises that are part of its
data, so that processed traces of them are in the audio, as in anything that espeak-ng says. In our understanding the
output of a program is not a work derived from it unless it copies a substantial part of it, and this does not; the licence of
espeak-ng therefore does not extend to these files. Whatever rights we have in the audio we give up under CC0 1.0
(https://creativecommons.org/publicdomain/zero/1.0/). This says how we understand it; it is not legal advice.
",
    );
    text
}
