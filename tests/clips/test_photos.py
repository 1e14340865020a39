"""A photo is a clip of one picture, shown as a viewer shows it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lddu.clips.extractor import ClipExtractor
from lddu.clips.media import ReadReport, probe, read_pictures
from lddu.clips.simulated.drawn_face import Expression, draw_face
from lddu.clips.sources import listing_of
from lddu.clips.spans import Source
from lddu.commands.predict import predict
from lddu.errors import MismatchError, SourceError

UNTURN = {1: (), 2: (0,), 3: (3,), 4: (1,), 5: (5,), 6: (2,), 7: (6,), 8: (4,)}
"""EXIF orientation -> Pillow's transposition of an upright picture that is stored so."""


def picture(path: Path) -> np.ndarray:
    shown = list(read_pictures(path, probe(path), 15.0, ReadReport()))
    assert len(shown) == 1 and shown[0].time == 0
    return shown[0].pixels


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG", ".png", ".webp", ".bmp", ".tif"])
def test_a_photo_has_a_face_and_nothing_else(tmp_path: Path, extractor: ClipExtractor, suffix: str) -> None:
    Image.fromarray(draw_face(256, Expression(smile=1.0))).save(tmp_path / f"face{suffix}")
    (clip,) = extractor.extract(Source(tmp_path / f"face{suffix}", "face"))
    assert list(clip.modalities) == ["visual"] and len(clip.modalities["visual"]) == 1
    assert clip.notes == ("no audio track", "no transcript") and clip.shares["face"] == 1.0
    assert np.isnan([clip.start, clip.end]).all()


@pytest.mark.parametrize("per_person", [False, True])
def test_a_photo_has_no_place_in_time_and_no_subtitle(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str], per_person: bool
) -> None:
    photo = str(photo_of(tmp_path / "face.png", (256, 256), (256, 0, 0)).path)
    (tmp_path / "face.txt").write_text("So glad.", encoding="utf-8")
    assert predict(run, [photo], json=True, per_person=per_person) == 0
    assert {(clip["start"], clip["end"]) for clip in json.loads(capsys.readouterr().out)["clips"]} == {(None, None)}
    assert predict(run, [photo], per_person=per_person) == 0
    assert "0.0-" not in capsys.readouterr().out
    with pytest.raises(MismatchError, match="a time in a video or sound"):
        predict(run, [photo], export=(tmp_path / "out.srt",), per_person=per_person)


def photo_of(path: Path, size: tuple[int, int], *faces: tuple[int, int, int]) -> Source:
    """A grey photo with drawn faces: side in pixels, and the place of the left upper corner."""
    shown = Image.new("RGB", size, (120, 120, 120))
    for side, left, top in faces:
        shown.paste(Image.fromarray(draw_face(side, Expression(smile=1.0))), (left, top))
    shown.save(path)
    return Source(path, path.stem)


@pytest.mark.parametrize(
    ("size", "faces"),
    [
        ((2880, 480), [(360, 200, 60), (420, 1200, 30), (360, 2300, 60)]),  # a wide one: people side by side
        ((480, 2400), [(360, 60, 1500)]),  # a high one
        ((2400, 1800), [(200, 1900, 1300)]),  # somebody far away
        ((2400, 1800), [(220, 100 + 560 * n, 700) for n in range(4)]),  # a group
    ],
    ids=["wide", "high", "far", "group"],
)
def test_a_face_is_found_however_small_it_is_beside_its_photo(
    size: tuple[int, int], faces: list[tuple[int, int, int]], tmp_path: Path, extractor: ClipExtractor
) -> None:
    (clip,) = extractor.extract(photo_of(tmp_path / "photo.png", size, *faces))
    assert len(clip.modalities["visual"]) == 1 and clip.shares["face"] == 1.0
    said = [note for note in clip.notes if "faces seen in the photo" in note]
    assert [note.split()[0] for note in said] == ([str(len(faces))] if len(faces) > 1 else [])


def test_of_several_faces_the_largest_is_read_and_that_is_said(tmp_path: Path, extractor: ClipExtractor) -> None:
    (clip,) = extractor.extract(photo_of(tmp_path / "two.png", (600, 300), (180, 40, 60), (260, 320, 20)))
    (alone,) = extractor.extract(photo_of(tmp_path / "one.png", (600, 300), (260, 320, 20)))
    assert (
        "2 faces seen in the photo: the largest, at the right, was read (each can be answered per person)" in clip.notes
    )
    np.testing.assert_allclose(clip.modalities["visual"].values, alone.modalities["visual"].values, atol=0.1)
    assert not any("seen in the photo" in note for note in alone.notes)


def test_a_photo_without_a_face_has_none_however_closely_one_looks(tmp_path: Path, extractor: ClipExtractor) -> None:
    with pytest.raises(SourceError, match="no face in any picture"):
        extractor.extract(photo_of(tmp_path / "none.png", (1600, 900)))


@pytest.mark.parametrize("orientation", UNTURN)
def test_a_phones_photo_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    upright = Image.fromarray(draw_face(128, Expression(tilt=10.0))).crop((0, 0, 128, 100))
    stored = upright
    for step in UNTURN[orientation]:
        stored = stored.transpose(Image.Transpose(step))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "face.png", exif=exif)
    np.testing.assert_array_equal(picture(tmp_path / "face.png"), np.asarray(upright))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16"])
def test_the_kind_of_pixels_hardly_matters(tmp_path: Path, mode: str) -> None:
    grey = Image.fromarray(draw_face(128, Expression())).convert("L")
    path = tmp_path / ("face.tif" if mode == "CMYK" else "face.png")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    plain = grey.quantize(256) if mode == "P" else grey.convert("RGB").convert(mode if mode != "I;16" else "RGB")
    (deep if mode == "I;16" else plain).save(path)
    assert np.abs(picture(path)[..., 1].astype(int) - np.asarray(grey)).mean() < 6


@pytest.mark.parametrize("size", [128, 1500])
def test_what_is_transparent_is_white_whatever_it_hides(tmp_path: Path, size: int) -> None:
    hidden = Image.fromarray(draw_face(size, Expression())).convert("RGBA")
    hidden.putalpha(0)
    hidden.save(tmp_path / "face.png")
    assert (picture(tmp_path / "face.png") == 255).all()


def test_a_large_photo_is_made_smaller(tmp_path: Path) -> None:
    Image.fromarray(draw_face(1500, Expression())).save(tmp_path / "face.jpg")
    assert picture(tmp_path / "face.jpg").shape == (640, 640, 3)


def test_a_name_with_a_pattern_is_one_photo(tmp_path: Path) -> None:
    Image.fromarray(draw_face(64, Expression())).save(tmp_path / "face%02d.jpg")
    Image.fromarray(draw_face(32, Expression())).save(tmp_path / "face01.jpg")
    assert picture(tmp_path / "face%02d.jpg").shape == (64, 64, 3)


def test_half_a_photo_is_refused_in_one_sentence(tmp_path: Path, extractor: ClipExtractor) -> None:
    Image.fromarray(draw_face(256, Expression())).save(tmp_path / "whole.jpg")
    content = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(SourceError, match="to be a whole photo, but it cannot be decoded"):
        extractor.extract(Source(tmp_path / "half.jpg", "half"))


def test_a_folder_gives_its_photos_where_it_holds_no_video(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.PNG"):
        Image.fromarray(draw_face(64, Expression())).save(tmp_path / name)
    assert [source.path.name for source in listing_of(tmp_path).sources] == ["a.PNG", "b.jpg"]
    (tmp_path / "talk.mp4").write_bytes(b"")
    assert [source.path.name for source in listing_of(tmp_path).sources] == ["talk.mp4"]


def test_a_photo_is_answered_by_a_run_and_shown_on_the_page(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(draw_face(256, Expression(smile=1.0))).save(tmp_path / "face.jpg")
    assert predict(run, [str(tmp_path / "face.jpg")], html=tmp_path / "page", json=True) == 0
    answered = json.loads(capsys.readouterr().out)
    assert [clip["clip"] for clip in answered["clips"]] == ["face"]
    assert '<img alt="" src="media/' in (tmp_path / "page" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"avif"])
def test_a_photo_in_a_video_container_is_refused_with_the_cure(brand: bytes, tmp_path: Path) -> None:
    path = tmp_path / "me.heic"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + b"\0" * 200)
    with pytest.raises(SourceError, match=r"HEIC or AVIF; convert it to \.jpg"):
        probe(path)


@pytest.mark.parametrize(
    ("kind", "name", "cure"),
    [
        ("jpeg", "face.jfif", "rename it to end in .jpg"),
        ("png", "face", "rename it to end in .png"),
        ("tiff", "face.mp4", "rename it to end in .tif"),
        ("jpeg2000", "face.jp2", "convert it to .jpg"),
    ],
)
def test_a_photo_named_otherwise_is_refused_with_the_cure(tmp_path: Path, kind: str, name: str, cure: str) -> None:
    Image.fromarray(draw_face(64, Expression())).save(tmp_path / name, kind)
    with pytest.raises(SourceError, match=f"^Expected .*still picture.*; {cure}"):
        probe(tmp_path / name)


@pytest.mark.parametrize("suffix", [".ico", ".ppm", ".tga", ".jp2", ".pcx", ".sgi", ".dds"])
def test_a_picture_of_another_kind_is_refused_and_not_taken_for_a_video(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"face{suffix}"
    Image.fromarray(draw_face(256, Expression(smile=1.0))).save(path)
    with pytest.raises(SourceError, match=r"still picture of another kind .*; convert it to \.jpg"):
        probe(path)
