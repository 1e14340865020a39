"""Opening a media file, safely, and choosing the tracks that are read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lddu.clips.extras import needs
from lddu.errors import SourceError

MEDIA_SUFFIXES = frozenset((
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".flv", ".wmv", ".3gp", ".ogv",
    ".wav", ".mp3", ".m4a", ".aac", ".flac", ".ogg", ".opus", ".wma",
))  # fmt: skip
"""What a folder is searched for; a file that is named itself may have any suffix."""

PHOTO_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"))
"""Clips of one picture. A folder is searched for them where it holds no video and no sound: beside these they are often covers."""

PHOTO_FORMATS = frozenset(("image2", "jpeg_pipe", "png_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe"))
"""FFmpeg's names of what a photo may be."""

_SUFFIX_OF = {"jpeg": "jpg", "tiff": "tif"}  # of those that FFmpeg calls otherwise

_PHOTO_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avif")
"""Of photos in the container of .mp4, as phones write them."""

_NO_MEDIA = {
    b"PK\3\4": "a ZIP archive, or a document saved as one", b"Rar!\x1a\7": "a RAR archive", b"7z\xbc\xaf'\x1c": "a 7z archive",
    b"\x1f\x8b": "compressed by gzip", b"%PDF-": "a PDF document",
}  # fmt: skip
"""First bytes of what is handed over in place of its clips; FFmpeg takes some of it for a film (findings/pyav_zip_vvc.sh)."""

# bits of FFmpeg's AV_DISPOSITION
_DEFAULT, _COMMENT, _HEARING_IMPAIRED, _VISUAL_IMPAIRED = 0x1, 0x8, 0x80, 0x100
_COVER, _THUMBNAILS, _STILL = 0x400, 0x800, 0x100000
_SPECIAL = _COMMENT | _HEARING_IMPAIRED | _VISUAL_IMPAIRED


def readable(path: str | Path) -> str:
    """A path as it can be shown and written: bytes of a name that are no UTF-8 become question marks."""
    return str(path).encode("utf-8", "replace").decode("utf-8")


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The file as a container of PyAV.

    Raises:
        SourceError: where it is absent, a folder, empty, or no media file.
        ConfigError: where PyAV is not installed.
    """
    av = needs("av", "clips", "reading media files")
    _check_file(path)
    av.logging.set_level(None)  # the FFmpeg libraries write to stderr on their own; what matters is counted and noted
    try:
        # an absolute path is never taken for a protocol, and what a playlist names elsewhere stays closed
        container = av.open(
            str(path.absolute()), mode="r", metadata_errors="ignore",
            options={"protocol_whitelist": "file", "pattern_type": "none"},  # face%02d.jpg is one photo, no sequence
        )  # fmt: skip
    except (av.error.FFmpegError, OSError, ValueError) as fault:
        reason = str(fault).splitlines()[0] if str(fault) else type(fault).__name__
        raise SourceError(
            f"Expected {path} to be a video or audio file, but FFmpeg cannot read it ({_short(reason)}); "
            "check that it is whole, or convert it to mp4."
        ) from None
    with container:
        _refuse_stills(path, container.format.name)
        yield container


def sound_tracks(container: Any) -> list[Any]:
    """Audio tracks that can be decoded, the one to read first: see `_best_first`."""
    return _best_first([s for s in container.streams.audio if s.codec_context is not None])


def picture_tracks(container: Any) -> list[Any]:
    """Video tracks that can be decoded, without cover pictures, the one to read first: see `_best_first`."""
    known = [s for s in container.streams.video if s.codec_context is not None]
    moving = [s for s in known if not int(s.disposition) & (_COVER | _THUMBNAILS)]
    for stream in moving:
        stream.thread_type = "AUTO"
    return _best_first(moving)


def _best_first(tracks: Sequence[Any]) -> list[Any]:
    """Tracks in the order in which players choose: those marked as default first, commentaries and the like last.

    Among equal ones the order of the file counts, and a track of which nothing is known, as of one that is announced but
    empty, comes after all others.
    """

    def rank(track: Any) -> tuple[bool, bool, bool]:
        marks, codec = int(track.disposition), track.codec_context
        known = codec.sample_rate if track.type == "audio" else codec.width
        return not known, not marks & _DEFAULT, bool(marks & (_SPECIAL | _STILL))

    return sorted(tracks, key=rank)


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise SourceError(f"Expected {path} to be a video or audio file, but it is a folder; name its files.")
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(12)
    except FileNotFoundError:
        raise SourceError(f"Expected the clip {path}, but it is not there; check the path.") from None
    except OSError as fault:
        raise SourceError(
            f"Expected to read the clip {path}, but got {fault.strerror}; check its permissions."
        ) from None
    if not size:
        raise SourceError(f"Expected {path} to be a video or audio file, but it is empty (0 bytes); copy it again.")
    kind = next((kind for start, kind in _NO_MEDIA.items() if head.startswith(start)), None)
    if kind:
        raise SourceError(
            f"Expected {path} to be a video or audio file, but it is {kind}; name the clips that are in it."
        )
    if head[4:8] == b"ftyp" and head[8:12] in _PHOTO_BRANDS:  # FFmpeg would take one tile of the photo for a video
        raise SourceError(
            f"Expected {path} to be a photo as .jpg or .png, but it is one as HEIC or AVIF; convert it to .jpg."
        )


def _refuse_stills(path: Path, kind: str) -> None:
    """FFmpeg also reads pictures, plain text and playlists as if they were videos; of these, only photos are read."""
    if kind in PHOTO_FORMATS and path.suffix.lower() in PHOTO_SUFFIXES:
        return
    if kind in PHOTO_FORMATS - {"image2"}:
        kind = kind.removesuffix("_pipe")
        raise SourceError(
            f"Expected a photo to be named as one, but {path} is a still picture ({kind}) whose name does not end so; "
            f"rename it to end in .{_SUFFIX_OF.get(kind, kind)}."
        )
    if kind in ("image2", "ico") or kind.endswith("_pipe"):
        raise SourceError(
            f"Expected {path} to be a video, a sound or a photo that is read, but it is a still picture of another kind "
            f"({kind.removesuffix('_pipe')}); convert it to .jpg."
        )
    if kind in ("tty", "hls", "concat"):
        raise SourceError(
            f"Expected {path} to be a video or audio file, but it is a text or a playlist ({kind}); name the video itself."
        )


def _short(reason: str) -> str:
    return reason.split("] ", 1)[-1].split(":", 1)[0][:120].lower()
