#!/usr/bin/env bash
# heartpy 1.2.7 (MIT) with NumPy 1.26.4, SciPy 1.15.3 and matplotlib 3.10.3, heart rate variability from intervals between beats, as watches and chest straps give them:
# `process_rr` "creates" the dictionary of measures that it returns "if not passed to function". It is one dictionary for all calls. Measures that are
# kept while the next person is processed become those of the next, so that a list or a table of persons holds the last one in each row;
# and where a call does not ask for frequencies (`calc_freq=False`, the default), it has those of the last person for whom it was asked.
# `working_data` is shared in the same way. `process`, for signals, makes new ones.
#   expected: 75, 100 and 60 beats per minute, and no power of the high frequencies
#   seen:     60 in each row, and the power of somebody else       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check heartpy==1.2.7 numpy==1.26.4 scipy==1.15.3 matplotlib==3.10.3
cat > "$folder/persons.py" <<'P'
import heartpy
import numpy as np

draw = np.random.default_rng(0)
persons = [draw.normal(middle, 20, 400) for middle in (800, 600, 1000)]
table = [heartpy.process_rr(intervals)[1] for intervals in persons]
print("beats per minute", *(round(float(row["bpm"])) for row in table))
print("one at a time   ", *(round(float(heartpy.process_rr(intervals)[1]["bpm"])) for intervals in persons))
_, asked = heartpy.process_rr(persons[0], calc_freq=True)
power = float(asked["hf"])
_, later = heartpy.process_rr(persons[1])
print("later has", "no power" if "hf" not in later else "the power of the first" if later["hf"] == power else "another power")
P
seen=$("$folder/venv/bin/python" "$folder/persons.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "beats per minute 60 60 60
one at a time    75 100 60
later has the power of the first" ]
