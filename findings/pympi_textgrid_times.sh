#!/usr/bin/env bash
# pympi-ling 1.71 (MIT), reading a TextGrid: of a time it takes the digits and points that stand last on the line. The sign is lost, and of
# a number with an exponent the exponent is the time. Praat writes both as soon as a recording is shifted or cut: 0.3 s less 0.1 s
# less 0.2 s is -2.8e-17 s (these are the lines that the Praat of praat-parselmouth 0.4.7 wrote for it). TextGrids of tools that count from 0 are read well.
#   expected: a word from -2.8e-17 s to 0.7 s after a silence from -0.3 s
#   seen:     a word from 17 s to 0.7 s after a silence from 0.3 s to 17 s, no error       (2026-11-29, Python 3.11)
# praatio 6.2.2 refuses the file, tgt 1.5 reads it as it is meant. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pympi-ling==1.71 praatio==6.2.2 tgt==1.5 numpy==2.2.6
cat > "$folder/read.py" <<'P'
import sys

import pympi
import tgt
from praatio import textgrid

FILE = sys.argv[1]
with open(FILE, "w") as stream:
    stream.write("""File type = "ooTextFile"
Object class = "TextGrid"

xmin = -0.30000000000000004
xmax = 0.7
tiers? <exists>
size = 1
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = -0.30000000000000004
        xmax = 0.7
        intervals: size = 2
        intervals [1]:
            xmin = -0.30000000000000004
            xmax = -2.7755575615628914e-17
            text = ""
        intervals [2]:
            xmin = -2.7755575615628914e-17
            xmax = 0.7
            text = "hi"
""")
print("pympi", [(round(start, 3), round(end, 3), text) for start, end, text in pympi.TextGrid(FILE).tiers[0].get_intervals()])
[tier] = tgt.io.read_textgrid(FILE, include_empty_intervals=True)
print("tgt", [(round(one.start_time, 3), round(one.end_time, 3), one.text) for one in tier])
try:
    textgrid.openTextgrid(FILE, includeEmptyIntervals=True)
except Exception as fault:
    print("praatio", type(fault).__name__)
P
seen=$("$folder/venv/bin/python" "$folder/read.py" "$folder/a.TextGrid")
echo "$seen"
[ "$seen" = "pympi [(0.3, 17.0, ''), (17.0, 0.7, 'hi')]
tgt [(-0.3, -0.0, ''), (-0.0, 0.7, 'hi')]
praatio ParsingError" ]
