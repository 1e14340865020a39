#!/usr/bin/env bash
# audmetric 1.4.2 (MIT) with NumPy 2.2.6 and scikit-learn 1.9.1, `labels=...` in recall, precision, F-score and their unweighted averages (UAR, UAF): the
# emotions that a corpus has, where the model knows more. A clip that the model gave one of the others drops out of the confusion matrix from
# which all of them are counted, so that it is neither found nor missed: the more often a model answers beside the corpus, the better its UAR.
#   expected: 0.5, the mean of 1 of 2 for anger and 1 of 2 for joy, as scikit-learn gives for the same `labels`, and `audmetric.accuracy` too
#   seen:     UAR 1, UAF 1       (2026-11-30, Python 3.11)
# Without `labels` fear and disgust count as emotions with a recall of 0, and the UAR is 0.25. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check audmetric==1.4.2 scikit-learn==1.9.1 numpy==2.2.6
cat > "$folder/recall.py" <<'P'
import audmetric
from sklearn.metrics import f1_score, recall_score

truth = ["anger", "anger", "joy", "joy"]
answers = ["anger", "fear", "joy", "disgust"]
labels = ["anger", "joy"]
uar = audmetric.unweighted_average_recall(truth, answers, labels=labels)
print("UAR audmetric", uar, "scikit-learn", recall_score(truth, answers, labels=labels, average="macro"))
uaf = audmetric.unweighted_average_fscore(truth, answers, labels=labels)
print("UAF audmetric", uaf, "scikit-learn", round(float(f1_score(truth, answers, labels=labels, average="macro")), 2))
print("accuracy audmetric", audmetric.accuracy(truth, answers, labels=labels))
print("UAR without labels", audmetric.unweighted_average_recall(truth, answers))
P
seen=$("$folder/venv/bin/python" "$folder/recall.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "UAR audmetric 1.0 scikit-learn 0.5
UAF audmetric 1.0 scikit-learn 0.67
accuracy audmetric 0.5
UAR without labels 0.25" ]
