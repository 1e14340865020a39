"""What `lddu serve` costs: time to its first page and first answer, a warm answer beside `Predictor` alone, memory over many uploads.

python -m benchmarks.serve --uploads 200

Makes its own clip of ten seconds (espeak-ng where it is installed). With Debian's chromium and chromium-driver it also takes the first paint.
"""

import argparse
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from tests.serve.browser import browser, running
from tests.serve.test_end_to_end import Client

import lddu
from lddu.clips.simulated.talking_clips import MANNERS, TalkingClip, write_talking_clip

WORDS = "What a wonderful surprise, I love it so much, this is the best day of my life and I want to thank you all for it, thank you"


def seconds(work: Callable[[], object]) -> float:
    """That it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def memory(pid: int) -> dict[str, float]:
    """MB of private memory of the server, and of the process that answers."""
    children = [
        int(pid) for task in Path(f"/proc/{pid}/task").iterdir() for pid in (task / "children").read_text().split()
    ]
    largest = max(children, key=_private)
    return {"server": _private(pid), "answering": _private(largest)}


def _private(pid: int) -> float:
    """Megabytes that the process has written; unchanged pages of libraries are private only while no other process maps them."""
    words = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kilobytes) for kilobytes in re.findall(r"Private_Dirty: +(\d+) kB", words)) / 1000


def first_paint(printed: str) -> float | None:
    """Milliseconds until the page shows something; None without a browser."""
    if not shutil.which("chromedriver"):
        return None
    with browser() as driver:
        driver.get(printed)
        time.sleep(1)
        return float(
            driver.execute_script("return performance.getEntriesByName('first-contentful-paint')[0].startTime")
        )


def clips_in(folder: Path) -> tuple[Path, float, Path]:
    """A clip of ten seconds, its exact length, and one of about three."""
    manner = MANNERS["happy"]
    long, short = folder / "talk.mp4", folder / "short.mp4"
    length = write_talking_clip(long, TalkingClip(WORDS, manner.face, manner.pitch, 135, 320))
    write_talking_clip(short, TalkingClip(manner.sentences[0], manner.face, manner.pitch, 170, 192), "buzz")
    for clip in (long, short):
        clip.with_suffix(".srt").unlink(missing_ok=True)
    return long, length, short


def send(client: Client, clip: Path) -> None:
    """Ask, and wait for the answer."""
    assert client.post(f"/v1/predict?name={clip.name}", content=clip.read_bytes()).status_code == 200


def measure_warm(client: Client, clip: Path, length: float, repeats: int) -> None:
    """A warm answer, in turn with the same by `Predictor` in this process."""
    predictor = lddu.load("default")
    served, alone = [], []
    for _ in range(repeats + 1):
        served.append(seconds(lambda: send(client, clip)))
        alone.append(seconds(lambda: predictor([clip])))
    http, direct = statistics.median(served[1:]), statistics.median(alone[1:])
    print(f"warm answer of {length:.1f} s: {http:.2f} s, Predictor alone {direct:.2f} s, ratio {http / direct:.2f}")


def measure_load(client: Client, pid: int, clip: Path, uploads: int) -> None:
    """Many uploads in a row and twenty at once, and the memory before and after."""

    def in_a_row(count: int) -> None:
        for _ in range(count):
            send(client, clip)

    in_a_row(5)
    before = memory(pid)
    took = seconds(lambda: in_a_row(uploads))
    after = memory(pid)
    with ThreadPoolExecutor(20) as pool:
        once = seconds(lambda: wait([pool.submit(send, client, clip) for _ in range(20)]))
    last = memory(pid)
    print(f"{uploads} uploads in a row: {took:.0f} s; 20 at once: {once:.1f} s")
    for name in before:
        print(f"{name}: {before[name]:.0f} MB, then {after[name]:.0f}, then {last[name]:.0f}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=200, help="uploads in a row")
    parser.add_argument("--repeats", type=int, default=7, help="warm answers, of which the median is taken")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        long, length, short = clips_in(Path(folder))
        began = time.perf_counter()
        with running(Path(folder)) as (printed, process):
            print(f"address after {time.perf_counter() - began:.1f} s")
            client = Client(printed)
            print(f"runs loaded after {time.perf_counter() - began:.1f} s")
            paint = first_paint(printed)
            print(f"first paint: {'no browser' if paint is None else f'{paint:.0f} ms'}")
            measure_warm(client, long, length, options.repeats)
            measure_load(client, process.pid, short, options.uploads)
        left = [file.name for file in Path(folder).iterdir() if file not in (long, short)]
        print(f"files left: {left or 'none'}")


if __name__ == "__main__":
    main()
