#!/usr/bin/env bash
# reliabiliPy 0.0.36 (MIT) with factor-analyzer 0.5.1, scikit-learn 1.5.2, SciPy 1.17.1, pandas 2.2.3 and NumPy 2.2.6, do the items of a scale, or the raters of a clip, agree? From
# raw ratings it computes the correlations and then takes them without their sign, for Cronbach's alpha, the omegas and both lambdas alike. A rater who says the
# opposite of the others makes the scale as reliable as one who says the same, and what chance leaves of correlations adds up: ratings that were drawn
# get an alpha that looks usable. (Given the correlations of the same ratings as a table, it keeps the signs.)
#   expected: by the definition an alpha of -2.0 where three raters say the opposite of three others, and -0.6 for these eight columns of noise
#   seen:     0.92, as where all say the same, and 0.57       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check factor-analyzer==0.5.1 scikit-learn==1.5.2 scipy==1.17.1 pandas==2.2.3 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check reliabiliPy==0.0.36
cat > "$folder/agree.py" <<'P'
import numpy as np
import pandas as pd
from reliabilipy import reliability_analysis

draw = np.random.default_rng(0)
mood = draw.normal(size=(200, 1))
raters = np.hstack([mood + 0.7 * draw.normal(size=(200, 3)), -mood + 0.7 * draw.normal(size=(200, 3))])
for name, ratings in (
    ("opposite", raters),
    ("same", raters * [1, 1, 1, -1, -1, -1]),
    ("noise", draw.normal(size=(30, 8))),
):
    ratings = pd.DataFrame(ratings)
    number, table = ratings.shape[1], ratings.corr()
    alpha = number / (number - 1) * (1 - number / table.to_numpy().sum())
    raw = reliability_analysis(raw_dataset=ratings, is_corr_matrix=False)
    given = reliability_analysis(correlations_matrix=table)
    raw.fit()
    given.fit()
    print(
        f"{name}: alpha {raw.alpha_cronbach:.2f}, from correlations {given.alpha_cronbach:.2f}, definition {alpha:.2f};",
        f"lambda 2 {raw.lambda2:.2f}, from correlations {given.lambda2:.2f}",
    )
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/agree.py")
echo "$seen"
[ "$seen" = "opposite: alpha 0.92, from correlations -1.96, definition -1.96; lambda 2 0.92, from correlations 0.13
same: alpha 0.92, from correlations 0.92, definition 0.92; lambda 2 0.92, from correlations 0.92
noise: alpha 0.57, from correlations -0.58, definition -0.58; lambda 2 0.59, from correlations -0.24" ]
