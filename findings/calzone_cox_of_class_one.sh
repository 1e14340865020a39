#!/usr/bin/env bash
# calzone-tool 0.1.0 (MIT) with statsmodels 0.15.0, SciPy 1.17.1, pandas 3.1.1, matplotlib 3.11.2 and NumPy 2.2.6, is each of several emotions calibrated?
# `CalibrationMetrics(class_to_calculate=k)` measures, by its documentation, the probabilities of class k. For "COX", the slope and intercept, which are 1 and
# 0 for a calibrated class, it forgets the class: whatever k is, the figures and their intervals of 95 % are those of class 1. The index "COX ICI" lays the
# curve of class 1 over the probabilities of class k. `cox_regression_analysis(..., class_to_calculate=k)` takes the labels of class k, but the probabilities
# of class 1 once more. The calibration error beside it ("ECE-H") takes both from class k. Where k is left at 1 all is right.
#   expected: slopes of 0.51, 0.99 and 0.5, as each column alone gives, for the model is too sure of two emotions; an ICI of 0.07, 0 and 0.08
#   seen:     0.99 three times, with an ICI of 0; -0.44, 0.99 and -0.47 by the function       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check calzone-tool==0.1.0 statsmodels==0.15.0 scipy==1.17.1 pandas==3.1.1 matplotlib==3.11.2 numpy==2.2.6
cat > "$folder/cox.py" <<'P'
import numpy as np
from calzone.metrics import CalibrationMetrics, cox_regression_analysis

draw = np.random.default_rng(0)
middle, share = draw.uniform(size=(2, 4000))
sure = share**3 / (share**3 + (1 - share) ** 3)  # how the model divides between classes 0 and 2 what class 1 leaves
true, said = (np.stack([(1 - middle) * part, middle, (1 - middle) * (1 - part)], axis=1) for part in (share, sure))
labels = np.array([draw.choice(3, p=row) for row in true])
for emotion in range(3):
    one, alone = labels == emotion, np.stack([1 - said[:, emotion], said[:, emotion]], axis=1)
    for name, found in (
        ("asked for", CalibrationMetrics(emotion).calculate_metrics(labels, said, ["COX", "ECE-H"])),
        ("alone", CalibrationMetrics().calculate_metrics(one.astype(int), alone, ["COX", "ECE-H"])),
    ):
        slope, low, high = (found[f"COX coef{end}"] for end in ("", " lowerci", " upperci"))
        print(
            f"class {emotion} {name}: slope {slope:.2f} ({low:.2f} to {high:.2f}), ICI {found['COX ICI']:.2f},",
            f"calibration error {found['ECE-H']:.2f}",
        )
    slope = cox_regression_analysis(labels, said, class_to_calculate=emotion)[0]
    print(f"class {emotion} by the function: slope {slope:.2f}")
P
seen=$(MPLCONFIGDIR="$folder" "$folder/venv/bin/python" "$folder/cox.py")
echo "$seen"
[ "$seen" = "class 0 asked for: slope 0.99 (0.93 to 1.06), ICI 0.00, calibration error 0.06
class 0 alone: slope 0.51 (0.47 to 0.56), ICI 0.07, calibration error 0.06
class 0 by the function: slope -0.44
class 1 asked for: slope 0.99 (0.93 to 1.06), ICI 0.00, calibration error 0.01
class 1 alone: slope 0.99 (0.93 to 1.06), ICI 0.00, calibration error 0.01
class 1 by the function: slope 0.99
class 2 asked for: slope 0.99 (0.93 to 1.06), ICI 0.00, calibration error 0.06
class 2 alone: slope 0.50 (0.45 to 0.54), ICI 0.08, calibration error 0.06
class 2 by the function: slope -0.47" ]
