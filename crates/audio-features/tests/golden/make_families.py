#!/usr/bin/env python3
"""Makes families/*.npy beside this file: features of one recording as the code of other projects makes them for their networks.

Made with Python 3.11.7, torch 2.15.0, torchaudio 2.11.1, kaldi-native-fbank 1.23.0, librosa 0.11.0, numpy 2.4.6,
speechbrain 1.1.2, resemblyzer 0.1.4. WeSpeaker and 3D-Speaker call torchaudio's Kaldi functions with the values below. NeMo's
featurizer is written again from its definition (2.x), since its package is heavy: torch.stft, librosa.filters.mel.

The recordings are data/voices/v01/s1/u1.ogg and v02/s1/u1.ogg, decoded by ffmpeg to 16-bit integers at 16 kHz, 0.5 s and
0.413 s of them from 0.5 s on, and 0.3 s of noise that is nearly silent. They are kept as integers.
"""

import pathlib
import subprocess

import kaldi_native_fbank
import librosa
import numpy
import resemblyzer
import torch
import torchaudio.compliance.kaldi as kaldi
from resemblyzer import audio
from speechbrain.lobes.features import Fbank
from speechbrain.processing.features import InputNormalization

HERE = pathlib.Path(__file__).parent
OUT = HERE / "families"
RATE = 16_000


def voice(name, samples):
    path = HERE / "../../../../data/voices" / name
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    return numpy.frombuffer(data, numpy.int16)[8_000 : 8_000 + samples].copy()


def kaldi_fbank(samples, window, scale):
    wave = torch.from_numpy(samples)[None] * scale
    features = kaldi.fbank(wave, num_mel_bins=80, frame_length=25, frame_shift=10, sample_frequency=RATE,
                           window_type=window, dither=0.0, use_energy=False)
    return (features - features.mean(dim=0)).numpy()


def nemo(samples):
    """valid frames of its preprocessor, [frames, 80]: what comes behind is zeros up to a multiple of 16"""
    x = torch.from_numpy(samples)[None]
    num_frames = x.shape[1] // 160
    x = torch.cat((x[:, :1], x[:, 1:] - 0.97 * x[:, :-1]), dim=1)
    spectrum = torch.stft(x, n_fft=512, hop_length=160, win_length=400, center=True, pad_mode="constant",
                          window=torch.hann_window(400, periodic=False), return_complex=True)
    power = torch.sqrt(torch.view_as_real(spectrum).pow(2).sum(-1)).pow(2.0)
    mel = torch.tensor(librosa.filters.mel(sr=RATE, n_fft=512, n_mels=80, fmin=0, fmax=RATE / 2, norm="slaney"))
    x = torch.log(torch.matmul(mel[None], power) + 2**-24)[0, :, :num_frames]
    deviation = x.std(dim=1, keepdim=True) + 1e-5
    return ((x - x.mean(dim=1, keepdim=True)) / deviation).T.numpy()


def speechbrain(samples):
    """as EncoderClassifier.encode_batch: 80 bands, mean of the sentence"""
    with torch.no_grad():
        features = Fbank(n_mels=80)(torch.from_numpy(samples)[None])
        features = InputNormalization(norm_type="sentence", std_norm=False)(features, torch.ones(1))
    return features[0].numpy()


def sherpa(samples):
    """kaldi-native-fbank as sherpa-onnx sets it, samples of 16 bits, no normalisation"""
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.samp_freq = RATE
    options.frame_opts.snip_edges = False
    options.mel_opts.num_bins = 80
    options.mel_opts.low_freq = 20
    options.mel_opts.high_freq = -400
    fbank = kaldi_native_fbank.OnlineFbank(options)
    fbank.accept_waveform(RATE, (samples * 32_768).tolist())
    fbank.input_finished()
    return numpy.array([fbank.get_frame(i) for i in range(fbank.num_frames_ready)], dtype=numpy.float32)


def gaps():
    """Cuts of utterances of some lengths by Resemblyzer: samples, frames of each cut's start, samples after padding."""
    rows = []
    for length in [1, 1_600, 15_999, 16_000, 25_599, 25_600, 25_601, 38_000, 40_000, 48_000, 57_600, 80_123, 160_000]:
        waves, mels = resemblyzer.VoiceEncoder.compute_partial_slices(length, 1.3, 0.75)
        padded = max(length, waves[-1].stop)
        rows.append([length, padded, len(mels), mels[-1].start, mels[min(1, len(mels) - 1)].start])
    return numpy.array(rows, dtype=numpy.int64)


OUT.mkdir(exist_ok=True)
random = numpy.random.default_rng(18)
signals = {
    "voice": voice("v01/s1/u1.ogg", 8_000),
    "short": voice("v02/s1/u1.ogg", 6_613),
    "faint": random.integers(-1, 2, 4_800).astype(numpy.int16),
}
for name, integers in signals.items():
    numpy.save(OUT / f"{name}.npy", integers)
    samples = integers.astype(numpy.float32) / numpy.float32(32_768)
    features = {
        "wespeaker": kaldi_fbank(samples, "hamming", 1 << 15),
        "3d-speaker": kaldi_fbank(samples, "povey", 1),
        "nemo": nemo(samples),
        "speechbrain": speechbrain(samples),
        "resemblyzer": audio.wav_to_mel_spectrogram(audio.normalize_volume(samples, -30, increase_only=True)),
        "sherpa": sherpa(samples),
    }
    for family, values in features.items():
        numpy.save(OUT / f"{name}.{family}.npy", numpy.ascontiguousarray(values, dtype=numpy.float32))
        print(name, family, values.shape, values.min(), values.max())
numpy.save(OUT / "partials.npy", gaps())
