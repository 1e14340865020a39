#!/usr/bin/env bash
# webvtt-py 0.6.0 and pysubs2 1.8.1 (both MIT), reading WebVTT: the escapes that the format has for &, < and > are left in the text.
# webvtt-py takes tags out of `Caption.text`, so that it is the text as read, and pysubs2 takes them out of `plaintext`; what
# browsers show as "R&D <3" comes as "R&amp;D &lt;3". Whoever counts or encodes words gets "amp" and "lt" among them.
#   expected: R&D <3
#   seen:     R&amp;D &lt;3       (2026-11-28, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check webvtt-py==0.6.0 pysubs2==1.8.1
cat > "$folder/read.py" <<'P'
import pysubs2
import webvtt

CUE = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<b>R&amp;D</b> &lt;3\n"
print(webvtt.from_string(CUE).captions[0].text)
print(pysubs2.SSAFile.from_string(CUE)[0].plaintext)
P
seen=$("$folder/venv/bin/python" "$folder/read.py")
echo "$seen"
[ "$seen" = "R&amp;D &lt;3
R&amp;D &lt;3" ]
