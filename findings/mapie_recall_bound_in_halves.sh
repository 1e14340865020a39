#!/usr/bin/env bash
# MAPIE 1.6.0 (BSD) with scikit-learn 1.9.1 and NumPy 2.2.6, a threshold for several labels that keeps the recall above a target:
# `MultiLabelClassificationController(risk="recall", method="rcps")` with the bound "wsr", which it takes by default. By that bound a threshold is safe as soon as a running
# sum over the calibration clips reaches a limit. To save memory the clips are taken in two halves, and the highest values that the sums of both halves
# reach are added, as if one sum had reached them: the threshold is too high more often than `confidence_level` allows. (Of an odd
# number of clips the middle one is left out.)
#   expected: of 300 calibrations with 60 clips at most 10 % with a recall below the target, as was asked for; by the formula 9 %
#   seen:     20 %       (2026-11-30, Python 3.11)
# The answers are such that a threshold of t has a recall of exactly 1 - t. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check mapie==1.6.0 scikit-learn==1.9.1 numpy==2.2.6
cat > "$folder/recall.py" <<'P'
import numpy as np
from mapie.risk_control import MultiLabelClassificationController

RUNS, CLIPS, THRESHOLDS = 300, 60, np.linspace(0, 0.2, 101)
draw = np.random.default_rng(1)


def by_formula(missed):
    """Highest threshold whose upper bound of the misses, and that of all below it, is under 0.1 with a confidence of 0.9."""
    count = np.arange(1, CLIPS + 1)[:, None]
    mean = (0.5 + missed.cumsum(0)) / (count + 1)
    spread = (0.25 + ((missed - mean) ** 2).cumsum(0)) / (count + 1)
    stake = np.minimum(1, np.sqrt(2 * np.log(10) / CLIPS / np.vstack([np.full_like(spread[:1], 0.25), spread[:-1]])))
    wealth = np.log(1 - stake * (missed - 0.1)).cumsum(0).max(0)  # against a mean of 0.1
    return THRESHOLDS[np.logical_and.accumulate(wealth > np.log(10))].max(initial=0)


too_high = {"MAPIE": 0, "formula": 0}
for _ in range(RUNS):
    likely = np.column_stack([draw.random(CLIPS), np.zeros((CLIPS, 2))])
    labels = np.tile([1, 0, 0], (CLIPS, 1))
    controller = MultiLabelClassificationController(
        predict_function=lambda clips: clips,
        risk="recall",
        method="rcps",
        target_level=0.9,
        confidence_level=0.9,
        predict_params=THRESHOLDS,
    )
    too_high["MAPIE"] += controller.calibrate(likely, labels).best_predict_param[0] > 0.1001
    too_high["formula"] += by_formula((likely[:, :1] <= THRESHOLDS).astype(float)) > 0.1001
for name, number in too_high.items():
    print(name, "below the target in", round(100 * number / RUNS), "%")
P
seen=$("$folder/venv/bin/python" "$folder/recall.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "MAPIE below the target in 20 %
formula below the target in 9 %" ]
