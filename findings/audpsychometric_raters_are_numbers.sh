#!/usr/bin/env bash
# audpsychometric 0.1.1 (MIT) with pingouin 0.6.1, statsmodels 0.15.0, pandas 3.1.1 and NumPy 2.0.2, do the raters of a corpus agree? `intra_class_correlation` takes the analysis of
# variance from one of two packages, `anova_method="pingouin"` or "statsmodels". A table without names of raters, as every array is, gets their numbers, and statsmodels is
# given these numbers as a quantity: a straight line from the first rater to the last takes the place of the raters, and what it leaves goes into a row of the
# analysis that is never read. All six coefficients come out wrong, most of them too high, and another order of the raters gives others.
#   expected: for the ratings of Shrout and Fleiss (1979) what they print: 0.17, 0.29, 0.71, 0.44, 0.62 and 0.91, by both packages
#   seen:     0.69, 0.69, 0.66, 0.90, 0.90 and 0.89 by statsmodels; by pingouin, and where the raters have names, as expected       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check audpsychometric==0.1.1 pingouin==0.6.1 statsmodels==0.15.0 pandas==3.1.1 numpy==2.0.2 scipy==1.17.1 scikit-learn==1.9.1
cat > "$folder/icc.py" <<'P'
import contextlib
import io

import numpy as np
import pandas as pd
from audpsychometric import intra_class_correlation

ratings = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
for name, table in (
    ("array", ratings),
    ("array, other order", ratings[:, [1, 0, 3, 2]]),
    ("named raters", pd.DataFrame(ratings, columns=["ann", "bob", "cat", "dan"])),
):
    for package in ("pingouin", "statsmodels"):
        with contextlib.redirect_stdout(io.StringIO()):
            icc = [
                intra_class_correlation(table, icc_type=f"ICC_{kind}_{number}", anova_method=package)[0]
                for number in "1k"
                for kind in "123"
            ]
        print(f"{name}, {package}:", *(f"{value:.2f}" for value in icc))
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/icc.py")
echo "$seen"
[ "$seen" = "array, pingouin: 0.17 0.29 0.71 0.44 0.62 0.91
array, statsmodels: 0.69 0.69 0.66 0.90 0.90 0.89
array, other order, pingouin: 0.17 0.29 0.71 0.44 0.62 0.91
array, other order, statsmodels: 0.65 0.67 0.87 0.88 0.89 0.96
named raters, pingouin: 0.17 0.29 0.71 0.44 0.62 0.91
named raters, statsmodels: 0.17 0.29 0.71 0.44 0.62 0.91" ]
