"""What Resemblyzer makes of the shipped voices: `embed_utterance(preprocess_wav(...))` with its own weights, which lie in its
wheel; its trimming of long silences is switched off, for `siamang import` leaves silences in.

    pip install resemblyzer==0.1.4 torch==2.15.0 librosa==0.11.0 scipy==1.17.1 numpy==2.4.6 webrtcvad-wheels soundfile
    python make_resemblyzer.py     # writes resemblyzer.npz beside itself

Each array is named PATH FACTOR FIRST RATE: the first FIRST samples (0: all) of data/voices/PATH, times FACTOR, taken for a recording
at RATE Hz.
"""

import pathlib
import sys
import types

import numpy
import scipy.ndimage
import soundfile

# The package asks for a module that scipy has given up.
morphology = types.ModuleType("scipy.ndimage.morphology")
morphology.binary_dilation = scipy.ndimage.binary_dilation
sys.modules["scipy.ndimage.morphology"] = morphology

import resemblyzer.audio  # noqa: E402
from resemblyzer import VoiceEncoder, preprocess_wav  # noqa: E402

HERE = pathlib.Path(__file__).parent
VOICES = HERE / "../../../../data/voices"
CASES = [
    ("v27/s1/u2.ogg", 1, 0, 16_000),
    ("v31/s1/u3.ogg", 1, 0, 16_000),
    # Quiet: its volume is raised, by 30 dB and more.
    ("v36/s2/u3.ogg", 0.01, 0, 16_000),
    # Shorter than a window, of which it fills less than three quarters and little more.
    ("v36/s2/u3.ogg", 1, 9_000, 16_000),
    ("v27/s1/u2.ogg", 1, 19_199, 16_000),
    ("v27/s1/u2.ogg", 1, 19_360, 16_000),
    # A second window is three quarters in the recording, or one sample less.
    ("v31/s1/u3.ogg", 1, 31_520, 16_000),
    ("v31/s1/u3.ogg", 1, 31_519, 16_000),
    # Resampled.
    ("v39/s2/u5.ogg", 1, 0, 22_050),
]


def main():
    resemblyzer.audio.trim_long_silences = lambda wav: wav
    encoder = VoiceEncoder("cpu", verbose=False)
    arrays = {}
    for path, factor, first, rate in CASES:
        wav, own_rate = soundfile.read(VOICES / path, dtype="float32")
        assert own_rate == 16_000
        wav = (wav[: first or None] * numpy.float32(factor)).astype(numpy.float32)
        arrays[f"{path} {factor} {first} {rate}"] = encoder.embed_utterance(preprocess_wav(wav, rate))
    numpy.savez(HERE / "resemblyzer.npz", **arrays)


main()
