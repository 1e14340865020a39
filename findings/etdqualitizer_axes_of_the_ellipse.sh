#!/usr/bin/env bash
# ETDQualitizer 1.2.0 (MIT) with NumPy 2.4.6 and pandas 3.1.1, quality of gaze recordings: `bcea` gives the area of the ellipse that holds the share P of the samples (0.68), its orientation and "ax1: Length of the major
# axis" and "ax2: Length of the minor axis". The area is right. The axes are those of no such ellipse: they are too short by the root of 2 for the half axes, and by twice that for the whole ones. An ellipse with these half axes
# has half of the area that stands beside them and holds 43 % of the samples; with these axes it has an eighth of it and holds 13 %. Multiply by 1.414 for the half axes. (`DataQuality.precision_BCEA` and the table of a
# validation, columns `bcea_ax1` and `bcea_ax2`, have the same. The ratio of the axes is right.)
#   expected: an ellipse of 0.25 square degrees that holds 0.68 of the samples
#   seen:     0.12 and 0.43, or 0.03 and 0.13       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check etdqualitizer==1.2.0 numpy==2.4.6 pandas==3.1.1
cat > "$folder/ellipse.py" <<'P'
import numpy as np
from ETDQualitizer import bcea

gaze = np.random.default_rng(0).multivariate_normal([0, 0], [[0.04, 0.02], [0.02, 0.04]], 20000)
area, orientation, major, minor, ratio = bcea(gaze[:, 0], gaze[:, 1], P=0.68)
print(f"area {area:.2f}, axes {major:.2f} and {minor:.2f}")
angle = np.radians(orientation)
along = (gaze - gaze.mean(axis=0)) @ [np.cos(angle), np.sin(angle)]
across = (gaze - gaze.mean(axis=0)) @ [-np.sin(angle), np.cos(angle)]
small, large = np.linalg.eigvalsh(np.cov(gaze.T))
scale = -2 * np.log(1 - 0.68)  # quantile of chi-squared with two degrees of freedom
for name, half_major, half_minor in (
    ("as half axes", major, minor),
    ("as axes", major / 2, minor / 2),
    ("by hand, half axes", np.sqrt(scale * large), np.sqrt(scale * small)),
):
    held = np.mean((along / half_major) ** 2 + (across / half_minor) ** 2 <= 1)
    print(f"{name} {half_major:.2f} and {half_minor:.2f}: area {np.pi * half_major * half_minor:.2f}, holds {held:.2f}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/ellipse.py")
echo "$seen"
[ "$seen" = "area 0.25, axes 0.26 and 0.15
as half axes 0.26 and 0.15: area 0.12, holds 0.43
as axes 0.13 and 0.08: area 0.03, holds 0.13
by hand, half axes 0.37 and 0.21: area 0.25, holds 0.68" ]
