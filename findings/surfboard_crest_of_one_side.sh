#!/usr/bin/env bash
# surfboard 0.2.0 (GPL-3.0) with SciPy 1.17.1 and NumPy 2.2.6, features of speech for voice and mood.
# - `get_crest_factor` refers to the definition, the largest absolute value over the root mean square. It takes the absolute value of the largest value: peaks below 0 do
#   not count. Voices have their sharpest peaks on one side, and which one depends on how a microphone was wired. A factor below 1, which cannot be, comes of that.
# - `get_spectral_kurtosis` and `get_spectral_skewness` divide by the number of frequencies a second time. With 513 of them the kurtosis is about -3 whatever the
#   spectrum looks like, and the skewness about 0.
#   expected: a crest of 9.6 for pulses of either sign; a kurtosis of 0 for a Gaussian spectrum, -1.2 for a flat and 2.6 for a pointed one
#   seen:     9.6 for upward pulses and 0.5 for downward ones; -2.99, -3.00 and -2.99       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.2.6 scipy==1.17.1
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps surfboard==0.2.0 # what else it asks for nothing here has need of
echo "" > "$folder/librosa.py" # these three are imported for pitch and loudness
echo "" > "$folder/pyloudnorm.py"
echo "swipe = rapt = None" > "$folder/pysptk.py"
cat > "$folder/shape.py" <<'P'
import numpy as np
from surfboard.misc_components import get_crest_factor
from surfboard.spectrum import get_spectral_kurtosis, get_spectral_skewness

RATE, LENGTH, HOP = 16000, 512, 128  # what 0.04 s and 0.01 s are taken for
time = np.arange(RATE) / RATE
voice = 0.05 * np.sin(2 * np.pi * 150 * time)
voice[::100] += 0.9
windows = [slice(HOP * i, HOP * i + LENGTH) for i in range(100)]
for name, wave in (("upward", voice), ("downward", -voice)):
    size = np.array([[np.sqrt(np.mean(wave[window] ** 2)) for window in windows]])
    right = [abs(wave[window]).max() for window in windows] / size[0]
    print(f"{name} pulses: crest {get_crest_factor(wave, RATE, size).mean():.1f} right {right.mean():.1f}")
frequency = np.arange(513) * RATE / 1024
for name, spectrum in (
    ("Gaussian", np.exp(-0.5 * ((frequency - 4000) / 500) ** 2)),
    ("flat", np.ones(513)),
    ("pointed", np.exp(-abs(frequency - 4000) / 500)),
    ("falling", np.exp(-frequency / 500)),
):
    share = spectrum / spectrum.sum()
    away = frequency - share @ frequency
    away /= np.sqrt(share @ away**2)
    two = np.stack([spectrum, spectrum], axis=1)
    print(
        f"{name}: kurtosis {get_spectral_kurtosis(two, RATE)[0, 0]:.2f} right {share @ away**4 - 3 + 1e-6:.1f},",
        f"skewness {abs(get_spectral_skewness(two, RATE)[0, 0]):.2f} right {abs(share @ away**3):.1f}",
    )
P
seen=$("$folder/venv/bin/python" "$folder/shape.py")
echo "$seen"
[ "$seen" = "upward pulses: crest 9.6 right 9.6
downward pulses: crest 0.5 right 9.6
Gaussian: kurtosis -2.99 right 0.0, skewness 0.00 right 0.0
flat: kurtosis -3.00 right -1.2, skewness 0.00 right 0.0
pointed: kurtosis -2.99 right 2.6, skewness 0.00 right 0.0
falling: kurtosis -2.98 right 6.0, skewness 0.00 right 2.0" ]
