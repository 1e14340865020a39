#!/usr/bin/env bash
# praat-textgrids 1.4.0 (GPL-3.0), annotations of Praat: two slips that change times.
# - A binary TextGrid is read with the begin and end of its last interval as those of the whole file (the tiers, which have them too, get 0 and 0). Written as text, which is what one reads binary files
#   for, the file and all tiers begin at the last interval, after most of what is in them. Text files are read well.
# - `timegrid(num=3)` gives, by its documentation, as many points of time as are asked for, from the begin to the end of an interval. It gives one more, num being the number of steps. Who
#   takes the second of three as the middle of a vowel, where pitch and formants are measured, gets a third of it.
#   expected: a file from 0 to 3 s, as it was written; 0, 0.5 and 1 s for three points of an interval of 1 s
#   seen:     from 2.5 to 3 s, with a first interval from 0 to 1 s; 0, 0.33, 0.67 and 1 s       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check praat-textgrids==1.4.0
cat > "$folder/times.py" <<'P'
import sys

from textgrids import BINARY, TextGrid

folder = sys.argv[1]
film = TextGrid()
film.interval_tier_from_array(
    "emotion", [{"label": "joy", "begin": 0, "end": 1}, {"label": "calm", "begin": 1, "end": 2.5}, {"label": "anger", "begin": 2.5, "end": 3}]
)
for name, form in (("text", 0), ("binary", BINARY)):
    film.write(f"{folder}/{name}", form)
    read = TextGrid(f"{folder}/{name}")
    read.write(f"{folder}/{name}.again")
    again = TextGrid(f"{folder}/{name}.again")
    first, last = again["emotion"][0], again["emotion"][-1]
    print(f"{name}: file from {again.xmin} to {again.xmax}, tier from {again['emotion'].xmin}, intervals from {first.xmin} to {last.xmax} s")
print("three points:", [round(point, 2) for point in first.timegrid(3)])
P
seen=$("$folder/venv/bin/python" "$folder/times.py" "$folder")
echo "$seen"
[ "$seen" = "text: file from 0.0 to 3.0, tier from 0.0, intervals from 0.0 to 3.0 s
binary: file from 2.5 to 3.0, tier from 2.5, intervals from 0.0 to 3.0 s
three points: [0.0, 0.33, 0.67, 1.0]" ]
