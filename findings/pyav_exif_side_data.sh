#!/usr/bin/env bash
# PyAV 18.1.0 (BSD) with pillow 12.0.0: a photo with EXIF data, as every phone writes, decodes, but looking up any side data of
# its frame fails: FFmpeg 8 attaches the EXIF block as side data of type 31, which PyAV's Type does not know. So how a photo
# has to be turned cannot be asked for in the way that works for videos.
#   expected: the display matrix, or None
#   seen:     ValueError: 31 is not a valid Type       (2026-11-28, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check av==18.1.0 pillow==12.0.0
cat > "$folder/turned.py" <<'P'
import sys

import av
from PIL import Image

exif = Image.Exif()
exif[0x0112] = 6  # stored a quarter turn from upright
Image.new("RGB", (64, 32)).save(sys.argv[1] + "/turned.jpg", exif=exif)
Image.new("RGB", (64, 32)).save(sys.argv[1] + "/plain.jpg")
for name in ("plain", "turned"):
    with av.open(f"{sys.argv[1]}/{name}.jpg") as container:
        frame = next(container.decode(video=0))
        try:
            print(name, frame.side_data.get("DISPLAYMATRIX"))
        except ValueError as fault:
            print(name, f"ValueError: {fault}")
P
seen=$("$folder/venv/bin/python" "$folder/turned.py" "$folder")
echo "$seen"
[ "$seen" = "plain None
turned ValueError: 31 is not a valid Type" ]
