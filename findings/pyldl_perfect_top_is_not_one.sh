#!/usr/bin/env bash
# python-ldl 0.1.2 (MIT) with scikit-learn 1.6.1, SciPy 1.15.3 and NumPy 1.26.4, distributions of emotions of a clip: `pyldl.metrics.top_k` says how well the k
# largest of the prediction are the k largest of the truth, by F1 of the two. Precision divides what they share by k; recall, by the number of all
# emotions, not by the k that there are to find. So
# - a perfect prediction has 2k / (k + emotions), and 1 for all emotions alone, where every prediction has 1; it is listed as a measure for which
#   larger is better, and the mean over k of one corpus cannot be laid beside that of another with more emotions or, as words of a sentence, of longer sentences.
#   expected: 1 for the truth itself, with any k; precision, recall and F1 alike, since both sets hold k
#   seen:     0.29, 0.50, 0.67 and 0.80 for k from 1 to 4 of 6; recall 0.17 beside a precision of 1       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.6.1 scipy==1.15.3 numpy==1.26.4
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps python-ldl==0.1.2 # it asks for keras and more, of which its metrics have no need
cat > "$folder/top.py" <<'P'
import numpy as np
from pyldl.metrics import top_k
from sklearn.metrics import f1_score

draw = np.random.default_rng(0)


def by_hand(truth, predicted, k):
    """F1 of the two sets of k, by scikit-learn."""
    sets = [np.zeros(values.shape, dtype=int) for values in (truth, predicted)]
    for one, values in zip(sets, (truth, predicted)):
        np.put_along_axis(one, np.argsort(values, axis=1)[:, -k:], 1, axis=1)
    return f1_score(*sets, average="samples")


for emotions in (6, 12):
    truth = draw.dirichlet(np.ones(emotions), 200)
    guess = draw.dirichlet(np.ones(emotions), 200)
    for name, predicted in (("the truth", truth), ("a guess", guess)):
        theirs = " ".join(f"{value:.2f}" for value in top_k(truth, predicted))
        right = " ".join(f"{by_hand(truth, predicted, k):.2f}" for k in (1, 2, 3, 4))
        print(f"{emotions} emotions, {name}: {theirs} for {right}")
    print("  precision and recall of the truth with k = 1:", *(f"{top_k(truth, truth, 1, mode):.2f}" for mode in ("precision", "recall")))
P
seen=$("$folder/venv/bin/python" "$folder/top.py")
echo "$seen"
[ "$seen" = "6 emotions, the truth: 0.29 0.50 0.67 0.80 for 1.00 1.00 1.00 1.00
6 emotions, a guess: 0.05 0.15 0.32 0.53 for 0.17 0.30 0.48 0.66
  precision and recall of the truth with k = 1: 1.00 0.17
12 emotions, the truth: 0.15 0.29 0.40 0.50 for 1.00 1.00 1.00 1.00
12 emotions, a guess: 0.01 0.05 0.10 0.17 for 0.07 0.16 0.25 0.34
  precision and recall of the truth with k = 1: 1.00 0.08" ]
