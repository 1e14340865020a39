#!/usr/bin/env bash
# dlordinal 2.7.0 (BSD) with scikit-learn 1.6.1, SciPy 1.15.3 and NumPy 1.26.4, how far ratings on a scale are missed. A fold, or a person, seldom holds all levels:
# - `amae` and `mmae`, the error in levels averaged over the levels of the truth, number the levels that occur in truth or prediction from 0 up.
#   A level that nobody used is no step: 9 taken for 1 is 1 apart where the ones between are absent. The levels cannot be named.
# - `accuracy_off1`, the share that is missed by one level at most, by default takes the levels of the truth alone. The neighbours of an absent one are
#   neighbours, and who predicts the absent one is not counted at all, be it as far off as the scale goes.
#   expected: of ratings from 1 to 9 an error of 4.00 levels on average, and 50 % within one
#   seen:     0.50, and 100 %       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.6.1 scipy==1.15.3 numpy==1.26.4
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps dlordinal==2.7.0 # it asks for torch too, of which its metrics have no need
cat > "$folder/levels.py" <<'P'
import numpy as np
from dlordinal.metrics import accuracy_off1, amae, mmae


def per_level(truth, predicted):
    """Mean error in levels, of each level of the truth."""
    return [np.abs(predicted[truth == level] - level).mean() for level in np.unique(truth)]


def show(name, truth, predicted):
    truth, predicted = np.array(truth), np.array(predicted)
    by_hand = per_level(truth, predicted)
    within = (np.abs(truth - predicted) <= 1).mean()
    print(
        f"{name}: error {amae(truth, predicted):.2f} for {np.mean(by_hand):.2f},"
        f" largest {mmae(truth, predicted):.2f} for {max(by_hand):.2f},"
        f" within one {100 * accuracy_off1(truth, predicted):.0f} for {100 * within:.0f} %"
    )


show("all levels occur", [1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 2, 3, 4, 5, 6, 7, 8, 1])
show("two levels occur", [1, 1, 9, 9], [9, 1, 1, 9])
show("one more is predicted", [1, 1, 9, 9], [5, 1, 5, 9])
P
seen=$("$folder/venv/bin/python" "$folder/levels.py")
echo "$seen"
[ "$seen" = "all levels occur: error 1.78 for 1.78, largest 8.00 for 8.00, within one 78 for 78 %
two levels occur: error 0.50 for 4.00, largest 0.50 for 4.00, within one 100 for 50 %
one more is predicted: error 0.50 for 2.00, largest 0.50 for 2.00, within one 100 for 50 %" ]
