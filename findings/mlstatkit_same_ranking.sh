#!/usr/bin/env bash
# MLstatkit 0.1.91 (MIT) with scikit-learn 1.9.1, SciPy 1.17.1 and NumPy 2.2.6, do two models differ in the area under the ROC curve (AUC)? Where two models rank all clips
# alike, as a model and its calibrated copy do, DeLong's variance of the difference is 0 and `Delong_test` turns to a bootstrap. There every
# difference is 0, which its p counts as below 0 and never as above: twice the smaller share is 0. The same holds for two models that
# both tell all clips apart.
#   expected: a p of 1, nothing differs
#   seen:     a p of 0, the strongest evidence there can be, beside a z of 0       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check mlstatkit==0.1.91 numpy==2.2.6 scipy==1.17.1 scikit-learn==1.9.1
cat > "$folder/ranking.py" <<'P'
import numpy as np
from MLstatkit import Delong_test

draw = np.random.default_rng(0)
joy = draw.integers(0, 2, 200)
logit = draw.normal(size=200) + joy
models = {
    "calibrated copy": (1 / (1 + np.exp(-logit)), 1 / (1 + np.exp(-0.5 * logit - 0.3))),
    "both perfect": (joy + draw.random(200) / 2, joy + draw.random(200) / 2),
    "another model": (logit, logit + draw.normal(size=200) / 2),
}
for name, (one, other) in models.items():
    z, p, *_, first, second, info = Delong_test(joy, one, other, random_state=0)
    print(name, "AUC", round(first, 2), round(second, 2), "z", round(z, 1), "p", round(p, 2), info["method"])
P
seen=$("$folder/venv/bin/python" "$folder/ranking.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "calibrated copy AUC 0.76 0.76 z 0.0 p 0.0 bootstrap
both perfect AUC 1.0 1.0 z 0.0 p 0.0 bootstrap
another model AUC 0.76 0.71 z -2.7 p 0.01 delong" ]
