#!/usr/bin/env bash
# PyEyeSim 0.4.0 with scikit-image 0.25.2, SciPy 1.15.3, pandas 2.3.3, matplotlib 3.10.3 and NumPy 1.26.4, where do two groups of persons look?
# - `CompareGroupsHeatmap` shows the p of a permutation test, with maps made smaller by `downsample` and then smoothed: those of the groups by 8,
#   those of groups at random by `downsample`. The smoother maps are, the less they differ. Only at 8, the default, are the two alike. Above it
#   groups that do not differ have p = 0, and below it p = 1.
# - `BinnedCount` leaves out the last row and the last column of bins, also where bins fill the screen: of 10 x 8 bins of 40 pixels on a screen of
#   400 x 320 it counts 9 x 7, and the entropy of where somebody looked is that of the rest.
#   expected: much the same p for all values of `downsample`; 1280 fixations in 8 x 10 bins
#   seen:     1.00 at 4, 0.43 at 8 and 0.00 at 16, for groups that do not differ; 1008 in 7 x 9       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check PyEyeSim==0.4.0 \
    scikit-image==0.25.2 scipy==1.15.3 pandas==2.3.3 matplotlib==3.10.3 numpy==1.26.4
cat > "$folder/groups.py" <<'P'
import contextlib

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from PyEyeSim import EyeData  # noqa: E402
from scipy.ndimage import gaussian_filter  # noqa: E402


def gaze(places):
    """Fixations (person, x, y) on one picture on a screen of 400 x 320 pixels; even and odd persons are two groups."""
    table = pd.DataFrame(places, columns=["subjectID", "mean_x", "mean_y"])
    table["Stimulus"], table["group"] = "picture", np.where(table["subjectID"] % 2, "b", "a")
    with contextlib.redirect_stdout(None):
        data = EyeData("gaze", "between", table, 400, 320)
        data.DataInfo()
    return data


draw = np.random.default_rng(0)
data = gaze([(person, draw.normal(200, 60), draw.normal(160, 40)) for person in range(20) for _ in range(40)])
with contextlib.redirect_stdout(None):
    counts = data.FixCountCalc("picture")


def by_hand(small):
    """p of the test in which all maps are smoothed alike."""
    maps = counts.reshape(20, 320 // small, small, 400 // small, small).mean(axis=(2, 4))
    order = [np.r_[0:20:2, 1:20:2]] + [draw.permutation(20) for _ in range(100)]
    apart = [abs(gaussian_filter(maps[who[:10]].mean(axis=0) - maps[who[10:]].mean(axis=0), 8)).sum() for who in order]
    return np.mean(np.array(apart[1:]) > apart[0])


for small in (4, 8, 16):
    np.random.seed(0)
    with contextlib.redirect_stdout(None):
        data.CompareGroupsHeatmap("picture", "group", downsample=small, Nrand=100)
    print(f"downsample {small}: p {float(plt.gca().get_title().split('=')[1]):.2f} by hand {by_hand(small):.2f}")
    plt.close("all")
grid = gaze([(0, x, y) for x in range(5, 400, 10) for y in range(5, 320, 10)])
with contextlib.redirect_stdout(None):
    bins = grid.BinnedCount(grid.FixCountCalc("picture")[0], "picture", binsize_h=40)
print(f"{len(grid.data)} fixations: {bins.sum():.0f} in {bins.shape[0]} x {bins.shape[1]} bins")
P
seen=$(MPLCONFIGDIR="$folder" "$folder/venv/bin/python" -W ignore "$folder/groups.py")
echo "$seen"
[ "$seen" = "downsample 4: p 1.00 by hand 0.59
downsample 8: p 0.43 by hand 0.47
downsample 16: p 0.00 by hand 0.45
1280 fixations: 1008 in 7 x 9 bins" ]
