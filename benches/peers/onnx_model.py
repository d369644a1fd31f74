"""The embedding of one segment by onnxruntime, of a graph and features that the contender `write-model` wrote."""
import argparse

import numpy as np
import onnxruntime

from turns import take_turns

parser = argparse.ArgumentParser()
parser.add_argument("file")
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = args.threads
options.inter_op_num_threads = 1
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
session = onnxruntime.InferenceSession(args.file, options, providers=["CPUExecutionProvider"])
(feats,) = session.get_inputs()
features = np.fromfile(args.file.removesuffix(".onnx") + ".f32", np.float32).reshape(1, -1, feats.shape[2])


def embed():
    (embedding, *_) = session.run(None, {feats.name: features})
    return np.abs(embedding.astype(np.float64)).sum()


take_turns(embed, version=onnxruntime.__version__)
