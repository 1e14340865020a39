#!/usr/bin/env bash
# CatEyes 0.0.5 (BSD) with NumPy 2.2.6, where somebody looks and for how long:
# - `coords_to_degree(x, viewing_dist, screen_max, screen_min)` says at which angle from the middle of the screen the gaze is. It subtracts half the width, as if the screen began at 0, also where
#   `screen_min` says that it begins elsewhere. Coordinates around a middle of 0, as many experiments have them, come out as if the screen ended where its middle is. An angle does not
#   grow evenly, so that amplitudes and speeds are wrong too.
# - `classify_dispersion` finds fixations whose dispersion does, by its documentation and by Salvucci and Goldberg (2000), not surpass a threshold. It widens a fixation until it does and keeps the
#   sample that made it so: the first sample after the jump belongs to the fixation before it, which then spans more than the threshold.
#   expected: -18, 0 and 18 degrees for the left edge, the middle and the right edge of a screen of 40 cm at 60 cm, whatever the coordinates; two fixations of 50 samples and a dispersion of 0
#   seen:     -34, -18 and 0 from -20 to 20 cm; 51 samples with a dispersion of 10, and 49, for a threshold of 1       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps cateyes==0.0.5
mkdir "$folder/remodnav" "$folder/matplotlib" # which it imports, with nslr_hmm, for other functions
echo "EyegazeClassifier = None" > "$folder/remodnav/clf.py"
echo "" > "$folder/matplotlib/pyplot.py"
echo "FIXATION, SACCADE, SMOOTH_PURSUIT, PSO = range(4)" > "$folder/nslr_hmm.py"
cat > "$folder/gaze.py" <<'P'
import numpy as np
from cateyes import classify_dispersion, coords_to_degree

edges = np.array([-20.0, 0.0, 20.0])  # from the middle, in cm
for begin in (0, -20, 100):  # of a screen of 40 cm
    places = edges + begin + 20
    angles = coords_to_degree(places, 60, begin + 40, begin).round().astype(int).ravel()
    print(f"from {begin} to {begin + 40} cm: {angles.tolist()}")
x = np.repeat([0.0, 10.0], 50)
parts, names = classify_dispersion(x, np.zeros(100), 100, threshold=1, window_len=0.1)
for part in np.unique(parts):
    found = parts == part
    print(*set(names[found]), found.sum(), "samples, dispersion", np.ptp(x[found]))
P
seen=$("$folder/venv/bin/python" "$folder/gaze.py")
echo "$seen"
[ "$seen" = "from 0 to 40 cm: [-18, 0, 18]
from -20 to 20 cm: [-34, -18, 0]
from 100 to 140 cm: [53, 59, 63]
Fixation 51 samples, dispersion 10.0
Fixation 49 samples, dispersion 0.0" ]
