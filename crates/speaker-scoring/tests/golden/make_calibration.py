"""calibration.json: lines and bounds by psrcal, lir, scikit-learn and SciPy, for tests/calibration.rs.

    python3 make_calibration.py    # psrcal 1.0.0 (torch 2.15.0), lir 1.3.1, scikit-learn 1.9.1, SciPy 1.17.1, NumPy 2.4.6
"""

import json
from pathlib import Path

import numpy as np
import psrcal.optim.fullbatch_optim as psrcal_optim
import scipy
import sklearn
import torch
from lir.algorithms.bayeserror import elub
from lir.algorithms.logistic_regression import LogitCalibrator
from psrcal.calibration import AffineCalLogLoss
from scipy.optimize import minimize

# psrcal's search stops short of the sixth digit; its loss is left as it is.
psrcal_optim.minimize = lambda *args, **settings: minimize(*args, **settings | {"options": {"maxiter": 10000, "ftol": 0, "gtol": 1e-13}})
rng = np.random.default_rng(21)


def overlapping(num_target, num_nontarget, apart):
    scores = np.r_[rng.normal(0.3 + apart, 0.15, num_target), rng.normal(0.3, 0.12, num_nontarget)]
    labels = np.r_[np.ones(num_target, bool), np.zeros(num_nontarget, bool)]
    order = rng.permutation(len(scores))
    return scores.astype(np.float32).astype(float)[order], labels[order]


def by_psrcal(scores, labels, prior):
    """Slope and offset; its scores are log probabilities of both classes, so the second less the first is the score."""
    columns = torch.tensor(np.c_[np.zeros_like(scores), scores])
    line = AffineCalLogLoss(columns, torch.tensor(labels.astype(int)), bias=True, scale=True, priors=[1 - prior, prior])
    line.train()
    return float(line.temp.detach()), float(line.bias[1].detach() - line.bias[0].detach())


def by_scipy(features, labels, prior, ridge):
    """The same loss for several features, by another way to its minimum: BFGS on the raw features, and the ridge on deviations."""
    deviations = features.std(0)
    weight = np.where(labels, prior / labels.sum(), (1 - prior) / (~labels).sum())
    sign = np.where(labels, -1.0, 1.0)
    means = features.mean(0)

    def loss(at):
        x = (features - means) / deviations @ at[:-1] + at[-1] + np.log(prior / (1 - prior))
        slope = weight * sign / (1 + np.exp(-sign * x))
        value = (weight * np.logaddexp(0, sign * x)).sum() + ridge / 2 * (at[:-1] ** 2).sum()
        return value, np.r_[(features - means).T / deviations[:, None] @ slope + ridge * at[:-1], slope.sum()]

    at = minimize(loss, np.zeros(features.shape[1] + 1), jac=True, method="BFGS", options={"gtol": 1e-12}).x
    weights = at[:-1] / deviations
    return list(weights), float(at[-1] - weights @ means)


lines = []
for num_target, num_nontarget, apart, prior in [
    (200, 200, 0.2, 0.5),
    (80, 700, 0.3, 0.5),
    (300, 900, 0.15, 0.01),
    (120, 60, 0.1, 0.9),
]:
    scores, labels = overlapping(num_target, num_nontarget, apart)
    slope, offset = by_psrcal(scores, labels, prior)
    lines.append(dict(by="psrcal", scores=scores.tolist(), labels=labels.tolist(), prior=prior, ridge=0.0, weights=[slope], offset=offset))
for num_target, num_nontarget in [(150, 150), (60, 500)]:
    scores, labels = overlapping(num_target, num_nontarget, 0.2)
    line = LogitCalibrator(C=1.0, tol=1e-12, max_iter=10000).fit(scores.reshape(-1, 1), labels.astype(int))
    # Its loss is a sum over trials, and its penalty is on the weight of the score itself.
    ridge = 1.0 / len(scores) / scores.std() ** 2
    lines.append(
        dict(by="lir", scores=scores.tolist(), labels=labels.tolist(), prior=0.5, ridge=ridge,
             weights=line._logit.coef_[0].tolist(), offset=float(line._logit.intercept_[0]))
    )

several = []
for prior, ridge in [(0.5, 0.0), (0.05, 0.0), (0.5, 0.01)]:
    scores, labels = overlapping(160, 400, 0.2)
    speech = np.exp(rng.normal(0.5, 0.6, len(scores)))
    longer = speech * np.exp(rng.exponential(0.5, len(scores)))
    scores = scores + np.where(labels, 0.05, -0.05) * np.log(speech)
    features = np.c_[scores, np.log(speech), scores * np.log(speech)]
    weights, offset = by_scipy(features, labels, prior, ridge)
    several.append(
        dict(scores=scores.tolist(), shorter_s=speech.tolist(), longer_s=longer.tolist(), labels=labels.tolist(),
             prior=prior, ridge=ridge, weights=weights, offset=offset)
    )

bounds = []
for num_target, num_nontarget, apart, slope in [(200, 200, 0.3, 12.0), (500, 5000, 0.4, 20.0), (30, 30, 0.2, 8.0), (100, 100, 0.05, 30.0), (50, 400, 1.0, 25.0)]:
    scores, labels = overlapping(num_target, num_nontarget, apart)
    tens = slope * (scores - 0.3 - apart / 2) / np.log(10)
    lower, upper = elub(tens.copy(), labels.astype(int), add_misleading=1)
    bounds.append(dict(llrs=(tens * np.log(10)).tolist(), labels=labels.tolist(), bounds=[lower * np.log(10), upper * np.log(10)]))

out = dict(versions=dict(psrcal="1.0.0", lir="1.3.1", torch=torch.__version__, sklearn=sklearn.__version__, scipy=scipy.__version__, numpy=np.__version__),
           lines=lines, several=several, bounds=bounds)
Path(__file__).with_name("calibration.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
