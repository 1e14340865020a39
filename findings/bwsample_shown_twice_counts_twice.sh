#!/usr/bin/env bash
# bwsample 0.7.0 (Apache-2.0) with scikit-learn 1.5.2, SciPy 1.15.3 and NumPy 1.26.4, best-worst scaling, with which lexicons of emotion intensity are made: raters see sets of four words and
# say which is the most and which the least angry.
# - `scoring_orme` should be the score of Orme (2009): how often an item was the best less how often it was the worst, out of the sets in which it was shown. It divides by the number of all
#   sets. Items in more sets get more extreme scores, and those that were never chosen none. The sets that `sample` of the same package makes show a third of the items twice.
# - `sample(..., shuffle=True)`, the default, puts the items of each set back into the order of the list before it returns them: what stands first in the list is always shown first.
#   expected: 1 for an item that was the best whenever it was shown, in two sets or in one; 0 for one that was shown and not chosen; about 1 set in 24 in the order of the list
#   seen:     0.1 and 0.05; no score; 20 of 20 sets       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check bwsample==0.7.0 scikit-learn==1.5.2 scipy==1.15.3 numpy==1.26.4
cat > "$folder/score.py" <<'P'
import numpy as np
from bwsample import sample, scoring_orme

np.random.seed(0)
words = [f"word {number:02}" for number in range(60)]
sets = sample(words, n_items=4, method="overlap", shuffle=True)
print(len(sets), "sets, in the order of the list:", sum(shown == sorted(shown) for shown in sets))

anger = dict(zip(words, np.random.permutation(60)))
judged = [
    ([1 if word == max(shown, key=anger.get) else 2 if word == min(shown, key=anger.get) else 0 for word in shown], shown)
    for shown in sets
]
scores = {str(word): float(score) for word, score in zip(*scoring_orme(judged))}
found = set()
for word in words:
    marks = [states[shown.index(word)] for states, shown in judged if word in shown]
    kind = marks.count(1), marks.count(2), len(marks)
    if kind in {(2, 0, 2), (1, 0, 1), (1, 0, 2), (0, 0, 1), (0, 1, 1)} - found:
        found.add(kind)
        right = (kind[0] - kind[1]) / kind[2]
        print(word, "best {} and worst {} times of {},".format(*kind), "score", scores.get(word), "right", right)
P
seen=$("$folder/venv/bin/python" -W ignore "$folder/score.py")
echo "$seen"
[ "$seen" = "20 sets, in the order of the list: 20
word 01 best 0 and worst 0 times of 1, score None right 0.0
word 02 best 0 and worst 1 times of 1, score -0.05 right -1.0
word 03 best 2 and worst 0 times of 2, score 0.1 right 1.0
word 08 best 1 and worst 0 times of 1, score 0.05 right 1.0
word 12 best 1 and worst 0 times of 2, score 0.05 right 0.5" ]
