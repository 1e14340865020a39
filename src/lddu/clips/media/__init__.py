"""Reading any video or audio file: what is in it, its sound as 16 kHz mono, its pictures at a chosen rate.

Everything streams: memory stays the same whatever the length. All times are seconds on one clock that begins with the
file's earliest stream, so that sound and picture agree, and that runs on where time stamps restart in a joined file.
Sound that a codec adds at the end is cut off, pauses in the stream become silence, pictures look as players show them.
"""

from lddu.clips.media.files import MEDIA_SUFFIXES, PHOTO_FORMATS, PHOTO_SUFFIXES, readable
from lddu.clips.media.mixing import SAMPLE_RATE
from lddu.clips.media.pictures import Picture, larger_photo, picture_times, read_pictures, slot_of
from lddu.clips.media.probe import MediaInfo, probe
from lddu.clips.media.reading import ReadReport
from lddu.clips.media.sound import read_sound

__all__ = [
    "MEDIA_SUFFIXES",
    "PHOTO_FORMATS",
    "PHOTO_SUFFIXES",
    "SAMPLE_RATE",
    "MediaInfo",
    "Picture",
    "ReadReport",
    "larger_photo",
    "picture_times",
    "probe",
    "read_pictures",
    "read_sound",
    "readable",
    "slot_of",
]
