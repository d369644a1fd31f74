"""Checks the files of `written.rs` in a folder: ONNX's checker in full, and onnxruntime's vectors beside those that the test wrote."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

folder = Path(sys.argv[1])
for path in sorted(folder.glob("*.onnx")):
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for written in sorted(folder.glob(f"{path.stem}.*.f32")):
        frames = int(written.name.split(".")[1])
        index = np.arange(frames * 6, dtype=np.uint64)
        x = (((index * 2654435761 + 12345) % 2**32) / 2**31 - 1).astype(np.float32).reshape(1, frames, 6)
        expected = session.run(None, {"feats": x})[0].reshape(-1)
        found = np.fromfile(written, dtype=np.float32)
        cosine = found @ expected / np.linalg.norm(found) / np.linalg.norm(expected)
        assert found.shape == expected.shape and cosine > 0.999999, (written.name, cosine)
        assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max(), written.name
        print(written.name, cosine)
