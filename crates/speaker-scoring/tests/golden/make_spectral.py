"""spectral.json: spectral clustering by NumPy and scikit-learn, for tests/spectral.rs.

The whole matrix of affinities, as NME-SC (Park et al. 2020) and 3D-Speaker's pruning have it, all eigenvalues by LAPACK, every number of
neighbours tried; points are gathered by scikit-learn's k-means of the eigenvectors, and beside it by its SpectralClustering of the same
affinities (whose Laplacian is normalised) where that makes the same partition.

    python3 make_spectral.py        # numpy 2.4.6, scikit-learn 1.9.1
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import KMeans, SpectralClustering

rng = np.random.default_rng(5)
NUM_TRIED, MOST = 30, 0.25


def cosines(x):
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    # Rounded, so that copies tie.
    return (unit @ unit.T).astype(np.float32)


def kept(affinity, p):
    """Which entries are among the p strongest of their row, itself first."""
    ranked = affinity.astype(np.float64)
    np.fill_diagonal(ranked, np.inf)
    order = np.argsort(-ranked, axis=1, kind="stable")
    mask = np.zeros(affinity.shape, bool)
    np.put_along_axis(mask, order[:, :p], True, axis=1)
    return mask


def laplacian(weights):
    weights = (weights + weights.T) / 2
    np.fill_diagonal(weights, 0)
    return np.diag(weights.sum(1)) - weights, weights


def gap(values, low, high):
    """The number of clusters from low to high with the widest gap above it."""
    gaps = np.diff(values)[low - 1 : high]
    at = int(np.argmax(gaps))
    return low + at, float(gaps[at])


def partition(vectors, count):
    return KMeans(count, n_init=20, random_state=0).fit_predict(vectors[:, :count])


def cases(x, low, high):
    n = len(x)
    affinity = cosines(x)
    most = min(max(int(MOST * n), 6), n)
    numbers = sorted({int(np.floor(v + 0.5)) for v in np.linspace(6, most, min(NUM_TRIED, most - 5))})
    ratios, seen = [], []
    for p in numbers:
        matrix, weights = laplacian(kept(affinity, p).astype(float))
        values, vectors = np.linalg.eigh(matrix)
        parts = connected_components(weights)[0]
        values[:parts] = 0
        count, width = gap(values, low, high)
        ratios.append(p * values[-1] / width if width > 0 else np.inf)
        seen.append((p, count, values, vectors, weights))
    auto = seen[int(np.argmin(ratios))]
    # The choice is not one of rounding.
    close = np.sort(ratios)[:2]
    assert len(close) < 2 or close[1] > close[0] * (1 + 1e-6)
    share = 0.1
    p = min(max(n - int(np.floor((1 - share) * n)), 6), n)
    matrix, weights = laplacian(np.where(kept(affinity, p), np.maximum(affinity.astype(np.float64), 0), 0))
    values, vectors = np.linalg.eigh(matrix)
    fixed = (p, gap(values, low, high)[0], values, vectors, weights)
    for name, (p, count, values, vectors, weights) in [("automatic", auto), ("share", fixed)]:
        labels = partition(vectors, count)
        theirs = SpectralClustering(count, affinity="precomputed", random_state=0, n_init=20)
        theirs = theirs.fit_predict(weights) if count > 1 else np.zeros(n, int)
        same = ((labels[:, None] == labels) == (theirs[:, None] == theirs)).all()
        yield dict(
            pruning=name,
            at_least=low,
            at_most=high,
            kept=p,
            count=count,
            eigenvalues=values[: min(high + 1, n)].tolist(),
            highest=float(values[-1]),
            labels=labels.tolist(),
            as_scikit_learn=bool(same),
        )


sets = []
for n, dim, speakers, noise in [(40, 8, 3, 0.5), (90, 8, 4, 0.6), (250, 6, 5, 0.4), (330, 8, 2, 0.9)]:
    centres = rng.normal(size=(speakers, dim))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    truth = rng.integers(speakers, size=n)
    x = centres[truth] + noise * rng.normal(size=(n, dim)) / np.sqrt(dim)
    x = (np.round(x, 4) * 1.0).astype(np.float32).astype(np.float64)
    found = []
    for low, high in [(1, 20), (1, 8), (2, 4), (speakers, speakers), (speakers + 1, speakers + 1)]:
        found += cases(x, low, high)
    print(n, speakers, [(c["pruning"], c["kept"], c["count"], c["as_scikit_learn"]) for c in found])
    sets.append(dict(rows=np.round(x, 4).tolist(), truth=truth.tolist(), cases=found))

golden = dict(versions=dict(numpy=np.__version__, sklearn=sklearn.__version__), sets=sets)
Path(__file__).with_name("spectral.json").write_text(json.dumps(golden) + "\n")
