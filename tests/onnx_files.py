"""Checks the ONNX files of a folder: ONNX's checker in full; onnxruntime's vectors of `NAME.FRAMES.in.f32` beside those of
`NAME.FRAMES.out.f32`; and a batch of several items of one length beside each of them alone. Prints the smallest cosine of each file."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

options = onnxruntime.SessionOptions()
options.log_severity_level = 3
options.intra_op_num_threads = 1
for path in sorted(Path(sys.argv[1]).glob("*.onnx")):
    model = onnx.load(str(path))
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (feats,), (embs,) = session.get_inputs(), session.get_outputs()
    assert (feats.name, embs.name) == ("feats", "embs")
    assert feats.shape[:2] == ["B", "T"] and embs.shape[0] == "B", (feats.shape, embs.shape)
    smallest, lengths = 1.0, 0
    for given in sorted(path.parent.glob(f"{path.stem}.*.in.f32")):
        frames = int(given.name.split(".")[-3])
        x = np.fromfile(given, dtype=np.float32).reshape(1, frames, feats.shape[2])
        expected = np.fromfile(str(given)[: -len("in.f32")] + "out.f32", dtype=np.float32).astype(np.float64)
        found = session.run(None, {"feats": x})[0]
        assert found.shape == (1, len(expected)) == (1, embs.shape[1]), (given.name, found.shape)
        found = found[0].astype(np.float64)
        assert abs(np.linalg.norm(found) - 1) < 1e-5, given.name
        cosine = found @ expected / np.linalg.norm(found) / np.linalg.norm(expected)
        assert cosine > 0.999999, (given.name, cosine)
        smallest, lengths = min(smallest, cosine), lengths + 1
        items = [x, x[:, ::-1], x * 1.5]
        together = session.run(None, {"feats": np.concatenate(items)})[0]
        for item, row in zip(items, together):
            alone = session.run(None, {"feats": item})[0][0]
            assert np.abs(alone - row).max() < 2e-5, (given.name, np.abs(alone - row).max())
    assert lengths, path.name
    print(f"{path.stem}: {lengths} lengths, 1 - cosine {1 - smallest:.1e}")
