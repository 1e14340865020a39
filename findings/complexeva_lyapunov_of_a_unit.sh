#!/usr/bin/env bash
# complexeva 0.2.3 with numba 0.61.2, SciPy 1.15.3 and NumPy 2.2.6, how irregular is a signal of heart, brain or voice? `lyapunov_exponent` is, by its documentation, the largest Lyapunov exponent: how
# fast two moments that are alike grow apart, as a rate, whatever the unit of the signal. It takes how far apart they are one step later, not by how much that is more than before, and turns
# the sign.
# - The figure depends on the unit: the same signal in V and in mV differs by 6.9, the logarithm of 1000, and the sign by which chaos is told comes and goes.
# - The better a signal can be foretold, the larger it is: a pure tone has more of it than chaos, and chaos more than noise.
#   expected: 0.69, the logarithm of 2, for the logistic map, which is known exactly, in any unit; about 0 for a tone
#   seen:     7.75 and, times 1000, 0.84; 33.6 for a tone; 3.5 and -3.4 for noise       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numba==0.61.2 scipy==1.15.3 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps complexeva==0.2.3
cat > "$folder/chaos.py" <<'P'
import numpy as np
from complexeva.sequence import lyapunov_exponent

chaos = [0.4]
for _ in range(998):
    chaos.append(4 * chaos[-1] * (1 - chaos[-1]))
chaos = np.array(chaos)
slope = np.log(np.abs(4 - 8 * chaos)).mean()  # the exponent by its definition, from the derivative of the map
print(f"chaos by its definition {slope:.1f}")
tone = np.sin(2 * np.pi * np.arange(999) / 37.3)
noise = np.random.default_rng(0).normal(size=999)
for name, signal in (("chaos", chaos), ("tone", tone), ("noise", noise)):
    volts, millivolts = (lyapunov_exponent(signal * unit) for unit in (1, 1000))
    print(f"{name}: {volts:.1f}, in the smaller unit {volts - millivolts:.1f} less")
P
seen=$("$folder/venv/bin/python" "$folder/chaos.py")
echo "$seen"
[ "$seen" = "chaos by its definition 0.7
chaos: 7.7, in the smaller unit 6.9 less
tone: 33.6, in the smaller unit 6.9 less
noise: 3.5, in the smaller unit 6.9 less" ]
