"""Synthetic speakers: python synthetic_speakers.py POINTS DIM SEED OUT.npy [WITHIN]; unit-free embeddings with lognormal speaker sizes."""
import sys, numpy as np
n, d, seed, out = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
within = float(sys.argv[5]) if len(sys.argv) > 5 else 0.8
rng = np.random.default_rng(seed)
sizes = []
while sum(sizes) < n:
    sizes += list(np.maximum(1, np.round(rng.lognormal(np.log(10), 0.8, 1024))).astype(int))
label = np.repeat(np.arange(len(sizes)), sizes)[:n]
label = label[rng.permutation(n)]
m = label.max() + 1
# a decaying spectrum, as trained embeddings have: some 60 effective dimensions
s = (np.arange(1, d + 1) ** -0.4).astype(np.float32); s /= np.sqrt((s**2).sum())
mean = rng.standard_normal((m, d), dtype=np.float32) * s
x = mean[label]
for i in range(0, n, 65536):
    x[i:i+65536] += within * s * rng.standard_normal((len(x[i:i+65536]), d), dtype=np.float32)
np.save(out, x.astype(np.float32))
import os
stem = os.path.splitext(out)[0]
open(out + ".ids.txt", "w").write("".join(f"s{l:06d}/{i:07d}.wav\n" for i, l in enumerate(label)))
open(stem + ".spk", "w").write("\n".join(map(str, label)))
print(n, "points", m, "speakers")
