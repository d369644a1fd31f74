"""normalise.json: what NumPy makes of scores and a cohort, for tests/normalise.rs.

    python3 make_normalise.py        # numpy 2.4.6
"""

import json
from pathlib import Path

import numpy as np

COHORT, EMBEDDINGS, DIM = 60, 12, 16

rng = np.random.default_rng(23)


def drawn(count):
    """Embeddings with a common offset, so that cosines are not around 0, of lengths that differ."""
    rows = (0.7 + rng.normal(size=(count, DIM))) * rng.uniform(0.1, 20, size=(count, 1))
    return rows.astype(np.float32).astype(np.float64)


cohort, embeddings = drawn(COHORT), drawn(EMBEDDINGS)


def cosines(a, b):
    return (a @ b.T) / np.linalg.norm(a, axis=1)[:, None] / np.linalg.norm(b, axis=1)


with_cohort = np.sort(cosines(embeddings, cohort), axis=1)[:, ::-1]
scores = cosines(embeddings, embeddings)
pairs = [(a, b) for a in range(EMBEDDINGS) for b in range(a)]
cases = []
for top in [None, 2, 10, 59, 60]:
    mean, deviation = with_cohort[:, :top].mean(1), with_cohort[:, :top].std(1)
    z = (scores - mean[:, None]) / deviation[:, None]
    t = (scores - mean[None, :]) / deviation[None, :]
    normalised = [float((z + t)[a, b] / 2) for a, b in pairs]
    cases.append(dict(top=top, mean=mean.tolist(), deviation=deviation.tolist(), normalised=normalised))

golden = dict(
    versions=dict(numpy=np.__version__),
    cohort=cohort.tolist(),
    embeddings=embeddings.tolist(),
    pairs=pairs,
    scores=[float(scores[a, b]) for a, b in pairs],
    cases=cases,
)
Path(__file__).with_name("normalise.json").write_text(json.dumps(golden, indent=1) + "\n")
