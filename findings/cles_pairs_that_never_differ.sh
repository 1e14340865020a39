#!/usr/bin/env bash
# CLES 0.1.3 (MIT) with NumPy 2.2.6, how often is the second of two measurements of a person the higher one? `CLES_2paired` is the common language effect size of pairs, "50 - 100" by its documentation, 50
# where nothing differs and 100 where all do. It compares each difference with a row of zeros that is one too short, and divides by the number of persons squared.
# - Where both measurements are the same it finds an effect, and the more so the fewer persons there are.
# - The figure depends on which measurement comes first: all rise is less than all fall.
#   expected: 50 for six persons who do not change; 100 for six who all rise, and 100 with the two turned about
#   seen:     58.3; 83.3, and 100 with the two turned about       (2026-12-01, Python 3.11)
# `CLES_1samp` of the differences is right. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.2.6 setuptools==80.9.0 wheel==0.45.1
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps --no-build-isolation CLES==0.1.3
cat > "$folder/pairs.py" <<'P'
import numpy as np
from CLES import CLES_1samp, CLES_2paired

before = np.arange(1.0, 7.0)
for name, first, second in (("no change", before, before), ("all rise", before, before + 1), ("turned about", before + 1, before)):
    print(f"{name}: {CLES_2paired(first, second):.1f}, of the differences {CLES_1samp(second - first):.1f}")
for persons in (3, 10, 100):
    print(f"{persons} who do not change: {CLES_2paired(np.ones(persons), np.ones(persons)):.1f}")
P
seen=$("$folder/venv/bin/python" "$folder/pairs.py")
echo "$seen"
[ "$seen" = "no change: 58.3, of the differences 50.0
all rise: 83.3, of the differences 100.0
turned about: 100.0, of the differences 100.0
3 who do not change: 66.7
10 who do not change: 55.0
100 who do not change: 50.5" ]
