#!/usr/bin/env bash
# etformat 1.3.0 (MIT) with pandas 2.3.3 and NumPy 2.2.6, where somebody looked in each trial of an EyeLink recording: `describe` gives "statistics for a given trial or all trials", beside `report`
# of the same package, which is right.
# - Under the number of a trial stand the figures of the trial before. Trials are counted from 1 by the package itself, so that the first one is empty, the last one is nowhere, and what was
#   measured during a sad film stands beside the film that followed. `describe(..., trial_number=2)` does the same.
# - "Avg Fixation Duration (ms)" is the length of the whole trial divided by the number of fixations, whatever their duration is: blinks, saccades and lost eyes count as looking.
#   expected: 1, 2 and 3 fixations in trials 1, 2 and 3, of 200 ms each
#   seen:     0, 1 and 2 fixations, of 999 and 499.5 ms       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pandas==2.3.3 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps etformat==1.3.0
mkdir "$folder/matplotlib" "$folder/tqdm" # which it imports for other functions
touch "$folder/matplotlib/__init__.py" "$folder/matplotlib/pyplot.py" "$folder/matplotlib/patches.py"
echo "tqdm = None" > "$folder/tqdm/__init__.py"
cat > "$folder/trials.py" <<'P'
import etformat
import pandas as pd

events = pd.DataFrame(
    {"trial": trial, "type": "ENDFIX", "message": "", "sttime": 1000 * trial + 300 * fixation, "entime": 1000 * trial + 300 * fixation + 200}
    for trial in (1, 2, 3)
    for fixation in range(trial)
)
samples = pd.DataFrame({"trial": trial, "time": 1000 * trial + sample} for trial in (1, 2, 3) for sample in range(1000))
for _, row in etformat.describe((events, samples)).iterrows():
    print(f"describe, trial {row['Trial']:.0f}: {row['Number of Fixations']:.0f} fixations of {row['Avg Fixation Duration (ms)']} ms")
print("describe, trial 2 alone:", etformat.describe((events, samples), trial_number=2)["Number of Fixations"])
for _, row in etformat.report(events, samples=samples, verbose=False).iterrows():
    print(f"report, trial {row['trial']:.0f}: {row['num_fixations']:.0f} fixations of {row['avg_fixation_duration']} ms")
P
seen=$("$folder/venv/bin/python" "$folder/trials.py")
echo "$seen"
[ "$seen" = "describe, trial 1: 0 fixations of nan ms
describe, trial 2: 1 fixations of 999.0 ms
describe, trial 3: 2 fixations of 499.5 ms
describe, trial 2 alone: 1
report, trial 1: 1 fixations of 200.0 ms
report, trial 2: 2 fixations of 200.0 ms
report, trial 3: 3 fixations of 200.0 ms" ]
