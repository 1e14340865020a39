#!/usr/bin/env bash
# semopy 2.3.11 (MIT) with NumPy 2.2.6, SciPy 1.17.1, pandas 2.3.3 and scikit-learn 1.9.1, which of three models of a questionnaire fits: `calc_stats` gives AIC and
# BIC, the lower the better. What stands for the log-likelihood in both (and in the column LogLik) is the discrepancy that the fit made small: it is not multiplied by
# the number of people, and it is the larger, the worse the model fits. Of two models with as many parameters the worse one has the lower AIC and BIC, and
# otherwise nearly only the number of parameters counts. (The column GFI is the column NFI under another name.)
#   expected: the two factors that the answers were made of have the lowest AIC, 66 below one factor and 68 below the same with the items shared out wrongly
#   seen:     they have the highest: 2.2 above one factor and 0.2 above the wrong ones       (2026-12-01, Python 3.11)
# By definition: from the density of the answers under the fitted covariance. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check semopy==2.3.11 numpy==2.2.6 scipy==1.17.1 pandas==2.3.3 scikit-learn==1.9.1
cat > "$folder/models.py" <<'P'
import numpy as np
import pandas as pd
import semopy
from scipy.stats import multivariate_normal

PEOPLE = 500
draw = np.random.default_rng(0)
joy, fear = draw.normal(size=(2, PEOPLE))
answers = {f"joy{item}": 0.7 * joy + draw.normal(size=PEOPLE) for item in range(4)}
answers |= {f"fear{item}": 0.8 * fear + draw.normal(size=PEOPLE) for item in range(2)}
answers = pd.DataFrame(answers)
for name, described in {
    "two factors": "j =~ joy0 + joy1 + joy2 + joy3\nf =~ fear0 + fear1",
    "shared out wrongly": "j =~ joy0 + joy1 + fear0 + fear1\nf =~ joy2 + joy3",
    "one factor": "j =~ joy0 + joy1 + joy2 + joy3 + fear0 + fear1",
}.items():
    model = semopy.Model(described)
    model.fit(answers)
    said = semopy.calc_stats(model).loc["Value"]
    seen = answers[model.vars["observed"]]
    likelihood = multivariate_normal(seen.mean(), model.calc_sigma()[0]).logpdf(seen).sum()
    parameters = len(model.param_vals)
    aic, bic = 2 * parameters - 2 * likelihood, np.log(PEOPLE) * parameters - 2 * likelihood
    print(f"{name}: chi2 {said['chi2']:.1f} AIC {said['AIC']:.1f} BIC {said['BIC']:.1f} GFI is NFI {bool(np.isclose(said['GFI'], said['NFI'], rtol=1e-12))}")
    print(f"   by definition AIC {aic:.1f} BIC {bic:.1f}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/models.py")
echo "$seen"
[ "$seen" = "two factors: chi2 15.1 AIC 25.9 BIC 80.7 GFI is NFI True
   by definition AIC 9514.3 BIC 9569.1
shared out wrongly: chi2 83.3 AIC 25.7 BIC 80.5 GFI is NFI True
   by definition AIC 9582.5 BIC 9637.3
one factor: chi2 83.3 AIC 23.7 BIC 74.2 GFI is NFI True
   by definition AIC 9580.5 BIC 9631.1" ]
