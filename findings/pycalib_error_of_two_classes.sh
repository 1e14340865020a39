#!/usr/bin/env bash
# pycalib 0.1.0.dev6 (BSD) with scikit-learn 1.9.1, SciPy 1.17.1 and NumPy 2.2.6, the calibration error of an emotion that is there or not: `ECE(labels, probabilities)` looks at the
# probabilities of all classes unless told otherwise. For two classes `label_binarize` of scikit-learn gives one column in place of two. Laid out in a
# row, n labels stand beside the first n of 2 n probabilities: the two of the first clip beside the labels of the first and the second clip, and so on.
# The probabilities of the second half of the clips are never looked at, and what comes out hardly depends on the model. With three or more classes it is right.
#   expected: 0 for answers that are certain and right, 1 for answers that are certain and wrong, 0.03 for calibrated ones, as `classwise_ECE` gives
#   seen:     0.25, 0.25 and 0.12       (2026-11-30, Python 3.11)
# `MCE(..., mce_full=True)` goes the same way, `conf_ECE` and `binary_ECE` do not. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.9.1 scipy==1.17.1 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps pycalib==0.1.0.dev6 # it asks for matplotlib and statsmodels too, of which its metrics have no need
cat > "$folder/error.py" <<'P'
import numpy as np
from pycalib.metrics import ECE, classwise_ECE

draw = np.random.default_rng(0)
for classes in (2, 3):
    likely = draw.dirichlet(np.ones(classes), 4000)
    labels = np.array([draw.choice(classes, p=row) for row in likely])
    for name, answers in (
        ("calibrated", likely),
        ("certain and right", np.eye(classes)[labels]),
        ("certain and wrong", np.eye(classes)[(labels + 1) % classes]),
    ):
        figures = ECE(labels, answers), classwise_ECE(np.eye(classes)[labels], answers)
        print(classes, "classes,", name, "{:.2f}, class by class {:.2f}".format(*figures))
P
seen=$("$folder/venv/bin/python" "$folder/error.py")
echo "$seen"
[ "$seen" = "2 classes, calibrated 0.12, class by class 0.03
2 classes, certain and right 0.25, class by class 0.00
2 classes, certain and wrong 0.25, class by class 1.00
3 classes, calibrated 0.01, class by class 0.02
3 classes, certain and right 0.00, class by class 0.00
3 classes, certain and wrong 0.67, class by class 0.67" ]
