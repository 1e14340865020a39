#!/usr/bin/env bash
# pyannote.core 6.1.0 (MIT) with NumPy 2.2.6, an annotation as a table of frames: `Annotation.discretize` looks for the frames whose middles are nearest
# to the begin and the end of a label. A time on the border of two frames, as all times of labels that were set per picture are, is as near
# to one as to the other; NumPy rounds such halves to the even number, and the frame of the end counts too. So a label that begins with
# an odd frame begins one too early, and one that ends before an even frame ends one too late: neighbours overlap, in single-label data too.
#   expected: joy in frame 1, anger in frames 2 and 3, calm in frame 4, each frame being half a second (0.5 has no rounding error)
#   seen:     joy in frames 0 to 2, anger in frames 2 to 4, calm in frame 4       (2026-11-29, Python 3.11)
# With frames of 0.25 s, of 100 labels of 5 frames half have 7. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pyannote.core==6.1.0 numpy==2.2.6
cat > "$folder/frames.py" <<'P'
from collections import Counter

import numpy as np
from pyannote.core import Annotation, Segment


def frames(labels, step, end):
    said = Annotation()
    for label, start, stop in labels:
        said[Segment(start, stop)] = label
    table = said.discretize(support=Segment(0, end), resolution=step, labels=[label for label, _, _ in labels])
    return [np.flatnonzero(column).tolist() for column in table.data.T]


for found in frames([("joy", 0.5, 1.0), ("anger", 1.0, 2.0), ("calm", 2.0, 2.5)], 0.5, 4):
    print(found)
print(sorted(Counter(len(frames([("joy", n / 4, (n + 5) / 4)], 0.25, 50)[0]) for n in range(100)).items()))
P
seen=$("$folder/venv/bin/python" "$folder/frames.py")
echo "$seen"
[ "$seen" = "[0, 1, 2]
[2, 3, 4]
[4]
[(5, 50), (7, 50)]" ]
