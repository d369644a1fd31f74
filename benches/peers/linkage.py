"""Complete linkage of random embeddings on cosine by SciPy."""
import argparse

import numpy as np
import scipy
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist

from turns import take_turns

parser = argparse.ArgumentParser()
parser.add_argument("--points", type=int, required=True)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()

DIM = 128
# The generator of benches/src/main.rs, so that both must find the same height of the last merge.
state, values = 1, np.empty(args.points * DIM, np.float32)
for i in range(len(values)):
    state = (state * 1664525 + 1013904223) % 2**32
    values[i] = np.float32(state >> 8) / np.float32(1 << 24) - np.float32(0.5)
embeddings = values.reshape(args.points, DIM)
take_turns(lambda: linkage(pdist(embeddings, "cosine"), "complete")[-1, 2], version=scipy.__version__)
