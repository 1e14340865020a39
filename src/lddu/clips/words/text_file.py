"""The text of a file as everybody else would see it: decoded, with times in one spelling."""

import codecs
import re
from collections import Counter
from pathlib import Path

from lddu.errors import SourceError
from lddu.store.extraction_notes import Mend

_FRAMES = re.compile(r"(?<![\d:.,])(?P<clock>\d{1,2}:\d{2}:\d{2})[:;](?P<frame>\d{2})(?![\d:.,])")
_RATES = (25, 30, 50, 60)  # pictures a second
_WIDE = re.compile(r"\d[：，．\d]*：[：，．\d]*\d")  # a time with East Asian signs
_NARROW = str.maketrans("：，．", ":,.")
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x14\x16-\x1f]")
_MOST_NO_TEXT = 0.02  # share of characters that are none
_WIDE_ENCODINGS = ("utf-16-le", "utf-16-be")


def read_text(path: Path) -> str:
    """What a text file holds, in UTF-8 or UTF-16.

    Raises:
        SourceError: where it is absent, in another encoding, or no text.
    """
    try:
        content = path.read_bytes()
        text = content.decode(_encoding(content))
    except FileNotFoundError:
        raise SourceError(f"Expected the transcript {path}, but it is not there; check the path.") from None
    except OSError as fault:
        raise SourceError(f"Expected to read the transcript {path}, but got {fault.strerror}.") from None
    except UnicodeDecodeError as fault:
        raise SourceError(
            f"Expected the transcript {path} to be {fault.encoding.upper()} text, but byte {fault.start} is not; save it as UTF-8."
        ) from None
    if len(_NO_TEXT.findall(text)) > _MOST_NO_TEXT * len(text):
        raise SourceError(
            f"Expected the transcript {path} to be text, but it is another kind of file, such as .docx; save it as plain "
            "text in UTF-8."
        )
    return text


def _encoding(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    halves = (content[1::2], content[0::2])  # of Latin text in UTF-16, one half of the bytes is zero
    for encoding, half in zip(_WIDE_ENCODINGS, halves, strict=True):
        if half and half.count(0) > len(half) / 2:
            return encoding
    return "utf-8-sig"


def plainly_timed(text: str, mends: Counter[Mend]) -> str:
    """The text with times in seconds that were written in pictures (01:02:03:24), or with East Asian signs.

    Args:
        text: of a file.
        mends: times in pictures, whose rate is unknown, are added to it.
    """
    text = _WIDE.sub(lambda stamp: stamp.group().translate(_NARROW), text)
    frames = [int(stamp["frame"]) for stamp in _FRAMES.finditer(text)]
    if len(frames) < 2 or max(frames) >= max(_RATES):
        return text
    rate = next(rate for rate in _RATES if rate > max(frames))
    mends[Mend.FRAMES] += len(frames)
    return _FRAMES.sub(lambda stamp: f"{stamp['clock']}.{1000 * int(stamp['frame']) // rate:03d}", text)
