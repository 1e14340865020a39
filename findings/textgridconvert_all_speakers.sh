#!/usr/bin/env bash
# textgrid-convert 1.2.0 (MIT), from transcripts to Praat: `to_darla_textgrid(speaker_id=...)` of a transcript from Rev, and `to_darla_textgrid(speaker_name=...)` of YouTube's .sbv
# files, keep by their documentation what one speaker said. They pick that speaker's sentences and then put all sentences of the file over them, so that both
# speakers stand on the one tier "sentence", as if one had said it all. Without a speaker it should be the first one; it is everybody.
#   expected: "I am not", which is all that Bob says
#   seen:     "I am glad" and "I am not"       (2026-11-30, Python 3.11)
# A name that does not occur is refused, so that the choice is seen to be read. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pytest # which it imports
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps textgrid-convert==1.2.0
cat > "$folder/speakers.py" <<'P'
import json
import re

from textgrid_convert.revParser import revParser
from textgrid_convert.sbvParser import sbvParser

said = [(0, "Ann", 1, "I am glad"), (1, "Bob", 3, "I am not")]
rev = {
    "speakers": [{"id": number, "name": name} for number, name, _, _ in said],
    "monologues": [
        {
            "speaker": number,
            "speaker_id": number,
            "speaker_name": name,
            "elements": [
                {"type": "text", "value": text, "timestamp": f"00:00:0{at},000", "end_timestamp": f"00:00:0{at + 1},000"}
            ],
        }
        for number, name, at, text in said
    ],
}
sbv = "".join(f"0:00:0{at}.000,0:00:0{at + 1}.000\n{name.upper()}: {text}\n\n" for _, name, at, text in said)


def sentences(textgrid):
    return re.findall('text = "(.*)"', textgrid)


print("Rev, Bob:", sentences(revParser(json.dumps(rev)).to_darla_textgrid(speaker_id=1)))
print("Rev, the first:", sentences(revParser(json.dumps(rev)).to_darla_textgrid()))
print("sbv, Bob:", sentences(sbvParser(sbv).to_darla_textgrid(speaker_name="BOB")))
try:
    sbvParser(sbv).to_darla_textgrid(speaker_name="EVE")
except ValueError:
    print("sbv, Eve: refused")
P
seen=$("$folder/venv/bin/python" "$folder/speakers.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "Rev, Bob: ['I am glad', 'I am not']
Rev, the first: ['I am glad', 'I am not']
sbv, Bob: ['I am glad', 'I am not']
sbv, Eve: refused" ]
