"""Writes assignment.json: points that SciPy's linear_sum_assignment gets right in tables whose labels do not fit.

Run with SciPy 1.17.1, NumPy 2.4.6 (an optimum does not depend on versions):
    pip install numpy scipy && python make_assignment.py
The points of a table follow from four numbers, so that the file holds nothing else: see `points`.
"""

import json
import pathlib

import numpy as np
import scipy
from scipy.optimize import linear_sum_assignment


def points(count, speakers, clusters, seed):
    """The speaker and the cluster of each point: two streams of one generator of Numerical Recipes."""
    state, found = seed, []
    for _ in range(count):
        pair = []
        for bound in (speakers, clusters):
            state = (state * 1664525 + 1013904223) % 2**32
            pair.append((state >> 8) % bound)
        found.append(pair)
    return np.array(found)


cases = []
for count, speakers, clusters, seed in [
    (3000, 200, 200, 1),
    (3000, 1500, 700, 2),
    (3000, 30, 1900, 3),
    (4000, 2000, 2000, 4),
    (5000, 12, 9, 5),
    (2000, 400, 20, 6),
]:
    table = np.zeros((speakers, clusters), dtype=int)
    np.add.at(table, tuple(points(count, speakers, clusters, seed).T), 1)
    rows, columns = linear_sum_assignment(-table)
    cases.append({"points": count, "speakers": speakers, "clusters": clusters, "seed": seed,
                  "matched": int(table[rows, columns].sum())})

path = pathlib.Path(__file__).parent / "assignment.json"
versions = {"numpy": np.__version__, "scipy": scipy.__version__}
path.write_text(json.dumps({"versions": versions, "cases": cases}, indent=1) + "\n")
