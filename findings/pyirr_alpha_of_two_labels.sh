#!/usr/bin/env bash
# pyirr 0.84.1.2 (GPL-3.0), a port of the R package irr, with NumPy 2.2.6, SciPy 1.17.1 and pandas 2.3.3, agreement of two raters: how far from the
# diagonal of the table of two raters a pair of different labels begins is taken from the number of labels (half of it, less one), and is right for 4 or 5 labels only.
# - `kripp_alpha` takes clips that both raters call by the first label, of two or three labels, for clips over which they disagree.
# - `rater_bias`, by how much one of them rates higher than the other, counts the clips on which they agree for the second, of three labels.
#   expected: alpha of 1 for raters that never differ, of 0.6 for two labels alike on 80 of 100 clips; bias of 0.5 with p = 1 where each is the higher one as often
#   seen:     alpha of -0.99 and of -0.592; bias of 0.917 with p = 0       (2026-12-01, Python 3.11)
# With 4 labels both are right. (With 6 or more `kripp_alpha` raises an error.) Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pyirr==0.84.1.2 numpy==2.2.6 scipy==1.17.1 pandas==2.3.3 statsmodels==0.15.0
cat > "$folder/raters.py" <<'P'
import numpy as np
import pyirr
from scipy.stats import chi2


def alpha(ratings):
    """Krippendorff's alpha for two raters of all clips: observed by expected disagreement, of labels drawn without replacement."""
    counts = np.unique(ratings, return_counts=True)[1]
    total = counts.sum()
    return 1 - (ratings[:, 0] != ratings[:, 1]).mean() / (1 - (counts * (counts - 1)).sum() / (total * (total - 1)))


def bias(ratings):
    """Share of the clips not alike in which the second rates higher, and p of the test that it is half."""
    up, down = (ratings[:, 0] < ratings[:, 1]).sum(), (ratings[:, 0] > ratings[:, 1]).sum()
    return up / (up + down), chi2.sf((up - down) ** 2 / (up + down), 1)


for labels in (2, 3, 4):
    alike = np.repeat(np.arange(labels), (120 if labels == 3 else 100) // labels)
    for other in (0, 20):
        ratings = np.column_stack([alike, alike]).astype(float)
        for clip in range(other):  # half of them one way, half of them the other, all labels as often as before
            place = clip // 2 if clip % 2 else len(alike) - 1 - clip // 2
            ratings[place, 1] = (labels - 1) - ratings[place, 1]
        said = pyirr.kripp_alpha(ratings).value
        print(labels, "labels,", other, "clips not alike: alpha", round(float(said), 3), "by definition", round(float(alpha(ratings)), 3))
    said = pyirr.rater_bias(ratings)
    print("   bias %.3f p %.3f, by definition %.3f p %.3f" % (said.value, said.pvalue, *bias(ratings)))
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/raters.py")
echo "$seen"
[ "$seen" = "2 labels, 0 clips not alike: alpha -0.99 by definition 1.0
2 labels, 20 clips not alike: alpha -0.592 by definition 0.602
   bias 0.500 p 1.000, by definition 0.500 p 1.000
3 labels, 0 clips not alike: alpha -0.992 by definition 1.0
3 labels, 20 clips not alike: alpha -0.743 by definition 0.751
   bias 0.917 p 0.000, by definition 0.500 p 1.000
4 labels, 0 clips not alike: alpha 1.0 by definition 1.0
4 labels, 20 clips not alike: alpha 0.735 by definition 0.735
   bias 0.500 p 1.000, by definition 0.500 p 1.000" ]
