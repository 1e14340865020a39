"""The picture of README.md: the page of `lddu predict --html` for a simulated talking clip, as a browser shows it.

python benchmarks/readme_picture.py docs/clip_page.png --work WORK

WORK keeps corpus, store and run, so that a second call only draws. Needs Debian's chromium, and espeak-ng for the voice.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from lddu.clips.media import ReadReport, probe, read_pictures, read_sound
from lddu.clips.simulated.talking_clips import (
    MANNERS,
    TalkingClip,
    write_talking_clip,
    write_talking_corpus,
    write_video,
)

WIDTH, HEIGHT, AT = 1200, 1130, 1.6
"""Size of the window in pixels, and the second of the video that is shown."""

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --allow-file-access-from-files --timeout=6000"
)
MOST_BYTES = 200_000


def lddu(place: Path, *arguments: str) -> None:
    """Run a command of lddu in the folder `place`, so that the page shows short names."""
    subprocess.run([sys.executable, "-m", "lddu", *map(str, arguments)], check=True, cwd=place)


def write_talk(path: Path) -> None:
    """One video of all emotions in turn, with subtitles."""
    sounds, pictures, begin = [], [], 0.0
    cues: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, manner in MANNERS.items():
            part = Path(folder) / f"{name}.mp4"
            sentence = manner.sentences[0]
            write_talking_clip(part, TalkingClip(sentence, manner.face, manner.pitch, manner.pace, size=320))
            info = probe(part)
            sounds.append(np.concatenate(list(read_sound(part, info, ReadReport()))))
            pictures += [picture.pixels for picture in read_pictures(part, info, 25, ReadReport())]
            end = begin + len(sounds[-1]) / 16_000
            cues.append(f"{len(cues) + 1}\n{stamp(begin + 0.4)} --> {stamp(end - 0.4)}\n{sentence}\n")
            begin = end
    write_video(path, iter(pictures), np.concatenate(sounds))
    path.with_suffix(".srt").write_text("\n".join(cues), encoding="utf-8")


def stamp(seconds: float) -> str:
    """Time of a subtitle."""
    return f"00:00:{int(seconds):02d},{round(seconds % 1 * 1000) % 1000:03d}"


def photograph(page: Path, out: Path) -> None:
    """Save the page as a browser shows it, with the picture at `AT` in the place of the video; what is added is removed again."""
    copy, poster = page.with_name("picture.html"), page.with_name("poster.png")
    video = next(page.parent.rglob("*.mp4"))
    frame = next(p for p in read_pictures(video, probe(video), 25, ReadReport()) if p.time >= AT)
    Image.fromarray(frame.pixels).save(poster)
    copy.write_text(
        page.read_text(encoding="utf-8").replace("<video ", f'<video poster="{poster.name}" '), encoding="utf-8"
    )
    try:
        with tempfile.TemporaryDirectory() as profile:
            window = [f"--user-data-dir={profile}", f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={out.resolve()}"]
            subprocess.run(["chromium", *FLAGS.split(), *window, copy.resolve().as_uri()], check=True, timeout=120)
    finally:
        copy.unlink()
        poster.unlink()
    picture = Image.open(out).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(out, optimize=True)
    if out.stat().st_size > MOST_BYTES:
        raise SystemExit(f"Expected a picture of at most {MOST_BYTES} bytes, but {out} has {out.stat().st_size}.")


def main() -> None:
    """Make what is missing, then draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the PNG file to write")
    parser.add_argument("--work", type=Path, required=True, help="folder for corpus, store, run and page")
    options = parser.parse_args()
    work: Path = options.work
    if not (work / "run").exists():
        write_talking_corpus(work / "corpus", 120, seed=0)
        lddu(work, "extract", "corpus", "--out", "store")
        lddu(work, "train", "store", "--out", "run", "--training.epochs", "25")
    write_talk(work / "talk.mp4")
    lddu(work, "predict", "run", "talk.mp4", "--cut", "sentences", "--html", "page", "--force")
    photograph(work / "page" / "index.html", options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
