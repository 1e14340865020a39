#!/usr/bin/env bash
# deepsig 1.2.8 (deep-significance, GPL-3.0) with SciPy 1.17.1, pandas 3.1.1 and NumPy 2.2.6, the test of "almost stochastic order" over the runs of several
# models. For k comparisons Bonferroni raises the level of confidence from 0.95 to 1 - 0.05 / k. `aso(..., num_comparisons=k)` and `multi_aso`
# add 0.05 / k to 0.95 instead: right for two comparisons, and the weaker the more there are, 0.955 for ten.
# - A model that is not better at the level of two comparisons is so at that of ten: the more models are tried, the easier one of them wins.
#   (A bound below 0.5 says that the first model is better.)
# - Two models are one comparison, and the level is 1: `multi_aso` answers 1 both ways, nothing found, or NaN, however far they are apart.
#   expected: bounds that rise with the number of comparisons, 0.57, 0.61, 0.73 and 0.87 for 2, 3, 10 and 50; 0 and 1 for two models far apart
#   seen:     0.57, 0.53, 0.49 and 0.48; NaN twice       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check deepsig==1.2.8 numpy==2.2.6 scipy==1.17.1 pandas==3.1.1
cat > "$folder/order.py" <<'P'
import numpy as np
from deepsig import aso, multi_aso

draw = np.random.default_rng(3)
one, two = list(draw.normal(0.5, 1, 20)), list(draw.normal(0, 1, 20))
how = {"num_bootstrap_iterations": 100, "show_progress": False, "seed": 1}
for number in (2, 3, 10, 50):
    print(
        number,
        "comparisons:",
        round(float(aso(one, two, num_comparisons=number, **how)), 2),
        "by Bonferroni",
        round(float(aso(one, two, confidence_level=1 - 0.05 / number, **how)), 2),
    )
for name, other in (("far apart", list(np.array(one) - 10)), ("close", two)):
    for corrected in (True, False):
        bounds = multi_aso([one, other], use_bonferroni=corrected, **how)
        print(name, "corrected" if corrected else "as it is", round(float(bounds[0, 1]), 2), round(float(bounds[1, 0]), 2))
P
seen=$("$folder/venv/bin/python" "$folder/order.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "2 comparisons: 0.57 by Bonferroni 0.57
3 comparisons: 0.53 by Bonferroni 0.61
10 comparisons: 0.49 by Bonferroni 0.73
50 comparisons: 0.48 by Bonferroni 0.87
far apart corrected nan nan
far apart as it is 0.0 1.0
close corrected 1.0 1.0
close as it is 0.48 1.0" ]
