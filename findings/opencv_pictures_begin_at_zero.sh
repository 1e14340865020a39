#!/usr/bin/env bash
# OpenCV 5.0.0.93 and PyAV 18.1.0: of a file whose pictures begin half a second after its sound, as recordings that were cut without encoding
# them anew do, OpenCV gives the times since the first picture (`CAP_PROP_POS_MSEC`), not those of the file. Features of a face that are
# laid beside the sound by them are half a second early, and no property of the capture says by how much.
#   expected: 0.5 s for the first picture, as a player shows it and PyAV says
#   seen:     0 s       (2026-11-29, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check opencv-python-headless==5.0.0.93 av==18.1.0 numpy==2.2.6
cat > "$folder/times.py" <<'P'
import sys
from fractions import Fraction

import av
import cv2
import numpy as np

for suffix in ("mp4", "mkv"):
    path = f"{sys.argv[1]}/film.{suffix}"
    with av.open(path, "w") as film:
        sound, pictures = film.add_stream("aac", rate=48000, layout="mono"), film.add_stream("mpeg4", rate=20)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        pictures.codec_context.time_base = Fraction(1, 1000)
        block = av.AudioFrame.from_ndarray(np.zeros((1, 96000), np.float32), format="fltp", layout="mono")
        block.sample_rate = 48000
        film.mux(sound.encode(block))
        film.mux(sound.encode(None))
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 10 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = 500 + 50 * number, Fraction(1, 1000)
            film.mux(pictures.encode(frame))
        film.mux(pictures.encode(None))
    with av.open(path) as film:
        by_pyav = [round(float(frame.time), 3) for frame in film.decode(video=0)]
    capture, by_opencv = cv2.VideoCapture(path), []
    while capture.read()[0]:
        by_opencv.append(round(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, 3))
    print(suffix, "PyAV", by_pyav[0], "to", by_pyav[-1], "OpenCV", by_opencv[0], "to", by_opencv[-1])
P
seen=$("$folder/venv/bin/python" "$folder/times.py" "$folder" 2>/dev/null)
echo "$seen"
[ "$seen" = "mp4 PyAV 0.5 to 1.45 OpenCV 0.0 to 0.95
mkv PyAV 0.5 to 1.45 OpenCV 0.0 to 0.95" ]
