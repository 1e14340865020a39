#!/usr/bin/env bash
# tgt 1.5 (GPL-3.0) with NumPy 2.2.6, reading a long TextGrid, the form in which Praat saves: of a line it keeps what stands between the first and the second
# equals sign that has spaces around it, less one character at each end. A label that holds such a sign loses what follows it and one
# character more, or is gone altogether with its interval. The short form of the same file is read well.
#   expected: "AU12 = joy", "a = b" and "end", which tgt itself wrote
#   seen:     "AU1" and "end" from the long form       (2026-11-29, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check tgt==1.5 numpy==2.2.6
cat > "$folder/read.py" <<'P'
import sys

import tgt

tier = tgt.IntervalTier(0, 3, "labels")
for second, text in enumerate(("AU12 = joy", "a = b", "end")):
    tier.add_interval(tgt.Interval(second, second + 1, text))
grid = tgt.TextGrid()
grid.add_tier(tier)
for form in ("short", "long"):
    file = f"{sys.argv[1]}/{form}.TextGrid"
    tgt.io.write_to_file(grid, file, format=form)
    print(form, [(one.start_time, one.end_time, one.text) for one in tgt.io.read_textgrid(file).tiers[0]])
P
seen=$("$folder/venv/bin/python" "$folder/read.py" "$folder")
echo "$seen"
[ "$seen" = "short [(0.0, 1.0, 'AU12 = joy'), (1.0, 2.0, 'a = b'), (2.0, 3.0, 'end')]
long [(0.0, 1.0, 'AU1'), (2.0, 3.0, 'end')]" ]
