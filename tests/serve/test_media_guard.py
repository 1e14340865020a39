"""Uploads are recordings and photos of a sane size, and never make the decoder open another file."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lddu.clips.simulated.talking_clips import write_video
from lddu.errors import SourceError
from lddu.serve.media_guard import checked_media


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A recording of this machine that nobody has sent."""
    path = tmp_path / "secret.mp4"
    pictures = [np.full((64, 64, 3), 99, np.uint8)] * 25
    write_video(path, iter(pictures), np.zeros(16_000, np.float32))
    assert checked_media(path, 60).has_picture
    return path


@pytest.mark.parametrize(
    "words",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{file}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXTINF:9,\nfile://{file}\n",
        "ffconcat version 1.0\nfile '{file}'\n",
        "ffconcat version 1.0\nfile '{name}'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet mimeType="video/mp4">'
        '<Representation id="1"><BaseURL>{file}</BaseURL></Representation></AdaptationSet></Period></MPD>',
        "<svg xmlns='http://www.w3.org/2000/svg'><image href='{file}'/></svg>",
        "no media at all",
    ],
)  # fmt: skip
@pytest.mark.parametrize("suffix", ["", ".mp4", ".m3u8", ".mpd", ".jpg"])
def test_a_file_that_names_other_files_is_refused(tmp_path: Path, secret: Path, words: str, suffix: str) -> None:
    upload = tmp_path / f"upload{suffix}"
    upload.write_text(words.format(file=secret, name=secret.name))
    with pytest.raises(SourceError, match=r"^Expected "):
        checked_media(upload, 60)


def test_a_recording_that_is_too_long_is_refused(tmp_path: Path) -> None:
    size = 8000 * 70
    head = b"RIFF" + struct.pack("<I", size + 36) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    upload = tmp_path / "upload.wav"
    upload.write_bytes(head + b"data" + struct.pack("<I", size) + bytes(size))
    assert checked_media(upload, 80).duration == pytest.approx(70)
    with pytest.raises(SourceError, match=r"at most 60 s, but .* lasts 70 s"):
        checked_media(upload, 60)


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    upload = tmp_path / "upload.png"
    upload.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
    with pytest.raises(SourceError):
        checked_media(upload, 60)


def test_photos_and_sounds_are_let_in(tmp_path: Path) -> None:
    for suffix in ("jpg", "png", "webp", "bmp", "tiff"):
        path = tmp_path / f"upload.{suffix}"
        Image.fromarray(np.full((48, 64, 3), 120, np.uint8)).save(path)
        assert checked_media(path, 60).width == 64
