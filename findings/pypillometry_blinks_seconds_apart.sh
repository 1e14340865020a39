#!/usr/bin/env bash
# pypillometry 1.0.3.1 (MIT) with SciPy 1.10.1 and NumPy 1.23.5, the size of the pupil, a measure of arousal, which has to be mended where somebody blinks: `blinks_merge(distance=100)`
# treats blinks that are, by its documentation, less than 100 ms apart as one long blink. To turn milliseconds into samples it divides by the sampling rate and multiplies
# by 1000, the other way round. At 1000 Hz that is the same. At 60 Hz, as many eye trackers record, 100 ms become 28 s: nearly all blinks of a person
# are one, and the pupil between them counts as lost. At 2000 Hz blinks stay apart that should be merged.
#   expected: three blinks of three that are 2 and 5 s apart, 0.6 s in all, and two where two of them are 60 ms apart, at any rate
#   seen:     so at 1000 Hz; one blink of 7.6 s both times at 60 Hz; one and two at 120 Hz; three and three at 2000 Hz       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scipy==1.10.1 numpy==1.23.5
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps pypillometry==1.0.3.1
cat > "$folder/blinks.py" <<'P'
import sys
from unittest.mock import MagicMock

import numpy as np

for name in (  # what else it imports, for other steps and for pictures
    *("pystan", "pylab", "requests", "pandas", "matplotlib", "matplotlib.pyplot", "matplotlib.patches"),
    *("matplotlib.backends", "matplotlib.backends.backend_pdf"),
):
    sys.modules[name] = MagicMock()
from pypillometry import PupilData  # noqa: E402

for rate in (60, 120, 1000, 2000):
    for begins in ((2, 4.2, 9.4), (2, 2.26, 9.4)):
        pupil = np.full(12 * rate, 4000.0)
        for begin in begins:
            pupil[round(begin * rate) : round((begin + 0.2) * rate)] = 0
        recording = PupilData(pupil, sampling_rate=rate).blinks_detect(strategies=["zero"])
        merged = recording.blinks_merge(distance=100)
        print(
            *(rate, "Hz, blinks at", *begins, "s: found", recording.nblinks(), "merged", merged.nblinks()),
            *("lost", round(float(np.sum(np.diff(merged.blinks)) / rate), 1), "s of 12 s"),
        )
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/blinks.py")
echo "$seen"
[ "$seen" = "60 Hz, blinks at 2 4.2 9.4 s: found 3 merged 1 lost 7.6 s of 12 s
60 Hz, blinks at 2 2.26 9.4 s: found 3 merged 1 lost 7.6 s of 12 s
120 Hz, blinks at 2 4.2 9.4 s: found 3 merged 1 lost 7.6 s of 12 s
120 Hz, blinks at 2 2.26 9.4 s: found 3 merged 2 lost 0.6 s of 12 s
1000 Hz, blinks at 2 4.2 9.4 s: found 3 merged 3 lost 0.6 s of 12 s
1000 Hz, blinks at 2 2.26 9.4 s: found 3 merged 2 lost 0.7 s of 12 s
2000 Hz, blinks at 2 4.2 9.4 s: found 3 merged 3 lost 0.6 s of 12 s
2000 Hz, blinks at 2 2.26 9.4 s: found 3 merged 3 lost 0.6 s of 12 s" ]
