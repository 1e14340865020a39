#!/usr/bin/env bash
# riverreliability 0.1.2 (Apache-2.0) with scikit-learn 1.2.2, SciPy 1.10.1 and NumPy 1.23.5, are the probabilities of each emotion calibrated?
# `class_wise_error` is by its documentation the class-wise error of Kull and others (2019), who compare the probabilities of an emotion for all clips
# with how often it occurs. It takes only the clips for which the emotion is the likeliest one.
# - What is never the likeliest, as rare emotions are, adds no error, however wrong its probabilities are, and is counted in the mean all the same.
# - Each emotion's error is that of its own few clips, not of all: the part that Kull and others are after, what is said when it is not the
#   likeliest, is left out.
#   expected: 0.08 for a model that says 0.20 for fear and 0.05 for disgust where they occur the other way round; 0.00 for one that is right
#   seen:     0.00 for both       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==1.23.5 scipy==1.10.1 scikit-learn==1.2.2
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps riverreliability==0.1.2
cat > "$folder/classwise.py" <<'P'
import numpy as np
from riverreliability.metrics import class_wise_error, ece

draw = np.random.default_rng(0)
clips, bins = 40000, 10
often = 0.75 * draw.dirichlet([4, 4], clips)
says = np.column_stack([often, np.full(clips, 0.20), np.full(clips, 0.05)])  # joy, anger, fear, disgust


def by_hand(probability, emotion):
    """Mean over the emotions of their calibration error, each of all clips."""
    errors = []
    for k in range(4):
        place = np.minimum((bins * probability[:, k]).astype(int), bins - 1)
        gap = np.bincount(place, (emotion == k) - probability[:, k], bins)
        errors.append(abs(gap).sum() / clips)
    return np.mean(errors)


for name, occurs in (("right", says), ("fear and disgust exchanged", says[:, [0, 1, 3, 2]])):
    emotion = (draw.random((clips, 1)) > occurs.cumsum(axis=1)).sum(axis=1).clip(max=3)
    likeliest = says.argmax(axis=1)
    error = class_wise_error(says, likeliest, emotion, ece, bins=bins)
    print(f"{name}: {error:.2f} by hand {by_hand(says, emotion):.2f}, likeliest {np.bincount(likeliest, minlength=4).tolist()}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/classwise.py")
echo "$seen"
[ "$seen" = "right: 0.00 by hand 0.00, likeliest [19803, 20197, 0, 0]
fear and disgust exchanged: 0.00 by hand 0.08, likeliest [19803, 20197, 0, 0]" ]
