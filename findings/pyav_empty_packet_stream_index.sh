#!/usr/bin/env bash
# PyAV 18.1.0 (BSD), demuxing all streams of a file: the empty packets at its end, with which a decoder gives the pictures that it
# still holds, say that they are of stream 0, whichever stream they belong to (`packet.stream` is right). A program that picks
# packets by `stream_index`, as one picks them in C, never flushes any stream but the first, and loses the last pictures of every
# file whose sound comes first, without an error; and it hands stream 0 the packets of others, which a time code track cannot decode.
#   expected: 20 pictures, and empty packets of streams 0 and 1
#   seen:     fewer than 20, and empty packets of streams 0 and 0       (2026-11-29, Python 3.11)
# Exits with 0 while that is so, else with 1.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check av==18.1.0 numpy==2.2.6
cat > "$folder/last.py" <<'P'
import sys

import av
import numpy as np

with av.open(sys.argv[1], "w") as film:
    sound, pictures = film.add_stream("aac", rate=48000, layout="mono"), film.add_stream("mpeg4", rate=20)
    pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
    pictures.max_b_frames = 2  # so that the decoder holds pictures back
    for number in range(20):
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 10 * number, np.uint8), format="rgb24")
        film.mux(pictures.encode(frame))
    film.mux(pictures.encode(None))
    block = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.float32), format="fltp", layout="mono")
    block.sample_rate = 48000
    film.mux(sound.encode(block))
    film.mux(sound.encode(None))
with av.open(sys.argv[1]) as film:
    packets = list(film.demux())
    print("empty packets say", [packet.stream_index for packet in packets if not packet.size],
          "and are of", [packet.stream.index for packet in packets if not packet.size])
for name in ("stream_index", "stream.index"):
    with av.open(sys.argv[1]) as film:
        wanted = film.streams.video[0].index
        chosen = (p for p in film.demux() if (p.stream_index if name == "stream_index" else p.stream.index) == wanted)
        count = sum(len(packet.decode()) for packet in chosen)
        print("by", name, "all" if count == 20 else "not all", "pictures")
P
seen=$("$folder/venv/bin/python" "$folder/last.py" "$folder/film.mkv")
echo "$seen"
[ "$seen" = "empty packets say [0, 0] and are of [0, 1]
by stream_index not all pictures
by stream.index all pictures" ]
