#!/usr/bin/env bash
# pymultitaper 2.0.0 (MIT) with NumPy 2.4.6, SciPy 1.17.1 and matplotlib 3.11.2, spectrograms of speech and animal calls: frames are `int(time_step * fs)` samples apart, a whole number, and the times that come back with
# them are `time_step` apart. At the sampling rates of 11025, 22050 and 44100 Hz no usual step (1, 5 ms) is a whole number of samples, so the times run ahead of the sound, further with each second: by 8 s in an hour, as with the
# step of the example, 1 ms, at 44100 Hz. What is marked in the spectrogram is not there in the recording, and the last frames come after its end. At 16000 and 48000 Hz the times are right.
#   expected: a click at 20 s is found at 20 s at each rate; no frame after 30 s, the end
#   seen:     at 16000 Hz 20.00 s; at 22050 and 44100 Hz with 1 ms 20.05 s, and the last frame at 30.06 s       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pymultitaper==2.0.0 numpy==2.4.6 scipy==1.17.1 matplotlib==3.11.2
cat > "$folder/click.py" <<'P'
import numpy as np
from pymultitaper import multitaper_spectrogram

for rate in (16000, 22050, 44100):
    for step in (0.001, 0.005):
        sound = np.random.default_rng(0).normal(0, 0.001, 30 * rate)
        sound[20 * rate] += 1
        _, times, power = multitaper_spectrogram(sound, rate, step, window_length=0.02, db_scale=False)
        held = np.flatnonzero(power.sum(axis=0) > power.sum(axis=0).max() / 2)
        starts = held * int(step * rate)  # by hand: the first sample of each frame
        middle = (starts + int(0.02 * rate) / 2).mean() / rate
        print(f"{rate} Hz, step {1000 * step:.0f} ms: click at {times[held].mean():.2f} s, by hand {middle:.2f} s, last frame at {times[-1]:.2f} s")
P
seen=$(MPLCONFIGDIR="$folder" "$folder/venv/bin/python" -W ignore "$folder/click.py")
echo "$seen"
[ "$seen" = "16000 Hz, step 1 ms: click at 20.00 s, by hand 20.00 s, last frame at 29.99 s
16000 Hz, step 5 ms: click at 20.00 s, by hand 20.00 s, last frame at 29.99 s
22050 Hz, step 1 ms: click at 20.05 s, by hand 20.00 s, last frame at 30.06 s
22050 Hz, step 5 ms: click at 20.05 s, by hand 20.00 s, last frame at 30.06 s
44100 Hz, step 1 ms: click at 20.05 s, by hand 20.00 s, last frame at 30.06 s
44100 Hz, step 5 ms: click at 20.05 s, by hand 20.00 s, last frame at 30.06 s" ]
