"""plda.json: what SciPy and dense matrices make of labelled embeddings, for tests/plda.rs.

No trick of the crate is used: likelihoods are those of stacked recordings under `multivariate_normal`, expectation and maximisation
invert dense matrices, and discriminants are scikit-learn's.

    python3 make_plda.py        # numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1
"""

import json
import warnings
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.linalg import eigh, inv
from scipy.stats import multivariate_normal
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

SPEAKERS, DIM, TRIALS = 30, 6, 14

# A speaker with one recording adds nothing to the covariance within speakers.
warnings.filterwarnings("ignore", message="Only one sample available")
rng = np.random.default_rng(31)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def stacked(mean, within, between, rows):
    """log N of recordings of one speaker, stacked: covariance B everywhere, and W on the diagonal too."""
    n = len(rows)
    covariance = np.kron(np.ones((n, n)), between) + np.kron(np.eye(n), within)
    return multivariate_normal.logpdf(rows.ravel(), np.tile(mean, n), covariance)


def ratio(model, a, b):
    return float(stacked(*model, np.vstack([a, b])) - stacked(*model, a) - stacked(*model, b))


def likelihood(model, groups):
    return float(sum(stacked(*model, rows) for rows in groups))


def smoothed(covariance, share):
    dim = len(covariance)
    return (1 - share) * covariance + share * np.trace(covariance) / dim * np.eye(dim)


def moments(groups):
    means = np.array([g.mean(0) for g in groups])
    scatter = sum((g - g.mean(0)).T @ (g - g.mean(0)) for g in groups)
    within = scatter / sum(len(g) - 1 for g in groups)
    return means.mean(0), within, np.cov(means.T, bias=True)


def step(model, groups):
    """Expectation and maximisation of y ~ N(mean, B), x ~ N(y, W), with precisions inverted."""
    mean, within, between = model
    posteriors = []
    for rows in groups:
        covariance = inv(inv(between) + len(rows) * inv(within))
        posteriors.append((covariance @ (inv(between) @ mean + inv(within) @ rows.sum(0)), covariance))
    mean = np.mean([y for y, _ in posteriors], axis=0)
    between = np.mean([c + np.outer(y - mean, y - mean) for y, c in posteriors], axis=0)
    within = sum(
        len(rows) * c + (rows - y).T @ (rows - y) for rows, (y, c) in zip(groups, posteriors)
    ) / sum(len(rows) for rows in groups)
    return mean, within, between


def drawn(counts):
    mixing = rng.normal(size=(DIM, DIM)) * 0.35
    rows, labels = [], []
    for label, n in enumerate(counts):
        speaker = 0.8 + rng.normal(size=DIM) * np.linspace(1.2, 0.3, DIM)
        rows.append(speaker + rng.normal(size=(n, DIM)) @ mixing)
        labels += [label] * n
    rows = np.vstack(rows) * rng.uniform(0.2, 9, size=(len(labels), 1))
    return rows.astype(np.float32).astype(np.float64), np.array(labels)


counts = rng.integers(1, 7, size=SPEAKERS)
rows, labels = drawn(counts)
order = rng.permutation(len(rows))
rows, labels = rows[order], labels[order]
trials, _ = drawn([2] * (TRIALS // 2))
pairs = [(a, b) for a in range(TRIALS) for b in range(a + 1)]
sets = [([0], [1, 2]), ([0, 1], [2, 3]), ([4, 5, 6], [7]), ([0, 2, 4, 6, 8], [9, 10, 11]), ([3, 3, 3], [3])]

fits = []
x = unit(rows)
centre = x.mean(0)
for lda, iterations, smoothing in [
    (None, 0, 0.0), (None, 1, 0.0), (None, 10, 0.0), (4, 10, 0.0), (2, 3, 0.0), (6, 5, 0.0), (None, 10, 0.2), (4, 10, 0.05),
]:
    scalings = np.eye(DIM)
    if lda is not None and smoothing == 0:
        scalings = LinearDiscriminantAnalysis(solver="eigen").fit(x, labels).scalings_[:, :lda]
    elif lda is not None:
        groups = [x[labels == label] for label in range(SPEAKERS)]
        scatter = sum((g - g.mean(0)).T @ (g - g.mean(0)) for g in groups)
        of_means = sum(len(g) * np.outer(g.mean(0) - centre, g.mean(0) - centre) for g in groups)
        scalings = eigh(of_means, smoothed(scatter, smoothing))[1][:, ::-1][:, :lda]

    def front(rows):
        return unit((unit(rows) - centre) @ scalings)

    groups = [front(rows[labels == label]) for label in range(SPEAKERS)]
    model = moments(groups)
    likelihoods = [likelihood(model, groups)]
    for _ in range(iterations):
        model = step(model, groups)
        likelihoods.append(likelihood(model, groups))
    assert all(b >= a for a, b in zip(likelihoods, likelihoods[1:]))
    mean, within, between = model
    model = mean, smoothed(within, smoothing), between
    t = front(trials)
    psi = eigh(model[2], model[1])[0][::-1]
    fits.append(
        dict(
            settings=dict(lda=lda, iterations=iterations, smoothing=smoothing),
            psi=psi.tolist(),
            pairs=[ratio(model, t[[a]], t[[b]]) for a, b in pairs],
            sets=[ratio(model, t[a], t[b]) for a, b in sets],
        )
    )

# A model of given covariances, stored as the crate stores it: made diagonal by SciPy, with every discriminant but one.
lda = rng.normal(size=(DIM - 1, DIM))
root, spread = rng.normal(size=(2, DIM - 1, DIM - 1))
within, between = 0.1 * root @ root.T + 0.05 * np.eye(DIM - 1), 0.1 * spread @ spread.T
mean = 0.1 * rng.normal(size=DIM - 1)
psi, vectors = eigh(between, within)
t = unit((unit(trials) - centre) @ lda.T)
model = mean, within, between
given = dict(
    model=dict(
        centre=centre.tolist(),
        lda=lda.ravel().tolist(),
        mean=mean.tolist(),
        transform=vectors.T[::-1].ravel().tolist(),
        psi=psi[::-1].tolist(),
    ),
    pairs=[ratio(model, t[[a]], t[[b]]) for a, b in pairs],
    sets=[ratio(model, t[a], t[b]) for a, b in sets],
)

scalings = LinearDiscriminantAnalysis(solver="eigen").fit(x, labels).scalings_
lda = [np.linalg.qr(scalings[:, :kept])[0].T.tolist() for kept in range(1, DIM + 1)]

# Expectation and maximisation alone, of data as they are: for the unit tests.
groups = [rows[labels == label] / 5 for label in range(SPEAKERS)]
models = [moments(groups)]
for _ in range(5):
    models.append(step(models[-1], groups))
em = [
    dict(mean=m.tolist(), within=w.ravel().tolist(), between=b.ravel().tolist(), likelihood=likelihood((m, w, b), groups))
    for m, w, b in models
]

golden = dict(
    versions=dict(numpy=np.__version__, scipy=scipy.__version__, sklearn=sklearn.__version__),
    rows=rows.tolist(),
    labels=labels.tolist(),
    trials=trials.tolist(),
    trial_pairs=pairs,
    trial_sets=sets,
    fits=fits,
    given=given,
    lda=lda,
    em=em,
)
Path(__file__).with_name("plda.json").write_text(json.dumps(golden) + "\n")
