"""The picture of docs/serve.md: the page of `lddu serve` with the answer on a simulated talking clip, as a browser shows it.

python -m benchmarks.serve_picture docs/serve.png

Needs Debian's chromium and chromium-driver, and espeak-ng for the voice. --width 390, --dark: as a phone shows it, at night.
"""

import argparse
import io
import tempfile
import time
from pathlib import Path

from PIL import Image
from tests.serve.browser import browser, running, soon

from lddu.clips.simulated.talking_clips import MANNERS, TalkingClip, write_talking_clip

MOST_BYTES = 150_000


def main() -> None:
    """Ask, then draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the PNG file to write")
    parser.add_argument("--width", type=int, default=1100)
    parser.add_argument("--height", type=int, default=1440)
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "talk.mp4"
        manner = MANNERS["happy"]
        write_talking_clip(clip, TalkingClip(manner.sentences[0], manner.face, manner.pitch, manner.pace, 320))
        with running(Path(folder)) as (address, _), browser(options.width, options.height, options.dark) as page:
            page.get(address)
            soon(lambda: page.find_element("id", "health").text == "Ready")
            page.find_element("id", "file").send_keys(str(clip))
            soon(lambda: page.find_element("id", "title").text == clip.name)
            time.sleep(2)  # the player shows its first picture
            page.execute_script("scrollTo({ top: 0, behavior: 'instant' })")
            time.sleep(1)
            drawn = Image.open(io.BytesIO(page.get_screenshot_as_png())).convert("RGB")
    drawn.quantize(128, dither=Image.Dither.NONE).save(options.out, optimize=True)
    if options.out.stat().st_size > MOST_BYTES:
        raise SystemExit(
            f"Expected a picture of at most {MOST_BYTES} bytes, but {options.out} has {options.out.stat().st_size}."
        )
    print(f"{options.out}: {options.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
