"""The embeddings of a folder's recordings by an ONNX graph, as Python programs make them: soundfile, kaldi-native-fbank, onnxruntime.

One process a thread, each with a session of one thread: quicker here than one session of several, since decoding and features
then run side by side too. The features are those of 3D-Speaker: 80 Kaldi bands of a recording between -1 and 1, less their mean.
"""
import argparse
import json
import multiprocessing
import pathlib

import kaldi_native_fbank
import numpy as np
import onnxruntime
import soundfile

from turns import take_turns

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--graph", required=True)
parser.add_argument("--out", type=pathlib.Path, required=True)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--once", action="store_true", help="the whole program: embed once, print {\"n_embedded\": ...} and end")
args = parser.parse_args()

BANK = kaldi_native_fbank.FbankOptions()
BANK.frame_opts.samp_freq = 16000
BANK.frame_opts.dither = 0
BANK.mel_opts.num_bins = 80
BANK.energy_floor = 0

session = None


def load():
    global session
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(args.graph, options, providers=["CPUExecutionProvider"])


def embed(path):
    samples, rate = soundfile.read(path, dtype="float32")
    bank = kaldi_native_fbank.OnlineFbank(BANK)
    bank.accept_waveform(rate, samples.tolist())
    bank.input_finished()
    frames = np.stack([bank.get_frame(index) for index in range(bank.num_frames_ready)])
    frames -= frames.mean(axis=0)
    (embedding,) = session.run(None, {session.get_inputs()[0].name: frames[None]})
    return embedding[0] / np.linalg.norm(embedding[0])


def embed_all(pool):
    paths = sorted(path for path in args.folder.iterdir() if path.suffix in (".flac", ".ogg"))
    embeddings = np.stack(pool.map(embed, paths, chunksize=8))
    np.save(args.out, embeddings)
    return len(embeddings)


if __name__ == "__main__":
    with multiprocessing.Pool(args.threads, initializer=load) as pool:
        if args.once:
            print(json.dumps({"n_embedded": embed_all(pool)}))
        else:
            take_turns(lambda: embed_all(pool), version=onnxruntime.__version__)
