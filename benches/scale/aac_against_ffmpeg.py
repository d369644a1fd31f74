"""Samples of a store beside those that ffmpeg decodes: lengths, alignment, largest and mean difference.

    python3 benches/scale/aac_against_ffmpeg.py MADE STORE

MADE is what `make_voxceleb.py` made, STORE what `prepare-voxceleb --limit-speakers 1 --encoding pcm` made of it: its
first utterances are the different recordings in their order. Needs NumPy.
"""

import pathlib
import subprocess
import sys

import numpy as np

made, store = map(pathlib.Path, sys.argv[1:3])
stored = np.memmap(store / "shard-00000.audio", dtype="<i2", mode="r")
at, worst, total, count, lengths = 0, 0, 0.0, 0, set()
for path in sorted((made / "m4a").glob("*.m4a")):
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-f", "s16le", "-"]
    theirs = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, "<i2").astype(np.int64)
    ours = stored[at:at + len(theirs)].astype(np.int64)
    difference = np.abs(ours - theirs)
    best = min(range(-4, 5), key=lambda shift: np.abs(np.roll(ours, shift)[8:-8] - theirs[8:-8]).sum())
    lengths.add(best)
    worst, total, count = max(worst, difference.max()), total + float((difference**2).sum()), count + len(theirs)
    at += len(theirs)
print(f"{count} samples: best shifts {sorted(lengths)}, largest difference {worst} of 32768, "
      f"root mean square {np.sqrt(total / count):.4f}")
