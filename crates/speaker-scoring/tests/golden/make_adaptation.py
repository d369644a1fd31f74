"""adaptation.json: what scikit-learn makes of labelled embeddings, for tests/adaptation.rs.

    python3 make_adaptation.py        # numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.linalg import eigh, fractional_matrix_power
from sklearn.covariance import shrunk_covariance
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

SPEAKERS, SESSIONS, TAKES, DIM = 8, 3, 2, 6


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def pooled(groups):
    """Covariance around the mean of each group, over the degrees of freedom."""
    scatter = sum((g - g.mean(0)).T @ (g - g.mean(0)) for g in groups)
    return scatter / sum(len(g) - 1 for g in groups)


rng = np.random.default_rng(19)
mixing = rng.normal(size=(DIM, DIM))
speakers = rng.normal(size=(SPEAKERS, 1, 1, DIM))
sessions = rng.normal(size=(SPEAKERS, SESSIONS, 1, DIM)) @ mixing * 0.4
rows = 1.0 + speakers + sessions + 0.3 * rng.normal(size=(SPEAKERS, SESSIONS, TAKES, DIM))
rows = rows.astype(np.float32).astype(np.float64)
x = unit(rows)
copies = (rows + 0.2 * rng.normal(size=(2,) + rows.shape) * np.arange(1, DIM + 1)).astype(np.float32).astype(np.float64)

within_sessions = pooled([x[i, j] for i in range(SPEAKERS) for j in range(SESSIONS)])
across_sessions = pooled([x[i].mean(1) for i in range(SPEAKERS)])
within_speakers = pooled([x[i].reshape(-1, DIM) for i in range(SPEAKERS)])
mean = x.reshape(SPEAKERS, -1, DIM).mean(1).mean(0)
flat = x.reshape(-1, DIM)
of_channels = pooled(np.stack([flat, *unit(copies).reshape(2, -1, DIM)], axis=1))
scaled = of_channels * np.trace(across_sessions) / np.trace(of_channels)
pairs = [(0, 1), (0, 7), (3, 40), (12, 17), (20, 33), (5, 47)]

cases = []
kinds = [
    (True, 0, across_sessions + within_sessions),
    (False, 0, within_speakers),
    (True, 2, across_sessions + within_sessions + scaled),
]
for known, num_copies, covariance in kinds:
    for centre, shrinkage in [(0.0, 0.3), (1.0, 0.3), (0.5, 0.8), (1.0, 1.0)]:
        root = fractional_matrix_power(shrunk_covariance(covariance, shrinkage), -0.5)
        mapped = unit((flat - centre * mean) @ root)
        cosines = [float(mapped[a] @ mapped[b]) for a, b in pairs]
        cases.append(dict(sessions=known, copies=num_copies, centre=centre, shrinkage=shrinkage, cosines=cosines))

labels = np.repeat(np.arange(SPEAKERS), SESSIONS * TAKES)
lda = []
means = x.reshape(SPEAKERS, -1, DIM).mean(1)
between = np.cov(means.T)
for rank, shrinkage in [(2, 0.0), (4, 0.0), (2, 0.2), (4, 0.6), (6, 0.5)]:
    if shrinkage == 0.0:
        # Of every recording as a session of its own; a common factor of the covariance changes no cosine.
        scalings = LinearDiscriminantAnalysis(solver="eigen").fit(flat, labels).scalings_
    else:
        # scikit-learn shrinks the total covariance too, and has what it added there in the one between speakers.
        scalings = eigh(between, shrunk_covariance(within_speakers, shrinkage))[1][:, ::-1]
    mapped = unit((flat - mean) @ scalings[:, :rank])
    cosines = [float(mapped[a] @ mapped[b]) for a, b in pairs]
    lda.append(dict(rank=rank, shrinkage=shrinkage, cosines=cosines))

golden = dict(
    versions=dict(numpy=np.__version__, scipy=scipy.__version__, sklearn=sklearn.__version__),
    sessions=SESSIONS,
    takes=TAKES,
    rows=rows.reshape(-1, DIM).tolist(),
    copies=copies.reshape(2, -1, DIM).tolist(),
    pairs=pairs,
    cases=cases,
    lda=lda,
)
Path(__file__).with_name("adaptation.json").write_text(json.dumps(golden, indent=1) + "\n")
