"""A photo as a clip of one picture: upright by its EXIF data, in 8 bits per channel."""

from pathlib import Path

import numpy as np

from lddu.clips.extras import needs
from lddu.errors import SourceError

_DEEP = ("I", "F")  # modes of one channel with more than 8 bits


def read_photo(path: Path, longest: int) -> np.ndarray:
    """The photo's pixels.

    FFmpeg would read it too, but PyAV 18.1 fails on every picture with EXIF data, and phones write them into all.

    Args:
        path: a photo that `lddu.clips.media.probe` accepts.
        longest: pixels of the longer side; a larger photo is made smaller.

    Returns:
        uint8 [height, width, 3] RGB, on white where the photo is transparent.

    Raises:
        SourceError: where the photo is damaged.
    """
    image, turned = needs("PIL.Image", "clips", "photos"), needs("PIL.ImageOps", "clips", "photos")
    try:
        with image.open(path) as photo:
            upright = turned.exif_transpose(photo)
            if upright.mode.startswith(_DEEP):
                upright = image.fromarray((np.asarray(upright, float) / 257).clip(0, 255).astype(np.uint8))
            converted = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            converted.thumbnail((longest, longest), image.Resampling.BOX)
            if converted.mode == "RGBA":  # what is transparent may hide anything
                converted = image.alpha_composite(image.new("RGBA", converted.size, "white"), converted).convert("RGB")
            return np.ascontiguousarray(converted)
    except (OSError, ValueError, SyntaxError, image.DecompressionBombError) as fault:
        raise SourceError(
            f"Expected {path} to be a whole photo, but it cannot be decoded ({' '.join(str(fault).split())[:120]}); "
            "save it again."
        ) from None
