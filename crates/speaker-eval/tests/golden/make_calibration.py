"""calibration.json: what lir, psrcal, expected_cost and scikit-learn make of log-likelihood ratios, for tests/calibration.rs.

    python3 make_calibration.py    # lir 1.3.1, psrcal 1.0.0 (torch 2.15.0), expected_cost 1.0, scikit-learn 1.9.1, NumPy 2.4.6
"""

import json
from pathlib import Path

import expected_cost.ec as expected_cost_ec
import numpy as np
import sklearn
import torch
from expected_cost.ec import CostMatrix, average_cost_for_bayes_decisions, average_cost_for_optimal_decisions
from lir.algorithms.isotonic_regression import IsotonicCalibrator
from lir.data.models import LLRData
from lir.metrics import cllr, cllr_min
from lir.plotting.expected_calibration_error import calculate_ece
from psrcal.losses import CostFunction, ECEbin, LogLoss
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_curve
from sklearn.metrics._classification import _check_targets

# expected_cost was written for an older scikit-learn, which gave three of these.
expected_cost_ec._check_targets = lambda truth, decided: tuple(_check_targets(truth, decided)[place] for place in (0, 2, 3))
# psrcal's shares of both kinds are of the default precision.
torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(31)
LN10 = np.log(10)
PRIORS = [0.001, 0.01, 0.05, 0.5, 0.9]
# (prior, cost of a miss, cost of a false alarm)
COSTS = [(0.01, 1.0, 1.0), (0.05, 1.0, 1.0), (0.5, 1.0, 1.0), (0.01, 10.0, 1.0), (0.3, 1.0, 4.0)]
LOG_ODDS = np.linspace(-7.3, 7.1, 13)


def stored(values):
    """As the file has them and as they are read: decimals, rounded to f32. The last digit keeps them from 0, Bayes' threshold of even odds:
    there we accept, the peers reject."""
    decimals = np.round(values, 4) + 0.00005
    return decimals, decimals.astype(np.float32).astype(float)


def right(num_target, num_nontarget, deviation):
    """Ratios that keep what they promise."""
    half = deviation**2 / 2
    llrs = np.r_[rng.normal(half, deviation, num_target), rng.normal(-half, deviation, num_nontarget)]
    labels = np.r_[np.ones(num_target, int), np.zeros(num_nontarget, int)]
    order = rng.permutation(len(llrs))
    return llrs[order], labels[order]


def log_posteriors(llrs, prior):
    odds = llrs + np.log(prior / (1 - prior))
    return np.c_[-np.logaddexp(0, odds), -np.logaddexp(0, -odds)]


def entropies(llrs, labels):
    """Bits at each prior, by psrcal and by lir; lir's are null where it takes the logarithm of a probability that was rounded to 0."""
    y = torch.tensor(labels)
    by_psrcal, by_lir = [], []
    for prior in PRIORS:
        nats = LogLoss(torch.tensor(log_posteriors(llrs, prior)), y, norm=False, priors=torch.tensor([1 - prior, prior]))
        by_psrcal.append(float(nats) / np.log(2))
        # Above, the posterior of the wrong answer has lost digits.
        is_sure = np.where(labels == 1, -llrs, llrs).max() + abs(np.log(prior / (1 - prior))) > 12
        bits = float(calculate_ece(np.exp(llrs), labels, np.array([prior]))[0])
        by_lir.append(None if is_sure or not np.isfinite(bits) else bits)
    return dict(psrcal=by_psrcal, lir=by_lir)


def column(prior):
    """expected_cost multiplies a flat list of priors with decisions instead of truths."""
    return np.array([[1 - prior], [prior]])


def decided(llrs, labels, matrix, prior):
    """The normalised cost of Bayes' decisions by expected_cost."""
    return float(average_cost_for_bayes_decisions(labels, llrs, matrix, column(prior), adjusted=True, score_type="log_likelihood_ratios", silent=True)[0])


def costs(llrs, labels):
    """psrcal weighs by the numbers of trials, so its costs are made to weigh by the prior."""
    share = labels.mean()
    by_psrcal, by_expected_cost = [], []
    for prior, miss, alarm in COSTS:
        matrix = np.array([[0, prior * miss / share], [(1 - prior) * alarm / (1 - share), 0]])
        by_psrcal.append(float(CostFunction(torch.tensor(log_posteriors(llrs, share)), torch.tensor(labels), C=matrix)))
        # Its rows are the truth, psrcal's the decisions.
        by_expected_cost.append(decided(llrs, labels, CostMatrix([[0, alarm], [miss, 0]]), prior))
    return dict(psrcal=by_psrcal, expected_cost=by_expected_cost)


def curve(llrs, labels):
    """Actual cost by expected_cost, lowest one by scikit-learn's operating points and by expected_cost, whose rates are of single precision,
    and which parts tied trials, as no threshold can: null where there are any."""
    equal = CostMatrix([[0, 1], [1, 0]])
    false_alarms, hits, _ = roc_curve(labels, llrs, drop_intermediate=False)
    # Posteriors of sure ratios round to 1, and are tied where the ratios are not; ranks are as good for a minimum.
    ranks = np.unique(llrs, return_inverse=True)[1] / len(llrs)
    has_ties = len(np.unique(llrs)) < len(llrs)
    actual, by_sklearn, by_expected_cost = [], [], []
    for log_odds in LOG_ODDS:
        prior = 1 / (1 + np.exp(-log_odds))
        actual.append(decided(llrs, labels, equal, prior))
        by_sklearn.append(float((prior * (1 - hits) + (1 - prior) * false_alarms).min() / min(prior, 1 - prior)))
        minimum = average_cost_for_optimal_decisions(labels, np.c_[1 - ranks, ranks], equal, column(prior), adjusted=True, score_type="posteriors")
        by_expected_cost.append(None if has_ties else float(minimum))
    return dict(log_odds=LOG_ODDS.tolist(), actual=actual, sklearn=by_sklearn, expected_cost=by_expected_cost)


def runs(llrs, labels):
    """lir's ratios by rising score, as [ratio, number of trials]; null is an infinite one, of the sign of its end."""
    tens = IsotonicCalibrator().fit_transform(llrs / LN10, labels)[np.argsort(llrs, kind="stable")]
    out = []
    for value in tens * LN10:
        if out and (out[-1][0] == value or abs(out[-1][0] - value) < 1e-9):
            out[-1][1] += 1
        else:
            out.append([float(value), 1])
    return [[None if np.isinf(value) else value, count] for value, count in out]


def case(name, llrs, labels):
    decimals, llrs = stored(llrs)
    data = LLRData(features=(llrs / LN10).reshape(-1, 1), labels=labels)
    return dict(
        name=name,
        llrs=[round(float(value), 5) for value in decimals],
        is_target="".join(map(str, labels)),
        cllr=cllr(data),
        min_cllr=cllr_min(data),
        isotonic=runs(llrs, labels),
        entropies=entropies(llrs, labels),
        costs=costs(llrs, labels),
        curve=curve(llrs, labels),
    )


def error_of_quantiles(probabilities, labels):
    """Of ten bins with equally many trials."""
    observed, promised = calibration_curve(labels, probabilities, n_bins=10, strategy="quantile")
    assert len(observed) == 10
    return float(np.abs(observed - promised).mean())


def calibration_errors():
    """Our bins have equal weight, where both kinds of trials weigh alike. scikit-learn's have equally many trials, which is the same for
    equally many trials of both kinds, or for those of the rarer kind repeated. psrcal's are equally wide, which is the same where each
    bin is one ratio."""
    out = []
    for name, count, deviation, scale, shift in [("right", 300, 1.7, 1, 0), ("sure", 500, 1.5, 4, 0), ("shifted", 50, 2.0, 1, 2), ("inverted", 200, 1.5, -1, 0)]:
        llrs, labels = right(count, count, deviation)
        # Thousandths of normal numbers coincide at times; here none may.
        decimals = np.round(scale * llrs + shift, 3) + 0.0005 + np.arange(len(llrs)) * 1e-7
        llrs = decimals.astype(np.float32).astype(float)
        if len(np.unique(llrs)) < len(llrs):
            raise SystemExit("tied ratios")
        error = error_of_quantiles(1 / (1 + np.exp(-llrs)), labels)
        out.append(dict(name=name, llrs=np.round(decimals, 8).tolist(), is_target="".join(map(str, labels)), sklearn=error, psrcal=None))
    for name, targets, times in [("ten ratios", [0, 1, 3, 4, 9, 11, 16, 17, 19, 20], 1), ("ten ratios, unequal", [1, 0, 4, 3, 9, 12, 15, 18, 18, 20], 7)]:
        targets = np.array(targets)
        num_a_bin = 2 * times * targets.sum() // 10
        others = num_a_bin - times * targets
        assert others.min() >= 0 and others.sum() == times * targets.sum()
        values = np.round(np.linspace(-4, 5, 10), 3) + 0.0005
        decimals = np.r_[np.repeat(values, targets), np.repeat(values, others)]
        labels = np.r_[np.ones(targets.sum(), int), np.zeros(others.sum(), int)]
        repeated = np.repeat(np.arange(len(labels)), np.where(labels == 1, times, 1))
        llrs = decimals.astype(np.float32).astype(float)[repeated]
        error = error_of_quantiles(1 / (1 + np.exp(-llrs)), labels[repeated])
        percent = float(ECEbin(torch.tensor(log_posteriors(llrs, 0.5)), torch.tensor(labels[repeated]), M=1000))
        out.append(dict(name=name, llrs=np.round(decimals, 4).tolist(), is_target="".join(map(str, labels)), sklearn=error, psrcal=percent / 100))
    return out


cases = []
for name, num_target, num_nontarget, deviation, change in [
    ("right", 200, 200, 1.8, lambda x: x),
    ("right, few same", 40, 2960, 2.5, lambda x: x),
    ("right, few different", 900, 60, 1.5, lambda x: x),
    ("twenty", 7, 13, 1.5, lambda x: x),
    ("too sure", 300, 700, 1.6, lambda x: 8 * x),
    ("far too sure", 60, 140, 1.2, lambda x: 100 * x),
    ("too modest", 150, 600, 3.0, lambda x: 0.05 * x),
    ("shifted", 100, 400, 2.0, lambda x: x + 4),
    ("shifted down", 100, 400, 2.0, lambda x: x - 4),
    ("inverted", 120, 480, 1.8, lambda x: -x),
    ("cosines", 80, 320, 1.8, lambda x: np.tanh(x / 5)),
    ("ties", 250, 750, 1.8, lambda x: np.round(2 * x) / 2),
    ("three ratios", 50, 90, 1.8, lambda x: np.sign(np.round(x / 2))),
    ("one ratio", 20, 35, 1.0, lambda x: 0 * x),
    ("apart", 30, 90, 12.0, lambda x: x),
    ("nothing known", 200, 400, 0.001, lambda x: rng.normal(0, 1, len(x))),
]:
    llrs, labels = right(num_target, num_nontarget, deviation)
    cases.append(case(name, change(llrs), labels))

out = dict(
    versions=dict(lir="1.3.1", psrcal="1.0.0", expected_cost="1.0", torch=torch.__version__, sklearn=sklearn.__version__, numpy=np.__version__),
    priors=PRIORS,
    settings=COSTS,
    cases=cases,
    calibration_errors=calibration_errors(),
)
Path(__file__).with_name("calibration.json").write_text(json.dumps(out, separators=(",", ":"), allow_nan=False) + "\n")
