#!/usr/bin/env bash
# pymovements 0.28.0 (MIT) with polars 2.1.0 and NumPy 2.4.6, quality of gaze recordings:
# - `bcea`, the area of the ellipse that holds 68.27 % of the samples, divides by the number of all samples less one, also of those that the tracker lost and that are in no sum. The worse the recording, the smaller
#   the area, that is, the better its precision: with half of the samples lost it is half. `std_rms` of the same package leaves lost samples out of both, and does not change.
# - `data_loss(unit="time")` is "in the units of time_column", milliseconds by the same documentation, and divides by the samples per second: it gives seconds.
#   expected: 0.65 square degrees with and without loss; 1000, for 1000 samples that are lost of 2000 at 1000 Hz
#   seen:     0.65 with all samples, 0.49 with three quarters of them, 0.32 with half; 1.0       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pymovements==0.28.0 polars==2.1.0 numpy==2.4.6
cat > "$folder/lost.py" <<'P'
import numpy as np
import polars as pl
from pymovements import Gaze
from pymovements.measure.samples import bcea, data_loss, std_rms

positions = np.random.default_rng(0).normal(0, 0.3, (2000, 2))
for lost in (0, 500, 1000):
    rows = [[None, None] if row < lost else [float(x), float(y)] for row, (x, y) in enumerate(positions)]  # as the loader of EyeLink files gives them
    gaze = Gaze(samples=pl.DataFrame({"time": range(2000), "position": rows}, schema={"time": pl.Int64, "position": pl.List(pl.Float64)}))
    area, spread = (gaze.measure_samples(measure).item() for measure in (bcea, std_rms))
    covariance = np.cov(positions[lost:].T)
    right = -2 * np.log(1 - 0.6827) * np.pi * np.sqrt(np.linalg.det(covariance))
    seconds = gaze.samples.select(data_loss("position", sampling_rate=1000, unit="time")).item()
    print(f"{lost} of 2000 lost: area {area:.2f}, right {right:.2f}; spread {spread:.2f}, right {np.sqrt(np.trace(covariance)):.2f}; time lost {seconds}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/lost.py")
echo "$seen"
[ "$seen" = "0 of 2000 lost: area 0.65, right 0.65; spread 0.42, right 0.42; time lost 0.0
500 of 2000 lost: area 0.49, right 0.66; spread 0.43, right 0.43; time lost 0.5
1000 of 2000 lost: area 0.32, right 0.64; spread 0.42, right 0.42; time lost 1.0" ]
