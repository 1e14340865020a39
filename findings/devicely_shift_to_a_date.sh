#!/usr/bin/env bash
# devicely 1.1.1 (MIT) with pandas 1.5.3, NumPy 1.26.4 and pyEDFlib 0.1.42, recordings of an Empatica E4 that are moved to another date before others get them:
# `EmpaticaReader.timeshift(pd.Timestamp(...))` gives, by its documentation, that time to the earliest entry and leaves all others as far from it as they
# were. It takes each table by itself: the first entry of every signal and the first mark of the button (`tags`) all get that time. The wristband
# has its first heart rate ten seconds after the other signals, and the first mark is that of the first film or question. After the shift both lie
# at the begin of the recording, and skin and heart are those of another moment than the marks say. The joined table `data` of the same object keeps
# the heart rate in its place; `write` saves the marks where they are now. A shift by a `pd.Timedelta` leaves heart rate and marks in place.
#   expected: the first heart rate 10 s after the first skin conductance, marks 60 and 80 s after it, as before
#   seen:     0 s, but 10 s in `data`; 0 and 20 s, in the file too       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check devicely==1.1.1 pandas==1.5.3 numpy==1.26.4 pyEDFlib==0.1.42
cat > "$folder/shift.py" <<'P'
import sys
from pathlib import Path

import devicely
import pandas as pd

BEGIN = 1_600_000_000
recorded, shifted = Path(sys.argv[1]) / "recorded", Path(sys.argv[1]) / "shifted"
recorded.mkdir()
for name, rate, begin, samples in (
    ("EDA", 4, BEGIN, ["0.1"] * 400),
    ("TEMP", 4, BEGIN, ["33"] * 400),
    ("BVP", 64, BEGIN, ["0"] * 6400),
    ("ACC", 32, BEGIN, ["0,0,64"] * 3200),
    ("HR", 1, BEGIN + 10, ["70"] * 90),
):
    head = [", ".join([f"{number:.1f}"] * (samples[0].count(",") + 1)) for number in (begin, rate)]
    (recorded / f"{name}.csv").write_text("\n".join([*head, *samples, ""]))
(recorded / "IBI.csv").write_text(f"{BEGIN}.0, IBI\n20.5,0.8\n21.3,0.8\n")
(recorded / "tags.csv").write_text(f"{BEGIN + 60}.00\n{BEGIN + 80}.00\n")


def show(name, reader):
    """Times since the first skin conductance."""
    begin = reader.EDA.index[0]
    times = [reader.HR.index[0], reader.data["HR"].first_valid_index(), *reader.tags]
    heart, joined, *marks = (round((time - begin).total_seconds()) for time in times)
    print(f"{name}: heart rate from {heart} s, in the joined table from {joined} s, marks at", *marks, "s")


reader = devicely.EmpaticaReader(str(recorded))
show("recorded", reader)
reader.timeshift(pd.Timedelta(days=-100))
show("100 days earlier", reader)
reader = devicely.EmpaticaReader(str(recorded))
reader.timeshift(pd.Timestamp("2020-01-01"))
show("to a date", reader)
reader.write(str(shifted))
show("written and read", devicely.EmpaticaReader(str(shifted)))
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/shift.py" "$folder")
echo "$seen"
[ "$seen" = "recorded: heart rate from 10 s, in the joined table from 10 s, marks at 60 80 s
100 days earlier: heart rate from 10 s, in the joined table from 10 s, marks at 60 80 s
to a date: heart rate from 0 s, in the joined table from 10 s, marks at 0 20 s
written and read: heart rate from 10 s, in the joined table from 10 s, marks at 0 20 s" ]
