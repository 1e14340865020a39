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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lddu
from lddu.clips.simulated.talking_clips import MANNERS, TalkingClip, write_talking_clip
from tests.serve.browser import browser, running
from tests.serve.test_end_to_end import Client

WORDS = "What a wonderful surprise, I love it so much, this is the best day of my life and I want to thank you all for it, thank you"


def seconds(work: Callable[[], object]) -> float:
    """That it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def memory(pid: int) -> dict[str, float]:
    """MB of private memory of the server, and of the process that answers."""
    children = [int(pid) for task in Path(f"/proc/{pid}/task").iterdir() for pid in (task / "children").read_text().split()]
    largest = max(children, key=_private)
    return {"server": _private(pid), "answering": _private(largest)}


def _private(pid: int) -> float:
    words = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kilobytes) for kilobytes in re.findall(r"Private_\w+: +(\d+) kB", words)) / 1000


def first_paint(printed: str) -> float | None:
    """Milliseconds until the page shows something; None without a browser."""
    if not shutil.which("chromedriver"):
        return None
    with browser() as driver:
        driver.get(printed)
        time.sleep(1)
        return float(driver.execute_script("return performance.getEntriesByName('first-contentful-paint')[0].startTime"))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=200, help="uploads in a row")
    parser.add_argument("--repeats", type=int, default=7, help="warm answers, of which the median is taken")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "talk.mp4"
        manner = MANNERS["happy"]
        length = write_talking_clip(clip, TalkingClip(WORDS, manner.face, manner.pitch, 135, 320))
        clip.with_suffix(".srt").unlink(missing_ok=True)
        short = Path(folder) / "short.mp4"
        write_talking_clip(short, TalkingClip(manner.sentences[0], manner.face, manner.pitch, 170, 192), "buzz")
        short.with_suffix(".srt").unlink(missing_ok=True)
        began = time.perf_counter()
        with running(Path(folder)) as (printed, process):
            print(f"address after {time.perf_counter() - began:.1f} s")
            client = Client(printed)
            print(f"runs loaded after {time.perf_counter() - began:.1f} s")
            paint = first_paint(printed)
            print(f"first paint: {'no browser' if paint is None else f'{paint:.0f} ms'}")

            def send(path: Path) -> None:
                assert client.post(f"/v1/predict?name={path.name}", content=path.read_bytes()).status_code == 200

            predictor = lddu.load("default")
            send(clip), predictor([clip])
            served, alone = [], []
            for _ in range(asked.repeats):
                served.append(seconds(lambda: send(clip)))
                alone.append(seconds(lambda: predictor([clip])))
            pair = statistics.median(served), statistics.median(alone)
            print(f"warm answer of {length:.1f} s: {pair[0]:.2f} s, Predictor alone {pair[1]:.2f} s, ratio {pair[0] / pair[1]:.2f}")
            for _ in range(5):
                send(short)
            before = memory(process.pid)
            took = seconds(lambda: [send(short) for _ in range(asked.uploads)])
            after = memory(process.pid)
            with ThreadPoolExecutor(20) as pool:
                once = seconds(lambda: list(pool.map(send, [short] * 20)))
            last = memory(process.pid)
            print(f"{asked.uploads} uploads in a row: {took:.0f} s; 20 at once: {once:.1f} s")
            for name in before:
                print(f"{name}: {before[name]:.0f} MB, then {after[name]:.0f}, then {last[name]:.0f}")
        left = [file.name for file in Path(folder).iterdir() if file not in (clip, short)]
        print(f"files left: {left or 'none'}")


if __name__ == "__main__":
    main()
