"""Compares embeddings with those of onnxruntime for the same features.

    python onnxruntime_vectors.py RUNS.json

RUNS.json is a list of {graph, family, bins, frames, ours, recording}: `frames` names a file of f32 [frames, bins], `ours` is the
embedding that siamang made of the recording. What a family's own code does between features and network is done here again:
NeMo fills up to 16 frames, Resemblyzer hears partial utterances. Ends with 1 where a cosine is below 0.99999.
"""

import json
import sys

import numpy
import onnxruntime


def unit(vector):
    return vector / numpy.linalg.norm(vector)


def embedding(session, family, frames):
    inputs = [port.name for port in session.get_inputs()]
    outputs = [port.name for port in session.get_outputs()]
    output = next((name for name in outputs if "emb" in name), outputs[0])

    def run(feeds):
        return session.run([output], feeds)[0].reshape(-1).astype(numpy.float64)

    if family == "nemo":
        filled = -len(frames) % 16
        padded = numpy.pad(frames, ((0, filled), (0, 0))).T[None]
        return run({inputs[0]: padded, inputs[1]: numpy.array([len(frames)], dtype=numpy.int64)})
    if family == "resemblyzer":
        # Partial utterances of 160 frames, 1.3 a second; the last may lack a quarter.
        starts = [0]
        while starts[-1] + 160 < len(frames):
            starts.append(starts[-1] + 77)
        if len(starts) > 1 and 4 * (len(frames) - starts[-1]) < 3 * 160:
            starts.pop()
        parts = [(run({inputs[0]: frames[None, start : start + 160]}), len(frames[start : start + 160])) for start in starts]
        return sum(vector * length for vector, length in parts)
    return run({inputs[0]: frames[None]})


worst, sessions = 1.0, {}
with open(sys.argv[1]) as file:
    runs = json.load(file)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
for run in runs:
    if run["graph"] not in sessions:
        sessions[run["graph"]] = onnxruntime.InferenceSession(run["graph"], options, providers=["CPUExecutionProvider"])
    frames = numpy.fromfile(run["frames"], dtype="<f4").reshape(-1, run["bins"])
    theirs = unit(embedding(sessions[run["graph"]], run["family"], frames))
    cosine = float(theirs @ unit(numpy.array(run["ours"], dtype=numpy.float64)))
    worst = min(worst, cosine)
    if cosine < 0.99999:
        print(f'{run["graph"]} {run["family"]} {run["recording"]}, {len(frames)} frames: cosine {cosine}')
print(f"{len(runs)} embeddings, least cosine 1 - {1 - worst:.1e}")
sys.exit(worst < 0.99999)
