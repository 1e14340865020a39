#!/usr/bin/env bash
# nltk 3.10.4 (Apache-2.0), agreement of raters who give several emotions to a clip: `AnnotationTask(..., distance=masi_distance)`, or `jaccard_distance`, or one of grades.
# - `kappa`, `multi_kappa`, `pi` and `S` count a near miss as partial agreement in what is observed, by the distance, and as none in what is
#   expected by chance. Raters who guess agree "beyond chance", the more so the kinder the distance is. `alpha` and `weighted_kappa`
#   use it on both sides.
# - `weighted_kappa(max_distance=m)` divides the expected disagreement by m and the observed one not. Without `m`, where it would cancel, it is right.
#   expected: about 0 for two raters who guess; 0.75 with and without `max_distance` for two who are mostly within a grade
#   seen:     0.18 (MASI), 0.29 (Jaccard) and 0.68 (squared grades); 0.75 without it and -3 with it       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check nltk==3.10.4 numpy==2.2.6
cat > "$folder/agreement.py" <<'P'
import numpy as np
from nltk.metrics import interval_distance, jaccard_distance, masi_distance
from nltk.metrics.agreement import AnnotationTask

draw = np.random.default_rng(0)


def guess():
    while not (chosen := frozenset(name for name in ("anger", "joy", "fear", "calm") if draw.random() < 0.4)):
        pass
    return chosen


def squares(one, other):
    return (one - other) ** 2 / 16


sets = [(rater, clip, guess()) for clip in range(400) for rater in ("one", "two")]
grades = [(rater, clip, int(draw.integers(1, 6))) for clip in range(400) for rater in ("one", "two")]
for distance, ratings in ((masi_distance, sets), (jaccard_distance, sets), (squares, grades)):
    task = AnnotationTask(ratings, distance=distance)
    names = ("kappa", "multi_kappa", "pi", "S", "weighted_kappa", "alpha")
    print(distance.__name__, *(f"{name} {getattr(task, name)():.2f}" for name in names))
close = []
for clip, grade in enumerate(draw.integers(1, 6, 400)):
    close += [(rater, clip, int(np.clip(grade + draw.integers(-1, 2), 1, 5))) for rater in ("one", "two")]
task = AnnotationTask(close, distance=interval_distance)
print(f"weighted_kappa {task.weighted_kappa():.2f} with max_distance {task.weighted_kappa(max_distance=16):.2f}")
P
seen=$("$folder/venv/bin/python" "$folder/agreement.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "masi_distance kappa 0.18 multi_kappa 0.18 pi 0.18 S 0.19 weighted_kappa 0.03 alpha 0.03
jaccard_distance kappa 0.29 multi_kappa 0.29 pi 0.29 S 0.30 weighted_kappa 0.04 alpha 0.04
squares kappa 0.68 multi_kappa 0.68 pi 0.68 S 0.68 weighted_kappa -0.04 alpha -0.05
weighted_kappa 0.75 with max_distance -3.00" ]
