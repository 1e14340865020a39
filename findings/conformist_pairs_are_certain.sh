#!/usr/bin/env bash
# conformist 1.1.1 (MIT) with SciPy 1.15.3, pandas 2.2.3, matplotlib 3.10.3 and NumPy 1.26.4, sets of emotions of a clip at a promised rate of misses. What it
# reports to choose that rate by, and for each emotion, is of something else than it says:
# - The figure of `AlphaSelector` has bars "certain (n=1)" of how many sets hold one emotion; they count sets of two also, which "uncertain"
#   counts again. The line and the bold number in it, and so the rate that is read off it, are at the most sets of one or two.
# - `mean_fnrs_by_class`, how often each emotion is missed, is how much is missed of the clips that have it, of all their emotions together.
#   An emotion that is never found, beside one that always is, has the same rate as that one.
#   expected: 41 % certain and 59 % uncertain at a rate of 0.05, and the most certain at 0.3; 0 % of joy missed and 100 % of longing
#   seen:     99 % certain and 59 % uncertain, and the most at 0.1; 50 % of each missed       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check conformist==1.1.1 UpSetPlot==0.9.0 seaborn==0.13.2 scipy==1.15.3 pandas==2.2.3 matplotlib==3.10.3 numpy==1.26.4
cat > "$folder/sets.py" <<'P'
import contextlib
import io
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from conformist import AlphaSelector, FNRCoP, PredictionDataset, ValidationRun

draw = np.random.default_rng(0)
np.random.seed(0)
names = ["joy", "fear", "longing"]
felt = draw.integers(0, 3, 300)
scores = draw.dirichlet([1, 1, 1], 300) + 0.4 * np.eye(3)[felt]
table = pd.DataFrame(scores / scores.sum(axis=1, keepdims=True), columns=names)
table["id"] = range(300)
table["known_class"] = [names[k] for k in felt]
table["predicted_class"] = [names[k] for k in scores.argmax(axis=1)]
with contextlib.redirect_stdout(io.StringIO()):
    choice = AlphaSelector(PredictionDataset(df=table), FNRCoP, sys.argv[1], 0.05, 0.35, 0.05, n_runs_per_alpha=20, val_proportion=0.5)
    choice.run()
    choice.visualize()
bars = [[bar.get_height() for bar in container] for container in plt.gca().containers]
for k, rate in enumerate(choice.alphas):
    sizes = np.concatenate([np.sum(run.prediction_sets, axis=1) for run in choice.trials[rate].runs])
    right = " ".join(f"{100 * kind.mean():.0f}" for kind in (sizes == 0, sizes == 1, sizes >= 2))
    print(f"rate {rate}: bars {' '.join(f'{100 * heights[k]:.0f}' for heights in bars)}, sets {right} %")

labels = np.array([[1, 0, 1]] * 6 + [[0, 1, 0]] * 4)
found = np.array([[1, 0, 0]] * 6 + [[0, 1, 0]] * 4)
run = ValidationRun(np.arange(10), np.arange(10), found, labels, found, 0.5, names)
for k, name in enumerate(names):
    missed = 1 - found[labels[:, k] == 1, k].mean()
    print(f"{name}: missed by report {100 * run.mean_fnrs_by_class(found, names)[name]:.0f}, of its clips {100 * missed:.0f} %")
P
seen=$(MPLBACKEND=agg MPLCONFIGDIR="$folder" "$folder/venv/bin/python" -W ignore "$folder/sets.py" "$folder")
echo "$seen"
[ "$seen" = "rate 0.05: bars 0 99 59, sets 0 41 59 %
rate 0.1: bars 0 100 49, sets 0 51 49 %
rate 0.15: bars 0 100 39, sets 0 61 39 %
rate 0.2: bars 1 99 26, sets 1 72 26 %
rate 0.25: bars 2 98 21, sets 2 76 21 %
rate 0.3: bars 5 95 14, sets 5 81 14 %
rate 0.35: bars 11 89 8, sets 11 80 8 %
joy: missed by report 50, of its clips 0 %
fear: missed by report 0, of its clips 0 %
longing: missed by report 50, of its clips 100 %" ]
