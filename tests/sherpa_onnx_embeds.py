"""Embeddings of the WAV files of a folder by sherpa-onnx's extractor with a model: a JSON object, names to vectors."""

import json
import sys
import wave
from pathlib import Path

import numpy as np
import sherpa_onnx

model, folder = sys.argv[1:]
config = sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=model, num_threads=1)
assert config.validate()
extractor = sherpa_onnx.SpeakerEmbeddingExtractor(config)
vectors = {}
for path in sorted(Path(folder).glob("*.wav")):
    with wave.open(str(path)) as file:
        assert file.getnchannels() == 1 and file.getsampwidth() == 2
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16) / np.float32(32768)
        stream = extractor.create_stream()
        stream.accept_waveform(file.getframerate(), samples)
        stream.input_finished()
        assert extractor.is_ready(stream)
        vectors[path.name] = list(extractor.compute(stream))
assert all(len(vector) == extractor.dim for vector in vectors.values())
print(json.dumps(vectors))
