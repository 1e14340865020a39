"""Files that cannot be extracted: each a maker and what the sentence about it must say."""

import gzip
import io
import json
import shutil
import wave
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lddu.clips.simulated.talking_clips import write_video


@dataclass(frozen=True)
class Bad:
    """`make` writes the file at a path, given the path of a sound clip; `says` is part of the sentence."""

    suffix: str
    make: Callable[[Path, Path], object]
    says: str


def beside(suffix: str, content: bytes) -> Callable[[Path, Path], object]:
    """A sound clip with a transcript of this content beside it."""

    def make(path: Path, good: Path) -> None:
        shutil.copy(good, path)
        path.with_suffix(suffix).write_bytes(content)

    return make


def holding(content: bytes) -> Callable[[Path, Path], object]:
    """A file of this content."""
    return lambda path, good: path.write_bytes(content)


def words(*entries: dict[str, object]) -> bytes:
    """A transcript in the form of WhisperX with one segment of these words."""
    return json.dumps({"segments": [{"start": 0, "end": 1, "words": list(entries)}]}).encode()


def _srt(times: str) -> bytes:
    return f"1\n{times}\nhello there\n".encode()


def _zip() -> bytes:
    """An archive made at a second at which FFmpeg takes it for a raw H.266 film (findings/pyav_zip_vvc.sh)."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.txt", (2026, 12, 1, 0, 8, 2)), "text" * 100)
    return stream.getvalue()


def _png() -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(stream, "png")
    return stream.getvalue()


def _empty_wav(path: Path, good: Path) -> None:
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(16000)


def _huge(path: Path, good: Path) -> None:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(stream, "gif")
    content = bytearray(stream.getvalue())
    content[6:10] = (12_000).to_bytes(2, "little") * 2  # the width and height of its header
    path.write_bytes(bytes(content))


def _unknown_codec(path: Path, good: Path) -> None:
    write_video(path, iter([np.zeros((64, 64, 3), np.uint8)] * 5), None)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzC"))


def _silent_and_dark(path: Path, good: Path) -> None:
    write_video(path, iter([np.zeros((64, 64, 3), np.uint8)] * 25), np.zeros(16000, np.float32))


def _dangling(path: Path, good: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


BAD = {
    "zero_bytes": Bad(".mp4", holding(b""), "it is empty (0 bytes)"),
    "renamed_text": Bad(".mp4", holding(b"It was a dark and stormy night.\n" * 50), "FFmpeg cannot read it"),
    "saved_error_page": Bad(".mp4", holding(b"<!DOCTYPE html><html>404</html>" * 20), "FFmpeg cannot read it"),
    "zip_archive": Bad(".mp4", holding(_zip()), "it is a ZIP archive"),
    "gzipped": Bad(".wav", holding(gzip.compress(b"sound" * 100)), "it is compressed by gzip"),
    "document": Bad(".mp4", holding(b"%PDF-1.7\n" + b"1 0 obj\n<<>>\nendobj\n" * 20), "it is a PDF document"),
    "random_bytes": Bad(".mkv", holding(bytes(np.random.default_rng(0).integers(0, 256, 5000).tolist())), "cannot read"),
    "truncated": Bad(".mp4", lambda p, g: p.write_bytes(g.read_bytes()[: g.stat().st_size // 3]), "FFmpeg cannot read it"),
    "header_only": Bad(".mp4", lambda p, g: p.write_bytes(g.read_bytes()[:32]), "FFmpeg cannot read it"),
    "picture": Bad(".mp4", holding(_png()), "a still picture"),
    "playlist": Bad(".ts", holding(b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"), "to be a video or audio file"),
    "subtitles": Bad(".mkv", holding(_srt("00:00:00,000 --> 00:00:01,000")), "it holds neither"),
    "no_samples": Bad(".wav", _empty_wav, "none of it can be decoded"),
    "huge_picture": Bad(".mov", _huge, "but got 12000 x 12000"),
    "unknown_codec": Bad(".mp4", _unknown_codec, "its video is not"),
    "silent_and_dark": Bad(".mp4", _silent_and_dark, "found none of them"),
    "dangling_link": Bad(".mp4", _dangling, "it is not there"),
    "srt_too_long": Bad(".mp4", beside(".srt", _srt("00:08:30,000 --> 00:09:00,000")), "belongs to another video"),
    "srt_bad_time": Bad(".mp4", beside(".srt", _srt("00:xx:00 --> 00:00:0y")), "around '-->' in line 2"),
    "srt_many_colons": Bad(".mp4", beside(".srt", _srt("0:0:0:0:1 --> 0:0:0:0:2")), "times such as"),
    "srt_no_cues": Bad(".mp4", beside(".srt", b"only words\n"), "found none"),
    "vtt_bad_time": Bad(".mp4", beside(".vtt", b"WEBVTT\n\n00.1.2 --> 00.01.000\nhi\n"), "times such as"),
    "txt_latin1": Bad(".mp4", beside(".txt", "fröhlich".encode("latin-1")), "to be UTF-8 text"),
    "json_damaged": Bad(".mp4", beside(".json", b'{"segments": ['), "to be JSON"),
    "json_late": Bad(".mp4", beside(".json", words({"word": "hi", "start": 90.0, "end": 91.0})), "belongs to another video"),
    "txt_other": Bad(".mp4", beside(".txt", b"[Script Info]\nTitle: talk\n"), "of another kind"),
    "json_deep": Bad(".mp4", beside(".json", b"[" * 100_000), "to be JSON"),
    "json_other": Bad(".mp4", beside(".json", b'{"title": "hi"}'), "'segments' as WhisperX"),
    "json_no_times": Bad(".mp4", beside(".json", b'{"segments": [{"text": "hi"}]}'), "segment 0"),
    "json_odd_words": Bad(".mp4", beside(".json", b'{"segments": [{"start": 0, "end": 1, "words": [7]}]}'), "segment 0"),
}  # fmt: skip
