#!/usr/bin/env bash
# respy 0.1.1 (MIT) with SciPy 1.17.1, pandas 2.3.3 and NumPy 2.2.6, do listeners respond at the same moments? It counts, window by window, how many
# ratings or breathing signals do something. `activityCount(..., actType="UBound")` is to catch the windows in which a signal reaches a threshold,
# "LBound" those in which it falls to one.
# - What it compares with the threshold in the end is 1, the mark of a window that was caught, not the signal. Above 1 no window is ever caught,
#   whatever the signal does: none on a scale of 1 to 9 or of 0 to 100. The same ratings on a scale of 0 to 1 are counted.
# - No message: a collection in which nobody responds is a result as good as another.
#   expected: 3 windows of 10 at the threshold in the middle of each scale, up and down
#   seen:     3 on the scale of 0 to 1, 0 on those of 1 to 9 and 0 to 100       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check respy==0.1.1 numpy==2.2.6 scipy==1.17.1 pandas==2.3.3
cat > "$folder/bounds.py" <<'P'
import numpy as np
import pandas as pd
import scipy.interpolate  # noqa: F401 - respy uses it and imports SciPy alone
from respy.act import activityCount

time = np.arange(0, 20, 0.1)
high = (time > 5) & (time < 8.5)  # in the third, fourth and fifth window of two seconds
for name, low, top in (("0 to 1", 0, 1), ("1 to 9", 1, 9), ("0 to 100", 0, 100)):
    up = pd.DataFrame({"arousal": np.where(high, low + 0.9 * (top - low), low + 0.1 * (top - low))}, index=time)
    middle = (low + top) / 2
    down = low + top - up
    by_hand = [sum((part > middle).any() for part in np.split(up["arousal"].to_numpy(), 10))]
    by_hand.append(sum((part < middle).any() for part in np.split(down["arousal"].to_numpy(), 10)))
    seen = [int(activityCount(series, 2, 2, middle, kind)["arousal"].sum()) for series, kind in ((up, "UBound"), (down, "LBound"))]
    print(f"{name}, threshold {middle:g}: {seen} windows, by hand {[int(number) for number in by_hand]}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/bounds.py")
echo "$seen"
[ "$seen" = "0 to 1, threshold 0.5: [3, 3] windows, by hand [3, 3]
1 to 9, threshold 5: [0, 0] windows, by hand [3, 3]
0 to 100, threshold 50: [0, 0] windows, by hand [3, 3]" ]
