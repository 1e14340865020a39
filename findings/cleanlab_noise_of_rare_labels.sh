#!/usr/bin/env bash
# cleanlab 2.9.0 (Apache-2.0) with pandas 3.1.1, scikit-learn 1.9.1 and NumPy 2.2.6, wrong labels in a corpus with several emotions to a clip:
# `rank_classes_by_multilabel_quality` says of each emotion which share of its labels is wrong and puts the worst first. By its documentation that is
# their number divided by the clips that have the label; it is divided by all clips. So the figure says how frequent an emotion is: the
# rarer, the better it looks, and "Label Quality Score" is near 1 for labels that are mostly wrong. `multilabel_health_summary` reports the same.
#   expected: disgust first, of whose 20 labels 13 are found to be wrong, with a quality of 0.35, then joy with 31 of 500 and 0.938, as
#             `rank_classes_by_label_quality` says of each emotion alone
#   seen:     joy first, with 0.969, then disgust with 0.987       (2026-11-30, Python 3.11)
# (15 and 50 are wrong; that not all are found is no fault.) Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check cleanlab==2.9.0 pandas==3.1.1 scikit-learn==1.9.1 numpy==2.2.6
cat > "$folder/noise.py" <<'P'
import numpy as np
from cleanlab.dataset import rank_classes_by_label_quality
from cleanlab.multilabel_classification.dataset import rank_classes_by_multilabel_quality

draw = np.random.default_rng(0)
given = np.zeros((1000, 2), bool)  # clips by emotions
given[:20, 0] = given[100:600, 1] = True
felt = given.copy()
felt[:15, 0] = felt[100:150, 1] = False
likely = np.where(felt, draw.uniform(0.8, 1, felt.shape), draw.uniform(0, 0.2, felt.shape))
emotions = ["disgust", "joy"]
labels = [np.flatnonzero(one).tolist() for one in given]
for _, row in rank_classes_by_multilabel_quality(labels, likely, class_names=emotions).iterrows():
    print("several labels:", row["Class Name"], row["Label Issues"], "wrong, quality", round(row["Label Quality Score"], 3))
for number, emotion in enumerate(emotions):
    p = likely[:, number]
    table = rank_classes_by_label_quality(given[:, number].astype(int), np.column_stack([1 - p, p])).set_index("Class Index")
    print("one label:", emotion, int(table.loc[1, "Label Issues"]), "wrong, quality", round(table.loc[1, "Label Quality Score"], 3))
P
seen=$("$folder/venv/bin/python" "$folder/noise.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "several labels: joy 31 wrong, quality 0.969
several labels: disgust 13 wrong, quality 0.987
one label: disgust 13 wrong, quality 0.35
one label: joy 31 wrong, quality 0.938" ]
