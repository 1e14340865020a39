#!/usr/bin/env bash
# PyAV 18.1.0 (BSD), opening a file by its content: a ZIP archive begins with the time at which its first file was changed, and at
# some times those bytes look to FFmpeg's prober like those of H.266, so that it takes the archive for a raw VVC film with pictures of
# no size. Archives that differ in the minute alone are refused as no media on 30 November 2026, and 128 of the 1,440 minutes of the
# day after are films. A program (or a test) that counts on archives being refused fails by the clock.
#   expected: all refused
#   seen:     on 1 December 128 of 1,440 opened as vvc, 0 x 0 pixels       (2026-12-01, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check av==18.1.0
cat > "$folder/zips.py" <<'P'
import collections
import io
import zipfile

import av

found = collections.Counter()
for day in (30, 1):
    for minute in range(1440):
        stream = io.BytesIO()
        changed = (2026, 11 if day == 30 else 12, day, minute // 60, minute % 60, 2)
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(zipfile.ZipInfo("words.txt", changed), "words " * 100)
        stream.seek(0)
        try:
            with av.open(stream) as film:
                picture = film.streams.video[0].codec_context
                found[f"{film.format.name} {picture.width}x{picture.height}", day] += 1
        except av.error.InvalidDataError:
            found["refused", day] += 1
for (what, day), count in sorted(found.items()):
    print(f"day {day}: {what}: {count}")
P
seen=$("$folder/venv/bin/python" "$folder/zips.py")
echo "$seen"
[ "$seen" = "day 1: refused: 1312
day 30: refused: 1440
day 1: vvc 0x0: 128" ]
