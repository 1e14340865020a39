#!/usr/bin/env bash
# irrCAC 0.4.4 with pandas 2.3.3, SciPy 1.12.0 and NumPy 1.26.4, is the agreement of raters more than chance? The p of the coefficient of Brennan and Prediger from raw
# ratings, `irrCAC.raw.CAC(ratings).bp()`, is half of what it should be: the share of the distribution beyond the coefficient on one side, by
# its size without the sign. All other coefficients of the package, and the same one from a table of two raters (`irrCAC.table.CAC`), count both sides. So a p
# below 0.05 stands beside an interval of 95 % that holds 0, raters who guess agree "more than chance" twice as often as they may, and those who
# agree less than chance have it as small. This coefficient looks the firmest of those that are laid side by side.
#   expected: a p of 0.083, both sides of the z of 1.8 that is given beside it; below 0.05 for about 6 % of pairs who guess, as with Fleiss' kappa
#   seen:     0.042, beside an interval from -0.03 to 0.53; for 10 %       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check irrCAC==0.4.4 pandas==2.3.3 scipy==1.12.0 numpy==1.26.4
cat > "$folder/agree.py" <<'P'
import numpy as np
import pandas as pd
from irrCAC import raw, table
from scipy import stats

ratings = pd.DataFrame({"one": [0, 1, 2] * 10, "two": [0, 1, 2] * 5 + [1, 2, 0] * 5})
agreement = raw.CAC(ratings)
for name, found in (
    ("Brennan-Prediger", agreement.bp()),
    ("Fleiss", agreement.fleiss()),
    ("Brennan-Prediger by table", table.CAC(pd.crosstab(ratings["one"], ratings["two"])).bp()),
):
    found = found["est"]
    both = 2 * stats.t.sf(found["z"], len(ratings) - 1)
    low, high = found["confidence_interval"]
    print(f"{name}: p {found['p_value']:.3f}, both sides {both:.3f}, interval {low:.2f} to {high:.2f}")
draw = np.random.default_rng(0)
guesses = [raw.CAC(pd.DataFrame(draw.integers(0, 3, (60, 2)))) for _ in range(1000)]
for name in ("bp", "fleiss"):
    found = np.mean([getattr(pair, name)()["est"]["p_value"] < 0.05 for pair in guesses])
    print("pairs who guess, by", name, f"{100 * found:.0f} %")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/agree.py")
echo "$seen"
[ "$seen" = "Brennan-Prediger: p 0.042, both sides 0.083, interval -0.03 to 0.53
Fleiss: p 0.083, both sides 0.083, interval -0.03 to 0.53
Brennan-Prediger by table: p 0.078, both sides 0.078, interval -0.03 to 0.53
pairs who guess, by bp 10 %
pairs who guess, by fleiss 6 %" ]
