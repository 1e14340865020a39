#!/usr/bin/env bash
# speach 0.1a15.post1 (MIT), ELAN transcripts and WebVTT: `vtt.sec2ts` writes seconds as hours:minutes:seconds.milliseconds and rounds the milliseconds alone. Within the last half millisecond before a whole second it writes a
# thousand of them, in four digits, and a second too few: 1.9996 s is 00:00:01.1000. That is no WebVTT, and `vtt.ts2sec` of the same module reads three digits of it and is 0.9 s early. `elan.msec2ts` and `elan.ts2msec`
# do the same. It takes times that are no whole milliseconds, as aligners, recognisers and Praat give them: one in two thousand, so a handful in each hour of words, and each comes back 0.9 s too early.
#   expected: 00:00:02.000, and 2.0; no time that comes back by more than half a millisecond off
#   seen:     00:00:01.1000, and 1.1; 58 of 100,000 times       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check setuptools==80.9.0 wheel==0.45.1
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-build-isolation speach==0.1a15.post1 chirptext==0.2a6.post2 puchikarui==0.1 defusedxml==0.7.1
cat > "$folder/times.py" <<'P'
import random

from speach import elan, vtt

for seconds in (1.9994, 1.9996, 59.9997, 3599.9996):
    text = vtt.sec2ts(seconds)
    print(f"{seconds}: {text}, read {vtt.ts2sec(text)}, right {round(seconds, 3)}")
text = elan.msec2ts(1999.6)
print(f"1999.6 ms: {text}, read {elan.ts2msec(text):.0f}, right {round(1999.6)}")
random.seed(0)
times = [random.uniform(0, 3600) for _ in range(100000)]
off = [abs(vtt.ts2sec(vtt.sec2ts(time)) - time) for time in times]
print(f"off: {sum(o > 0.001 for o in off)} of {len(times)}, at most {max(off):.1f} s")
P
seen=$("$folder/venv/bin/python" "$folder/times.py")
echo "$seen"
[ "$seen" = "1.9994: 00:00:01.999, read 1.999, right 1.999
1.9996: 00:00:01.1000, read 1.1, right 2.0
59.9997: 00:00:59.1000, read 59.1, right 60.0
3599.9996: 00:59:59.1000, read 3599.1, right 3600.0
1999.6 ms: 00:00:01.1000, read 1100, right 2000
off: 58 of 100000, at most 0.9 s" ]
