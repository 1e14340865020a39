"""Speed, memory and face detection of `lddu extract`, measured; figures in docs/clips.md.

python benchmarks/clips.py speed FILE... [--jobs 2] [--transcribe]
python benchmarks/clips.py memory FILE --hours 3 [--words]     (--words: with subtitles of five words every two seconds)
python benchmarks/clips.py facet FOLDER        (talking clips with <clip>.csv.gz of FACET beside them)
"""

import argparse
import csv
import gzip
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lddu.clips.configuration import ExtractorConfig
from lddu.clips.extract import extract
from lddu.clips.face.geometry import COLUMNS
from lddu.clips.face.measured_faces import PICTURE_RATE
from lddu.clips.face.pictures import FaceMeter
from lddu.clips.media import ReadReport, probe, read_pictures
from lddu.clips.words.recognition import PACKAGED_SPEECH

UNITS = {  # FACET's action unit -> what of ours should rise (+) or fall (-) with it
    "AU1": ("brow_inner_right", 1), "AU4": ("brow_inner_right", -1), "AU12": ("corner_up_right", 1),
    "AU25": ("mouth_open", 1), "AU26": ("jaw_drop", 1), "AU43": ("blink", 1),
}  # fmt: skip


def speed(files: list[str], jobs: int, transcribe: bool) -> None:
    """Seconds of media per second, models loaded included; beside it what it costs in processor time.

    On a machine that does other work too, the second figure is the one to compare.
    """
    config = ExtractorConfig(cut="window", speech_model=PACKAGED_SPEECH if transcribe else "")
    with tempfile.TemporaryDirectory() as folder:
        result = extract(files, Path(folder) / "store", config, jobs=jobs)
    rate = result.media_seconds / result.wall_seconds
    used = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"{result.files} files, {result.media_seconds:.0f} s in {result.wall_seconds:.1f} s: {rate:.1f} x real time")
    print(f"processor time {used:.1f} s: {2 * result.media_seconds / used:.1f} x real time on two cores of its own")


def memory(file: str, hours: float, words: bool) -> None:
    """Peak memory for a file made by looping, with or without subtitles."""
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / "long.mp4"
        loop(Path(file), long, hours * 3600)
        if words:
            long.with_suffix(".vtt").write_text("".join(subtitles(int(hours * 3600))), encoding="utf-8")
        began = time.monotonic()
        result = extract([str(long)], Path(folder) / "store", jobs=1)
        passed = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    length = hours * 3600
    print(
        f"{hours:g} h: {result.clips} clips in {passed:.0f} s, {length / passed:.1f} x real time, peak {peak:.2f} GiB"
    )


def subtitles(seconds: int) -> Iterator[str]:
    """A WebVTT file with a cue of five words every two seconds; a sentence has two cues."""
    yield "WEBVTT\n\n"
    for start in range(0, seconds - 1, 2):
        first, last = (f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}.000" for s in (start, start + 2))
        yield f"{first} --> {last}\n{'so we said that they' if start % 4 else 'would never come back again.'}\n\n"


def loop(source: Path, target: Path, seconds: float) -> None:
    """Repeat a file until it lasts so long, without coding it again."""
    import av

    with av.open(str(target), "w") as out:
        streams: dict[str, Any] = {}
        shift = 0.0
        while shift < seconds:
            with av.open(str(source)) as container:
                tracks = [container.streams.video[0], container.streams.audio[0]]
                streams = streams or {s.type: out.add_stream_from_template(s) for s in tracks}
                for packet in container.demux(tracks):
                    if packet.dts is not None:
                        ticks = round(shift / packet.time_base)
                        packet.pts, packet.dts = (packet.pts or packet.dts) + ticks, packet.dts + ticks
                        packet.stream = streams[packet.stream.type]
                        out.mux(packet)
                shift += probe(source).duration


def facet(folder: Path) -> None:
    """Share of FACET's frames with a face in which we see one, and how our geometry follows its action units."""
    meter = FaceMeter()
    for file in sorted(folder.glob("*.mp4")):
        with gzip.open(file.with_suffix(".csv.gz"), "rt") as stream:
            rows = list(csv.DictReader(stream))
        times = np.array([(float(row["StartTime"]) + float(row["EndTime"])) / 2 for row in rows])
        units = {name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name.startswith("AU")}
        theirs = np.any(list(units.values()), axis=0)
        track = meter.track(read_pictures(file, probe(file), PICTURE_RATE, ReadReport()))
        nearest = np.abs(track.looked[None] - times[:, None]).argmin(axis=1)
        ours = np.isin(track.looked, track.steps.start)[nearest]
        both = ours & theirs
        step = np.searchsorted(track.steps.start, track.looked[nearest[both]])
        values = {
            unit: np.corrcoef(units[unit][both], sign * track.steps.values[step, COLUMNS.index(column)])[0, 1]
            for unit, (column, sign) in UNITS.items()
        }
        print(
            f"{file.name}: {ours[theirs].mean():.4f} of {theirs.sum()} frames; face in both {both.mean():.3f};", end=" "
        )
        print(", ".join(f"{unit} {value:.2f}" for unit, value in values.items()))


def main() -> None:
    """Run the benchmark that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["speed", "memory", "facet"])
    parser.add_argument("inputs", nargs="+")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--transcribe", action="store_true")
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--words", action="store_true")
    chosen = parser.parse_args()
    if chosen.what == "speed":
        speed(chosen.inputs, chosen.jobs, chosen.transcribe)
    elif chosen.what == "memory":
        memory(chosen.inputs[0], chosen.hours, chosen.words)
    else:
        facet(Path(chosen.inputs[0]))


if __name__ == "__main__":
    main()
