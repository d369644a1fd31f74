"""The embeddings of a folder's recordings by Resemblyzer, as its README makes them, with the weights that come along."""
import argparse
import importlib.metadata
import json
import pathlib

import numpy as np
import torch
from resemblyzer import VoiceEncoder, preprocess_wav

from turns import take_turns

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--out", type=pathlib.Path, required=True)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--once", action="store_true", help="the whole program: embed once, print {\"n_embedded\": ...} and end")
args = parser.parse_args()

torch.set_num_threads(args.threads)
encoder = VoiceEncoder("cpu", verbose=False)


def embed():
    paths = sorted(path for path in args.folder.iterdir() if path.suffix in (".flac", ".ogg"))
    embeddings = np.stack([encoder.embed_utterance(preprocess_wav(path)) for path in paths])
    np.save(args.out, embeddings)
    return len(embeddings)


if args.once:
    print(json.dumps({"n_embedded": embed()}))
else:
    take_turns(embed, version=importlib.metadata.version("resemblyzer"))
