#!/usr/bin/env bash
# noisifier 0.4.7 (MIT) with NumPy 2.2.6, how much wrong labels harm a model of several emotions: it puts known noise into labels that are right.
# - `Multi_Label_Noisifier.add_missing_noise` "flips positive labels into negative labels", as raters do who overlook an emotion. It takes its share of the labels that do not hold and
#   makes them hold: none is missing, and as most labels of a corpus do not hold, far more are wrong than the rate says. (`add_extra_noise`, for the other way, raises a ValueError.)
# - `random_noise_per_sample` turns, by its documentation, a share of the classes "for the sample". It draws the classes once for all clips: some emotions are wrong in
#   every clip that was chosen, a mistake that a model can learn, and the others have no noise at all.
#   expected: of 1242 labels that hold 372 missing and none added; about 250 of 1000 clips wrong in each of six emotions
#   seen:     none missing and 1427 added; 0 or 500 of 1000       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.2.6 setuptools==80.9.0 wheel==0.45.1
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps --no-build-isolation noisifier==0.4.7
cat > "$folder/noise.py" <<'P'
import numpy as np
from noisifier import Multi_Label_Noisifier

labels = (np.random.default_rng(0).random((1000, 6)) < 0.2).astype(int)  # clips, emotions
noisy, _ = Multi_Label_Noisifier().add_missing_noise(labels, 0.3, seed=True)
print(f"{labels.sum()} labels hold: {((labels == 1) & (noisy == 0)).sum()} missing, {((labels == 0) & (noisy == 1)).sum()} added")
noisy, _ = Multi_Label_Noisifier().random_noise_per_sample(labels, 0.5, 0.5, seed=True)
print("clips wrong by emotion:", sorted((noisy != labels).sum(axis=0).tolist()))
P
seen=$("$folder/venv/bin/python" "$folder/noise.py")
echo "$seen"
[ "$seen" = "1242 labels hold: 0 missing, 1427 added
clips wrong by emotion: [0, 0, 0, 500, 500, 500]" ]
