#!/usr/bin/env bash
# prince 0.23.0 (MIT) with pandas 2.3.3, scikit-learn 1.9.1, SciPy 1.17.1 and NumPy 2.2.6, which emotion words are given together, by multiple correspondence
# analysis: with `correction="benzecri"` the corrected inertia of a dimension is divided by that of the dimensions that were asked for, not of all that
# have more inertia than a question alone. The dimensions of a map, two by default, explain 100 % between them of any answers whatever.
#   expected: 62 % in the first two dimensions of eight questions answered by chance, however many dimensions are computed
#   seen:     100 % of two computed, 78 % of three, 62 % of eight       (2026-12-01, Python 3.11)
# By definition: from a singular value decomposition of the indicators. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check prince==0.23.0 pandas==2.3.3 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.2.6
cat > "$folder/map.py" <<'P'
import numpy as np
import pandas as pd
import prince

PEOPLE, QUESTIONS = 300, 8
draw = np.random.default_rng(0)
answers = pd.DataFrame(draw.choice(["joy", "anger", "fear"], (PEOPLE, QUESTIONS)), columns=[f"clip{number}" for number in range(QUESTIONS)])

indicator = pd.get_dummies(answers).to_numpy(float)
share = indicator / indicator.sum()
expected = np.outer(share.sum(axis=1), share.sum(axis=0))
inertia = np.linalg.svd((share - expected) / np.sqrt(expected), compute_uv=False) ** 2
above = inertia[inertia > 1 / QUESTIONS]
corrected = (QUESTIONS / (QUESTIONS - 1) * (above - 1 / QUESTIONS)) ** 2
print(f"by definition: {100 * corrected[:2].sum() / corrected.sum():.0f} % in two of {len(above)} dimensions")
for number in (2, 3, len(above)):
    said = prince.MCA(n_components=number, correction="benzecri", random_state=0, engine="scipy").fit(answers).percentage_of_variance_
    print(f"{number} computed: {said[:2].sum():.0f} % in the first two")
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/map.py")
echo "$seen"
[ "$seen" = "by definition: 62 % in two of 8 dimensions
2 computed: 100 % in the first two
3 computed: 78 % in the first two
8 computed: 62 % in the first two" ]
