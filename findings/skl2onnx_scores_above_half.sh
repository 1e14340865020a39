#!/usr/bin/env bash
# skl2onnx 1.20.0 with scikit-learn 1.9.1 and onnxruntime 1.32.0: several labels at once by `OneVsRestClassifier` over a classifier that gives scores and no
# probabilities, such as `LinearSVC`, the usual baseline of emotions in text. A label holds where its score is above 0. The .onnx file compares
# the score with 0.5, as if it were a probability, and gives it out under the name `probabilities`. All labels in between are lost, without
# a word: here most of those that hold. `LinearSVC` alone, and `LogisticRegression` in its place, convert well.
#   expected: the labels of `predict`, which hold for 21 and 18 of 100 clips
#   seen:     6 and 4 of 100       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check skl2onnx==1.20.0 scikit-learn==1.9.1 onnxruntime==1.32.0 numpy==2.2.6
cat > "$folder/labels.py" <<'P'
import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

random = np.random.default_rng(0)
features = random.normal(size=(400, 2)).astype(np.float32)
labels = (features + random.normal(size=(400, 2)) > 1).astype(int)
for one in (LinearSVC(), LogisticRegression()):
    model = OneVsRestClassifier(one).fit(features, labels)
    session = onnxruntime.InferenceSession(to_onnx(model, features[:1]).SerializeToString(), providers=["CPUExecutionProvider"])
    right, answer = model.predict(features), session.run(None, {"X": features})[0]
    print(type(one).__name__, "scikit-learn", right.mean(0).round(2), "onnx", answer.mean(0).round(2))
    if isinstance(one, LinearSVC):
        print("where scores are above 0.5:", (answer == (model.decision_function(features) > 0.5)).all())
P
seen=$("$folder/venv/bin/python" "$folder/labels.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "LinearSVC scikit-learn [0.21 0.18] onnx [0.06 0.04]
where scores are above 0.5: True
LogisticRegression scikit-learn [0.21 0.18] onnx [0.21 0.18]" ]
