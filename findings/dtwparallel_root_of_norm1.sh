#!/usr/bin/env bash
# dtwParallel 0.9.41 (BSD) with numba 0.61.2, pandas 2.3.3, SciPy 1.15.3 and NumPy 2.2.6, how alike two clips are in time: `dtw(..., local_dissimilarity="norm1")` should take
# the 1-norm, the sum of the absolute differences of two frames, as the fast way to what `scipy.spatial.distance.cityblock` gives. It takes its square root, as if the
# line had been copied from "norm2" together with the root. Large differences hardly count and small ones do, so that other frames are matched, and another
# clip is the nearest. "norm2" and "square_euclidean_distance" are right.
#   expected: 4 between frames of 0 and 4, as with `cityblock`; nearest to a clip of 0 one that is a little off in every frame, 5, and not one that is far off in one frame, 9
#   seen:     2; 7.07 and 3: the nearest is the one that is far off       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numba==0.61.2 pandas==2.3.3 scipy==1.15.3 numpy==2.2.6 joblib==1.5.3 setuptools==80.9.0 matplotlib==3.10.8 seaborn==0.13.2 gower==0.1.2
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps dtwparallel==0.9.41
cat > "$folder/nearest.py" <<'P'
import numpy as np
from dtwParallel.dtw_functions import dtw
from scipy.spatial.distance import cityblock

still, little, once = np.zeros(10), np.full(10, 0.5), np.eye(1, 10, 4).ravel() * 9
pairs = {"0 and 4": ([0.0, 0.0], [4.0, 0.0]), "a little off": (still, little), "far off once": (still, once)}
for name, (one, other) in pairs.items():
    one, other = np.array(one), np.array(other)
    print(
        *(name, "norm1", round(float(dtw(one, other, local_dissimilarity="norm1")), 2)),
        *("cityblock", round(float(dtw(one, other, local_dissimilarity=cityblock)), 2)),
        *("norm2", round(float(dtw(one, other, local_dissimilarity="norm2")), 2)),
    )
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/nearest.py")
echo "$seen"
[ "$seen" = "0 and 4 norm1 2.0 cityblock 4.0 norm2 4.0
a little off norm1 7.07 cityblock 5.0 norm2 5.0
far off once norm1 3.0 cityblock 9.0 norm2 9.0" ]
