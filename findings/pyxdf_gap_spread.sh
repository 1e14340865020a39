#!/usr/bin/env bash
# pyxdf 1.17.5 (BSD) with NumPy 2.2.6, reading what Lab Streaming Layer recorded of several devices: by default the times of a stream with a nominal rate
# are replaced by those of a straight line through them. A gap breaks the line only if it is longer than one second and longer than 500
# samples, which at the 30 pictures a second of a camera is 16.7 s. A face that was lost for 10 s leaves no gap: the 10 s before
# and after it are spread over it and beyond both ends of the recording; voice, at 16 kHz, keeps its own. At most a logger warns
# of another rate. Streams are spared where the recorder wrote `can_drop_samples`, or with `dejitter_timestamps=False`.
#   expected: pictures from 0 s to 10 s and from 20 s to 30 s, as recorded
#   seen:     from -2.5 s to 32.5 s without a gap, up to 5 s from where they were       (2026-11-30, Python 3.11)
# The docstring names both thresholds; of the default see https://github.com/sccn/xdf/issues/31 (open). Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pyxdf==1.17.5 numpy==2.2.6
cat > "$folder/gap.py" <<'P'
import struct
import sys

import numpy as np
import pyxdf

RATE = 30
taken = np.concatenate([np.arange(10 * RATE), np.arange(20 * RATE, 30 * RATE)]) / RATE
HEADER = f"""<?xml version="1.0"?><info><name>face</name><type>Video</type><channel_count>1</channel_count>
<nominal_srate>{RATE}</nominal_srate><channel_format>float32</channel_format></info>"""


def chunk(tag: int, content: bytes) -> bytes:
    return b"\x04" + struct.pack("<IH", len(content) + 2, tag) + content


with open(sys.argv[1], "wb") as file:
    file.write(b"XDF:" + chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>'))
    file.write(chunk(2, struct.pack("<I", 1) + HEADER.encode()))
    samples = b"".join(b"\x08" + struct.pack("<df", time, 0.0) for time in taken)
    file.write(chunk(3, struct.pack("<I", 1) + b"\x04" + struct.pack("<I", len(taken)) + samples))
for dejitter in (False, True):
    (stream,), _ = pyxdf.load_xdf(sys.argv[1], dejitter_timestamps=dejitter)
    times = stream["time_stamps"]
    print(
        f"dejitter {dejitter}: from {times[0]:.1f} s to {times[-1]:.1f} s, longest gap {np.diff(times).max():.2f} s,",
        f"at most {np.abs(times - taken).max():.1f} s from where they were",
    )
P
seen=$("$folder/venv/bin/python" "$folder/gap.py" "$folder/a.xdf" 2>/dev/null)
echo "$seen"
[ "$seen" = "dejitter False: from 0.0 s to 30.0 s, longest gap 10.03 s, at most 0.0 s from where they were
dejitter True: from -2.5 s to 32.5 s, longest gap 0.06 s, at most 5.0 s from where they were" ]
