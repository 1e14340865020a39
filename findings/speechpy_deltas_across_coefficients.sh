#!/usr/bin/env bash
# speechpy 2.4 (MIT by its source) with SciPy 1.15.3 and NumPy 1.26.4, cepstral coefficients of speech with their changes over time: `extract_derivative_feature` returns, by its
# documentation, the features with their temporal first and second derivatives, for a table with a row to each frame. It has two slips.
# - It goes along the row, from one coefficient to the next, and not from frame to frame: the figures of a frame do not depend on any other frame.
# - The formula has a minus at the begin of a line of its own, which Python takes for another statement: nothing is subtracted. Where a feature does not change
#   at all its "derivative" is 0.3 times its value, and the second 0.09 times.
#   expected: 0 for features that stay the same, and for one that rises by 1 with each frame a first derivative of 1 and a second of 0, as by the usual formula
#   seen:     1.5 and 0.45 for features of 5; for the rising one, among others of 0, both 0, and 2, 1 and 0.4, 0.1 for features before it       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check speechpy==2.4 scipy==1.15.3 numpy==1.26.4
cat > "$folder/deltas.py" <<'P'
import numpy as np
import speechpy


def deltas(features):
    """The regression formula over two frames to each side, the first and last frame going on."""
    wide = np.pad(features, ((2, 2), (0, 0)), "edge")
    return sum(n * (wide[2 + n : len(wide) - 2 + n] - wide[2 - n : len(wide) - 2 - n]) for n in (1, 2)) / 10


still = np.full((20, 6), 5.0)
rising = np.zeros((20, 6))
rising[:, 3] = np.arange(20)
for name, features in (("still", still), ("rising", rising)):
    said = speechpy.feature.extract_derivative_feature(features)[10]
    right = deltas(features)[10], deltas(deltas(features))[10]
    for order, which in enumerate(("first", "second")):
        print(name, which, said[:, order + 1].round(3).tolist(), "right", right[order].round(3).tolist())
alone = speechpy.feature.extract_derivative_feature(rising[10:11])[0]
print("same without any other frame:", np.array_equal(alone, speechpy.feature.extract_derivative_feature(rising)[10]))
P
seen=$("$folder/venv/bin/python" "$folder/deltas.py")
echo "$seen"
[ "$seen" = "still first [1.5, 1.5, 1.5, 1.5, 1.5, 1.5] right [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
still second [0.45, 0.45, 0.45, 0.45, 0.45, 0.45] right [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
rising first [0.0, 2.0, 1.0, 0.0, 0.0, 0.0] right [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]
rising second [0.4, 0.1, 0.0, 0.0, 0.0, 0.0] right [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
same without any other frame: True" ]
