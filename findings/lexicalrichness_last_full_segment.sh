#!/usr/bin/env bash
# lexicalrichness 0.5.1 (MIT) with SciPy 1.17.1, pandas 3.1.1, matplotlib 3.10.3 and NumPy 2.2.6, how varied is what somebody says? `msttr(segment_window=n)` is the mean share of
# different words over segments of n words; by its documentation the words that are left over at the end are discarded, 5 of 105 with segments of 100. Where
# nothing is left over it discards the last segment, a full one: of 200 words the second half does not count. One word more, and it does.
#   expected: 0.505 for 100 different words and then one word 100 times, the mean of 1 and 0.01, as with `discard=False` and with one more word
#   seen:     1       (2026-11-30, Python 3.11)
# Transcripts that were cut to a round number of words, so that they compare, are all of that kind. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scipy==1.17.1 pandas==3.1.1 matplotlib==3.10.3 numpy==2.2.6
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps lexicalrichness==0.5.1
cat > "$folder/segments.py" <<'P'
from lexicalrichness import LexicalRichness

words = [f"word{number}" for number in range(100)] + ["so"] * 101
for number in (200, 201):
    text = LexicalRichness(words[:number], preprocessor=None, tokenizer=None)
    print(number, "words:", round(text.msttr(100), 3), "nothing discarded", round(text.msttr(100, discard=False), 3))
print("in segments of 50:", round(LexicalRichness(words[:150], preprocessor=None, tokenizer=None).msttr(50), 3), "right", round((1 + 1 + 0.02) / 3, 3))
P
seen=$(MPLCONFIGDIR="$folder" MPLBACKEND=Agg "$folder/venv/bin/python" "$folder/segments.py")
echo "$seen"
[ "$seen" = "200 words: 1.0 nothing discarded 0.505
201 words: 0.505 nothing discarded 0.67
in segments of 50: 1.0 right 0.673" ]
