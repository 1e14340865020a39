#!/usr/bin/env bash
# VuVoPy 1.0.0 (MIT) with librosa 0.11.0, scikit-learn 1.9.1, SciPy 1.17.1 and NumPy 2.2.6, how lively is a voice? `relF0SD`, `relF1SD` and `relF2SD` are, by their documentation, the relative standard
# deviations of the pitch and of the first two formants: the standard deviation divided by the mean. They divide the mean by the standard deviation: the
# livelier a voice is, the lower is the figure, and the more monotonous, as in depression or Parkinson's disease, the higher, without a limit. `relSEOSD`, the same of loudness,
# is the right way round, so that features of one set go in opposite directions.
#   expected: 0.08 for the pitch of a voice that moves by 10 % to each side of 150 Hz and 0.04 for one that moves by 1 %, 0.29 and 0.27 for the first formant, from the
#             tracks that the package finds
#   seen:     12.8 and 28.5, 3.5 and 3.7       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check librosa==0.11.0 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.2.6 sympy==1.14.0 matplotlib==3.10.8
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps vuvopy==1.0.0 # it asks for what builds documentation too
cat > "$folder/lively.py" <<'P'
import sys

import numpy as np
import soundfile
from VuVoPy import relF0SD, relF1SD
from VuVoPy.data.containers.prepocessing import Preprocessed
from VuVoPy.data.containers.sample import VoiceSample
from VuVoPy.data.containers.segmentation import Segmented
from VuVoPy.data.utils.formant_frequencies import FormantFrequencies
from VuVoPy.data.utils.fundamental_frequency import FundamentalFrequency

rate = 16000
time = np.arange(3 * rate) / rate
for name, moves in (("lively", 0.1), ("monotonous", 0.01)):
    turns = 2 * np.pi * np.cumsum(150 * (1 + moves * np.sin(2 * np.pi * 2 * time))) / rate
    voice = sum(np.cos(n * turns) / n for n in range(1, 20))
    path = f"{sys.argv[1]}/{name}.wav"
    soundfile.write(path, 0.2 * voice / abs(voice).max(), rate)
    sample = VoiceSample.from_wav(path)
    pitch = FundamentalFrequency(sample, (100, 250), 512, 1 / 96, 0.1, -np.inf).get_f0()
    print(f"{name}: relF0SD {relF0SD(path, plim=(100, 250)):.3g} right {np.std(pitch) / np.mean(pitch):.3f}")
    parts = Segmented.from_voice_sample(Preprocessed.from_voice_sample(sample), 512, "hann", 256)
    formant = FormantFrequencies.from_voice_sample(parts).get_formants_preem()[:, 0]
    print(f"{name}: relF1SD {relF1SD(path):.3g} right {np.std(formant) / np.mean(formant):.3f}")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/lively.py" "$folder")
echo "$seen"
[ "$seen" = "lively: relF0SD 12.8 right 0.078
lively: relF1SD 3.47 right 0.288
monotonous: relF0SD 28.5 right 0.035
monotonous: relF1SD 3.73 right 0.268" ]
