#!/usr/bin/env bash
# krippendorff 0.9.0 (GPL-3.0) with NumPy 2.2.6, agreement of raters on a scale: `alpha` subtracts ratings in the type they come in. Whole numbers without
# a sign, as `pandas.to_numeric(..., downcast="unsigned")`, HDF5 files and pictures of sliders hold them, have no difference below 0: 1 - 2 is 255. So of two raters
# who are one point apart one is counted as 1 away from the other and the other as 255 from the one. No warning; `level_of_measurement` is "interval"
# unless it is given, and "ratio" is struck too. "nominal" and "ordinal" do not subtract ratings. The wider the scale is used, the lower is the figure.
#   expected: the agreement of the same ratings as signed numbers, 0.85 on a scale of 5 and 0.98 on a slider
#   seen:     0.4 and 0.06: raters who agree pass for raters who do not       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check krippendorff==0.9.0 numpy==2.2.6
cat > "$folder/agreement.py" <<'P'
import krippendorff
import numpy as np

scale = [[1, 2, 3, 4, 5, 2], [2, 2, 3, 4, 4, 1]]
slider = [[10, 20, 90, 40, 50, 120], [20, 20, 80, 40, 40, 110]]
for name, ratings in (("scale", scale), ("slider", slider)):
    for kind in (np.int64, np.uint8):
        said = [krippendorff.alpha(np.array(ratings, kind), level_of_measurement=level) for level in ("interval", "ratio", "ordinal")]
        print(name, kind.__name__, *(round(float(one), 2) for one in said))
P
seen=$("$folder/venv/bin/python" "$folder/agreement.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "scale int64 0.85 0.66 0.85
scale uint8 0.4 -0.1 0.85
slider int64 0.98 0.9 0.93
slider uint8 0.06 -0.52 0.93" ]
