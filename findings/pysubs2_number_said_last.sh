#!/usr/bin/env bash
# pysubs2 1.8.1 (MIT), reading SubRip: where the last cue of a file ends with a line that is a number, the number is lost
# without a word. Every other cue keeps such a line, for the number taken off the end of a text is that of the next cue,
# which the last one lacks.
#   expected: 'It was\N1984'
#   seen:     'It was'       (2026-11-28, Python 3.11)
# So it is no oracle for the words of a transcript: what was said last may be a year, a price, a score.
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pysubs2==1.8.1
cat > "$folder/read.py" <<'P'
import pysubs2

CUES = "1\n00:00:01,000 --> 00:00:02,000\nIt was\n1984\n\n"
AFTER = "2\n00:00:03,000 --> 00:00:04,000\nor so\n"
print([event.text for event in pysubs2.SSAFile.from_string(CUES + AFTER)], [event.text for event in pysubs2.SSAFile.from_string(CUES)])
P
seen=$("$folder/venv/bin/python" "$folder/read.py")
echo "$seen"
[ "$seen" = "['It was\\\\N1984', 'or so'] ['It was']" ]
