#!/usr/bin/env bash
# audpsychometric 0.1.1 (MIT) with pandas 3.1.1 and NumPy 2.0.2, how many raters agree on a clip? `agreement_categorical` is by its documentation the share of raters whose rating is
# the mode, and `mode` the rating given most often; only where several are given equally often, and are numbers, their mean is taken, rounded to a whole number.
# - The rounding is done always. On a scale with halves the mode is a rating that nobody gave, and raters who all agree have an agreement of 0.
# - The mean of a tie may be a category that nobody gave as well: three raters for 0 and three for 2 have an agreement of 0, three for 0 and three for 1 one of
#   a half. For categories with names it is a half in both. So numbers of categories, of which no one lies between two others, change the confidence of a label.
#   expected: a mode of 1.5 and an agreement of 1 where all six say 1.5; an agreement of 0.5 for three against three, whatever the categories
#   seen:     2 and 0; 0 for categories 0 and 2, 0.5 for 0 and 1       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check audpsychometric==0.1.1 pingouin==0.6.1 statsmodels==0.15.0 pandas==3.1.1 numpy==2.0.2 scipy==1.17.1 scikit-learn==1.9.1
cat > "$folder/votes.py" <<'P'
from collections import Counter

from audpsychometric import agreement_categorical, mode

for votes in ([1.5] * 6, [2.5, 2.5, 2.5, 2.5, 1, 4], [0, 0, 0, 1, 1, 1], [0, 0, 0, 2, 2, 2], list("aaaccc"), [2, 2, 2, 2, 0, 0]):
    right = Counter(votes).most_common(1)[0][1] / len(votes)
    print(votes, "mode", mode(votes), f"agreement {agreement_categorical(votes):.2f} by hand {right:.2f}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/votes.py")
echo "$seen"
[ "$seen" = "[1.5, 1.5, 1.5, 1.5, 1.5, 1.5] mode 2 agreement 0.00 by hand 1.00
[2.5, 2.5, 2.5, 2.5, 1, 4] mode 3 agreement 0.00 by hand 0.67
[0, 0, 0, 1, 1, 1] mode 1 agreement 0.50 by hand 0.50
[0, 0, 0, 2, 2, 2] mode 1 agreement 0.00 by hand 0.50
['a', 'a', 'a', 'c', 'c', 'c'] mode a agreement 0.50 by hand 0.50
[2, 2, 2, 2, 0, 0] mode 2 agreement 0.67 by hand 0.67" ]
