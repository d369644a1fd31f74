"""Writes golden.json, and that of speaker-scoring: what scikit-learn and SciPy compute for small made-up cases.

Run with scikit-learn 1.9.1, SciPy 1.17.1, NumPy 2.4.6 (other versions should agree within the tolerances of ../golden.rs, 1e-12 but for heights of trees):
    python make_golden.py
"""

import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.interpolate import interp1d
from scipy.optimize import brentq, linear_sum_assignment
from scipy.spatial.distance import pdist
from sklearn.metrics import (adjusted_rand_score, det_curve, normalized_mutual_info_score,
                             roc_auc_score, roc_curve)
from sklearn.metrics.cluster import contingency_matrix

rng = np.random.default_rng(20180913)


def numbers(values):
    return [float(v) for v in np.asarray(values).ravel()]


def verification(name, scores, labels):
    scores = np.asarray(scores, dtype=np.float32).astype(np.float64)
    false_alarm, hit, _ = roc_curve(labels, scores, drop_intermediate=False)
    eer = brentq(lambda x: 1.0 - x - interp1d(false_alarm, hit)(x), 0.0, 1.0, xtol=1e-15)
    # det_curve leaves out the point of rejecting all (or adds it at an infinite threshold,
    # depending on the version); the cost below includes it.
    det_false_alarm, det_miss, _ = det_curve(labels, scores)
    costs = {}
    for p_target, c_miss, c_false_alarm in [(0.01, 1, 1), (0.05, 1, 1), (0.5, 1, 1), (0.01, 10, 1)]:
        cost = p_target * c_miss * (1 - hit) + (1 - p_target) * c_false_alarm * false_alarm
        blind = min(p_target * c_miss, (1 - p_target) * c_false_alarm)
        costs[f"{p_target} {c_miss} {c_false_alarm}"] = float(cost.min() / blind)
    return {
        "name": name,
        "scores": numbers(scores),
        "is_target": [bool(x) for x in labels],
        "eer": float(eer),
        "auc": float(roc_auc_score(labels, scores)),
        "det_false_alarm": numbers(det_false_alarm),
        "det_miss": numbers(det_miss),
        "min_dcf": costs,
    }


def verification_cases():
    labels = rng.random(240) < 0.3
    normal = rng.normal(size=240) + 1.2 * labels
    few = rng.random(31) < 0.5
    yield verification("normal", normal, labels)
    yield verification("ties", np.round(normal), labels)
    yield verification("coarse", np.round(2 * normal) / 2, labels)
    yield verification("inverted", -normal, labels)
    yield verification("uninformative", rng.normal(size=240), labels)
    yield verification("few", rng.normal(size=31) + few, few)
    yield verification("few targets", rng.normal(size=60) + 2 * (np.arange(60) < 3), np.arange(60) < 3)


def partition(name, speakers, labels):
    table = contingency_matrix(speakers, labels)
    rows, columns = linear_sum_assignment(-table)
    return {
        "name": name,
        "speakers": [int(s) for s in speakers],
        "labels": [int(c) for c in labels],
        "ari": float(adjusted_rand_score(speakers, labels)),
        "nmi": float(normalized_mutual_info_score(speakers, labels)),
        "mr": float(1 - table[rows, columns].sum() / len(speakers)),
    }


def partition_cases():
    two_each = np.repeat(np.arange(40), 2)
    yield partition("singletons", two_each, np.arange(80))
    yield partition("one cluster", two_each, np.zeros(80))
    yield partition("perfect", two_each, (two_each * 17 + 3) % 101)
    uneven = rng.integers(0, 9, 150) * rng.integers(0, 2, 150)
    for wrong in (0.1, 0.3, 0.6, 1.0):
        noisy = np.where(rng.random(150) < wrong, rng.integers(0, 14, 150), uneven)
        yield partition(f"uneven speakers, {wrong} redrawn", uneven, noisy)
    yield partition("more clusters than speakers", rng.integers(0, 4, 60), rng.integers(0, 15, 60))
    yield partition("more speakers than clusters", rng.integers(0, 15, 60), rng.integers(0, 4, 60))


def tree(points, name, metric, method, normalise=False):
    points = points.astype(np.float64)
    if normalise:
        points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
        points = points.astype(np.float64)
    merges = linkage(pdist(points, metric), method)
    heights = merges[:, 2]
    # Between two merges: at a height itself the last bit would decide.
    cuts = [float(heights[i : i + 2].mean()) for i in (5, 15, 25, 30)]
    return {
        "points": name,
        "metric": metric,
        "linkage": method,
        "normalise": normalise,
        "heights": numbers(heights),
        "sizes": [int(s) for s in merges[:, 3]],
        "cuts": [{"height": c, "labels": [int(x) for x in fcluster(merges, c, "distance")]} for c in cuts],
        "into": [{"clusters": k, "labels": [int(x) for x in fcluster(merges, k, "maxclust")]} for k in (2, 5, 11)],
    }


def clustering():
    centres = rng.normal(size=(7, 12))
    near = (centres[rng.integers(0, 7, 40)] + 0.5 * rng.normal(size=(40, 12)) + 0.3).astype(np.float32)
    # Nothing but noise in three dimensions: chains of unequal merges.
    noise = rng.normal(size=(33, 3)).astype(np.float32)
    points = {"speakers": near, "noise": noise}
    trees = []
    for name, values in points.items():
        for metric in ("cosine", "euclidean"):
            for method in ("complete", "average", "single"):
                trees.append(tree(values, name, metric, method))
        trees.append(tree(values, name, "euclidean", "ward"))
        trees.append(tree(values, name, "euclidean", "ward", normalise=True))
    return {
        "points": {name: [numbers(row) for row in values] for name, values in points.items()},
        "trees": trees,
    }


golden = {
    "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "sklearn": sklearn.__version__},
    "verification": list(verification_cases()),
    "partitions": list(partition_cases()),
}
# After the lists above, since all draw from one stream.
trees = {"versions": golden["versions"], "clustering": clustering()}
here = pathlib.Path(__file__).parent
for path, content in [(here, golden), (here.parents[2] / "speaker-scoring/tests/golden", trees)]:
    path = path / "golden.json"
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, "bytes")
