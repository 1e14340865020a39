#!/usr/bin/env bash
# imbalance-metrics 0.0.6 (GPL-3.0) with scikit-learn 1.5.2, SciPy 1.17.1, pandas 2.3.3 and NumPy 2.2.6, figures for rare emotions.
# - `gmean_score`, the geometric mean of the recalls, weights them by default, each recall times the relevance of its class. A product of weighted numbers is the product
#   of the numbers times that of the weights: no class counts more than another, and all figures shrink by the same factor, which depends on the corpus alone.
# - `pr_davis` and `pr_manning`, areas under the curve of precision and recall, draw a straight line from precision 1 at recall 0 to the first threshold. That such lines promise
#   too much is what Davis and Goadrich (2006) show. The fewer values a model gives, the more it gets for nothing; nothing at all gets more than half.
#   expected: 1 for a model without errors, of whatever corpus; 0.1 for one that answers the same to all clips, of which 10 % have the emotion
#   seen:     0.3 for 10 % and 0.1 for 1 %; 0.55 from both       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.5.2 scipy==1.17.1 pandas==2.3.3 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps imbalance-metrics==0.0.6
echo "phi = phi_ctrl_pts = None" > "$folder/smogn.py" # which it imports for ratings
cat > "$folder/rare.py" <<'P'
import numpy as np
import pandas as pd
from imbalance_metrics.classification_metrics import gmean_score, pr_davis, pr_manning
from sklearn.metrics import average_precision_score

for rare in (100, 10):
    truth = pd.Series([1] * rare + [0] * (1000 - rare))
    print(f"{rare} of 1000, no errors: {gmean_score(truth, truth):.2f}, unweighted {gmean_score(truth, truth, weighted=False):.2f}")
truth = np.array([1] * 100 + [0] * 900)
for name, answer in (
    ("the same to all", np.full(1000, 0.3)),
    ("of two values", np.where(np.arange(1000) % 2, 0.3, 0.6)),
    ("drawn", np.random.default_rng(0).random(1000)),
):
    print(
        f"{name}: pr_davis {pr_davis(truth, answer, pos_label=1):.2f} pr_manning {pr_manning(truth, answer, pos_label=1):.2f}",
        f"average precision {average_precision_score(truth, answer):.2f}",
    )
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/rare.py")
echo "$seen"
[ "$seen" = "100 of 1000, no errors: 0.30, unweighted 1.00
10 of 1000, no errors: 0.10, unweighted 1.00
the same to all: pr_davis 0.55 pr_manning 0.55 average precision 0.10
of two values: pr_davis 0.33 pr_manning 0.33 average precision 0.10
drawn: pr_davis 0.12 pr_manning 0.13 average precision 0.13" ]
