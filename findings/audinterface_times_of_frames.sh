#!/usr/bin/env bash
# audinterface 1.4.0 (MIT) with pandas 3.1.1 and NumPy 2.2.6, features of a sliding window: the times in the index are not those of the frames in two cases.
# - Durations in samples, such as `hop_dur="160"`, where `sampling_rate` and `resample` are set: the frames are cut at the rate of the
#   interface, their times are counted at the rate of the file. Files of 16 kHz are right, those of 48 kHz of the same corpus run at three times the speed.
# - A hop that is no whole number of samples, as 10 ms are at 22050 Hz: the frames are cut every 220 samples, the times go on by 220.5.
#   After ten minutes they are 1.4 s late, and the last rows lie beyond the end of the file.
#   expected: a sound from 6 s to 7 s, and one from 90 s on, to half a window
#   seen:     from 2 s to 2.33 s, and from 90.2 s to 100.22 s in a file of 100 s       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check audinterface==1.4.0 pandas==3.1.1 numpy==2.2.6
cat > "$folder/times.py" <<'P'
import audinterface
import numpy as np


def loud(rate, length, start, end, **settings):
    """First and last second of the frames that are loud, and of all."""
    signal = np.zeros(rate * length, np.float32)
    signal[rate * start : rate * end] = 1
    interface = audinterface.Feature("mean", process_func=lambda frame, _: [frame.mean()], **settings)
    rows = interface.process_signal(signal, rate)["mean"]
    found = rows[rows > 0.5].index
    return [round(time.total_seconds(), 2) for time in (found[0][0], found[-1][1], rows.index[-1][1])]


for rate in (16000, 48000):
    for window, hop in ((0.025, 0.01), ("400", "160")):
        print(rate, window, hop, loud(rate, 10, 6, 7, sampling_rate=16000, resample=True, win_dur=window, hop_dur=hop))
for rate in (16000, 22050):
    print(rate, loud(rate, 100, 90, 100, win_dur=0.02, hop_dur=0.01))
P
seen=$("$folder/venv/bin/python" "$folder/times.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "16000 0.025 0.01 [5.99, 7.0, 9.99]
16000 400 160 [5.99, 7.0, 9.99]
48000 0.025 0.01 [5.99, 7.0, 9.99]
48000 400 160 [2.0, 2.33, 3.33]
16000 [90.0, 100.0, 100.0]
22050 [90.2, 100.22, 100.22]" ]
