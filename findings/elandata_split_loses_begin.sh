#!/usr/bin/env bash
# elan-data 1.7.3 with pandas 2.3.3 and NumPy 2.2.6, annotations of ELAN: `ELAN_Data.split_segment(splits, seg_id)` splits an annotation at the points that are given. What
# stands before the last point is lost: each part but the last begins and ends at one moment, the point where it should have ended. So an emotion
# of two seconds that is split in the middle holds for the second one alone, and one that is split into many parts for nearly nothing, while as many parts
# are in the table as were asked for, each with the label. The .eaf file has them, `eaf_to_rttm` writes turns of 0 s.
#   expected: joy from 1 to 2 s and from 2 to 3 s; calm from 3 to 3.2 s, from 3.2 to 3.6 s and from 3.6 to 4 s
#   seen:     joy from 2 to 2 s and from 2 to 3 s; calm from 3.2 to 3.2 s, from 3.6 to 3.6 s and from 3.6 to 4 s       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check elan-data==1.7.3 pandas==2.3.3 numpy==2.2.6 matplotlib==3.10.3
cat > "$folder/split.py" <<'P'
import sys
from pathlib import Path

from elan_data import ELAN_Data
from elan_data.elan_utils import eaf_to_rttm

file, turns = f"{sys.argv[1]}/film.eaf", f"{sys.argv[1]}/film.rttm"
film = ELAN_Data.create_eaf(file, audio=None, tiers=["emotion"], remove_default=True)
film.add_segment("emotion", 1000, 3000, "joy")
film.add_segment("emotion", 3000, 4000, "calm")
film.split_segment([2000], "a1")
film.split_segment([3200, 3600], "a2")
film.save_ELAN()
for _, row in ELAN_Data.from_file(file).init_dataframe().iterrows():
    print(row.TEXT, "from", row.START, "to", row.STOP, "ms")
eaf_to_rttm(file, turns)
print("turns of", *(line.split()[4] for line in Path(turns).read_text().splitlines()), "s")
P
seen=$(MPLCONFIGDIR="$folder" "$folder/venv/bin/python" "$folder/split.py" "$folder")
echo "$seen"
[ "$seen" = "joy from 2000 to 2000 ms
joy from 2000 to 3000 ms
calm from 3200 to 3200 ms
calm from 3600 to 3600 ms
calm from 3600 to 4000 ms
turns of 0.000000 1.000000 0.000000 0.000000 0.400000 s" ]
