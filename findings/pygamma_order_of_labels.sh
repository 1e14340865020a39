#!/usr/bin/env bash
# pygamma-agreement 0.5.9 (MIT) with NumPy 2.4.6, numba 0.68.1 and pyannote.core 6.1.0, the agreement gamma of raters who cut and label a recording:
# - `OrdinalCategoricalDissimilarity(labels)` puts the labels on a scale, "positions are 0, 1, 2..." in the order that they are given in (or the positions `p`, "in the same order"). It fills its table in that order and reads it
#   in the order of the alphabet. Of low, medium, high it makes a scale where low and high are neighbours, and medium and high its ends. `NumericalCategoricalDissimilarity` does so with "0" to "10". An agreement on
#   a scale is right only where the labels are handed over in the order of the alphabet.
# - `CombinedCategoricalDissimilarity(delta_empty=...)`, the price of a segment that the other rater has not, is said to be the price of two different labels too. It is so in `d`, the distance of two units. The alignment
#   and gamma take a function that was compiled before it was set, where different labels cost 1, whatever it is.
#   expected: distances of 0.5, 0.5 and 1; of 0.1, 0.1 and 1 for 0 and 1, 9 and 10, 0 and 10; for a price of 2 a distance and a disorder of 2
#   seen:     0.5, 1 and 0.5; 0.1, 0.8 and 0.2; a distance of 2 and a disorder of 1       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pygamma-agreement==0.5.9 numpy==2.4.6 numba==0.68.1 cvxpy==1.9.3 pyannote-core==6.1.0 pyannote-database==6.1.1 sortedcontainers==2.4.0
cat > "$folder/labels.py" <<'P'
from pyannote.core import Segment
from pygamma_agreement import (
    Alignment,
    CombinedCategoricalDissimilarity,
    Continuum,
    NumericalCategoricalDissimilarity,
    OrdinalCategoricalDissimilarity,
    Unit,
    UnitaryAlignment,
)


def compare(dissimilarity, first, second):
    """Distance of two labels of the same second of sound, and the disorder of an alignment of the two, both shape ()."""
    units = {"anna": Unit(Segment(0, 1), first), "ben": Unit(Segment(0, 1), second)}
    recording = Continuum()
    for rater, unit in units.items():
        recording.add(rater, unit.segment, unit.annotation)
    alignment = Alignment([UnitaryAlignment(list(units.items()))], continuum=recording)
    return float(dissimilarity.d(*units.values())), float(alignment.compute_disorder(dissimilarity))


for scale, kind in ((["low", "medium", "high"], OrdinalCategoricalDissimilarity), ([str(number) for number in range(11)], NumericalCategoricalDissimilarity)):
    for first, second in ((0, 1), (len(scale) - 2, len(scale) - 1), (0, len(scale) - 1)):
        distance, disorder = compare(kind(scale), scale[first], scale[second])
        print(f"{scale[first]} and {scale[second]}: distance {distance:.2f}, disorder {disorder:.2f}, right {(second - first) / (len(scale) - 1):.2f}")
for price in (1, 2):
    distance, disorder = compare(CombinedCategoricalDissimilarity(delta_empty=price), "low", "high")
    print(f"price {price}: distance {distance:.0f}, disorder {disorder:.0f}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/labels.py" 2> /dev/null)
echo "$seen"
[ "$seen" = "low and medium: distance 0.50, disorder 0.50, right 0.50
medium and high: distance 1.00, disorder 1.00, right 0.50
low and high: distance 0.50, disorder 0.50, right 1.00
0 and 1: distance 0.10, disorder 0.10, right 0.10
9 and 10: distance 0.80, disorder 0.80, right 0.10
0 and 10: distance 0.20, disorder 0.20, right 1.00
price 1: distance 1, disorder 1
price 2: distance 2, disorder 1" ]
