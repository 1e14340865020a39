#!/usr/bin/env bash
# neurokit2 0.3.0 (MIT) with NumPy 2.4.6, pandas 3.1.1 and SciPy 1.17.1, skin responses to what was shown: `epochs_create(..., baseline_correction=True)` subtracts the mean
# before each event from every column that `eda_process` gave, the marks of responses among them. Where one response has its peak in the baseline its mark
# is no longer 1 but 1 less a mean, and so are all later ones; `eda_eventrelated` looks for 1, finds none and says that nobody
# responded, with no amplitude and no time. Events that follow soon upon one another, as in films and talks, are the ones that
# lose their responses.
#   expected: a response to each of two events, 1.6 and 1.8 s after them, as without the correction, which is to move levels alone
#   seen:     EDA_SCR of 0 for the first event, and an event onset (a number of a sample) of 150.5 for both       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check neurokit2==0.3.0 numpy==2.4.6 pandas==3.1.1 scipy==1.17.1 scikit-learn==1.9.1
cat > "$folder/responses.py" <<'P'
import neurokit2
import numpy as np

RATE = 100
time = np.arange(60 * RATE) / RATE
skin = 2 + 0.0005 * np.random.default_rng(0).normal(size=len(time))
for start, size in ((8, 1), (12, 0.8), (30, 0.9)):
    since = np.maximum(time - start, 0)
    skin += size * (np.exp(-since / 3) - np.exp(-since / 0.7))
signals, found = neurokit2.eda_process(skin, sampling_rate=RATE)
print("peaks", *(round(float(peak) / RATE, 1) for peak in found["SCR_Peaks"]))
for corrected in (False, True):
    epochs = neurokit2.epochs_create(
        signals, [1150, 2950], sampling_rate=RATE, epochs_start=-3, epochs_end=5, baseline_correction=corrected
    )
    for _, row in neurokit2.eda_eventrelated(epochs).iterrows():
        print(
            "corrected" if corrected else "as it is",
            *(row["Event_Onset"], row["EDA_SCR"], round(row["SCR_Peak_Amplitude"], 2), round(row["SCR_Peak_Amplitude_Time"], 1)),
        )
P
seen=$("$folder/venv/bin/python" "$folder/responses.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "peaks 9.2 13.1 31.3
as it is 1150 1 0.3 1.6
as it is 2950 1 0.42 1.8
corrected 150.5 0 nan nan
corrected 150.5 1 0.42 1.8" ]
