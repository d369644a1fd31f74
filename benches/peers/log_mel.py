"""Log-mel features of one recording by kaldi-native-fbank, torchaudio or librosa, with the settings of our presets."""
import argparse
import importlib.metadata
import wave

import numpy as np

from turns import take_turns

parser = argparse.ArgumentParser()
parser.add_argument("library", choices=["kaldi-native-fbank", "torchaudio", "librosa"])
parser.add_argument("preset", choices=["kaldi", "librosa"])
parser.add_argument("audio", help="16-bit mono WAV of 16 kHz")
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()

with wave.open(args.audio) as file:
    samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32)

if args.library == "kaldi-native-fbank":
    import kaldi_native_fbank as knf

    options = knf.FbankOptions()
    options.frame_opts.dither = 0.0
    options.mel_opts.num_bins = 80
    options.mel_opts.low_freq = 20.0
    options.mel_opts.high_freq = 8000.0
    version = importlib.metadata.version("kaldi-native-fbank")

    def features():
        fbank = knf.OnlineFbank(options)
        fbank.accept_waveform(16000, samples)
        fbank.input_finished()
        return np.stack([fbank.get_frame(i) for i in range(fbank.num_frames_ready)])

elif args.library == "torchaudio":
    import torch
    import torchaudio

    torch.set_num_threads(args.threads)
    version = torchaudio.__version__
    if args.preset == "kaldi":
        wave_tensor = torch.from_numpy(samples)[None]

        def features():
            return torchaudio.compliance.kaldi.fbank(
                wave_tensor, num_mel_bins=80, dither=0.0, window_type="povey", low_freq=20.0, high_freq=8000.0, sample_frequency=16000.0
            ).numpy()

    else:
        mel = torchaudio.transforms.MelSpectrogram(16000, n_fft=1024, hop_length=160, n_mels=128, norm="slaney", mel_scale="slaney")
        wave_tensor = torch.from_numpy(samples / 32768)

        def features():
            return torch.log10(1 + 10000 * mel(wave_tensor)).numpy()

else:
    import librosa

    version = librosa.__version__
    scaled = samples / 32768

    def features():
        if args.preset == "kaldi":
            # Without pre-emphasis and removal of the mean, which librosa lacks: the same transform and bank sizes.
            return np.log(
                librosa.feature.melspectrogram(
                    y=samples, sr=16000, n_fft=512, win_length=400, hop_length=160, n_mels=80, fmin=20, fmax=8000, htk=True, norm=None, center=False
                )
                + 1e-7
            )
        return np.log10(1 + 10000 * librosa.feature.melspectrogram(y=scaled, sr=16000, n_fft=1024, hop_length=160, n_mels=128, pad_mode="reflect"))


take_turns(lambda: features().mean(), version=version)
