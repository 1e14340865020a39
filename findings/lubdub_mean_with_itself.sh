#!/usr/bin/env bash
# lubdub 0.0.2.6.1 (Apache-2.0), heart rate variability from intervals between beats: `normalize_rr(..., drop_values=False)` replaces, by its documentation, an interval that differs
# too much from the one before by the average of the one before and the one after. It looks up the interval itself in place of the one after, so that half of the error stays. And the
# next interval is compared with the bad one as it was read: a good interval is replaced too, by the same figure. (By default both are dropped, and the first one of all.)
# `sdnn`, the standard deviation, leaves the last interval out of its sum: the same intervals in another order vary by another figure.
#   expected: intervals of 800 ms where one of 1600 ms among them has been replaced, and an RMSSD (root mean square of successive differences) of 0; an SDNN of 89 ms in both orders
#   seen:     two intervals of 1200 ms, and 163 ms; 40 and 87 ms       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check setuptools==80.9.0 wheel==0.45.1
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps --no-build-isolation lubdub==0.0.2.6.1
cat > "$folder/beats.py" <<'P'
import statistics

from lubdub import normalize_rr, rmssd, sdnn

missed = [800] * 6 + [1600] + [800] * 6
kept = normalize_rr(missed, drop_values=False)
print("intervals:", *kept, "RMSSD", round(rmssd(kept)))
dropped = normalize_rr(missed)
print(f"dropped: {len(missed) - len(dropped)} of {len(missed)}")
for beats in ([800, 800, 800, 800, 1000], [1000, 800, 800, 800, 800]):
    print(beats, f"SDNN {sdnn(beats):.0f}, right {statistics.stdev(beats):.0f}")
P
seen=$("$folder/venv/bin/python" "$folder/beats.py")
echo "$seen"
[ "$seen" = "intervals: 800 800 800 800 800 1200 1200 800 800 800 800 800 RMSSD 163
dropped: 3 of 13
[800, 800, 800, 800, 1000] SDNN 40, right 89
[1000, 800, 800, 800, 800] SDNN 87, right 89" ]
