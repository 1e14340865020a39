"""Which uploaded files are opened at all: recordings and photos of a sane length, never a playlist that names other files."""

from pathlib import Path

from lddu.clips.extras import needs
from lddu.clips.media import MediaInfo, probe
from lddu.errors import SourceError

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpeg", "mpegts", "flv", "live_flv", "asf", "ogg", "wav", "w64", "mp3", "aac",
    "flac", "aiff", "caf", "amr", "amrnb", "amrwb", "au", "ac3", "eac3", "h264", "hevc", "m4v", "mxf", "rm", "wv", "tta", "ape",
    "image2", "jpeg_pipe", "png_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe",
)  # fmt: skip
"""FFmpeg's names of formats that hold their own sound and pictures. What is left out names other files (hls, concat, dash), or
draws pictures of text."""

LARGEST_PICTURE = 4096 * 4096


def checked_media(path: Path, longest: float) -> MediaInfo:
    """What an uploaded file holds, where it may be read.

    Args:
        path: of the file.
        longest: seconds of a recording.

    Raises:
        SourceError: where it is no media file, of a format that may name other files, too long, or of too large a picture.
    """
    av = needs("av", "clips", "reading media files")
    allowed = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "file", "pattern_type": "none"}
    try:
        av.open(str(path.absolute()), options=allowed, metadata_errors="ignore").close()
    except (av.error.FFmpegError, OSError, ValueError):
        raise SourceError(
            f"Expected {path} to be a video, a sound or a photo, but it cannot be read as one; check that it is whole, "
            "convert a recording to mp4, or copy words into a .txt."
        ) from None
    info = probe(path)
    if info.duration > longest:
        raise SourceError(
            f"Expected a recording of at most {longest:g} s, but {path} says that it lasts {info.duration:.0f} s; cut it first."
        )
    if info.width * info.height > LARGEST_PICTURE:
        raise SourceError(
            f"Expected pictures of at most {LARGEST_PICTURE} pixels, but {path} has {info.width} x {info.height}; scale it down first."
        )
    return info
