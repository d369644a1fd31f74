"""Trials of synthetic speakers, half of them targets: python synthetic_trials.py NUM SEED IDS OUT."""
import sys, numpy as np
n, seed, ids, out = int(sys.argv[1]), int(sys.argv[2]), open(sys.argv[3]).read().split(), sys.argv[4]
rng = np.random.default_rng(seed)
spk = np.array([int(i.split("/")[0][1:]) for i in ids])
order = np.argsort(spk, kind="stable"); start = np.searchsorted(spk[order], spk); end = np.searchsorted(spk[order], spk, side="right")
a = rng.integers(0, len(ids), n); same = rng.random(n) < 0.5
b = np.where(same, order[start[a] + rng.integers(0, 1 << 30, n) % (end[a] - start[a])], rng.integers(0, len(ids), n))
keep = a != b
with open(out, "w") as f:
    for i, j in zip(a[keep], b[keep]): f.write(f"{int(spk[i]==spk[j])} {ids[i]} {ids[j]}\n")
