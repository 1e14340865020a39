#!/usr/bin/env bash
# EristroPy 0.1.0 (MIT) with statsmodels 0.14.5, numba 0.61.2, scikit-learn 1.5.2, pandas 2.3.3, SciPy 1.15.3 and NumPy 1.26.4, the entropy of signals of heart or skin, for which they have
# to be stationary: `StationarySignals.make_stationary_signals` differences or detrends the signals of all persons and keeps those that pass the test of Dickey and Fuller. It tests
# them in the order of their names and reads the answers in the order of the table. Where these differ, as they do as soon as persons are not sorted by name ("10" comes before
# "2"), it keeps signals that failed and drops others that passed. Their number is right, so that `stationary_frac_` shows nothing.
#   expected: amy and ben, whose differences are noise, in any order of the table; zoe and tom fail
#   seen:     amy and ben from a sorted table, zoe and ben from another one       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check statsmodels==0.14.5 numba==0.61.2 scikit-learn==1.5.2 pandas==2.3.3 scipy==1.15.3 numpy==1.26.4 tqdm==4.70.1
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps eristropy==0.1.0 # it asks for an optimiser too, of which nothing here has need
cat > "$folder/stationary.py" <<'P'
import numpy as np
import pandas as pd
from eristropy.stationarity import StationarySignals
from statsmodels.tsa.stattools import adfuller

draw = np.random.default_rng(0)
signals = {
    "zoe": draw.normal(size=300).cumsum().cumsum(),
    "ben": draw.normal(size=300).cumsum(),
    "amy": draw.normal(size=300),
    "tom": draw.normal(size=300).cumsum().cumsum(),
}
for person, signal in signals.items():
    print(person, "p", round(float(adfuller(np.diff(signal))[1]), 2))
for order in (sorted(signals), signals):
    parts = [pd.DataFrame({"signal_id": name, "timestamp": np.arange(300), "value": signals[name]}) for name in order]
    stationary = StationarySignals(pd.concat(parts, ignore_index=True), method="difference")
    kept = stationary.make_stationary_signals()["signal_id"].unique()
    print(*order, "kept", *sorted(kept), "share", float(stationary.stationary_frac_))
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/stationary.py")
echo "$seen"
[ "$seen" = "zoe p 0.84
ben p 0.0
amy p 0.0
tom p 0.21
amy ben tom zoe kept amy ben share 0.5
zoe ben amy tom kept ben zoe share 0.5" ]
