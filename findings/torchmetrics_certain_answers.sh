#!/usr/bin/env bash
# torchmetrics 1.9.0 with torch 2.13.0, calibration error in bins: an answer of exactly 1 falls into a bin of its own beyond the last one, which
# for `n_bins` bins makes one more. Networks that are too sure give exactly 1 in float32 from a logit of about 17 on, in bfloat16 from 6 on.
# So the figure says more than the formula where such answers are wrong, and less of the last bin's other answers.
#   expected: with one bin the difference of mean answer and share of positives, |0.75 - 0.5| = 0.25
#   seen:     0.75, and 0.25 as soon as the answer is 0.9999999       (2026-11-29, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check torchmetrics==1.9.0 torch==2.13.0 numpy==2.2.6
cat > "$folder/bins.py" <<'P'
import torch
from torchmetrics.functional.classification import binary_calibration_error

target = torch.tensor([0, 1])
for sure in (0.9999999, 1.0):
    print(sure, round(binary_calibration_error(torch.tensor([sure, 0.5]), target, n_bins=1).item(), 4))
P
seen=$("$folder/venv/bin/python" "$folder/bins.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "0.9999999 0.25
1.0 0.75" ]
