#!/usr/bin/env bash
# librosa 0.11.0 with NumPy 2.2.6, read and run on 2026-11-29.
# `librosa.yin` measures how much a frame differs from itself k samples later. By its own comment that is
# 2 (ACF(0) - ACF(k)) less the energy of the first k samples. For k = 1 it leaves that energy, the square of the frame's first sample, out:
# the place is set to 0 before it is read. All later values are divided by a running mean that holds this one, so that a frame
# which begins loud gets another pitch.
# Expected: the pitch that follows from the formula. Seen, of two frames that begin loud: the highest pitch that was asked for where the
# formula gives the lowest, and another fraction of a Hz. Frames that begin at 0 agree.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check librosa==0.11.0 numpy==2.2.6
cat > "$folder/look.py" <<'P'
import librosa
import numpy as np

RATE, SIZE, LOW, HIGH = 16000, 1024, 60, 500


def by_formula(y: np.ndarray) -> float:
    """Hz where the normalised difference is least, by parabola; none of these frames has a dip below the threshold."""
    shortest, longest = RATE // HIGH, -(-RATE // LOW)
    d = np.array([2 * (y @ y - y[k:] @ y[: SIZE - k]) - y[:k] @ y[:k] for k in range(1, longest + 1)])
    normalised = (d / (np.cumsum(d) / np.arange(1, longest + 1)))[shortest - 1 :]
    best = int(normalised.argmin())
    if not 0 < best < len(normalised) - 1:
        return RATE / (shortest + best)
    before, here, after = normalised[best - 1 : best + 2]
    return RATE / (shortest + best + (before - after) / 2 / (before + after - 2 * here))


time = np.arange(SIZE)
ends_early = np.array([1.0, 0.5] + [0.0] * (SIZE - 2))
fades = np.cos(time / 8) * np.exp(-time / 30)
begins_at_zero = np.sin(time / 8) * np.exp(-time / 30)
for name, y in (("ends early", ends_early), ("fades", fades), ("begins at zero", begins_at_zero)):
    found = librosa.yin(y, fmin=LOW, fmax=HIGH, sr=RATE, frame_length=SIZE, hop_length=SIZE, center=False)[0]
    print(f"{name}: librosa {found:.2f}, formula {by_formula(y):.2f}")
P
seen=$("$folder/venv/bin/python" "$folder/look.py")
echo "$seen"
test "$seen" = "ends early: librosa 500.00, formula 59.93
fades: librosa 347.72, formula 347.70
begins at zero: librosa 324.36, formula 324.36"
