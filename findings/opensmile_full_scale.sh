#!/usr/bin/env bash
# opensmile 2.6.0 (audEERING's licence: research and private use) with NumPy 2.2.6: it multiplies a signal by 32768 and makes whole numbers of 16 bits of it
# without a limit. A sample of exactly 1, as a recording that was clipped holds and a floating-point file may, becomes -32768, and one above 1, as MP3 and
# AAC decode near full scale, lands at the other end too. Each such sample is a click, and nothing is said. The loudest clips, those of
# anger and of joy, get other features: these are means over one second of a tone of 200 Hz on x86-64.
#   expected: the loudness of a tone of 0.9999 for one of 1, and for 1.02 what the limited tone gives, 0.9
#   seen:     0.74 for 0.9999, 4.2 for 1 and 6.6 for 1.02; Hammarberg index 72.6, 25.2 and 8.5       (2026-11-29, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check opensmile==2.6.0 numpy==2.2.6
cat > "$folder/loud.py" <<'P'
import numpy as np
import opensmile

smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
tone = np.sin(2 * np.pi * 200 * np.arange(16000) / 16000)
for peak in (0.9999, 1.0, 1.02):
    said = smile.process_signal((peak * tone).astype(np.float32), 16000).iloc[0]
    print(peak, round(float(said["loudness_sma3_amean"]), 1), round(float(said["hammarbergIndexV_sma3nz_amean"]), 0))
below = np.clip(1.02 * tone, -1, 32767 / 32768).astype(np.float32)
print("1.02, limited", round(float(smile.process_signal(below, 16000).iloc[0]["loudness_sma3_amean"]), 1))
P
seen=$("$folder/venv/bin/python" "$folder/loud.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "0.9999 0.7 73.0
1.0 4.2 25.0
1.02 6.6 8.0
1.02, limited 0.9" ]
