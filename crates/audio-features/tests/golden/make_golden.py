#!/usr/bin/env python3
"""Makes the golden features beside this file, from librosa and from kaldi-native-fbank.

Made with Python 3.11, librosa 0.11.0, kaldi-native-fbank 1.23.0, numpy 2.4.6, espeak-ng 1.51.

Signals are 16-bit integers (the speech is espeak-ng's), so that Rust and Python read the same
samples; silence, the 30 ms recording and the single sample need no file of their own.
"""

import io
import pathlib
import subprocess

import kaldi_native_fbank
import librosa
import numpy
import soundfile

HERE = pathlib.Path(__file__).parent
RATE = 16_000


def speech():
    """1.2 s of a synthetic sentence, at 16 kHz."""
    command = ["espeak-ng", "-v", "en-us", "-s", "170", "--stdout", "She had your dark suit in water"]
    samples, rate = soundfile.read(io.BytesIO(subprocess.run(command, capture_output=True, check=True).stdout))
    samples = librosa.resample(samples, orig_sr=rate, target_sr=RATE)[: int(1.2 * RATE)]
    return numpy.round(samples * 0.5 / abs(samples).max() * 32_767).astype(numpy.int16)


def chirp():
    """0.6 s from 50 to 7900 Hz, linear in frequency."""
    t = numpy.arange(int(0.6 * RATE)) / RATE
    phase = 2 * numpy.pi * (50 * t + 0.5 * (7900 - 50) / 0.6 * t**2)
    return numpy.round(0.5 * 32_767 * numpy.sin(phase)).astype(numpy.int16)


def librosa_features(samples):
    """features of Lukic et al.: [frames, 128]"""
    mel = librosa.feature.melspectrogram(
        y=samples.astype(numpy.float32) / numpy.float32(32_768), sr=RATE, n_fft=1024, hop_length=160,
        window="hann", center=True, pad_mode="reflect", power=2.0, n_mels=128, fmin=0.0, fmax=8000.0,
    )
    return numpy.ascontiguousarray(numpy.log10(1 + numpy.float32(10_000) * mel).T)


def kaldi_features(samples):
    """[frames, 80]; samples keep the range of 16-bit integers"""
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.samp_freq = RATE
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = 80
    options.mel_opts.low_freq = 20
    options.mel_opts.high_freq = 8000
    fbank = kaldi_native_fbank.OnlineFbank(options)
    fbank.accept_waveform(RATE, samples.astype(numpy.float32).tolist())
    fbank.input_finished()
    frames = [fbank.get_frame(i) for i in range(fbank.num_frames_ready)]
    return numpy.array(frames, dtype=numpy.float32).reshape(-1, 80)


def kaldi_features_in_f64(samples):
    """[frames, 80]; the same features by Kaldi's definitions in 64 bits: what 32 bits hide in the quiet bands"""
    window = (0.5 - 0.5 * numpy.cos(2 * numpy.pi * numpy.arange(400) / 399)) ** 0.85
    mel = lambda hz: 1127 * numpy.log(1 + hz / 700)
    edges = numpy.linspace(mel(20), mel(8000), 82)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    bins = mel(numpy.arange(256) * RATE / 512)[:, None]
    bank = numpy.maximum(0, numpy.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    rows = []
    for start in range(0, len(samples) - 400 + 1, 160):
        frame = samples[start : start + 400].astype(numpy.float64)
        frame -= frame.mean()
        frame -= 0.97 * numpy.concatenate([frame[:1], frame[:-1]])
        power = abs(numpy.fft.rfft(frame * window, 512)[:256]) ** 2
        rows.append(numpy.log(numpy.maximum(power @ bank, numpy.finfo(numpy.float32).eps)))
    return numpy.array(rows, dtype=numpy.float32).reshape(-1, 80)


def main():
    spoken = speech()
    numpy.save(HERE / "speech.npy", spoken)
    numpy.save(HERE / "chirp.npy", chirp())
    signals = {
        "speech": spoken,
        "chirp": chirp(),
        "silence": numpy.zeros(1_600, numpy.int16),
        "short": spoken[8_000:8_480],
        "one_sample": spoken[8_000:8_001],
    }
    for name, samples in signals.items():
        numpy.save(HERE / f"{name}.librosa.npy", librosa_features(samples))
        numpy.save(HERE / f"{name}.kaldi.npy", kaldi_features(samples))
        numpy.save(HERE / f"{name}.kaldi_f64.npy", kaldi_features_in_f64(samples))


if __name__ == "__main__":
    main()
