#!/usr/bin/env bash
# pympi-ling 1.71 (MIT), moving the annotations of an ELAN file: `Eaf.shift_annotations` goes from annotation to annotation.
# - Two annotations that touch may have one time slot in common, as ELAN writes the parts of a subdivided annotation. That slot is moved
#   once for each of them: words begin and end where nobody spoke.
# - Of an annotation that reaches over the new begin the start becomes 0, and the end stays where it was, over its neighbour.
#   expected: so from 1500 to 1900 ms and good from there to 2500 ms; from 0 to 500 ms what stood from 0 to 1000 ms
#   seen:     so to 2400 ms and good from there; from 0 to 1000 ms, across what now begins at 600 ms       (2026-11-29, Python 3.11)
# Both lists that it returns, of what it cut and what it removed, are silent on the first. Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pympi-ling==1.71
cat > "$folder/shift.py" <<'P'
import sys

import pympi

FILE = sys.argv[1]
WORD = """<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="%s" TIME_SLOT_REF1="%s" TIME_SLOT_REF2="%s">
<ANNOTATION_VALUE>%s</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
"""
with open(FILE, "w") as stream:
    stream.write(
        """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-11-29T00:00:00+00:00" FORMAT="3.0" VERSION="3.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
<TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/>
<TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1400"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2000"/>
</TIME_ORDER>
<TIER LINGUISTIC_TYPE_REF="words" TIER_ID="words">
"""
        + WORD % ("a1", "ts1", "ts2", "so")
        + WORD % ("a2", "ts2", "ts3", "good")
        + """</TIER>
<LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="words" TIME_ALIGNABLE="true"/>
</ANNOTATION_DOCUMENT>
"""
    )
read = pympi.Eaf(FILE)
print(read.get_annotation_data_for_tier("words"))
print("cut and removed", read.shift_annotations(500))
print(read.get_annotation_data_for_tier("words"))

made = pympi.Eaf()
made.add_tier("words")
made.add_annotation("words", 0, 1000, "so")
made.add_annotation("words", 1100, 2000, "good")
print("cut and removed", made.shift_annotations(-500))
print(made.get_annotation_data_for_tier("words"))
P
seen=$("$folder/venv/bin/python" "$folder/shift.py" "$folder/a.eaf")
echo "$seen"
[ "$seen" = "[(1000, 1400, 'so'), (1400, 2000, 'good')]
cut and removed ([], [])
[(1500, 2400, 'so'), (2400, 2500, 'good')]
cut and removed ([('words', 0, 1000, 'so')], [])
[(0, 1000, 'so'), (600, 1500, 'good')]" ]
