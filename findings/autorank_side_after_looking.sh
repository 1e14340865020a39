#!/usr/bin/env bash
# autorank 1.3.0 (Apache-2.0) with SciPy 1.17.1, statsmodels 0.15.0, pandas 3.1.1 and NumPy 2.2.6, two models compared over several corpora: where their figures
# are not normal it takes Wilcoxon's signed rank test, one-sided, for the model that has the higher median in these very figures. The side is
# chosen after looking, so that `pvalue` is half of what it should be, and of two models of the same worth one is "significantly larger" at 0.05
# about twice as often as it may be. (Normal figures get a t-test of both sides.) And where the medians point to one model and nearly all
# corpora to the other, the side is the wrong one, and nothing can be found.
#   expected: the p of both sides, 0.077 and 0.008; below 0.05 in 5 % of the comparisons of models of the same worth
#   seen:     0.039, and 0.997 for a model that is better in 14 of 15 corpora; in 9 %       (2026-11-30, Python 3.11)
# Its report in words says "not greater than", its documentation nothing of a side. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check autorank==1.3.0 scipy==1.17.1 statsmodels==0.15.0 pandas==3.1.1 numpy==2.2.6
cat > "$folder/compare.py" <<'P'
import contextlib
import io

import numpy as np
import pandas as pd
from autorank import autorank
from scipy.stats import wilcoxon


def compare(scores):
    """The p of autorank, and that of both sides, for scores of corpora by models."""
    with contextlib.redirect_stdout(io.StringIO()):
        said = autorank(pd.DataFrame(scores, columns=["text", "face"]), alpha=0.05, force_mode="nonparametric")
    return float(said.pvalue), float(wilcoxon(*np.transpose(scores)).pvalue)


face = np.linspace(0.5, 0.72, 12)
text = face + [0.03, -0.02, 0.04, 0.05, -0.01, 0.06, 0.07, -0.055, 0.025, 0.08, -0.035, 0.09]
print("text better in 8 of 12:", *(round(p, 3) for p in compare(np.column_stack([text, face]))))
text = np.r_[np.linspace(0.5, 0.53, 7), 0.6, np.linspace(0.7, 0.73, 7)]
face = text - np.linspace(0.01, 0.02, 15)
face[7] = 0.65
print("text better in 14 of 15:", *(round(p, 3) for p in compare(np.column_stack([text, face]))))
draw = np.random.default_rng(0)
same = np.array([compare(draw.exponential(size=(20, 2))) for _ in range(500)])
print("of the same worth, below 0.05:", *(f"{share:.0%}" for share in (same < 0.05).mean(0)))
P
seen=$("$folder/venv/bin/python" "$folder/compare.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "text better in 8 of 12: 0.039 0.077
text better in 14 of 15: 0.997 0.008
of the same worth, below 0.05: 9% 5%" ]
