#!/usr/bin/env bash
# praatio 6.2.2 (MIT), cutting an utterance out of a TextGrid of several tiers: `Textgrid.crop(..., "lax", rebaseToZero=True)` keeps whole intervals that
# reach over the begin of the cut. By its documentation the begin is subtracted from all times. Where a tier has an interval that begins earlier,
# the begin of that interval is subtracted from this tier alone: tiers that were cut at one place no longer begin at one moment, and such
# a tier does not lie where its sound is. "strict" and "truncated" are right. `IntervalTier.mergeLabels`, which promises all intervals of its tier, drops those that
# meet nothing in the other: words without an emotion are gone.
#   expected: "ha", from 1.6 to 2 s, and "calm", from 1.9 to 2.3 s, at 0.6 and 0.9 s after a cut at 1 s; so(joy) and ha()
#   seen:     at 0.7 and 1.4 s: calm begins after "ha" has ended in place of before it ends; so(joy) alone       (2026-11-30, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check praatio==6.2.2
cat > "$folder/cut.py" <<'P'
from praatio.data_classes.interval_tier import IntervalTier
from praatio.textgrid import Textgrid

grid = Textgrid()
grid.addTier(IntervalTier("word", [(0.2, 0.9, "so"), (0.9, 1.4, "good"), (1.6, 2.0, "ha")], 0, 3))
grid.addTier(IntervalTier("emotion", [(0.5, 1.8, "joy"), (1.9, 2.3, "calm")], 0, 3))
for mode in ("truncated", "lax"):
    for tier in grid.crop(1.0, 2.5, mode, rebaseToZero=True).tiers:
        print(mode, tier.name, *(f"{entry.label} {entry.start:.1f}-{entry.end:.1f}" for entry in tier.entries))
words, emotions = IntervalTier("word", [(1, 2, "so"), (3, 4, "ha")], 0, 5), IntervalTier("emotion", [(1, 2, "joy")], 0, 5)
print("merged", *(entry.label for entry in words.mergeLabels(emotions).entries))
P
seen=$("$folder/venv/bin/python" "$folder/cut.py" 2>/dev/null)
echo "$seen"
[ "$seen" = "truncated word good 0.0-0.4 ha 0.6-1.0
truncated emotion joy 0.0-0.8 calm 0.9-1.3
lax word good 0.0-0.5 ha 0.7-1.1
lax emotion joy 0.0-1.3 calm 1.4-1.8
merged so(joy)" ]
