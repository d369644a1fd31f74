"""vbx.json: what the formulas of Landini et al. 2022 (VBx) make of sequences of segments, for tests/vbx.rs.

Written from the paper and not from its program: the model is dense (matrices of transitions and of covariances, no shortcut), sums of
probabilities are scaled per moment and kept as they are, not as logarithms, and the bound is put together from its definition.

    python3 make_vbx.py        # numpy 2.4.6, scipy 1.17.1
"""

import json
from pathlib import Path

import numpy as np
import scipy
from scipy.stats import multivariate_normal

rng = np.random.default_rng(77)


def vbx(x, phi, labels, Fa, Fb, loop, smoothing, iterations, tolerance):
    T, D = x.shape
    S = labels.max() + 1
    V = np.diag(np.sqrt(phi))
    gamma = np.exp(smoothing * np.eye(S)[labels])
    gamma /= gamma.sum(1, keepdims=True)
    pi = np.full(S, 1 / S)
    rounds = []
    for _ in range(iterations):
        # Speakers: q(y_s) = N(alpha_s, L_s^-1), equations 16 and 17.
        alphas, covariances = [], []
        for s in range(S):
            precision = np.eye(D) + Fa / Fb * gamma[:, s].sum() * V @ V
            covariance = np.linalg.inv(precision)
            alphas.append(covariance @ (Fa / Fb * V @ (gamma[:, s] @ x)))
            covariances.append(covariance)
        # E log N(x_t; V y_s, I): the density at the mean, less what the spread of y_s adds.
        log_p = np.zeros((T, S))
        for s in range(S):
            density = multivariate_normal(V @ alphas[s], np.eye(D))
            log_p[:, s] = Fa * (density.logpdf(x) - 0.5 * np.trace(V @ covariances[s] @ V))
        # Forward and backward, scaled.
        transition = loop * np.eye(S) + (1 - loop) * np.tile(pi, (S, 1))
        shift = log_p.max(1)
        p = np.exp(log_p - shift[:, None])
        forward, backward, scale = np.zeros((T, S)), np.ones((T, S)), np.zeros(T)
        for t in range(T):
            forward[t] = p[t] * (pi if t == 0 else forward[t - 1] @ transition)
            scale[t] = forward[t].sum()
            forward[t] /= scale[t]
        for t in range(T - 2, -1, -1):
            backward[t] = transition @ (p[t + 1] * backward[t + 1]) / scale[t + 1]
        gamma = forward * backward
        assert np.allclose(gamma.sum(1), 1)
        log_px = np.log(scale).sum() + shift.sum()
        # Fb times the divergence of q(y_s) from N(0, I).
        divergence = sum(
            0.5 * (np.trace(c) + a @ a - D - np.linalg.slogdet(c)[1]) for a, c in zip(alphas, covariances)
        )
        bound = log_px - Fb * divergence
        # Expected draws of a speaker, by pairs of moments: of the ways from r to s, those that went by pi.
        draws = gamma[0].copy()
        for t in range(1, T):
            pairs = forward[t - 1][:, None] * transition * (p[t] * backward[t])[None] / scale[t]
            draws += (pairs * ((1 - loop) * pi[None] / transition)).sum(0)
        pi = draws / draws.sum()
        rounds.append(dict(pi=pi.tolist(), bound=float(bound)))
        if len(rounds) > 1 and bound - rounds[-2]["bound"] < tolerance:
            break
    bounds = [r["bound"] for r in rounds]
    assert all(b >= a - 1e-9 for a, b in zip(bounds, bounds[1:])), bounds
    return gamma, pi, rounds


cases = []
for T, D, speakers, extra, Fa, Fb, loop, smoothing, iterations in [
    (60, 4, 3, 3, 1.0, 1.0, 0.9, 5.0, 10),
    (80, 6, 2, 4, 0.4, 17.0, 0.4, 7.0, 40),
    (50, 5, 3, 2, 0.07, 0.8, 0.0, 7.0, 20),
    (40, 3, 1, 3, 0.3, 6.0, 0.99, 2.0, 30),
    (45, 8, 4, 0, 1.0, 4.0, 0.8, 0.0, 5),
    (1, 3, 1, 0, 0.5, 2.0, 0.5, 5.0, 4),
]:
    phi = np.sort(rng.uniform(0.5, 12, size=D))[::-1]
    phi[-1] = 0.0 if D == 5 else phi[-1]
    truth = np.repeat(rng.integers(speakers, size=T // 4 + 1), 4)[:T]
    x = (rng.normal(size=(speakers, D)) * np.sqrt(phi))[truth] + rng.normal(size=(T, D))
    # Labels with mistakes and with too many speakers.
    labels = np.where(rng.uniform(size=T) < 0.3, rng.integers(speakers + extra, size=T), truth)
    labels = np.unique(labels, return_inverse=True)[1]
    first = sorted(set(labels), key=list(labels).index)
    labels = np.array([first.index(label) for label in labels])
    gamma, pi, rounds = vbx(x, phi, labels, Fa, Fb, loop, smoothing, iterations, 1e-6)
    print(T, D, labels.max() + 1, len(rounds), np.round(pi, 4))
    settings = dict(
        observations=Fa, prior=Fb, stay=loop, sureness=smoothing, iterations=iterations, tolerance=1e-6
    )
    cases.append(
        dict(
            settings=settings,
            features=x.ravel().tolist(),
            phi=phi.tolist(),
            labels=labels.tolist(),
            rounds=rounds,
            gamma=gamma.tolist(),
        )
    )

golden = dict(versions=dict(numpy=np.__version__, scipy=scipy.__version__), cases=cases)
Path(__file__).with_name("vbx.json").write_text(json.dumps(golden) + "\n")
