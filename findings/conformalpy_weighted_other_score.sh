#!/usr/bin/env bash
# conformalpy 1.0.0 (MIT) with NumPy 2.4.6, SciPy 1.17.1 and scikit-learn 1.9.1, prediction sets for other clips than those of the calibration: `WeightedConformalClassifier` takes a
# `nonconformity_function`, and weights that "will be normalized".
# - `calibrate` uses the function, and `predict` does not: it compares 1 - probability with the threshold of another score. Where the score is the margin to the best other class, the sets hold the truth half as often as
#   was asked for; with RAPS (regularised adaptive sets) each set is all classes. `ConformalClassifier` of the same package is right, with the same score and no weights. Only 1 - probability can be used.
# - `qhat_`, the threshold that it shows, depends on the sum of the weights: those that sum to 1 give another than those that sum to the number of clips, and `predict` uses neither of them but that of the latter, always.
#   expected: a coverage of about 0.9 for each score, as asked for; one threshold for weights that are all alike
#   seen:     0.43 (0.6 classes of 4) and 1.00 (4 classes of 4); 0.869 and 0.986       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check conformalpy==1.0.0 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 pandas==3.1.1 matplotlib==3.11.2 seaborn==0.13.2
cat > "$folder/weighted.py" <<'P'
from functools import partial

import numpy as np
from conformalpy.classifier import ConformalClassifier, WeightedConformalClassifier
from conformalpy.nonconformity.classification import hinge_nonconformity, lac_nonconformity, raps_nonconformity
from sklearn.linear_model import LogisticRegression

random = np.random.default_rng(0)
emotion = random.integers(0, 4, 8000)
clips = 1.2 * np.eye(4)[emotion] + random.normal(size=(8000, 4))
model = LogisticRegression().fit(clips[:2000], emotion[:2000])
calibration, fresh = slice(2000, 4000), slice(4000, None)


def report(name, sets):
    """Prints how often the sets hold the truth and how many classes they have."""
    print(f"{name}: coverage {np.mean([truth in held for truth, held in zip(emotion[fresh], sets)]):.2f}, {np.mean([len(held) for held in sets]):.1f} classes")


adaptive = partial(raps_nonconformity, random_state=0)
for name, score, kind in (
    ("1 - probability", lac_nonconformity, WeightedConformalClassifier),
    ("margin", hinge_nonconformity, ConformalClassifier),
    ("margin", hinge_nonconformity, WeightedConformalClassifier),
    ("RAPS", adaptive, WeightedConformalClassifier),
):
    classifier = kind(model=model, alpha=0.1, nonconformity_function=score)
    classifier.calibrate(clips[calibration], emotion[calibration])
    report(f"{name}, {kind.__name__}", classifier.predict(clips[fresh]))


def margins(probability):
    """Best other class less each class, shape (clips, classes)."""
    return np.stack([np.delete(probability, k, axis=1).max(axis=1) - probability[:, k] for k in range(4)], axis=1)


scores = np.sort(margins(model.predict_proba(clips[calibration]))[np.arange(2000), emotion[calibration]])
threshold = scores[int(np.ceil(0.9 * 2001)) - 1]
report("margin, by hand", [np.flatnonzero(row <= threshold) for row in margins(model.predict_proba(clips[fresh]))])
for total in (2000, 1):
    classifier = WeightedConformalClassifier(model=model, alpha=0.1)
    classifier.calibrate(clips[calibration], emotion[calibration], weights=np.full(2000, total / 2000))
    report(f"weights that sum to {total}, threshold {classifier.qhat_:.3f}", classifier.predict(clips[fresh]))
P
seen=$(MPLCONFIGDIR="$folder" "$folder/venv/bin/python" -W ignore "$folder/weighted.py")
echo "$seen"
[ "$seen" = "1 - probability, WeightedConformalClassifier: coverage 0.90, 2.2 classes
margin, ConformalClassifier: coverage 0.89, 2.4 classes
margin, WeightedConformalClassifier: coverage 0.43, 0.6 classes
RAPS, WeightedConformalClassifier: coverage 1.00, 4.0 classes
margin, by hand: coverage 0.89, 2.4 classes
weights that sum to 2000, threshold 0.869: coverage 0.90, 2.2 classes
weights that sum to 1, threshold 0.986: coverage 0.90, 2.2 classes" ]
